//! Where providers are found: the printed metadata, what is published, and what is fetched.

use credenza_core::{AddressPolicy, FnHttp, Limits};
use credenza_crypto::Algorithm;
use credenza_vp::siop::discovery::{DiscoveryError, ProviderMetadata};
use credenza_vp::siop::{Provider, SubjectSyntax};
use http::{Request, Response};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{vector, vector_value};
use crate::world::run;

const ISSUER: &str = "https://example.org";

fn discover(issuer: &str, metadata: &Value) -> Result<ProviderMetadata, DiscoveryError> {
    let body = metadata.to_string().into_bytes();
    let http = FnHttp::new(move |request: Request<Vec<u8>>, limits: Limits| {
        assert_eq!(limits.redirects, 0);
        match request.uri().to_string().as_str() {
            "https://example.org/.well-known/openid-configuration"
            | "https://example.org/tenant/.well-known/openid-configuration" => {
                Ok(Response::new(body.clone()))
            }
            _ => Ok(Response::builder().status(404).body(Vec::new()).unwrap()),
        }
    });
    run(ProviderMetadata::discover(&http, issuer, AddressPolicy::Public, Limits::default()))
}

// Clauses: SIOP-6.1-02, SIOP-6.1-05, SIOP-6.1-06, SIOP-6.1-08, SIOP-6.1-11, SIOP-6.1-13, SIOP-6.1-14, SIOP-6.1-15
#[test]
fn the_printed_metadata_is_found() {
    let printed = vector_value("provider_metadata.json");
    let found = discover(ISSUER, &printed).unwrap();
    assert_eq!(found.authorization_endpoint, "https://wallet.example.com");
    assert!(found.is_self_issued());
    assert_eq!(serde_json::to_value(&found).unwrap(), printed);
    let mut tenant = printed;
    tenant["issuer"] = "https://example.org/tenant".into();
    discover("https://example.org/tenant", &tenant).unwrap();
}

// Clauses: SIOP-6.1-03, SIOP-6.1-04
#[test]
fn keys_by_reference_are_ignored() {
    let mut metadata = vector_value("provider_metadata.json");
    metadata["jwks_uri"] = "https://evil.example/jwks".into();
    let found = discover(ISSUER, &metadata).unwrap();
    assert_eq!(serde_json::to_value(&found).unwrap().get("jwks_uri"), None);
}

// Clauses: SIOP-6.1-06, SIOP-6.1-08, SIOP-6.1-09, SIOP-6.1-10, SIOP-6.1-11, SIOP-6.1-12, SIOP-6.1-13, SIOP-6.1-14, SIOP-6.1-15, SIOP-6.1-16
#[test]
fn metadata_that_can_not_be_used() {
    let printed = vector_value("provider_metadata.json");
    let required = [
        "authorization_endpoint",
        "response_types_supported",
        "scopes_supported",
        "subject_types_supported",
        "id_token_signing_alg_values_supported",
        "request_object_signing_alg_values_supported",
        "subject_syntax_types_supported",
    ];
    for name in required {
        let mut metadata = printed.clone();
        metadata.as_object_mut().unwrap().remove(name);
        assert!(matches!(discover(ISSUER, &metadata), Err(DiscoveryError::Malformed(_))), "{name}");
    }
    for (name, value) in [
        ("response_types_supported", json!(["code"])),
        ("scopes_supported", json!(["profile"])),
        ("subject_syntax_types_supported", json!(["did:key:"])),
        ("authorization_endpoint", json!("no url")),
    ] {
        let mut metadata = printed.clone();
        metadata[name] = value;
        assert!(matches!(discover(ISSUER, &metadata), Err(DiscoveryError::Malformed(_))), "{name}");
    }
    let mut metadata = printed.clone();
    for issuer in [json!("https://evil.example"), json!("https://example.org/"), Value::Null] {
        metadata["issuer"] = issuer.clone();
        assert_eq!(discover(ISSUER, &metadata), Err(DiscoveryError::Issuer), "{issuer}");
    }
    for issuer in ["http://example.org", "https://example.org?a", "https://example.org#a", "siopv2:", "x"] {
        assert_eq!(discover(issuer, &printed), Err(DiscoveryError::Identifier), "{issuer}");
    }
    assert_eq!(discover("https://other.example", &printed), Err(DiscoveryError::Status(404)));
}

#[test]
fn the_static_values_are_the_printed_ones() {
    for (ours, printed) in [
        (ProviderMetadata::siopv2(), "static_siopv2.json"),
        (ProviderMetadata::openid(), "static_openid.json"),
    ] {
        assert_eq!(serde_json::to_value(&ours).unwrap(), vector_value(printed));
        assert_eq!(ProviderMetadata::parse(&vector(printed)).unwrap(), ours);
    }
}

// Clauses: SIOP-6.1-03, SIOP-6.1-06, SIOP-6.1-09, SIOP-6.1-11, SIOP-6.1-16
#[test]
fn what_a_wallet_publishes_can_be_found() {
    let published = |issuer| {
        ProviderMetadata::of(&Provider::default(), issuer, "https://wallet.example.com", &[Algorithm::Es256])
    };
    let metadata = published(ISSUER).unwrap();
    let value = serde_json::to_value(&metadata).unwrap();
    assert_eq!(value["subject_syntax_types_supported"][1], "did:jwk");
    assert_eq!(value.get("jwks_uri"), None);
    assert_eq!(discover(ISSUER, &value).unwrap(), metadata);
    assert_eq!(published("http://example.org").unwrap_err(), DiscoveryError::Identifier);
}

// Clauses: SIOP-6.1-16, SIOP-7.5-02
#[test]
fn subject_syntax_types() {
    let parse = SubjectSyntax::parse;
    assert_eq!(parse("did"), Ok(Some(SubjectSyntax::AnyDid)));
    assert_eq!(parse("did:key"), Ok(Some(SubjectSyntax::did("key"))));
    assert_eq!(parse("urn:ietf:params:oauth:jwk-thumbprint"), Ok(Some(SubjectSyntax::JwkThumbprint)));
    assert_eq!(parse("urn:example"), Ok(None));
    assert_eq!(parse("didactic"), Ok(None));
    for bad in ["did:", "did:key:", "did:Key", "did::", "did: key", "did:key:z6Mk"] {
        assert!(parse(bad).is_err(), "{bad}");
    }
    for syntax in ["did", "did:web", "urn:ietf:params:oauth:jwk-thumbprint"] {
        assert_eq!(parse(syntax).unwrap().unwrap().to_string(), syntax);
    }
    assert!(SubjectSyntax::AnyDid.covers(&SubjectSyntax::did("web")));
    assert!(!SubjectSyntax::AnyDid.covers(&SubjectSyntax::JwkThumbprint));
    assert!(!SubjectSyntax::did("web").covers(&SubjectSyntax::AnyDid));
}

proptest! {
    #[test]
    fn a_syntax_that_was_read_is_written_as_it_was(text in "(did|urn)?[:a-zA-Z0-9 ]{0,12}") {
        if let Ok(Some(syntax)) = SubjectSyntax::parse(&text) {
            prop_assert_eq!(syntax.to_string(), text);
        }
    }

    #[test]
    fn strangers_metadata_never_panics(bytes: Vec<u8>) {
        let _ = ProviderMetadata::parse(&bytes);
    }
}
