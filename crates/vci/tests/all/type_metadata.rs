//! Metadata of the issuer's own types: published, and named by its hash in every credential.

use credenza_formats::sd_jwt::{SdJwt, SdJwtLimits};
use credenza_formats::type_metadata::{Integrity, TypeMetadata};
use credenza_vci::issuer::{ConfigError, CredentialConfiguration, OfferRequest};
use serde_json::{Map, Value, json};

use crate::support::*;

const OURS: &str = "https://issuer.example/tenant/vct/pid";

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(members) => members,
        other => panic!("{other}"),
    }
}

fn configured(vct: &str, metadata: Value) -> CredentialConfiguration {
    CredentialConfiguration {
        type_metadata: Some(object(metadata)),
        ..CredentialConfiguration::sd_jwt_vc("typed", vct)
    }
}

// Clauses: SDVC-2.2.2.3-10, SDVC-4.3-01, SDVC-5-01
// Checks: ISS-093, ISS-094
#[test]
fn credentials_carry_the_hash_of_what_is_published() {
    let metadata = json!({"display": [{"locale": "en", "name": "Person"}], "claims": [{"path": ["name"]}]});
    let world = World::with(|builder| builder.configuration(configured(OURS, metadata)));
    let document = world.issuer.type_metadata(OURS).unwrap();
    assert_eq!(TypeMetadata::parse(&document).unwrap().vct, OURS);
    assert_eq!(world.issuer.type_metadata("https://issuer.example/tenant/vct/other"), None);
    let offer = world.create(OfferRequest::of("typed", object(json!({"name": "Erika"}))));
    let token = world.redeem(&offer);
    let mut request = world.request();
    request["credential_configuration_id"] = json!("typed");
    let issued = body(&world.credential(&token, &request));
    let text = issued["credentials"][0]["credential"].as_str().unwrap();
    let parsed = SdJwt::parse(text, &SdJwtLimits::default()).unwrap();
    let integrity = parsed.dangerous_payload()["vct#integrity"].as_str().unwrap();
    assert!(Integrity::parse(integrity).unwrap().matches(&document));
}

#[test]
fn what_can_not_be_published() {
    let reason = |configuration: CredentialConfiguration| match World::try_with(|builder| {
        builder.configuration(configuration)
    }) {
        Err(ConfigError::Configuration { reason, .. }) => reason,
        other => panic!("{:?}", other.map(drop)),
    };
    for elsewhere in [
        "urn:example:pid",
        "https://other.example/vct/pid",
        "https://issuer.example/vct/pid",
        "https://issuer.example/tenant/vct/",
        "https://issuer.example/tenant/vct/../pid",
        "https://issuer.example/tenant/vct/pid?v=1",
        "https://issuer.example/tenant/vct/pid#1",
    ] {
        assert!(reason(configured(elsewhere, json!({}))).contains("URL below"), "{elsewhere}");
    }
    assert!(reason(configured(OURS, json!({"vct": "urn:other"}))).contains("another vct"));
    assert!(reason(configured(OURS, json!({"claims": {}}))).contains("type metadata"));
    // What it says of keeping a claim back is what happens to it.
    let about = |sd: &str, selective: Option<Value>| {
        let mut configuration = configured(OURS, json!({"claims": [{"path": ["name"], "sd": sd}]}));
        configuration.disclosure.selective = selective.map(|paths| serde_json::from_value(paths).unwrap());
        configuration
    };
    for (sd, selective) in
        [("always", Some(json!([["other"]]))), ("never", Some(json!([["name"]]))), ("never", None)]
    {
        assert!(reason(about(sd, selective.clone())).contains("kept back"), "{sd} {selective:?}");
    }
    for (sd, selective) in [("always", Some(json!([["name"]]))), ("always", None), ("never", Some(json!([])))]
    {
        let world = World::try_with(|builder| builder.configuration(about(sd, selective.clone())));
        assert!(world.is_ok(), "{sd} {selective:?}");
    }
    let issuers = json!({"claims": [{"path": ["exp"], "sd": "never"}]});
    assert!(World::try_with(|builder| builder.configuration(configured(OURS, issuers))).is_ok());
}
