//! The authorization code flow of a service: its clients, its people, and the wallet providers that it trusts.

use std::sync::Arc;
use std::time::Duration;

use credenza_core::Clock;
use credenza_crypto::X509Error;
use credenza_server::AutomaticLogin;
use credenza_server::sign_in::SignInElsewhere;
use credenza_server::users::{ConfiguredUser, ConfiguredUsers, NotAHash, UserAuthentication};
use credenza_trust::{Anchor, Trust, X509Anchors};
use credenza_vci::issuer::{
    AttestationSettings, AuthorizationSettings, Client, DpopMode, InteractiveAuthorization, IssuerBuilder,
};
use credenza_vp::Verifier;

use super::sign_in::{Queries, ShownCredential, Surroundings, Upstream};

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
    /// What is asked of DPoP.
    pub dpop: DpopMode,
    /// How long a pushed request waits for the browser; `None` leaves it at a minute and a half.
    pub request_uri_lifetime: Option<Duration>,
    /// Whether wallets can be authorized without a browser, by the credential that people sign in with (OID4VCI 1.1 §6).
    pub interactive: bool,
    /// Nobody is asked, for certification and tests.
    pub automatic: Option<AutomaticLogin>,
    /// An OpenID Provider where people sign in.
    pub upstream: Option<Upstream>,
    /// A credential that people sign in with.
    pub presentation: Option<ShownCredential>,
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
        if let Some(lifetime) = self.request_uri_lifetime {
            settings.lifetimes.request_uri = lifetime;
        }
        let mut issuer = issuer.dpop(self.dpop);
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

    /// The people. Where they all sign in elsewhere, nobody is asked for name and password.
    pub(super) fn people(
        &mut self,
        clock: Arc<dyn Clock>,
    ) -> Result<Option<Arc<dyn UserAuthentication>>, NotAHash> {
        let elsewhere = self.upstream.is_some() || self.presentation.is_some();
        if self.users.is_empty() && elsewhere {
            return Ok(None);
        }
        let users = std::mem::take(&mut self.users);
        Ok(Some(Arc::new(ConfiguredUsers::new(users, clock)?)))
    }

    /// Lets wallets be authorized without a browser, where the settings say so.
    pub(super) fn inside(
        &self,
        issuer: IssuerBuilder,
        verifier: &Arc<Verifier>,
        queries: Queries<'_>,
        people: Option<&Arc<dyn UserAuthentication>>,
    ) -> IssuerBuilder {
        if !self.interactive {
            return issuer;
        }
        let presentation =
            self.presentation.clone().map(|shown| shown.inside(verifier, queries, people.cloned()));
        issuer.interactive_authorization(InteractiveAuthorization { presentation })
    }

    /// Where people sign in elsewhere.
    pub(super) fn elsewhere(self, around: &Surroundings<'_>) -> Vec<Arc<dyn SignInElsewhere>> {
        let upstream = self.upstream.map(|it| it.way(around));
        upstream.into_iter().chain(self.presentation.map(|it| it.way(around))).collect()
    }
}
