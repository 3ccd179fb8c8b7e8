//! What an issuer says about itself, and what it can't be configured to say.

use std::sync::Arc;

use credenza_core::{AddressPolicy, FixedClock, Sealer, SeededRandom};
use credenza_crypto::{Algorithm, SoftwareSigner};
use credenza_oauth::AuthorizationServerMetadata;
use credenza_store::MemoryStore;
use credenza_vci::issuer::{ConfigError, CredentialConfiguration, Issuer, IssuerBuilder};
use credenza_vci::messages::{CredentialIssuerMetadata, IssuerDisplay};
use serde_json::Value;

use crate::support::*;

// Clauses: VCI-12.2.2-01, VCI-12.2.4-01, VCI-12.2.4-40, VCI-12.2.4-41, VCI-12.2.4-48, VCI-12.2.4-50, VCI-12.2.4-52, VCI-A.3.2-02, VCI-8-01,
// HAIP-4.1-10
#[test]
fn the_metadata_is_complete_and_its_own_parser_likes_it() {
    let world = World::new();
    let json = world.issuer.metadata();
    let metadata = CredentialIssuerMetadata::parse(&json).unwrap();
    assert!(metadata.unusable.is_empty());
    assert_eq!(metadata.credential_issuer, ISSUER);
    assert_eq!(metadata.credential_endpoint, "https://issuer.example/tenant/credential");
    assert_eq!(metadata.batch_credential_issuance.unwrap().batch_size, 10);
    let pid = &metadata.credential_configurations_supported["pid"];
    assert_eq!(pid.vct.as_deref(), Some(VCT));
    assert_eq!(pid.jwt_proof_algorithms(), Some(vec![Algorithm::Es256]));
    assert_eq!(pid.cryptographic_binding_methods_supported, ["jwk"]);
    let again: Value = serde_json::from_slice(&json).unwrap();
    assert_eq!(serde_json::to_value(&metadata).unwrap(), again);
    for url in ["credential_endpoint", "nonce_endpoint", "notification_endpoint"] {
        assert!(again[url].as_str().unwrap().starts_with("https://"), "{url}");
    }
    assert_eq!(
        world.issuer.endpoints().metadata.as_str(),
        "https://issuer.example/.well-known/openid-credential-issuer/tenant"
    );
}

// Clauses: ASM-2-01, ASM-2-03, ASM-3-01, ASM-3.2-03, ASM-3.3-01, VCI-12.2.4-76, VCI-12.3-01
#[test]
fn the_authorization_server_metadata_has_no_empty_list() {
    let world = World::new();
    let json: Value = serde_json::from_slice(&world.issuer.authorization_server_metadata()).unwrap();
    let empty = |value: &Value| value.as_array().is_some_and(Vec::is_empty) || value.is_null();
    assert!(json.as_object().unwrap().values().all(|value| !empty(value)), "{json}");
    let metadata: AuthorizationServerMetadata = serde_json::from_value(json).unwrap();
    assert_eq!(metadata.issuer, ISSUER);
    assert!(metadata.supports_grant(GRANT) && !metadata.supports_grant("authorization_code"));
    assert_eq!(metadata.scopes_supported, ["diploma", "pid"]);
    assert_eq!(metadata.pre_authorized_grant_anonymous_access_supported, Some(true));
    assert!(metadata.dpop_signing_alg_values_supported.contains(&"ES256".to_owned()));
}

pub(crate) fn build(
    identifier: &str,
    change: impl FnOnce(IssuerBuilder) -> IssuerBuilder,
) -> Result<Issuer, ConfigError> {
    let random = SeededRandom::new(1);
    let builder = Issuer::builder(identifier)
        .signer(Arc::new(SoftwareSigner::generate(Algorithm::Es256, &random).unwrap()))
        .store(Arc::new(MemoryStore::new(Arc::new(FixedClock::at(START)))))
        .sealer(Arc::new(Sealer::fresh(&random)));
    change(builder).build()
}

// Clauses: VCI-12.2.4-30, VCI-B.3-01,
// ISS-2-02, DPOP-2-01
// Checks: ISS-002, ISS-007, AS-002
#[test]
fn what_an_issuer_can_not_be() {
    let one = |builder: IssuerBuilder| builder.configuration(pid());
    for bad in [
        "issuer.example",
        "http://issuer.example",
        "ftp://issuer.example",
        "https://issuer.example/",
        "https://issuer.example/x/",
        "https://issuer.example?x=1",
        "https://issuer.example#x",
        "https://u:p@issuer.example",
        "https://Issuer.example",
        "https://issuer.example:443",
        "https://issuer.example/a/../b",
    ] {
        assert!(matches!(build(bad, one), Err(ConfigError::Identifier(_))), "{bad}");
    }
    for good in ["https://issuer.example", "https://issuer.example:8443/a/b"] {
        assert_eq!(build(good, one).unwrap().identifier(), good);
    }
    let loopback = |builder: IssuerBuilder| one(builder).addresses(AddressPolicy::Loopback);
    let issuer = build("http://127.0.0.1:8080", loopback).unwrap();
    assert_eq!(issuer.endpoints().token.as_str(), "http://127.0.0.1:8080/token");

    let is = |result: Result<Issuer, ConfigError>| result.unwrap_err();
    assert_eq!(is(build(ISSUER, |builder| builder)), ConfigError::Missing("credential configuration"));
    assert_eq!(is(build(ISSUER, |builder| one(one(builder)))), ConfigError::Duplicate("pid".to_owned()));
    assert!(matches!(is(build(ISSUER, |builder| one(builder).batch_size(0))), ConfigError::Invalid(_)));
    assert!(matches!(is(build(ISSUER, |builder| one(builder).tx_code_tries(0))), ConfigError::Invalid(_)));
    let twice = |builder: IssuerBuilder| {
        let english = || IssuerDisplay { locale: Some("en".to_owned()), ..IssuerDisplay::named("x") };
        one(builder).display(english()).display(english())
    };
    assert!(matches!(is(build(ISSUER, twice)), ConfigError::Metadata(_)));
    let mut repeated = pid();
    repeated.claims.push(repeated.claims[0].clone());
    for bad in [
        repeated,
        CredentialConfiguration { batch_size: Some(0), ..pid() },
        CredentialConfiguration { validity: std::time::Duration::ZERO, ..pid() },
        CredentialConfiguration { scope: Some("two words".to_owned()), ..pid() },
        CredentialConfiguration {
            disclosure: serde_json::from_str(r#"{ "selective": [["exp"]] }"#).unwrap(),
            ..pid()
        },
        CredentialConfiguration::sd_jwt_vc("", VCT),
        CredentialConfiguration::sd_jwt_vc("x", ""),
    ] {
        let result = build(ISSUER, |builder| builder.configuration(bad.clone()));
        assert!(matches!(result, Err(ConfigError::Configuration { .. })), "{bad:?}");
    }
    // A batch of one is no batch.
    let json = build(ISSUER, |builder| one(builder).batch_size(1)).unwrap().metadata();
    assert_eq!(CredentialIssuerMetadata::parse(&json).unwrap().batch_credential_issuance, None);
}

#[test]
fn a_configuration_is_read_as_an_operator_writes_it() {
    let configuration: CredentialConfiguration = serde_json::from_str(
        r#"{ "id": "pid", "format": "dc+sd-jwt", "vct": "urn:example:pid", "validity_seconds": 86400,
             "claims": [{ "path": ["given_name"], "mandatory": true, "display": [{ "name": "Given name" }] }],
             "disclosure": { "selective": [["given_name"], ["address", "street"]], "decoys": 2 },
             "proof_algorithms": ["ES256", "EdDSA"] }"#,
    )
    .unwrap();
    assert_eq!(configuration.validity.as_secs(), 86_400);
    assert_eq!(configuration.proof_algorithms, [Algorithm::Es256, Algorithm::EdDsa]);
    let again: CredentialConfiguration =
        serde_json::from_value(serde_json::to_value(&configuration).unwrap()).unwrap();
    assert_eq!(again, configuration);
}
