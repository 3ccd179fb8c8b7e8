//! HAIP as a switch, and configurations that can't be.

use std::time::Duration;

use credenza_vci::issuer::{
    AuthorizationSettings, ClientAuthentication, ConfigError, CredentialConfiguration, IssuerBuilder,
};
use serde_json::Value;

use crate::authorizing::*;
use crate::metadata::build;
use crate::support::*;

/// Why an issuer can't be built.
fn refusal(change: impl FnOnce(IssuerBuilder) -> IssuerBuilder) -> ConfigError {
    let signer = World::new().signer;
    build(ISSUER, |builder| change(builder.configuration(pid()).signer(signer))).unwrap_err()
}

fn haip() -> AuthorizationSettings {
    AuthorizationSettings { attestation: Some(Provider::new(7).settings()), ..Default::default() }
}

// Clauses: HAIP-4-01, HAIP-4-05, HAIP-4.3-01, HAIP-4.4.1-01,
// HAIP-4-04
#[test]
fn haip_makes_an_issuer_comply() {
    let provider = Provider::new(7);
    let world = World::with(|builder| builder.authorization(haip()).haip());
    let metadata: Value = serde_json::from_slice(&world.issuer.authorization_server_metadata()).unwrap();
    assert_eq!(metadata["require_pushed_authorization_requests"], true);
    assert_eq!(metadata["pre-authorized_grant_anonymous_access_supported"], false);
    let methods = metadata["token_endpoint_auth_methods_supported"].as_array().unwrap();
    assert!(!methods.contains(&"none".into()));
    assert!(matches!(world.authorize_error_of(&request()), Refusal::Shown));
    let query = world.pushed(&provider.headers(&world), &request());
    let code = parameter(&world.agreed(&query), "code").unwrap();
    // Sender-constrained, or nothing.
    let bare = world.token_with(&provider.headers(&world), &exchange(&code));
    assert_eq!(refused(&bare), (400, "invalid_dpop_proof".to_owned()));
    let bound = world.with_dpop(provider.headers(&world), &world.key(), &world.issuer.endpoints().token);
    assert_eq!(body(&world.token_with(&bound, &exchange(&code)))["token_type"], "DPoP");
    // A pre-authorized code alone is not enough either.
    let dpop = world.with_dpop(headers(FORM), &world.key(), &world.issuer.endpoints().token);
    let code = world.code(&world.offer());
    let response = world.token_with(&dpop, &[("grant_type", GRANT), ("pre-authorized_code", &code)]);
    assert_eq!(refused(&response), (400, "invalid_client".to_owned()));
}

impl World {
    fn authorize_error_of(&self, parameters: &Parameters) -> Refusal {
        self.authorize_error(&encoded(parameters))
    }
}

// Clauses: HAIP-4.1-03,
// HAIP-4.2-02, HAIP-6.1.1-02
#[test]
fn haip_refuses_what_can_not_comply_and_names_the_rule() {
    let rule = |error| match error {
        ConfigError::Profile { rule, .. } => rule,
        error => panic!("{error}"),
    };
    assert_eq!(rule(refusal(IssuerBuilder::haip)), "HAIP 1.0 §4");
    let nobody = |builder: IssuerBuilder| builder.authorization(AuthorizationSettings::default()).haip();
    assert_eq!(rule(refusal(nobody)), "HAIP 1.0 §4.4.1");
    let public = |builder: IssuerBuilder| {
        builder.authorization(AuthorizationSettings { public_clients: true, ..haip() }).haip()
    };
    assert_eq!(rule(refusal(public)), "HAIP 1.0 §4.4.1");
    let one_public = |builder: IssuerBuilder| {
        let clients = vec![client(CLIENT, ClientAuthentication::None)];
        builder.authorization(AuthorizationSettings { clients, ..haip() }).haip()
    };
    assert_eq!(rule(refusal(one_public)), "HAIP 1.0 §4.4.1");
    let unscoped = |builder: IssuerBuilder| {
        let configuration = CredentialConfiguration::sd_jwt_vc("bare", "urn:bare");
        builder.configuration(configuration).authorization(haip()).haip()
    };
    assert_eq!(rule(refusal(unscoped)), "HAIP 1.0 §4.1");
    let uncertified = |builder: IssuerBuilder| {
        let key = credenza_crypto::SoftwareSigner::generate(
            credenza_crypto::Algorithm::Es256,
            &credenza_core::SeededRandom::new(1),
        );
        builder.signer(std::sync::Arc::new(key.unwrap())).authorization(haip()).haip()
    };
    assert_eq!(rule(refusal(uncertified)), "HAIP 1.0 §6.1.1");
}

#[test]
fn a10_clients_that_can_not_be_are_refused_at_the_start() {
    let id = |settings: AuthorizationSettings| match refusal(move |builder| builder.authorization(settings)) {
        ConfigError::Client { id, .. } => id,
        error => panic!("{error}"),
    };
    let with = |change: fn(&mut credenza_vci::issuer::Client)| {
        let mut settings = settings();
        change(&mut settings.clients[0]);
        settings
    };
    assert_eq!(id(with(|client| client.id = "other".to_owned())), "other");
    assert_eq!(id(with(|client| client.id = String::new())), "");
    assert_eq!(id(with(|client| client.redirect_uris.clear())), CLIENT);
    assert_eq!(id(with(|client| client.redirect_uris.push("http://x.example/".to_owned()))), CLIENT);
    assert_eq!(id(with(|client| client.authentication = ClientAuthentication::Attestation)), CLIENT);
    let mut long = settings();
    long.lifetimes.code = Duration::from_secs(61);
    assert!(matches!(refusal(|builder| builder.authorization(long)), ConfigError::Invalid(_)));
}
