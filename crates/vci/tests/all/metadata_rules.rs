//! What metadata must have, member by member, and what it must not have.

use credenza_core::SeededRandom;
use credenza_crypto::{Curve, Decrypter as _, SoftwareDecrypter};
use credenza_vci::issuer::{AuthorizationSettings, ClientAuthentication};
use credenza_vci::messages::CredentialIssuerMetadata;
use serde_json::{Value, json};

use crate::authorizing::{Provider, client, keys, world};
use crate::support::*;

/// A document that has everything of which something is required.
fn full() -> Value {
    let key = SoftwareDecrypter::generate(Curve::P256, &SeededRandom::new(7)).unwrap();
    let image = json!({ "uri": "https://i.example/image.png" });
    json!({
        "credential_issuer": "https://i.example",
        "credential_endpoint": "https://i.example/credential",
        "display": [{ "name": "I", "locale": "en", "logo": image }],
        "credential_request_encryption": {
            "jwks": { "keys": [key.public_jwk().to_value()] },
            "enc_values_supported": ["A128GCM"], "encryption_required": false,
        },
        "credential_response_encryption": {
            "alg_values_supported": ["ECDH-ES"], "enc_values_supported": ["A128GCM"],
            "encryption_required": false,
        },
        "credential_configurations_supported": { "a": {
            "format": "dc+sd-jwt", "vct": "x",
            "credential_metadata": {
                "display": [{ "name": "A", "logo": image, "background_image": image }],
                "claims": [{ "path": ["n", null, 0], "display": [{ "name": "N", "locale": "en" }] }],
            },
        } },
    })
}

fn parse(json: &Value) -> Option<CredentialIssuerMetadata> {
    CredentialIssuerMetadata::parse(json.to_string().as_bytes()).ok()
}

fn without(pointer: &str) -> Value {
    let mut json = full();
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    let removed = json.pointer_mut(parent).unwrap().as_object_mut().unwrap().remove(name);
    assert!(removed.is_some(), "{pointer} is not in the document");
    json
}

// Clauses: VCI-12.2.4-06, VCI-12.2.4-15, VCI-12.2.4-17, VCI-12.2.4-19, VCI-12.2.4-23, VCI-12.2.4-25, VCI-12.2.4-38
#[test]
fn a_document_without_a_required_member_is_not_read() {
    assert!(parse(&full()).unwrap().unusable.is_empty());
    for pointer in [
        "/credential_issuer",
        "/credential_endpoint",
        "/credential_configurations_supported",
        "/display/0/logo/uri",
        "/credential_request_encryption/jwks",
        "/credential_request_encryption/enc_values_supported",
        "/credential_request_encryption/encryption_required",
        "/credential_response_encryption/alg_values_supported",
        "/credential_response_encryption/enc_values_supported",
        "/credential_response_encryption/encryption_required",
    ] {
        assert!(parse(&without(pointer)).is_none(), "{pointer}");
    }
}

// Clauses: VCI-12.2.4-61, VCI-12.2.4-67, VCI-12.2.4-72, VCI-12.2.4-73, VCI-B.1-02, VCI-B.2-01, VCI-B.2-07, VCI-C-01
#[test]
fn a_configuration_that_breaks_a_rule_is_set_apart() {
    const METADATA: &str = "/credential_configurations_supported/a/credential_metadata";
    let apart = |json: &Value| parse(json).unwrap().unusable.contains_key("a");
    for member in ["display/0/name", "display/0/logo/uri", "display/0/background_image/uri", "claims/0/path"]
    {
        assert!(apart(&without(&format!("{METADATA}/{member}"))), "{member}");
    }
    let with = |member: &str, value: Value| {
        let mut json = full();
        *json.pointer_mut(&format!("{METADATA}/claims/0/{member}")).unwrap() = value;
        apart(&json)
    };
    for path in [json!([]), json!("n"), json!([-1]), json!([1.5]), json!([true]), json!([["n"]])] {
        assert!(with("path", path.clone()), "{path}");
    }
    let twice = json!([{ "name": "N", "locale": "en" }, { "name": "M", "locale": "en" }]);
    assert!(with("display", twice));
    assert!(!with("display", json!([{ "name": "N", "locale": "en" }, { "name": "M", "locale": "de" }])));
}

// Clauses: VCI-12.2.4-54
#[test]
fn an_issuer_that_wants_no_attestation_does_not_mention_any() {
    let metadata: Value = serde_json::from_slice(&World::new().issuer.metadata()).unwrap();
    let pid = &metadata["credential_configurations_supported"]["pid"]["proof_types_supported"]["jwt"];
    assert!(pid["proof_signing_alg_values_supported"].is_array());
    assert!(pid.get("key_attestations_required").is_none(), "{pid}");
}

// Clauses: ASM-2-16, ASM-2-18, PAR-2-01, ABCA-8-06, ABCA-8-07
#[test]
fn the_server_says_how_clients_sign_and_never_by_none() {
    let metadata = |settings: fn(&mut AuthorizationSettings)| -> Value {
        serde_json::from_slice(&world(settings).issuer.authorization_server_metadata()).unwrap()
    };
    let signing = metadata(|settings| {
        let random = SeededRandom::new(3);
        let key = credenza_crypto::SoftwareSigner::generate(credenza_crypto::Algorithm::Es256, &random);
        let method = ClientAuthentication::PrivateKeyJwt(keys(&key.unwrap()));
        settings.clients.push(client("signing", method));
        settings.attestation = Some(Provider::new(7).settings());
    });
    for name in [
        "token_endpoint_auth_signing_alg_values_supported",
        "client_attestation_signing_alg_values_supported",
        "client_attestation_pop_signing_alg_values_supported",
        "dpop_signing_alg_values_supported",
    ] {
        let values = signing[name].as_array().unwrap_or_else(|| panic!("{name}"));
        assert!(!values.is_empty() && !values.contains(&json!("none")), "{name}: {values:?}");
    }
    // Every endpoint is reached by TLS.
    for (name, value) in signing.as_object().unwrap() {
        if name.ends_with("_endpoint") || name.ends_with("_uri") {
            assert!(value.as_str().unwrap().starts_with("https://"), "{name}");
        }
    }
    assert!(signing["pushed_authorization_request_endpoint"].is_string());
    // Nobody signs where everybody is public.
    let plain = metadata(|_| {});
    assert!(plain.get("token_endpoint_auth_signing_alg_values_supported").is_none());
    assert!(plain.get("client_attestation_signing_alg_values_supported").is_none());
}
