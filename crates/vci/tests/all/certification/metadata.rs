//! The two documents that everything starts from.

use credenza_crypto::{Algorithm, Certificate, Jws};
use credenza_vci::issuer::{ConfigError, CredentialConfiguration, Encryption};
use credenza_vci::messages::IssuerDisplay;
use serde_json::{Value, json};

use super::{Within, get, members};
use crate::metadata::build;
use crate::support::*;

const ISSUER_PATH: &str = "/.well-known/openid-credential-issuer/tenant";
const SERVER_PATH: &str = "/.well-known/oauth-authorization-server/tenant";
const JOSE: [&str; 10] =
    ["ES256", "ES384", "ES512", "EdDSA", "Ed25519", "PS256", "PS384", "PS512", "RS256", "ES256K"];
const COSE: [i64; 7] = [-7, -8, -9, -35, -36, -19, -37];
const KEY_MANAGEMENT: [&str; 6] =
    ["ECDH-ES", "ECDH-ES+A128KW", "ECDH-ES+A192KW", "ECDH-ES+A256KW", "RSA-OAEP", "RSA-OAEP-256"];
const CONTENT: [&str; 6] =
    ["A128GCM", "A192GCM", "A256GCM", "A128CBC-HS256", "A192CBC-HS384", "A256CBC-HS512"];

fn document(world: &World, path: &str) -> Value {
    let response = get(world, path, JSON);
    assert_eq!(
        (response.status().as_u16(), &response.headers()["content-type"]),
        (200, &JSON.parse().unwrap())
    );
    body(&response)
}

fn texts(value: &Value) -> Vec<&str> {
    value.as_array().unwrap_or_else(|| panic!("{value}")).iter().map(|it| it.as_str().unwrap()).collect()
}

#[track_caller]
fn all_of(value: &Value, known: &[&str]) {
    let texts = texts(value);
    assert!(!texts.is_empty() && texts.iter().all(|it| known.contains(it)), "{value}");
}

fn configurations(issuer: &Value) -> impl Iterator<Item = (&String, &Value)> {
    issuer["credential_configurations_supported"].as_object().unwrap().iter()
}

// Checks: ISS-001, ISS-003, ISS-005, ISS-006, ISS-008, ISS-010, ISS-030, ISS-032, ISS-038, ISS-071, ISS-077, AS-001, AS-003
#[test]
fn both_documents_are_found_and_complete() {
    let world = Within::new().world;
    let (issuer, server) = (document(&world, ISSUER_PATH), document(&world, SERVER_PATH));
    assert_eq!((&issuer["credential_issuer"], &server["issuer"]), (&json!(ISSUER), &json!(ISSUER)));
    // It is its own authorization server, so that it names none.
    assert!(issuer.get("authorization_servers").is_none());
    for endpoint in
        ["credential_endpoint", "nonce_endpoint", "deferred_credential_endpoint", "notification_endpoint"]
    {
        assert!(issuer[endpoint].as_str().is_some_and(|it| it.starts_with("https://issuer.example/tenant/")));
    }
    // What an operator has configured is there, under its name and in its format.
    let formats: Vec<_> =
        configurations(&issuer).map(|(id, it)| (id.as_str(), it["format"].as_str().unwrap())).collect();
    let sd_jwt = "dc+sd-jwt";
    assert_eq!(formats, [("described", sd_jwt), ("diploma", sd_jwt), ("mdl", "mso_mdoc"), ("pid", sd_jwt)]);
}

// Checks: ISS-011, ISS-012, ISS-029, ISS-031, ISS-033
#[test]
fn the_issuers_document_has_the_members_of_the_specification_and_no_others() {
    let issuer = document(&Within::new().world, ISSUER_PATH);
    members(
        &issuer,
        &["credential_issuer", "credential_endpoint", "credential_configurations_supported"],
        &[
            "authorization_servers",
            "nonce_endpoint",
            "deferred_credential_endpoint",
            "notification_endpoint",
            "credential_request_encryption",
            "credential_response_encryption",
            "batch_credential_issuance",
            "display",
        ],
    );
    let show =
        ["name", "locale", "logo", "description", "background_color", "background_image", "text_color"];
    for shown in issuer["display"].as_array().unwrap() {
        members(shown, &[], &["name", "locale", "logo"]);
    }
    let mut formats = Vec::new();
    for (id, configuration) in configurations(&issuer) {
        let format = configuration["format"].as_str().unwrap();
        formats.push(format);
        let named = if format == "mso_mdoc" { "doctype" } else { "vct" };
        let others = [
            "scope",
            "credential_signing_alg_values_supported",
            "cryptographic_binding_methods_supported",
            "proof_types_supported",
            "credential_metadata",
        ];
        members(configuration, &["format", named], &others);
        assert!(configuration[named].as_str().is_some_and(|it| !it.is_empty()), "{id}");
        for (_, proof) in configuration["proof_types_supported"].as_object().unwrap() {
            members(proof, &["proof_signing_alg_values_supported"], &["key_attestations_required"]);
        }
        let Some(described) = configuration.get("credential_metadata") else { continue };
        members(described, &[], &["display", "claims"]);
        for shown in described["display"].as_array().into_iter().flatten() {
            members(shown, &["name"], &show);
        }
        for claim in described["claims"].as_array().into_iter().flatten() {
            members(claim, &["path"], &["mandatory", "display"]);
            for shown in claim["display"].as_array().into_iter().flatten() {
                members(shown, &[], &["name", "locale"]);
            }
        }
    }
    formats.sort_unstable();
    formats.dedup();
    assert_eq!(formats, ["dc+sd-jwt", "mso_mdoc"]);
}

// Checks: ISS-013, ISS-014, ISS-015, ISS-016, ISS-021
#[test]
fn algorithms_are_asymmetric_and_proofs_go_with_bindings() {
    let mut unbound = CredentialConfiguration::sd_jwt_vc("ticket", "urn:example:ticket");
    unbound.proof_algorithms.clear();
    unbound.scope = Some("ticket".to_owned());
    let within = Within::new();
    for (id, configuration) in configurations(&document(&within.world, ISSUER_PATH)) {
        assert!(configuration["scope"].is_string(), "{id}");
        let signing = &configuration["credential_signing_alg_values_supported"];
        match configuration["format"].as_str() {
            Some("mso_mdoc") => {
                let numbers = signing.as_array().unwrap();
                assert!(!numbers.is_empty() && numbers.iter().all(|it| COSE.contains(&it.as_i64().unwrap())));
            }
            _ => all_of(signing, &JOSE),
        }
        assert!(configuration["cryptographic_binding_methods_supported"].is_array(), "{id}");
        let proofs = configuration["proof_types_supported"].as_object().unwrap();
        assert!(proofs.contains_key("jwt"), "{id}");
        for proof in proofs.values() {
            all_of(&proof["proof_signing_alg_values_supported"], &JOSE);
        }
    }
    // What is bound to no key has neither the one nor the other.
    let issuer = document(&World::with(|builder| builder.configuration(unbound)), ISSUER_PATH);
    for (id, configuration) in configurations(&issuer) {
        let bound = configuration.get("cryptographic_binding_methods_supported").is_some();
        assert_eq!(bound, configuration.get("proof_types_supported").is_some(), "{id}");
        assert_eq!(bound, id != "ticket", "{id}");
    }
}

// Checks: ISS-017, ISS-018
#[test]
fn languages_are_published_in_canonical_form_and_once() {
    let issuer = document(&Within::new().world, ISSUER_PATH);
    let described = &issuer["credential_configurations_supported"]["described"]["credential_metadata"];
    let locales = |display: &Value| {
        let all = display.as_array().unwrap().iter();
        all.map(|it| it.get("locale").cloned().unwrap_or_default()).collect::<Vec<_>>()
    };
    assert_eq!(locales(&issuer["display"]), [Value::Null, json!("de")]);
    assert_eq!(locales(&described["display"]), ["en-GB", "de-DE"]);
    assert_eq!(locales(&described["claims"][0]["display"]), ["en", "de-AT"]);
    // What is wrong or there twice is not published at all.
    let shown = |locale: &str| IssuerDisplay { locale: Some(locale.to_owned()), ..IssuerDisplay::named("x") };
    for wrong in [&["DE-de"][..], &["de_DE"], &["qq"], &["deutsch"], &["de", "de"]] {
        let built = build(ISSUER, |builder| {
            wrong.iter().fold(builder.configuration(pid()), |builder, locale| builder.display(shown(locale)))
        });
        assert!(matches!(built, Err(ConfigError::Metadata(_))), "{wrong:?}");
    }
    for place in ["display", "claims"] {
        let mut configuration = super::described();
        match place {
            "display" => configuration.display[1].locale = Some("de-de".to_owned()),
            _ => configuration.claims[0].display[1].locale = Some("de-de".to_owned()),
        }
        let built = build(ISSUER, |builder| builder.configuration(configuration));
        assert!(matches!(built, Err(ConfigError::Metadata(_))), "{place}");
    }
}

// Checks: ISS-019, ISS-020, AS-016
#[test]
fn scopes_are_tokens_and_what_has_none_is_asked_for_in_detail() {
    for bad in ["two words", "quo\"te", "back\\slash", "", "ü", "line\n"] {
        let configuration = CredentialConfiguration { scope: Some(bad.to_owned()), ..pid() };
        let built = build(ISSUER, |builder| builder.configuration(configuration));
        assert!(matches!(built, Err(ConfigError::Configuration { .. })), "{bad:?}");
    }
    let bare = CredentialConfiguration::sd_jwt_vc("bare", "urn:example:bare");
    let world = World::with(|builder| builder.configuration(bare));
    let (issuer, server) = (document(&world, ISSUER_PATH), document(&world, SERVER_PATH));
    assert!(issuer["credential_configurations_supported"]["bare"].get("scope").is_none());
    assert_eq!(server["authorization_details_types_supported"], json!(["openid_credential"]));
    let token = |byte: u8| matches!(byte, 0x21 | 0x23..=0x5b | 0x5d..=0x7e);
    let scopes = texts(&server["scopes_supported"]);
    assert!(!scopes.is_empty() && scopes.iter().all(|it| !it.is_empty() && it.bytes().all(token)));
}

// Checks: ISS-022, ISS-023, ISS-024, ISS-025, ISS-026, ISS-027, ISS-028
#[test]
fn encryption_is_offered_for_both_ways_with_keys_that_can_be_used() {
    let issuer = document(&Within::new().world, ISSUER_PATH);
    let (requests, responses) =
        (&issuer["credential_request_encryption"], &issuer["credential_response_encryption"]);
    let others = ["zip_values_supported"];
    members(requests, &["jwks", "enc_values_supported", "encryption_required"], &others);
    members(responses, &["alg_values_supported", "enc_values_supported", "encryption_required"], &others);
    all_of(&responses["alg_values_supported"], &KEY_MANAGEMENT);
    for way in [requests, responses] {
        all_of(&way["enc_values_supported"], &CONTENT);
        all_of(&way["zip_values_supported"], &["DEF"]);
    }
    let [key] = requests["jwks"]["keys"].as_array().unwrap().as_slice() else { panic!("{requests}") };
    assert!(key["kty"].is_string() && key["kid"].as_str().is_some_and(|kid| !kid.is_empty()));
    assert!(key.get("use").is_none_or(|it| it == "enc") && key.get("d").is_none());
    all_of(&json!([key["alg"]]), &KEY_MANAGEMENT);
    // Whoever demands encrypted responses takes encrypted requests; who offers nothing says nothing.
    let decrypter = credenza_crypto::SoftwareDecrypter::generate(
        credenza_crypto::Curve::P256,
        &credenza_core::SeededRandom::new(1),
    );
    let encryption = Encryption::new(std::sync::Arc::new(decrypter.unwrap())).require_responses();
    let issuer = document(&World::with(|builder| builder.encryption(encryption)), ISSUER_PATH);
    assert_eq!(issuer["credential_response_encryption"]["encryption_required"], true);
    assert!(issuer["credential_request_encryption"]["jwks"]["keys"][0].is_object());
    let issuer = document(&World::new(), ISSUER_PATH);
    assert!(issuer.get("credential_request_encryption").is_none());
    assert!(issuer.get("credential_response_encryption").is_none());
}

// Checks: ISS-035, ISS-036
#[test]
fn signed_metadata_has_its_certificate_and_its_times() {
    let world = Within::new().world;
    let signed = get(&world, ISSUER_PATH, "application/jwt");
    assert_eq!(signed.headers()["content-type"], "application/jwt");
    let jws = Jws::parse(std::str::from_utf8(signed.body()).unwrap()).unwrap();
    assert!(jws.header.has_type("openidvci-issuer-metadata+jwt"));
    let chain = jws.header.x5c().unwrap().unwrap();
    let leaf = Certificate::parse(&chain[0]).unwrap();
    jws.verify(&leaf.key, &[Algorithm::Es256]).unwrap();
    let claims: Value = serde_json::from_slice(&jws.payload).unwrap();
    assert_eq!((&claims["sub"], &claims["iss"]), (&json!(ISSUER), &json!(ISSUER)));
    let now = world.now().as_secs();
    assert_eq!(claims["iat"], now);
    assert!(claims["exp"].as_i64().unwrap() > now);
}

// Checks: ISS-037, ISS-039, AS-002, AS-004, AS-005, AS-010 to AS-015, AS-017, AS-019
#[test]
fn the_servers_document_has_the_members_of_the_specifications_and_no_others() {
    let server = document(&Within::new().world, SERVER_PATH);
    // There is no `jwks_uri`: its tokens are for itself, and no key of it is asked for.
    members(
        &server,
        &[
            "issuer",
            "authorization_endpoint",
            "token_endpoint",
            "pushed_authorization_request_endpoint",
            "require_pushed_authorization_requests",
            "response_types_supported",
            "grant_types_supported",
            "code_challenge_methods_supported",
            "authorization_response_iss_parameter_supported",
            "dpop_signing_alg_values_supported",
            "token_endpoint_auth_methods_supported",
            "client_attestation_signing_alg_values_supported",
            "client_attestation_pop_signing_alg_values_supported",
        ],
        &[
            "scopes_supported",
            "response_modes_supported",
            "authorization_details_types_supported",
            "challenge_endpoint",
            "pre-authorized_grant_anonymous_access_supported",
        ],
    );
    let issuer: url::Url = server["issuer"].as_str().unwrap().parse().unwrap();
    assert_eq!((issuer.scheme(), issuer.host_str()), ("https", Some("issuer.example")));
    assert!(issuer.query().is_none() && issuer.fragment().is_none() && issuer.username().is_empty());
    for endpoint in [
        "authorization_endpoint",
        "token_endpoint",
        "pushed_authorization_request_endpoint",
        "challenge_endpoint",
    ] {
        assert!(
            server[endpoint].as_str().unwrap().starts_with("https://issuer.example/tenant/"),
            "{endpoint}"
        );
    }
    assert_eq!(server["require_pushed_authorization_requests"], true);
    assert!(texts(&server["grant_types_supported"]).contains(&"authorization_code"));
    assert!(texts(&server["token_endpoint_auth_methods_supported"]).contains(&"attest_jwt_client_auth"));
    assert!(texts(&server["dpop_signing_alg_values_supported"]).contains(&"ES256"));
    for of in [
        "client_attestation_signing_alg_values_supported",
        "client_attestation_pop_signing_alg_values_supported",
    ] {
        all_of(&server[of], &JOSE);
    }
}
