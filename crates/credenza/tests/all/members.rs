//! Nothing of our own is in what wallets are told: each member of each JSON is one that a specification defines. A suite
//! warns of any other.

use std::collections::BTreeSet;

use http::Request;
use serde_json::Value;

use crate::between::{Seen, jwt};
use crate::emulated::World;
use crate::world::{form, send};

/// RFC 8414, RFC 9126, RFC 9207, RFC 9396, RFC 9449, OpenID4VCI 1.0 §12.3, OAuth 2.0 Attestation-Based Client
/// Authentication, and Token Status List.
const SERVER: &[&str] = &[
    "issuer",
    "authorization_endpoint",
    "token_endpoint",
    "jwks_uri",
    "scopes_supported",
    "response_types_supported",
    "response_modes_supported",
    "grant_types_supported",
    "token_endpoint_auth_methods_supported",
    "token_endpoint_auth_signing_alg_values_supported",
    "code_challenge_methods_supported",
    "pushed_authorization_request_endpoint",
    "require_pushed_authorization_requests",
    "authorization_response_iss_parameter_supported",
    "authorization_details_types_supported",
    "dpop_signing_alg_values_supported",
    "pre-authorized_grant_anonymous_access_supported",
    "challenge_endpoint",
    "client_attestation_signing_alg_values_supported",
    "client_attestation_pop_signing_alg_values_supported",
    "status_list_aggregation_endpoint",
];

/// OpenID4VCI 1.0 §12.2.4.
const ISSUER: &[&str] = &[
    "credential_issuer",
    "authorization_servers",
    "credential_endpoint",
    "nonce_endpoint",
    "deferred_credential_endpoint",
    "notification_endpoint",
    "credential_request_encryption",
    "credential_response_encryption",
    "batch_credential_issuance",
    "display",
    "credential_configurations_supported",
];

/// The same, of a configuration, with §A.
const CONFIGURATION: &[&str] = &[
    "format",
    "scope",
    "credential_signing_alg_values_supported",
    "cryptographic_binding_methods_supported",
    "proof_types_supported",
    "credential_metadata",
    "vct",
    "doctype",
    "credential_definition",
];

/// RFC 6749 §5.1, OpenID4VCI 1.0 §6.2.
const TOKEN: &[&str] =
    &["access_token", "token_type", "expires_in", "refresh_token", "scope", "authorization_details"];

/// OpenID4VCI 1.0 §8.3.
const CREDENTIAL: &[&str] = &["credentials", "transaction_id", "interval", "notification_id"];

/// RFC 6749 §5.2.
const ERROR: &[&str] = &["error", "error_description", "error_uri"];

fn only(known: &[&str], value: &Value, where_: &str) {
    let members = value.as_object().unwrap_or_else(|| panic!("{where_}: {value}"));
    let unknown: Vec<&String> = members.keys().filter(|name| !known.contains(&name.as_str())).collect();
    assert!(unknown.is_empty(), "{where_}: {unknown:?}");
}

/// Judges the answer of one message, and says of what kind it was.
fn judge(one: &Seen) -> Option<&'static str> {
    let kind = one.answer_headers.get("content-type").map_or("", |it| it.to_str().unwrap());
    let value = if kind.starts_with("application/json") {
        one.answer_json()
    } else if one.path.contains("openid-credential-issuer") {
        let mut signed = jwt(&one.answer).1;
        // What signed metadata adds (§12.2.3).
        ["iss", "iat", "exp", "sub"]
            .iter()
            .for_each(|name| drop(signed.as_object_mut().unwrap().remove(*name)));
        signed
    } else {
        assert!(kind == "application/jwt" || one.answer.is_empty(), "{}: {kind}", one.path);
        return None;
    };
    if one.status >= 400 {
        only(ERROR, &value, &one.path);
        return Some("error");
    }
    let (name, known) = match one.path.as_str() {
        "/.well-known/oauth-authorization-server" => ("server", SERVER),
        "/.well-known/openid-credential-issuer" => ("issuer", ISSUER),
        "/par" => ("par", &["request_uri", "expires_in"][..]),
        "/token" => ("token", TOKEN),
        "/nonce" => ("nonce", &["c_nonce"][..]),
        "/credential" => ("credential", CREDENTIAL),
        "/deferred-credential" | "/deferred_credential" | "/deferred" => ("deferred", CREDENTIAL),
        path if path.contains("challenge") => ("challenge", &["attestation_challenge"][..]),
        path if path.contains("offer") => {
            let known = &["credential_issuer", "credential_configuration_ids", "grants"][..];
            ("offer", known)
        }
        path => panic!("what is {path}?"),
    };
    only(known, &value, &one.path);
    match name {
        "issuer" => issuer(&value),
        "credential" | "deferred" => {
            for credential in value["credentials"].as_array().into_iter().flatten() {
                only(&["credential"], credential, "credentials");
            }
        }
        "offer" => grants(&value["grants"]),
        _ => {}
    }
    Some(name)
}

fn issuer(metadata: &Value) {
    for name in ["credential_request_encryption", "credential_response_encryption"] {
        let known = &[
            "jwks",
            "alg_values_supported",
            "enc_values_supported",
            "zip_values_supported",
            "encryption_required",
        ];
        if let Some(value) = metadata.get(name) {
            only(known, value, name);
        }
    }
    if let Some(batch) = metadata.get("batch_credential_issuance") {
        only(&["batch_size"], batch, "batch_credential_issuance");
    }
    for display in metadata["display"].as_array().into_iter().flatten() {
        only(&["name", "locale", "logo"], display, "display");
    }
    for (name, configuration) in metadata["credential_configurations_supported"].as_object().unwrap() {
        only(CONFIGURATION, configuration, name);
        let more = &configuration["credential_metadata"];
        only(&["display", "claims"], more, name);
        for display in more["display"].as_array().into_iter().flatten() {
            let known = [
                "name",
                "locale",
                "logo",
                "description",
                "background_color",
                "background_image",
                "text_color",
            ];
            only(&known, display, name);
        }
        for claim in more["claims"].as_array().into_iter().flatten() {
            only(&["path", "mandatory", "display"], claim, name);
            claim["display"]
                .as_array()
                .into_iter()
                .flatten()
                .for_each(|it| only(&["name", "locale"], it, name));
        }
        for (kind, proof) in configuration["proof_types_supported"].as_object().unwrap() {
            only(&["proof_signing_alg_values_supported", "key_attestations_required"], proof, kind);
        }
    }
}

fn grants(grants: &Value) {
    for (name, grant) in grants.as_object().unwrap() {
        let known: &[&str] = match name.as_str() {
            "authorization_code" => &["issuer_state", "authorization_server"],
            "urn:ietf:params:oauth:grant-type:pre-authorized_code" => {
                &["pre-authorized_code", "tx_code", "authorization_server"]
            }
            other => panic!("{other}"),
        };
        only(known, grant, name);
        if let Some(tx_code) = grant.get("tx_code") {
            only(&["input_mode", "length", "description"], tx_code, name);
        }
    }
}

// Checks: ISS-012, ISS-043, ISS-058, AS-005, AS-023
#[tokio::test(flavor = "multi_thread")]
async fn what_wallets_are_told_has_no_members_of_our_own() {
    let section = "require_attestation_challenge = true\ndpop = { required = true, nonce = true }";
    let world = World::new("profile = \"haip\"", section, true, false).await;
    let mut seen = Vec::new();
    for configuration in ["pid", "pid-later"] {
        let (status, got, more) = world.issue(configuration).await;
        assert_eq!(status, 200, "{got}");
        seen.extend(more);
    }
    let offer = serde_json::json!({"grants": "both", "tx_code": {"description": "In the letter."},
        "credentials": [{"type": "pid", "claims": {"family_name": "M", "given_name": "E", "birthdate": "1964-08-12"}}]});
    let (status, page, more) = world.offered(offer).await;
    assert!(status == 400 && page.contains("transaction code"), "{page}");
    seen.extend(more);
    // The wallet comes for what was promised.
    let url = format!("{}/credentials?wait=50", world.wallet.url);
    let limits = credenza::core::Limits { time: std::time::Duration::from_secs(60), ..Default::default() };
    let http = credenza::http::ReqwestHttp::new(credenza::core::AddressPolicy::Loopback);
    let request = Request::get(url).body(Vec::new()).unwrap();
    let listed = credenza::core::Http::send(&http, request, limits).await.unwrap();
    assert!(String::from_utf8_lossy(listed.body()).contains("\"pending\":[]"));
    // Unsigned, too.
    let metadata = format!("{}/.well-known/openid-credential-issuer", world.service.url);
    let plain = send(Request::get(metadata).body(Vec::new()).unwrap()).await.unwrap();
    assert_eq!(plain.headers()["content-type"], "application/json");
    // Whatever is wrong is told in the same members everywhere.
    let base = &world.service.url;
    for path in ["/token", "/par", "/credential", "/deferred-credential", "/notification"] {
        let response = send(form(&format!("{base}{path}"), &[("grant_type", "x")])).await.unwrap();
        assert!(response.status().is_client_error(), "{path}");
    }
    seen.extend(world.between.take());

    let judged: BTreeSet<&str> =
        seen.iter().filter(|one| one.path != "/authorize").filter_map(judge).collect();
    let all = [
        "challenge",
        "credential",
        "deferred",
        "error",
        "issuer",
        "nonce",
        "offer",
        "par",
        "server",
        "token",
    ];
    assert_eq!(judged, BTreeSet::from(all));
}
