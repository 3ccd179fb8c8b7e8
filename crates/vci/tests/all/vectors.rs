//! The specification's own examples, and those that wallets have recorded.

use std::fs;
use std::path::PathBuf;

use credenza_crypto::{Algorithm, Jws};
use credenza_oauth::AuthorizationServerMetadata;
use credenza_vci::messages::claims_description::{self, ClaimDescription};
use credenza_vci::messages::offer::InvalidOffer;
use credenza_vci::messages::{
    AuthorizationDetail, CredentialIssuerMetadata, CredentialOffer, CredentialResponse, OfferLink,
    SupportedCredential,
};
use proptest::prelude::*;
use serde_json::{Value, json};

fn read(path: &str) -> String {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/vectors");
    fs::read_to_string(root.join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn example(name: &str) -> Value {
    serde_json::from_str(&read(&format!("openid4vci-1.0/json/{name}"))).unwrap()
}

/// The JSON body of an HTTP message that is wrapped for printing.
fn http_body(name: &str) -> Value {
    let text = read(&format!("openid4vci-1.0/json/{name}"));
    let body = text.split_once("{").map(|(_, rest)| format!("{{{rest}")).unwrap();
    let joined: String = body.lines().map(str::trim).collect();
    serde_json::from_str(&joined).unwrap()
}

// Clauses: VCI-4.1.1-02, VCI-4.1.1-06, VCI-4.1.1-07
#[test]
fn offers() {
    for name in [
        "credential_offer_by_reference.json",
        "credential_offer_multiple_credentials.json",
        "credential_offer_pre-authz_code.json",
    ] {
        let json = example(name);
        let offer = CredentialOffer::parse(json.to_string().as_bytes())
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(
            serde_json::to_value(&offer).unwrap()["credential_issuer"],
            json["credential_issuer"],
            "{name}"
        );
        let link = OfferLink::ByValue(Box::new(offer)).to_deep_link();
        assert!(matches!(OfferLink::parse(&link), Ok(OfferLink::ByValue(_))), "{link}");
    }
    let multiple =
        CredentialOffer::parse(example("credential_offer_multiple_credentials.json").to_string().as_bytes());
    let multiple = multiple.unwrap();
    assert_eq!(multiple.pre_authorized().unwrap().tx_code.as_ref().unwrap().length, Some(4));
    let code = http_body("credential_offer_authz_code.txt");
    let offer = CredentialOffer::parse(code.to_string().as_bytes()).unwrap();
    assert!(offer.pre_authorized().is_none());
}

#[test]
fn v07_recorded_offers() {
    for (name, good) in [
        ("sample_credential_offer", true),
        ("sample_credential_offer_auth_code", true),
        ("credential_offer_with_unknown_format", true),
        ("credential_offer_with_blank_issuer_state", false),
        ("credential_offer_with_blank_pre_authorized_code", false),
        ("credential_offer_over_sized_tx_code_description", false),
    ] {
        let offer = CredentialOffer::parse(read(&format!("eudi-wallet-vci/{name}.json")).as_bytes());
        assert_eq!(offer.is_ok(), good, "{name}: {offer:?}");
    }
}

// Clauses: VCI-4.1-02, VCI-4.1-03, VCI-4.1.1-02, VCI-4.1.1-24
#[test]
fn v07_offers_that_are_refused() {
    let offer = json!({ "credential_issuer": "https://i.example", "credential_configuration_ids": ["a"] });
    let changed = |name: &str, value: Value| {
        let mut offer = offer.clone();
        offer[name] = value;
        CredentialOffer::parse(offer.to_string().as_bytes())
    };
    for (name, value) in [
        ("credential_configuration_ids", json!([])),
        ("credential_configuration_ids", json!(["a", "a"])),
        ("credential_configuration_ids", json!([""])),
        ("credential_configuration_ids", json!([7])),
        ("credential_configuration_ids", json!((0..101).map(|n| n.to_string()).collect::<Vec<_>>())),
        ("credential_configuration_ids", json!("a")),
        ("credential_issuer", json!("")),
        ("credential_issuer", json!(null)),
        ("grants", json!([])),
        ("grants", json!({ "urn:ietf:params:oauth:grant-type:pre-authorized_code": {} })),
        (
            "grants",
            json!({ "urn:ietf:params:oauth:grant-type:pre-authorized_code": { "pre-authorized_code": "x", "tx_code": "y" } }),
        ),
        (
            "grants",
            json!({ "urn:ietf:params:oauth:grant-type:pre-authorized_code": { "pre-authorized_code": "x", "tx_code": { "description": "x".repeat(301) } } }),
        ),
    ] {
        assert!(changed(name, value.clone()).is_err(), "{name} {value}");
    }
    assert!(changed("unknown", json!([1])).is_ok());
    assert!(changed("grants", json!({ "urn:example:other": { "a": 1 } })).is_ok());
    let text = offer.to_string();
    let encoded = credenza_oauth::form::encode(&[("credential_offer", &text)]);
    for link in [
        "openid-credential-offer://".to_owned(),
        "openid-credential-offer://?".to_owned(),
        "openid-credential-offer://?x=1".to_owned(),
        format!("openid-credential-offer://?{encoded}&{encoded}"),
        format!("openid-credential-offer://?{encoded}&credential_offer_uri=https%3A%2F%2Fi.example"),
        "openid-credential-offer://?credential_offer_uri=file%3A%2F%2F%2Fetc%2Fpasswd".to_owned(),
        "openid-credential-offer://?credential_offer_uri=offer".to_owned(),
        "openid-credential-offer://?credential_offer=eyJhbGciOiJub25lIn0.e30.".to_owned(),
        format!("openid-credential-offer://?credential_offer={}", "x".repeat(40_000)),
    ] {
        assert!(OfferLink::parse(&link).is_err(), "{}", link.get(..80).unwrap_or(&link));
    }
    // What was sent is not repeated in the reason: it can be a code.
    let canary = json!({ "grants": "canary" }).to_string();
    let error = CredentialOffer::parse(canary.as_bytes()).unwrap_err();
    assert!(!error.to_string().contains("canary"), "{error}");
    let doubled = r#"{"credential_issuer":"https://a.example","credential_issuer":"https://b.example","credential_configuration_ids":["a"]}"#;
    assert!(matches!(CredentialOffer::parse(doubled.as_bytes()), Err(InvalidOffer::Malformed(_))));
}

proptest! {
    #[test]
    fn strangers_links_never_panic(text in ".{0,200}") {
        let _ = OfferLink::parse(&text);
        let _ = OfferLink::parse(&format!("openid-credential-offer://?credential_offer={text}"));
        let _ = CredentialOffer::parse(text.as_bytes());
        let _ = CredentialIssuerMetadata::parse(text.as_bytes());
    }

    #[test]
    fn strangers_requests_never_panic(bytes: Vec<u8>, json in "[\\[\\]{}\":,0-9a-z_ ]{0,80}") {
        for bytes in [bytes.as_slice(), json.as_bytes()] {
            let _ = credenza_vci::messages::CredentialRequest::parse(bytes);
            let _ = credenza_vci::messages::NotificationRequest::parse(bytes);
            let _ = credenza_vci::messages::TokenRequest::parse(bytes);
        }
    }

    #[test]
    fn requests_with_any_member_replaced_never_panic(name in "credential_configuration_id|credential_identifier|proofs|jwt", value in "null|true|7|\"x\"|\\[\\]|\\{\\}|\\[7\\]|\\{\"jwt\":null\\}|\\{\"jwt\":\\[\\]\\}") {
        let text = format!(r#"{{"{name}":{value},"x":1}}"#);
        let _ = credenza_vci::messages::CredentialRequest::parse(text.as_bytes());
    }

    #[test]
    fn links_survive_the_round_trip(issuer in "https://[a-z]{1,8}\\.example(/[a-z]{1,5})?", ids in proptest::collection::hash_set("[ -~äöü]{1,12}", 1..5), code in "[ -~]{1,40}") {
        prop_assume!(!code.trim().is_empty());
        let grant = json!({ "urn:ietf:params:oauth:grant-type:pre-authorized_code": { "pre-authorized_code": code } });
        let offer = json!({ "credential_issuer": issuer, "credential_configuration_ids": ids.into_iter().collect::<Vec<_>>(), "grants": grant });
        let offer = CredentialOffer::parse(offer.to_string().as_bytes()).unwrap();
        let link = OfferLink::ByValue(Box::new(offer));
        prop_assert_eq!(OfferLink::parse(&link.to_deep_link()).unwrap(), link);
    }
}

// Clauses: VCI-12.2.2-01, ASM-3-01, ASM-3.1-02
#[test]
fn well_known_locations() {
    let vectors: Value = serde_json::from_str(&read("openid4vci-1.0/well_known.json")).unwrap();
    for (kind, name) in [
        ("credential_issuer", "openid-credential-issuer"),
        ("authorization_server", "oauth-authorization-server"),
        ("jwt_vc_issuer", "jwt-vc-issuer"),
    ] {
        for vector in vectors[kind].as_array().unwrap() {
            let id = vector["id"].as_str().unwrap().parse().unwrap();
            assert_eq!(
                credenza_core::well_known::insert(&id, name).as_str(),
                vector["url"].as_str().unwrap()
            );
        }
    }
}

// Clauses: VCI-B.3-01, VCI-B.2-01
#[test]
fn claims_descriptions() {
    let vectors: Value =
        serde_json::from_str(&read("openid4vci-1.0/claims_description_conflicts.json")).unwrap();
    for case in vectors["cases"].as_array().unwrap() {
        let claims: Vec<ClaimDescription> = serde_json::from_value(case["claims"].clone()).unwrap();
        assert_eq!(claims_description::check(&claims).is_ok(), case["valid"].as_bool().unwrap(), "{case}");
    }
    for bad in [json!({ "path": [] }), json!({}), json!({ "path": "a" }), json!({ "path": [-1] })] {
        assert!(serde_json::from_value::<ClaimDescription>(bad.clone()).is_err(), "{bad}");
    }
}

// Clauses: VCI-12.2.4-79, VCI-12.2.4-41
#[test]
fn configurations_of_every_format() {
    for (name, format) in [
        ("credential_metadata_sd_jwt_vc.json", "dc+sd-jwt"),
        ("credential_metadata_mso_mdoc.json", "mso_mdoc"),
        ("credential_metadata_jwt_vc_json.json", "jwt_vc_json"),
        ("credential_metadata_ldp_vc.json", "ldp_vc"),
    ] {
        let json = example(name);
        for configuration in json["credential_configurations_supported"].as_object().unwrap().values() {
            let read: SupportedCredential = serde_json::from_value(configuration.clone()).unwrap();
            assert_eq!(read.format, format, "{name}");
        }
    }
    let metadata = CredentialIssuerMetadata::parse(
        example("credential_issuer_metadata_sd_jwt_long.json").to_string().as_bytes(),
    );
    let metadata = metadata.unwrap();
    assert!(metadata.unusable.is_empty(), "{:?}", metadata.unusable);
}

#[test]
fn recorded_metadata() {
    for name in [
        "valid",
        "no_asymmetric_algs",
        "no_request_encryption",
        "no_response_encryption",
        "negative_preferred_client_status_period",
        "zero_preferred_client_status_period",
    ] {
        let json = read(&format!("eudi-wallet-vci/credential_issuer_metadata_{name}.json"));
        let metadata = CredentialIssuerMetadata::parse(json.as_bytes())
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(metadata.credential_issuer, "https://credential-issuer.example.com");
    }
    let broken = read("eudi-wallet-vci/invalid_credential_issuer_metadata.json");
    assert!(CredentialIssuerMetadata::parse(broken.as_bytes()).is_err());
    for name in
        ["oauth_authorization_server_metadata", "oauth_authorization_server_metadata_no_auth_endpoint"]
    {
        let json = read(&format!("eudi-wallet-vci/{name}.json"));
        let metadata: AuthorizationServerMetadata = serde_json::from_str(&json).unwrap();
        assert!(metadata.token_endpoint.is_some());
    }
}

// Clauses: VCI-12.2.4-16, VCI-12.2.4-22, VCI-12.2.4-30, VCI-12.2.4-35, VCI-12.2.4-50, VCI-12.2.4-52, VCI-12.2.4-64
#[test]
fn metadata_that_breaks_a_rule() {
    let good = json!({
        "credential_issuer": "https://i.example", "credential_endpoint": "https://i.example/c",
        "credential_configurations_supported": { "a": { "format": "dc+sd-jwt", "vct": "x" }, "b": { "format": "new", "y": 1 } },
    });
    let parse = |json: &Value| CredentialIssuerMetadata::parse(json.to_string().as_bytes());
    assert_eq!(parse(&good).unwrap().credential_configurations_supported.len(), 2);
    for (name, value) in [
        ("credential_issuer", json!(null)),
        ("credential_endpoint", json!(7)),
        ("authorization_servers", json!([])),
        ("display", json!([])),
        ("display", json!([{ "locale": "en" }, { "locale": "en" }])),
        ("batch_credential_issuance", json!({ "batch_size": 1 })),
        ("batch_credential_issuance", json!({ "batch_size": -3 })),
        (
            "credential_response_encryption",
            json!({ "alg_values_supported": [], "enc_values_supported": ["A128GCM"], "encryption_required": true }),
        ),
        (
            "credential_request_encryption",
            json!({ "jwks": { "keys": [] }, "enc_values_supported": ["A128GCM"] }),
        ),
        ("credential_configurations_supported", json!([])),
    ] {
        let mut bad = good.clone();
        bad[name] = value.clone();
        assert!(parse(&bad).is_err(), "{name} {value}");
    }
    // One bad apple is set apart.
    for bad in [
        json!({ "format": "dc+sd-jwt" }),
        json!({ "vct": "x" }),
        json!({ "format": "dc+sd-jwt", "vct": "x", "cryptographic_binding_methods_supported": ["jwk"] }),
        json!({ "format": "dc+sd-jwt", "vct": "x", "proof_types_supported": { "jwt": { "proof_signing_alg_values_supported": ["ES256"] } } }),
        json!({ "format": "dc+sd-jwt", "vct": "x", "cryptographic_binding_methods_supported": ["jwk"], "proof_types_supported": { "jwt": { "proof_signing_alg_values_supported": [] } } }),
        json!({ "format": "dc+sd-jwt", "vct": "x", "credential_metadata": { "display": [{ "name": "x", "locale": "en" }, { "name": "y", "locale": "en" }] } }),
        json!({ "format": "dc+sd-jwt", "vct": "x", "credential_metadata": { "claims": [{ "path": ["a"] }, { "path": ["a"] }] } }),
    ] {
        let mut mixed = good.clone();
        mixed["credential_configurations_supported"]["a"] = bad.clone();
        let metadata = parse(&mixed).unwrap();
        assert!(metadata.unusable.contains_key("a"), "{bad}");
        assert!(metadata.credential_configurations_supported.contains_key("b"));
    }
}

#[test]
fn authorization_details_and_responses() {
    for name in ["", "_jwt_vc_json", "_ldp_vc", "_mso_doc", "_multiple_credentials", "_sd_jwt_vc", "_with_as"]
    {
        let json = example(&format!("authorization_details{name}.json"));
        let details: Vec<AuthorizationDetail> = serde_json::from_value(json.clone()).unwrap();
        assert!(details.iter().all(|detail| detail.kind == "openid_credential"), "{name}");
        assert_eq!(serde_json::to_value(&details).unwrap(), json, "{name}");
    }
    for name in ["jwt_vc_json", "ldp_vc", "mso_mdoc", "sd_jwt_vc"] {
        let response: CredentialResponse =
            serde_json::from_value(http_body(&format!("credential_response_{name}.txt"))).unwrap();
        assert!(!response.credentials.is_empty(), "{name}");
    }
}

// Clauses: VCI-F.1-04
#[test]
fn the_printed_key_proof() {
    let vectors: Value = serde_json::from_str(&read("openid4vci-1.0/jwt_examples.json")).unwrap();
    let proofs: Vec<&Value> = vectors["vectors"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|vector| vector["header"]["typ"] == "openid4vci-proof+jwt")
        .collect();
    assert!(!proofs.is_empty());
    for proof in proofs {
        let jws = Jws::parse(proof["serialized"].as_str().unwrap()).unwrap();
        let key = jws.header.jwk().unwrap().unwrap();
        jws.verify(&key.key, &[Algorithm::Es256]).unwrap();
        assert_eq!(serde_json::from_slice::<Value>(&jws.payload).unwrap(), proof["payload"]);
    }
}
