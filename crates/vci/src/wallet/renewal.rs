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
use super::{Wallet, WalletError};
use crate::messages::{CredentialIssuerMetadata, REFRESH_TOKEN};

/// What brings the same credentials anew: also after a restart. It carries a refresh token and its key, so that it has
/// to be kept as safely as these. It is good once: [`Received::renewal`] has the next one.
#[derive(Clone, Serialize, Deserialize)]
pub struct Renewal {
    pub(super) metadata: CredentialIssuerMetadata,
    pub(super) server: AuthorizationServerMetadata,
    pub(super) credentials: Vec<OfferedSummary>,
    pub(super) refresh_token: Secret,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) dpop_key: Option<Secret>,
}

impl Renewal {
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

impl Wallet {
    /// Fetches the credentials anew, bound to new keys.
    ///
    /// # Errors
    /// See [`WalletError`]. When the token endpoint refuses with `invalid_grant`, the holder has to sign in again.
    pub async fn renew(&self, renewal: &Renewal) -> Result<Received, WalletError> {
        let parts: &Arc<_> = &self.parts;
        let dpop = renewal.dpop_key.as_ref().map(DpopKey::from_kept).transpose()?;
        let server = AuthorizationServer::new(parts, &renewal.server, dpop);
        let fields = [("grant_type", REFRESH_TOKEN), ("refresh_token", renewal.refresh_token.expose())];
        let (session, mut token) = Session::ask(server, parts, &fields).await?;
        // A server that does not rotate lets the old one live (RFC 6749 §6).
        token.refresh_token.get_or_insert_with(|| renewal.refresh_token.clone());
        let fetching = Fetching { parts, metadata: &renewal.metadata };
        fetching.receive(&renewal.server, session, &token, &renewal.credentials).await
    }
}
