//! The authorization code flow of a service: its clients, its people, and the wallet providers that it trusts.

use std::sync::Arc;

use credenza_core::Clock;
use credenza_crypto::X509Error;
use credenza_server::users::{ConfiguredUser, ConfiguredUsers, NotAHash, UserAuthentication};
use credenza_trust::{Anchor, Trust, X509Anchors};
use credenza_vci::issuer::{AttestationSettings, AuthorizationSettings, Client, IssuerBuilder};

/// What there is besides the pre-authorized code.
#[derive(Debug, Clone, Default)]
pub struct Authorization {
    /// Whether the issuer must comply with HAIP 1.0.
    pub haip: bool,
    /// Clients that are known by name.
    pub clients: Vec<Client>,
    /// Whether clients that nobody knows may ask.
    pub public_clients: bool,
    /// Whether requests must be pushed.
    pub require_par: bool,
    /// Whether clients must prove who they are.
    pub require_client_authentication: bool,
    /// Root certificates of wallet providers, whose attestations of wallets and of keys are accepted: DER.
    pub wallet_providers: Vec<Vec<u8>>,
    /// Whether a wallet's proof must contain a challenge of this server's.
    pub require_attestation_challenge: bool,
    /// Who can sign in.
    pub users: Vec<ConfiguredUser>,
}

impl Authorization {
    /// Adds the flow to an issuer.
    pub(super) fn apply(&self, issuer: IssuerBuilder) -> Result<IssuerBuilder, X509Error> {
        let mut settings = AuthorizationSettings {
            clients: self.clients.clone(),
            public_clients: self.public_clients,
            require_par: self.require_par,
            require_client_authentication: self.require_client_authentication,
            ..AuthorizationSettings::default()
        };
        let mut issuer = issuer;
        if !self.wallet_providers.is_empty() {
            let anchors = self.wallet_providers.iter().cloned().map(Anchor::for_wallet_providers);
            let trust: Arc<dyn Trust> = Arc::new(X509Anchors::new(&anchors.collect::<Vec<_>>())?);
            let mut attestation = AttestationSettings::trusting(Arc::clone(&trust));
            attestation.policy.challenge_required = self.require_attestation_challenge;
            settings.attestation = Some(attestation);
            issuer = issuer.wallet_providers(trust);
        }
        let issuer = issuer.authorization(settings);
        Ok(if self.haip { issuer.haip() } else { issuer })
    }

    /// The people.
    pub(super) fn people(self, clock: Arc<dyn Clock>) -> Result<Arc<dyn UserAuthentication>, NotAHash> {
        Ok(Arc::new(ConfiguredUsers::new(self.users, clock)?))
    }
}
