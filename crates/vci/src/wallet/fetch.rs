//! Accepting an offer: token, nonce, proofs, credentials.

use std::sync::Arc;

use credenza_core::{Report, id};
use credenza_crypto::Signer;
use credenza_formats::held::HeldCredential;
use credenza_oauth::AuthorizationServerMetadata;
use http::{HeaderMap, Method};
use serde_json::Value;
use url::Url;

use super::Renewal;
use super::deferred::{PendingCredential, promised};
use super::dpop_key::DpopKey;
use super::encryption::Channel;
use super::opened::{OfferedSummary, Ready, Received};
use super::proofs::ProofPlan;
use super::receipt::{Pending, Receipt};
use super::session::Session;
use super::transport::{answer, unexpected};
use super::{Parts, Step, WalletError};
use crate::dialects::Dialect;
use crate::messages::credential::Requested;
use crate::messages::{
    CredentialIssuerMetadata, CredentialRequest, CredentialResponse, NonceResponse, NotificationEvent,
    TokenResponse,
};

/// How many data sets of one configuration are fetched at most.
const MAX_DATASETS: usize = 20;

/// No nonce for key proofs is longer, in bytes.
const MAX_NONCE: usize = 4096;

/// The copies of one credential, checked.
pub(super) struct Batch {
    pub(super) credentials: Vec<HeldCredential>,
    pub(super) reports: Vec<Report>,
    pub(super) notification_id: Option<String>,
}

/// What came of a request.
pub(super) enum Fetched {
    Now(Batch),
    Later(Box<PendingCredential>),
}

/// Fetching credentials from an issuer whose metadata is known.
#[derive(Clone, Copy)]
pub(super) struct Fetching<'a> {
    pub(super) parts: &'a Arc<Parts>,
    pub(super) metadata: &'a CredentialIssuerMetadata,
    /// By which name what is promised finds its refresh token, where there is one.
    pub(super) grant: Option<&'a str>,
}

impl Ready {
    /// Fetches everything that is offered, checks it, and hands it out to be stored.
    ///
    /// # Errors
    /// See [`WalletError`]: nothing was received. Credentials that were refused are reported to the issuer as failed.
    pub async fn accept(self) -> Result<Received, WalletError> {
        let Self { plan, right } = self;
        let (session, token) = Session::redeem(&plan, right).await?;
        let grant = token.refresh_token.as_ref().map(|_| id::short(&*plan.parts.random));
        let fetching = Fetching { parts: &plan.parts, metadata: &plan.metadata, grant: grant.as_deref() };
        fetching.receive(&plan.server, session, &token, &plan.summary.credentials).await
    }
}

/// What to ask for: by the identifiers that the token response names, or by configuration when it names none (§8.2).
fn requests_for(offered: &OfferedSummary, token: &TokenResponse) -> Result<Vec<Requested>, WalletError> {
    if token.authorization_details.is_empty() {
        return Ok(vec![Requested::Configuration(offered.configuration_id.clone())]);
    }
    let mut requests = Vec::new();
    for detail in &token.authorization_details {
        if detail.credential_configuration_id != offered.configuration_id {
            continue;
        }
        if detail.credential_identifiers.is_empty() {
            return Err(unexpected(Step::Token, "authorization_details without credential_identifiers"));
        }
        requests.extend(
            detail.credential_identifiers.iter().take(MAX_DATASETS).cloned().map(Requested::Identifier),
        );
    }
    Ok(requests)
}

impl Fetching<'_> {
    /// Fetches these credentials with the token, checks them, and hands them out to be stored.
    pub(super) async fn receive(
        &self,
        server: &AuthorizationServerMetadata,
        mut session: Session,
        token: &TokenResponse,
        wanted: &[OfferedSummary],
    ) -> Result<Received, WalletError> {
        let mut requests = Vec::new();
        for offered in wanted {
            requests.extend(requests_for(offered, token)?.into_iter().map(|requested| (offered, requested)));
        }
        let (mut credentials, mut reports, mut notification_ids) = (vec![], vec![], vec![]);
        let (mut pending, mut failures) = (vec![], vec![]);
        for (offered, requested) in requests {
            match self.fetch(&mut session, offered, requested).await {
                Ok(Fetched::Now(batch)) => {
                    credentials.extend(batch.credentials);
                    reports.extend(batch.reports);
                    notification_ids.extend(batch.notification_id);
                }
                Ok(Fetched::Later(promise)) => pending.push(*promise),
                Err(error) => failures.push((offered.configuration_id.clone(), error)),
            }
        }
        if credentials.is_empty() && pending.is_empty() {
            let first = failures.into_iter().next().map(|(_, error)| error);
            return Err(first.unwrap_or_else(|| unexpected(Step::Token, "the token is good for nothing")));
        }
        let renewal = token.refresh_token.clone().zip(self.grant).map(|(refresh_token, grant)| Renewal {
            grant: grant.to_owned(),
            metadata: self.metadata.clone(),
            server: server.clone(),
            credentials: wanted.to_vec(),
            refresh_token,
            dpop_key: session.dpop().map(DpopKey::to_kept),
        });
        Ok(Received {
            issuer: Url::parse(&self.metadata.credential_issuer).map_err(|_| WalletError::Kept)?,
            issuer_display: self.metadata.display.clone(),
            credentials,
            reports,
            pending,
            failures,
            renewal,
            receipt: Receipt::new(self.receipt(session, notification_ids)),
        })
    }

    async fn fetch(
        &self,
        session: &mut Session,
        offered: &OfferedSummary,
        requested: Requested,
    ) -> Result<Fetched, WalletError> {
        let configuration = self.metadata.credential_configurations_supported.get(&offered.configuration_id);
        let bound = configuration.filter(|known| !known.proof_types_supported.is_empty());
        let proof_plan = bound.and_then(|known| ProofPlan::of(known, self.parts.keys.attests()));
        let mut keys: Vec<Arc<dyn Signer>> = Vec::new();
        if let Some(proof_plan) = &proof_plan {
            let algorithms = proof_plan.algorithms();
            for _ in 0..offered.copies {
                keys.push(self.parts.keys.generate(&algorithms).await?);
            }
        }
        let thumbprints: Vec<String> = keys.iter().map(|key| key.public_jwk().thumbprint_text()).collect();
        let proven = proof_plan.as_ref().map(|proof_plan| (proof_plan, keys.as_slice()));
        let result = self.fetch_for(session, offered, requested, proven, &thumbprints).await;
        // Keys that no credential is bound to, now or later, are of no use to anybody.
        let used = |thumbprint: &String| match &result {
            Ok(Fetched::Now(batch)) => {
                batch.credentials.iter().any(|held| held.key_thumbprint.as_ref() == Some(thumbprint))
            }
            Ok(Fetched::Later(_)) => true,
            Err(_) => false,
        };
        let unused: Vec<String> = thumbprints.iter().filter(|key| !used(key)).cloned().collect();
        if !unused.is_empty() {
            self.parts.keys.discard(&unused).await;
        }
        result
    }

    async fn fetch_for(
        &self,
        session: &mut Session,
        offered: &OfferedSummary,
        requested: Requested,
        proven: Option<(&ProofPlan, &[Arc<dyn Signer>])>,
        thumbprints: &[String],
    ) -> Result<Fetched, WalletError> {
        let step = Step::Credential;
        let endpoint = self.parts.url(step, &self.metadata.credential_endpoint)?;
        let channel = self.channel()?;
        let mut again = true;
        let dialect = self.metadata.dialect;
        let configuration = self.metadata.credential_configurations_supported.get(&offered.configuration_id);
        let response = loop {
            let proofs = match proven {
                None => None,
                Some((proof_plan, keys)) => {
                    let nonce = self.nonce(session).await?;
                    Some(self.proofs(proof_plan, keys, nonce.as_deref(), session.client_id()).await?)
                }
            };
            let request = CredentialRequest {
                requested: requested.clone(),
                proofs,
                response_encryption: channel.parameters(),
            };
            let json = match dialect.zip(configuration) {
                Some((dialect, configuration)) => dialect.write_request(&request, configuration),
                None => request.to_value(),
            };
            match channel.ask(session, step, &endpoint, &json, &*self.parts.random).await {
                Err(WalletError::Refused { code, .. }) if again && wants_nonce(dialect, &code) => {
                    again = false;
                }
                result => break result?.1,
            }
        };
        if let Some((transaction_id, interval)) = promised(step, &response)? {
            let now = self.parts.clock.now();
            return Ok(Fetched::Later(Box::new(PendingCredential {
                metadata: self.only(&offered.configuration_id),
                offered: offered.clone(),
                transaction_id,
                keys: thumbprints.to_vec(),
                session: session.to_kept(),
                grant: self.grant.map(str::to_owned),
                since: now,
                not_before: now + interval,
            })));
        }
        self.take_in(session, offered, response, thumbprints).await.map(Fetched::Now)
    }

    /// Checks what has come.
    pub(super) async fn take_in(
        &self,
        session: &mut Session,
        offered: &OfferedSummary,
        response: CredentialResponse,
        thumbprints: &[String],
    ) -> Result<Batch, WalletError> {
        let received: Vec<Value> = response.credentials.into_iter().map(|issued| issued.credential).collect();
        match self.check(offered, &received, thumbprints).await {
            Ok((mut credentials, reports)) => {
                let batch = id::short(&*self.parts.random);
                credentials.iter_mut().for_each(|held| held.batch.clone_from(&batch));
                Ok(Batch { credentials, reports, notification_id: response.notification_id })
            }
            Err(report) => {
                if let (Some(notification_id), Some(endpoint)) =
                    (response.notification_id, self.notification_endpoint())
                {
                    let event = NotificationEvent::CredentialFailure;
                    // The credential is refused whether or not the issuer hears of it.
                    let _ = super::receipt::tell(session, &endpoint, &notification_id, event).await;
                }
                Err(WalletError::Received(report))
            }
        }
    }

    fn notification_endpoint(&self) -> Option<Url> {
        let endpoint = self.metadata.notification_endpoint.as_deref()?;
        self.parts.url(Step::Notification, endpoint).ok()
    }

    /// What is needed to tell the issuer what became of its credentials.
    pub(super) fn receipt(&self, session: Session, notification_ids: Vec<String>) -> Option<Pending> {
        Some(Pending { session, endpoint: self.notification_endpoint()?, notification_ids })
    }

    pub(super) fn channel(&self) -> Result<Channel, WalletError> {
        Channel::open(self.metadata, &self.parts.policy, &*self.parts.random)
    }

    /// The metadata, as far as one credential is concerned.
    fn only(&self, configuration_id: &str) -> CredentialIssuerMetadata {
        let mut metadata = self.metadata.clone();
        metadata.credential_configurations_supported.retain(|id, _| id == configuration_id);
        metadata.unusable.clear();
        metadata
    }

    /// A nonce, when the issuer wants one: without it there is no proof (§7).
    async fn nonce(&self, session: &mut Session) -> Result<Option<String>, WalletError> {
        if self.metadata.dialect.is_some()
            && let Some(nonce) = session.take_nonce()
        {
            return usable(nonce).map(Some);
        }
        let Some(endpoint) = &self.metadata.nonce_endpoint else { return Ok(None) };
        let url = self.parts.url(Step::Nonce, endpoint)?;
        let response = self.parts.send(Step::Nonce, Method::POST, &url, HeaderMap::new(), Vec::new()).await?;
        let NonceResponse { c_nonce } = answer(Step::Nonce, &response, &[200, 201])?;
        let c_nonce = usable(c_nonce)?;
        session.remember(&response);
        Ok(Some(c_nonce))
    }
}

fn usable(c_nonce: String) -> Result<String, WalletError> {
    if c_nonce.is_empty() || c_nonce.len() > MAX_NONCE {
        return Err(unexpected(Step::Nonce, "the nonce is empty or too long"));
    }
    Ok(c_nonce)
}

/// Whether a refusal is about the nonce, so that another one may do.
fn wants_nonce(dialect: Option<Dialect>, code: &str) -> bool {
    code == dialect.map_or("invalid_nonce", |dialect| dialect.error_code("invalid_nonce"))
}
