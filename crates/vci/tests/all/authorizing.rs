//! What the tests of the authorization code flow share: settings, clients, wallet providers, and a wallet by hand.

use std::sync::Arc;
use std::time::Duration;

use credenza_core::{Clock as _, SeededRandom, UnixTime};
use credenza_crypto::x509::ca::{CertificateAuthority, LeafProfile};
use credenza_crypto::{Algorithm, JwkSet, Signer, SoftwareSigner};
use credenza_oauth::client_attestation::{self, AttestationRequest, PopRequest};
use credenza_oauth::{client_assertion, form, respond};
use credenza_trust::{Anchor, X509Anchors};
use credenza_vci::issuer::{
    Approval, AttestationSettings, AuthorizationSettings, AuthorizeError, Client, ClientAuthentication,
    CreatedOffer, Delivery, IssuerBuilder, OfferGrants, OfferRequest,
};
use credenza_vci::messages::OfferLink;
use http::{HeaderMap, Response};
use serde_json::{Map, json};
use url::Url;

use crate::support::*;

pub(crate) const VERIFIER: &str = "dBjftJeZ4CVP-mBOMR7u3LFc2yYKn9n0Jb0e1f4wXyZ";
pub(crate) const CALLBACK: &str = "https://wallet.example/cb?x=1";
pub(crate) const CLIENT: &str = "wallet";

pub(crate) fn challenge() -> String {
    credenza_oauth::pkce::challenge(VERIFIER)
}

pub(crate) fn client(id: &str, authentication: ClientAuthentication) -> Client {
    Client {
        id: id.to_owned(),
        name: Some("The wallet".to_owned()),
        redirect_uris: vec![CALLBACK.to_owned()],
        authentication,
    }
}

/// Two public clients.
pub(crate) fn settings() -> AuthorizationSettings {
    AuthorizationSettings {
        clients: vec![
            client(CLIENT, ClientAuthentication::None),
            client("other", ClientAuthentication::None),
        ],
        ..AuthorizationSettings::default()
    }
}

pub(crate) fn world(change: impl FnOnce(&mut AuthorizationSettings)) -> World {
    world_with(change, |builder| builder)
}

pub(crate) fn world_with(
    change: impl FnOnce(&mut AuthorizationSettings),
    more: impl FnOnce(IssuerBuilder) -> IssuerBuilder,
) -> World {
    let mut settings = settings();
    change(&mut settings);
    World::with(|builder| more(builder.authorization(settings)))
}

pub(crate) fn approval() -> Approval {
    Approval::by("erika").with_claims("pid", erika()).with_claims("diploma", Map::new())
}

pub(crate) type Parameters = Vec<(String, String)>;

/// The parameters of a good request for `pid`.
pub(crate) fn request() -> Parameters {
    [
        ("response_type", "code"),
        ("client_id", CLIENT),
        ("redirect_uri", CALLBACK),
        ("code_challenge", &challenge()),
        ("code_challenge_method", "S256"),
        ("scope", "pid"),
        ("state", "the state"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .to_vec()
}

/// The same with one parameter changed, added or left out.
pub(crate) fn changed(mut parameters: Parameters, name: &str, value: Option<&str>) -> Parameters {
    parameters.retain(|(known, _)| known != name);
    parameters.extend(value.map(|value| (name.to_owned(), value.to_owned())));
    parameters
}

pub(crate) fn encoded(parameters: &Parameters) -> String {
    let pairs: Vec<(&str, &str)> = parameters.iter().map(|(name, value)| (&**name, &**value)).collect();
    form::encode(&pairs)
}

/// A parameter of the URL that the browser is sent to.
pub(crate) fn parameter(url: &str, name: &str) -> Option<String> {
    let url = Url::parse(url).unwrap();
    url.query_pairs().find(|(known, _)| known == name).map(|(_, value)| value.into_owned())
}

impl World {
    pub(crate) fn push(&self, headers: &HeaderMap, parameters: &Parameters) -> Response<Vec<u8>> {
        respond(wait(self.issuer.pushed_authorization(headers, encoded(parameters).as_bytes())))
    }

    /// Pushes a request that is accepted, and makes the query that the browser comes with.
    pub(crate) fn pushed(&self, headers: &HeaderMap, parameters: &Parameters) -> String {
        let response = self.push(headers, parameters);
        assert_eq!(response.status(), 201, "{}", body(&response));
        let client_id = &parameters.iter().find(|(name, _)| name == "client_id").unwrap().1;
        form::encode(&[
            ("client_id", client_id),
            ("request_uri", body(&response)["request_uri"].as_str().unwrap()),
        ])
    }

    /// The whole way to a code; what the browser brings back.
    pub(crate) fn agreed(&self, query: &str) -> String {
        let interaction = wait(self.issuer.authorize(query)).unwrap();
        wait(self.issuer.approve(&interaction.handle, approval())).unwrap()
    }

    pub(crate) fn code_for(&self, parameters: &Parameters) -> String {
        let url = self.agreed(&encoded(parameters));
        parameter(&url, "code").unwrap_or_else(|| panic!("{url}"))
    }

    /// Redeems a code as the client that it was made for.
    pub(crate) fn exchange(&self, code: &str) -> Response<Vec<u8>> {
        self.token(&exchange(code))
    }

    pub(crate) fn refresh(&self, refresh_token: &str) -> Response<Vec<u8>> {
        self.token(&refreshing(refresh_token))
    }

    /// What the error of a redirect says, and whether it is a redirect.
    pub(crate) fn authorize_error(&self, query: &str) -> Refusal {
        match wait(self.issuer.authorize(query)).unwrap_err() {
            AuthorizeError::Shown(_) => Refusal::Shown,
            AuthorizeError::Redirect(url) => {
                assert!(url.starts_with(&format!("{CALLBACK}&")), "{url}");
                assert_eq!(parameter(&url, "iss").as_deref(), Some(ISSUER));
                Refusal::Redirected(parameter(&url, "error").unwrap())
            }
            AuthorizeError::Unavailable(error) => panic!("{error}"),
        }
    }

    pub(crate) fn with_dpop(&self, headers: HeaderMap, key: &dyn Signer, url: &Url) -> HeaderMap {
        with(headers, "dpop", &self.dpop(key, url.as_str(), None, None))
    }

    /// An offer for a browser, and its `issuer_state`.
    pub(crate) fn browser_offer(&self) -> (String, String) {
        let offer = OfferRequest::of("pid", erika()).with_grants(OfferGrants::AuthorizationCode);
        let offer = self.create(OfferRequest { delivery: Delivery::ByValue, ..offer });
        let state = state_of(&offer);
        (offer.id, state)
    }

    pub(crate) fn issuer_state(&self, offer: OfferRequest) -> String {
        state_of(&self.create(OfferRequest { delivery: Delivery::ByValue, ..offer }))
    }
}

fn state_of(offer: &CreatedOffer) -> String {
    let OfferLink::ByValue(object) = &offer.link else { panic!() };
    assert!(object.grants.pre_authorized_code.is_none());
    object.grants.authorization_code.clone().unwrap().issuer_state.unwrap()
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    Shown,
    Redirected(String),
}

pub(crate) fn redirected(code: &str) -> Refusal {
    Refusal::Redirected(code.to_owned())
}

pub(crate) fn exchange(code: &str) -> [(&'static str, &str); 5] {
    [
        ("grant_type", "authorization_code"),
        ("client_id", CLIENT),
        ("code", code),
        ("redirect_uri", CALLBACK),
        ("code_verifier", VERIFIER),
    ]
}

pub(crate) fn refreshing(token: &str) -> [(&'static str, &str); 3] {
    [("grant_type", "refresh_token"), ("client_id", CLIENT), ("refresh_token", token)]
}

/// Somebody who vouches for wallets, and one instance of a wallet.
pub(crate) struct Provider {
    ca: CertificateAuthority,
    signer: SoftwareSigner,
    pub(crate) instance: SoftwareSigner,
    random: SeededRandom,
}

impl Provider {
    pub(crate) fn new(seed: u64) -> Self {
        let random = SeededRandom::new(seed);
        let year = Duration::from_secs(365 * 24 * 3600);
        let before = START - Duration::from_secs(3600);
        let ca = CertificateAuthority::generate("Wallet CA", before, year, &random).unwrap();
        let key = || SoftwareSigner::generate(Algorithm::Es256, &random).unwrap();
        let (signer, instance) = (key(), key());
        let profile = LeafProfile::new("Provider", before, Duration::from_secs(300 * 24 * 3600))
            .dns_name("provider.example");
        let chain = ca.issue_chain(&signer.public_jwk().key, &profile, &random).unwrap();
        Self { ca, signer: signer.with_x5c(chain), instance, random }
    }

    /// The same provider, and another instance of the wallet.
    pub(crate) fn with_instance(mut self, instance: SoftwareSigner) -> Self {
        self.instance = instance;
        self
    }

    pub(crate) fn settings(&self) -> AttestationSettings {
        let anchor = Anchor::for_wallet_providers(self.ca.certificate().to_vec());
        AttestationSettings::trusting(Arc::new(X509Anchors::new(&[anchor]).unwrap()))
    }

    pub(crate) fn attestation(&self, client_id: &str, now: UnixTime) -> String {
        self.attestation_for(&self.instance, client_id, now, Duration::from_secs(3600))
    }

    pub(crate) fn attestation_for(
        &self,
        instance: &SoftwareSigner,
        client_id: &str,
        now: UnixTime,
        lifetime: Duration,
    ) -> String {
        let request = AttestationRequest {
            issuer: "https://provider.example",
            client_id,
            instance_key: instance.public_jwk(),
            now,
            lifetime,
            more: Map::new(),
        };
        wait(client_attestation::attest(&self.signer, request)).unwrap()
    }

    pub(crate) fn pop(
        &self,
        client_id: &str,
        audience: &str,
        now: UnixTime,
        challenge: Option<&str>,
    ) -> String {
        let request = PopRequest { client_id, audience, now, challenge };
        wait(client_attestation::prove(&self.instance, &self.random, &request)).unwrap()
    }

    /// The headers of a request of this instance.
    pub(crate) fn headers(&self, world: &World) -> HeaderMap {
        let now = world.clock.now();
        attested(&self.attestation(CLIENT, now), &self.pop(CLIENT, ISSUER, now, None))
    }
}

pub(crate) fn attested(attestation: &str, pop: &str) -> HeaderMap {
    let headers = with(headers(FORM), "oauth-client-attestation", attestation);
    with(headers, "oauth-client-attestation-pop", pop)
}

pub(crate) fn keys(signer: &SoftwareSigner) -> JwkSet {
    JwkSet::from_value(&json!({ "keys": [signer.public_jwk().to_value()] })).unwrap()
}

pub(crate) fn assertion(world: &World, signer: &SoftwareSigner, client_id: &str) -> String {
    wait(client_assertion::make(signer, &*world.random, client_id, ISSUER, world.now())).unwrap()
}
