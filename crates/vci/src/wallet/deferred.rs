//! Credentials that the issuer has promised for later (§9): kept over a restart, and asked for again.

use std::time::Duration;

use credenza_core::{Secret, UnixTime};
use serde::{Deserialize, Serialize};
use url::Url;

use super::fetch::{Batch, Fetched, Fetching};
use super::opened::{OfferedSummary, Received};
use super::receipt::Receipt;
use super::session::{KeptSession, Session};
use super::transport::unexpected;
use super::{Refreshed, Step, Wallet, WalletError};
use crate::dialects::EarlierMembers;
use crate::messages::{
    CredentialIssuerMetadata, CredentialResponse, DeferredCredentialRequest, IssuerDisplay,
};

/// No `transaction_id` is longer, in bytes.
const MAX_TRANSACTION_ID: usize = 4096;

/// No issuer makes a wallet wait longer before it asks again.
const MAX_INTERVAL: Duration = Duration::from_secs(90 * 24 * 60 * 60);

/// A credential that was promised, with everything that is needed to come for it: also after a restart. It carries
/// the access token and its key, so that it has to be kept as safely as these.
#[derive(Clone, Serialize, Deserialize)]
pub struct PendingCredential {
    pub(super) metadata: CredentialIssuerMetadata,
    pub(super) offered: OfferedSummary,
    pub(super) transaction_id: Secret,
    /// The thumbprints of the keys that were proven.
    pub(super) keys: Vec<String>,
    pub(super) session: KeptSession,
    /// The name of the refresh token that came with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) grant: Option<String>,
    pub(super) since: UnixTime,
    pub(super) not_before: UnixTime,
}

/// What came of asking again.
#[derive(Debug)]
pub enum Polled {
    /// The credential.
    Received(Box<Received>),
    /// Not yet: to be kept in the place of the one before.
    Pending(Box<PendingCredential>),
}

impl PendingCredential {
    /// The issuer's identifier.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.metadata.credential_issuer
    }

    /// How the issuer calls itself, by language.
    #[must_use]
    pub fn issuer_display(&self) -> &[IssuerDisplay] {
        &self.metadata.display
    }

    /// What was promised.
    #[must_use]
    pub fn offered(&self) -> &OfferedSummary {
        &self.offered
    }

    /// When it was promised.
    #[must_use]
    pub fn since(&self) -> UnixTime {
        self.since
    }

    /// When the issuer wants to be asked next, at the earliest.
    #[must_use]
    pub fn not_before(&self) -> UnixTime {
        self.not_before
    }

    /// By which name the [`Renewal`](super::Renewal) that came with it is found: its token outlives the access token.
    #[must_use]
    pub fn grant(&self) -> Option<&str> {
        self.grant.as_deref()
    }

    /// Whether the access token has ended, as far as the server has said when it does.
    #[must_use]
    pub fn has_ended_token(&self, now: UnixTime) -> bool {
        self.session.has_ended(now)
    }

    /// The same promise with the access token of a refresh of its [`grant`](Self::grant); `None` for another one's.
    #[must_use]
    pub fn refreshed(&self, refreshed: &Refreshed) -> Option<Self> {
        let same = self.grant() == Some(refreshed.renewal().grant());
        same.then(|| Self { session: refreshed.session.to_kept(), ..self.clone() })
    }

    /// The thumbprints of the keys that wait for it.
    #[must_use]
    pub fn keys(&self) -> &[String] {
        &self.keys
    }
}

/// The names and the times, and nothing secret.
impl std::fmt::Debug for PendingCredential {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("PendingCredential")
            .field("issuer", &self.metadata.credential_issuer)
            .field("configuration_id", &self.offered.configuration_id)
            .field("since", &self.since)
            .field("not_before", &self.not_before)
            .finish_non_exhaustive()
    }
}

/// What a response promises; `None` when it promises nothing.
///
/// # Errors
/// Neither credentials nor a promise, or both (§8.3).
pub(super) fn promised(
    step: Step,
    response: &CredentialResponse,
) -> Result<Option<(Secret, Duration)>, WalletError> {
    let Some(transaction_id) = &response.transaction_id else {
        return match response.credentials.as_slice() {
            [] => Err(unexpected(step, "neither credentials nor a transaction_id")),
            _ => Ok(None),
        };
    };
    if !response.credentials.is_empty() {
        return Err(unexpected(step, "both credentials and a transaction_id"));
    }
    if transaction_id.is_empty() || transaction_id.len() > MAX_TRANSACTION_ID {
        return Err(unexpected(step, "the transaction_id is empty or too long"));
    }
    // Earlier drafts had no interval; a few seconds do no harm.
    let interval = Duration::from_secs(response.interval.unwrap_or(5)).min(MAX_INTERVAL);
    Ok(Some((Secret::new(transaction_id.clone()), interval)))
}

impl Wallet {
    /// Asks again for a credential that was promised. The caller waits until [`PendingCredential::not_before`].
    ///
    /// # Errors
    /// See [`WalletError`]. [`WalletError::is_final`] says whether there is a point in asking once more, and
    /// [`WalletError::wants_refresh`] that it needs another token first: then it is the end where there is no renewal.
    pub async fn poll(&self, pending: &PendingCredential) -> Result<Polled, WalletError> {
        let parts = &self.parts;
        let mut session = Session::from_kept(parts.clone(), &pending.session)?;
        let fetching = Fetching { parts, metadata: &pending.metadata, grant: pending.grant() };
        let fetched = fetching.ask_again(&mut session, pending).await?;
        match fetched {
            Fetched::Later(pending) => Ok(Polled::Pending(pending)),
            Fetched::Now(Batch { credentials, reports, notification_id }) => {
                let issuer =
                    Url::parse(&pending.metadata.credential_issuer).map_err(|_| WalletError::Kept)?;
                // Keys that no copy is bound to are of no use to anybody.
                let used =
                    |key: &&String| credentials.iter().any(|held| held.key_thumbprint.as_ref() == Some(*key));
                let unused: Vec<String> = pending.keys.iter().filter(|key| !used(key)).cloned().collect();
                if !unused.is_empty() {
                    parts.keys.discard(&unused).await;
                }
                Ok(Polled::Received(Box::new(Received {
                    issuer,
                    issuer_display: pending.metadata.display.clone(),
                    credentials,
                    reports,
                    pending: Vec::new(),
                    failures: Vec::new(),
                    renewal: None,
                    receipt: Receipt::new(fetching.receipt(session, notification_id.into_iter().collect())),
                })))
            }
        }
    }
}

impl WalletError {
    /// Whether a credential that was promised will not come any more, whoever asks (§9.3).
    #[must_use]
    pub fn is_final(&self) -> bool {
        match self {
            Self::Refused { step: Step::DeferredCredential, code, .. } => {
                matches!(code.as_str(), "invalid_transaction_id" | "credential_request_denied")
            }
            Self::Received(_) | Self::Kept => true,
            _ => false,
        }
    }

    /// Whether the access token was refused, so that another may do better (RFC 6750 §3.1).
    #[must_use]
    pub fn wants_refresh(&self) -> bool {
        matches!(self, Self::Refused { step: Step::Credential | Step::DeferredCredential, code, .. } if code == "invalid_token")
    }
}

impl Fetching<'_> {
    async fn ask_again(
        &self,
        session: &mut Session,
        pending: &PendingCredential,
    ) -> Result<Fetched, WalletError> {
        const NONE: WalletError = WalletError::Unsupported("the issuer has no deferred credential endpoint");
        let step = Step::DeferredCredential;
        let endpoint = self.metadata.deferred_credential_endpoint.as_deref().ok_or(NONE)?;
        let endpoint = self.parts.url(step, endpoint)?;
        let channel = self.channel()?;
        let request = DeferredCredentialRequest {
            transaction_id: pending.transaction_id.expose().to_owned(),
            response_encryption: channel.parameters(),
        };
        let random = &*self.parts.random;
        let asked = channel.ask(session, step, &endpoint, &request.to_value(), random).await;
        let response = match asked {
            Ok((_, response)) => response,
            // Earlier drafts say "not yet" as an error.
            Err(WalletError::Refused { code, .. }) if code == "issuance_pending" => CredentialResponse {
                credentials: Vec::new(),
                transaction_id: Some(request.transaction_id.clone()),
                interval: None,
                notification_id: None,
                earlier: EarlierMembers::default(),
            },
            Err(error) => return Err(error),
        };
        match promised(step, &response)? {
            Some((transaction_id, _)) if transaction_id.expose() != request.transaction_id => {
                Err(unexpected(step, "another transaction_id than the one that was asked about"))
            }
            Some((_, interval)) => {
                let not_before = self.parts.clock.now() + interval;
                let session = session.to_kept();
                Ok(Fetched::Later(Box::new(PendingCredential { not_before, session, ..pending.clone() })))
            }
            None => self.take_in(session, &pending.offered, response, &pending.keys).await.map(Fetched::Now),
        }
    }
}
