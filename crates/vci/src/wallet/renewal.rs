//! The same credentials anew, without the holder: by the refresh token that came with the first ones (RFC 6749 §6).

use std::sync::Arc;

use credenza_core::Secret;
use credenza_oauth::AuthorizationServerMetadata;
use serde::{Deserialize, Serialize};

use super::dpop_key::DpopKey;
use super::fetch::Fetching;
use super::opened::{OfferedSummary, Received};
use super::server::AuthorizationServer;
use super::session::Session;
use super::{Parts, Wallet, WalletError};
use crate::messages::{CredentialIssuerMetadata, REFRESH_TOKEN, TokenResponse};

/// What brings the same credentials anew: also after a restart. It carries a refresh token and its key, so that it has
/// to be kept as safely as these. It is good once: [`Received::renewal`] has the next one.
#[derive(Clone, Serialize, Deserialize)]
pub struct Renewal {
    pub(super) grant: String,
    pub(super) metadata: CredentialIssuerMetadata,
    pub(super) server: AuthorizationServerMetadata,
    pub(super) credentials: Vec<OfferedSummary>,
    pub(super) refresh_token: Secret,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) dpop_key: Option<Secret>,
}

impl Renewal {
    /// The name of the grant: the same for each renewal of it, and for what was promised under it.
    #[must_use]
    pub fn grant(&self) -> &str {
        &self.grant
    }

    /// The issuer's identifier.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.metadata.credential_issuer
    }

    /// What it brings.
    #[must_use]
    pub fn credentials(&self) -> &[OfferedSummary] {
        &self.credentials
    }
}

/// The names, and nothing secret.
impl std::fmt::Debug for Renewal {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Renewal")
            .field("issuer", &self.metadata.credential_issuer)
            .field("credentials", &self.credentials.iter().map(|it| &it.configuration_id).collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}

/// A refresh token was used: there is a new access token, and mostly a new refresh token.
pub struct Refreshed {
    renewal: Renewal,
    pub(super) session: Session,
    token: TokenResponse,
    parts: Arc<Parts>,
}

impl Refreshed {
    /// The next renewal. It takes the place of the one that was used, and is to be kept before anything else is done.
    #[must_use]
    pub fn renewal(&self) -> &Renewal {
        &self.renewal
    }

    /// Fetches the credentials anew, bound to new keys.
    ///
    /// # Errors
    /// See [`WalletError`].
    pub async fn fetch(self) -> Result<Received, WalletError> {
        let Self { renewal, session, token, parts } = self;
        let fetching = Fetching { parts: &parts, metadata: &renewal.metadata, grant: Some(&renewal.grant) };
        fetching.receive(&renewal.server, session, &token, &renewal.credentials).await
    }
}

impl std::fmt::Debug for Refreshed {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Refreshed({:?})", self.renewal)
    }
}

impl Wallet {
    /// Gets a new access token: for [`Refreshed::fetch`], or for what was promised
    /// ([`PendingCredential::refreshed`](super::PendingCredential::refreshed)).
    ///
    /// # Errors
    /// See [`WalletError`]. When the token endpoint refuses with `invalid_grant`, the holder has to sign in again.
    pub async fn refresh(&self, renewal: &Renewal) -> Result<Refreshed, WalletError> {
        let parts: &Arc<_> = &self.parts;
        let dpop = renewal.dpop_key.as_ref().map(DpopKey::from_kept).transpose()?;
        let server = AuthorizationServer::new(parts, &renewal.server, dpop);
        let fields = [("grant_type", REFRESH_TOKEN), ("refresh_token", renewal.refresh_token.expose())];
        let (session, mut token) = Session::ask(server, parts, &fields).await?;
        // A server that does not rotate lets the old one live (RFC 6749 §6).
        let refresh_token = token.refresh_token.get_or_insert_with(|| renewal.refresh_token.clone()).clone();
        let renewal = Renewal { refresh_token, ..renewal.clone() };
        Ok(Refreshed { renewal, session, token, parts: parts.clone() })
    }

    /// Fetches the credentials anew, bound to new keys: [`refresh`](Self::refresh) and [`fetch`](Refreshed::fetch) in
    /// one, for wallets that can afford to sign in again when the second fails.
    ///
    /// # Errors
    /// See [`WalletError`]. When the token endpoint refuses with `invalid_grant`, the holder has to sign in again.
    pub async fn renew(&self, renewal: &Renewal) -> Result<Received, WalletError> {
        self.refresh(renewal).await?.fetch().await
    }
}
