//! What a certification suite looks at and tries out as an issuer, with a wallet that is served and nobody there. The
//! issuer is our own service, and somebody between the two who reads along and makes it answer wrongly.

use std::collections::{BTreeMap, BTreeSet};

use credenza::core::b64;
use credenza::crypto::{Jwk, hash::sha256};
use http::{Method, Request, header};
use serde_json::{Value, json};

use crate::between::{Seen, jwt};
use crate::emulated::World;
use crate::world::send;

const AS_METADATA: &str = "/.well-known/oauth-authorization-server";
const METADATA: &str = "/.well-known/openid-credential-issuer";

fn to<'a>(seen: &'a [Seen], path: &str) -> Vec<&'a Seen> {
    seen.iter().filter(|one| one.path == path).collect()
}

/// The answer of the authorization endpoint with one parameter changed, or without it.
fn redirect(response: &mut http::Response<Vec<u8>>, name: &str, value: Option<&str>) {
    let Some(location) = response.headers().get(header::LOCATION) else { return };
    let mut url: url::Url = location.to_str().unwrap().parse().unwrap();
    let kept: Vec<(String, String)> =
        url.query_pairs().into_owned().filter(|(known, _)| known != name).collect();
    url.query_pairs_mut().clear().extend_pairs(kept);
    if let Some(value) = value {
        url.query_pairs_mut().append_pair(name, value);
    }
    response.headers_mut().insert(header::LOCATION, url.as_str().parse().unwrap());
}

// Checks: WVCI-042, WVCI-043, WVCI-044, WVCI-045
#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_answer_of_the_authorization_endpoint_ends_everything() {
    let world = World::new("", "", false, false).await;
    assert_eq!(world.issue("pid").await.0, 200);
    for (name, value, rule, section) in [
        ("iss", Some("https://other.example"), "authorization.iss", "RFC 9207 §2.4"),
        ("iss", None, "authorization.iss", "RFC 9207 §2.4"),
        ("state", Some("another"), "authorization.state", "RFC 6749 §10.12"),
        ("state", None, "authorization.state", "RFC 6749 §10.12"),
    ] {
        world.between.change(move |path, response| {
            if path == "/authorize" {
                redirect(response, name, value);
            }
        });
        let offer = json!({"grants": "authorization_code", "credentials": [{"type": "pid"}]});
        let (status, page, seen) = world.offered(offer).await;
        assert!(status == 400 && page.contains(&format!("<h1>Refused ({rule})</h1>")), "{page}");
        assert!(page.contains(&format!("<td>{rule}</td>")) && page.contains(section), "{page}");
        assert_eq!(to(&seen, "/authorize").len(), 1);
        assert!(to(&seen, "/token").is_empty() && to(&seen, "/credential").is_empty(), "{name} {value:?}");
        let (status, got, seen) = world.issue("pid").await;
        assert_eq!((status, &got["code"]), (400, &json!(rule)), "{got}");
        assert!(to(&seen, "/token").is_empty());
    }
    // Neither a code nor an error, and a page for somebody to read.
    world.between.change(|path, response| {
        if path == "/authorize" {
            redirect(response, "code", None);
        }
    });
    assert!(world.issue("pid").await.1["error"].as_str().unwrap().contains("malformed"));
    world.between.change(|path, response| {
        if path == "/authorize" {
            *response.status_mut() = http::StatusCode::OK;
        }
    });
    assert!(world.issue("pid").await.1["error"].as_str().unwrap().contains("page"));
    // It is none the worse for it.
    world.between.change(|_, _| {});
    assert_eq!(world.issue("pid").await.0, 200);
}

// Checks: WVCI-005
#[tokio::test(flavor = "multi_thread")]
async fn metadata_of_somebody_else_ends_everything() {
    let world = World::new("", "", false, false).await;
    for (path, member) in [(AS_METADATA, "issuer"), (METADATA, "credential_issuer")] {
        world.between.change_json(path, move |value| value[member] = json!("https://other.example"));
        let (status, got, seen) = world.issue("pid").await;
        assert_eq!(status, 400, "{got}");
        assert!(!seen.is_empty() && seen.iter().all(|one| one.path.starts_with("/.well-known/")), "{path}");
        let offer = json!({"grants": "authorization_code", "credentials": [{"type": "pid"}]});
        let (status, page, _) = world.offered(offer).await;
        assert!(status == 400 && page.contains("<h1>Refused"), "{page}");
    }
}

// Checks: WVCI-007, WVCI-054, WVCI-055, WVCI-056, WVCI-057, WVCI-106
#[tokio::test(flavor = "multi_thread")]
async fn what_an_issuer_may_leave_out_or_write_otherwise_does_not_matter() {
    let world = World::new("", "", false, false).await;
    world.between.change(|path, response| {
        let Ok(mut value) = serde_json::from_slice::<Value>(response.body()) else { return };
        match path {
            "/token" => {
                value["token_type"] = json!("dPoP");
                value.as_object_mut().unwrap().remove("expires_in");
                assert!(value.get("authorization_details").is_none());
            }
            "/credential" => value["credentials"].as_array_mut().unwrap().reverse(),
            AS_METADATA => value["x_more"] = json!({"a": 1}),
            METADATA => {
                value["x_more"] = json!(1);
                value["credential_configurations_supported"]["pid"]["x_more"] = json!([1]);
            }
            _ => return,
        }
        *response.body_mut() = value.to_string().into_bytes();
    });
    let (status, got, seen) = world.issue("pid").await;
    assert_eq!((status, &got["credentials"][0]["unused_copies"]), (200, &json!(5)), "{got}");
    assert!(to(&seen, "/token").iter().all(|one| !one.answer_headers.contains_key("dpop-nonce")));
    assert_eq!(to(&seen, "/token")[0].answer_json()["token_type"], "dPoP");
    // What is kept can be shown: every copy was matched with its own key.
    let service = &world.service;
    for _ in 0..5 {
        let created = service.ask(json!([{"path": ["family_name"]}]), json!({})).await;
        let query = created["wallet_query"].as_str().unwrap();
        let url = format!("{}/authorize?{query}", world.wallet.url);
        let shown = send(Request::get(url).body(Vec::new()).unwrap()).await.unwrap();
        assert_eq!(shown.status(), 200);
        let path = format!("/presentations/{}", created["id"].as_str().unwrap());
        assert_eq!(service.api(Method::GET, &path, None).await.1["state"], "verified");
    }
}

/// What of a public EC key a header or a claim may have.
fn public_only(jwk: &Value) -> bool {
    let registered = ["kty", "crv", "x", "y", "kid", "use", "alg", "key_ops"];
    jwk.as_object().unwrap().keys().all(|name| registered.contains(&name.as_str()))
}

fn thumbprint(jwk: &Value) -> String {
    Jwk::from_value(jwk).unwrap().thumbprint_text()
}

/// The DPoP proof of a message, and that it is one for it.
fn dpop(url: &str, one: &Seen, unique: &mut BTreeSet<String>) -> (Value, Value) {
    let (head, claims) = one.jwt_in("dpop");
    assert_eq!((&head["typ"], &head["alg"]), (&json!("dpop+jwt"), &json!("ES256")));
    assert!(public_only(&head["jwk"]), "{head}");
    assert!(unique.insert(claims["jti"].as_str().unwrap().to_owned()), "a jti twice");
    assert_eq!((&claims["htm"], &claims["htu"]), (&json!("POST"), &json!(format!("{url}{}", one.path))));
    assert!(claims["iat"].is_i64() && claims.get("exp").is_none());
    (head, claims)
}

// Checks: WVCI-003, WVCI-004, WVCI-008, WVCI-009, WVCI-011, WVCI-013, WVCI-015, WVCI-017, WVCI-018, WVCI-022, WVCI-023
// Checks: WVCI-024, WVCI-025, WVCI-026, WVCI-027, WVCI-028, WVCI-029, WVCI-030, WVCI-037, WVCI-038, WVCI-039, WVCI-040
// Checks: WVCI-047, WVCI-048, WVCI-049, WVCI-050, WVCI-053, WVCI-059 to WVCI-064, WVCI-067, WVCI-069 to WVCI-075
// Checks: WVCI-079, WVCI-080, WVCI-082 to WVCI-091, WVCI-104, WVCI-105, WVCI-109 to WVCI-111
#[tokio::test(flavor = "multi_thread")]
async fn each_message_of_the_wallet_is_as_it_has_to_be() {
    let section = "require_attestation_challenge = true\ndpop = { required = true, nonce = true }";
    let world = World::new("profile = \"haip\"", section, true, false).await;
    let url = &world.service.url;
    // Nonces are told when they are missing, and not before. The scheme in a challenge may be written in any way.
    world.between.change(|path, response| {
        let challenge = response.headers().get(header::WWW_AUTHENTICATE).map(|it| it.to_str().unwrap());
        let body = String::from_utf8_lossy(response.body());
        if !body.contains("use_dpop_nonce") && !challenge.is_some_and(|it| it.contains("use_dpop_nonce")) {
            response.headers_mut().remove("dpop-nonce");
        }
        if path == "/credential"
            && let Some(value) = response.headers_mut().get_mut(header::WWW_AUTHENTICATE)
        {
            let text = value.to_str().unwrap().replace("DPoP ", "dpop ");
            *value = text.parse().unwrap();
        }
    });
    let (status, got, first) = world.issue("pid").await;
    assert_eq!(status, 200, "{got}");
    let offer = json!({"grants": "authorization_code", "credentials": [{"type": "pid"}]});
    let (status, page, second) = world.offered(offer).await;
    assert_eq!(status, 200, "{page}");
    let (mut unique, mut verifiers) = (BTreeSet::new(), BTreeSet::new());
    for (seen, by_offer) in [(&first, false), (&second, true)] {
        one_flow(url, seen, by_offer, &mut unique);
        assert!(verifiers.insert(to(seen, "/token")[0].field("code_verifier")), "a verifier twice");
    }
}

fn one_flow(url: &str, seen: &[Seen], by_offer: bool, unique: &mut BTreeSet<String>) {
    for path in [METADATA, AS_METADATA] {
        assert!(to(seen, path).iter().any(|one| one.method == Method::GET && one.status == 200), "{path}");
    }
    let posts = ["/par", "/token", "/nonce", "/credential", "/notification"];
    for path in posts {
        assert!(!to(seen, path).is_empty() && to(seen, path).iter().all(|one| one.method == Method::POST));
    }
    let asked = seen.iter().find(|one| one.path.contains("challenge")).unwrap();
    assert_eq!((&asked.method, &*asked.query, &*asked.body), (&Method::POST, "", ""));
    let challenges: BTreeSet<String> = seen
        .iter()
        .flat_map(|one| {
            let in_body = serde_json::from_str::<Value>(&one.answer).ok();
            let in_body = in_body.and_then(|it| Some(it.get("attestation_challenge")?.as_str()?.to_owned()));
            let in_head = one.answer_headers.get("oauth-client-attestation-challenge");
            in_body.into_iter().chain(in_head.map(|it| it.to_str().unwrap().to_owned()))
        })
        .collect();
    for one in to(seen, "/par").into_iter().chain(to(seen, "/token")) {
        let (head, claims) = one.jwt_in("oauth-client-attestation");
        assert!(head["x5c"].is_array() && public_only(&claims["cnf"]["jwk"]));
        assert_eq!(claims["sub"], "credenza-wallet");
        let (_, proof) = one.jwt_in("oauth-client-attestation-pop");
        assert_eq!((&proof["aud"], &proof["iss"]), (&json!(url), &claims["sub"]));
        assert!(unique.insert(proof["jti"].as_str().unwrap().to_owned()), "a jti twice");
        assert!(challenges.contains(proof["challenge"].as_str().unwrap()), "{proof}");
    }

    // The request that is pushed, and what goes through the browser.
    let pushed = *to(seen, "/par").last().unwrap();
    let mut known = BTreeSet::from(["response_type", "client_id", "redirect_uri", "state", "scope"]);
    known.extend(["code_challenge", "code_challenge_method", "issuer_state", "dpop_jkt"]);
    for (name, _) in pushed.form() {
        assert!(known.contains(name.as_str()), "{name}");
    }
    let field = |name: &str| pushed.field(name).unwrap_or_else(|| panic!("no {name}"));
    assert_eq!(
        [field("response_type"), field("client_id"), field("code_challenge_method"), field("scope")],
        ["code", "credenza-wallet", "S256", "pid"]
    );
    assert!(
        field("redirect_uri").starts_with("http://127.0.0.1:")
            && field("redirect_uri").ends_with("/callback")
    );
    let state = field("state");
    assert!(!state.is_empty() && state.len() <= 128);
    assert!(state.chars().all(|one| one.is_ascii_alphanumeric() || "-._~".contains(one)));
    let offered = to(seen, "/authorize");
    assert_eq!(offered.len(), 1);
    let offer = seen.iter().filter_map(|one| serde_json::from_str::<Value>(&one.answer).ok());
    let offer = offer.into_iter().find(|it| it.get("grants").is_some());
    let issuer_state =
        offer.as_ref().and_then(|it| it["grants"]["authorization_code"]["issuer_state"].as_str());
    assert_eq!((issuer_state.is_some(), pushed.field("issuer_state").as_deref()), (by_offer, issuer_state));
    let query: BTreeMap<String, String> = serde_urlencoded::from_str(&offered[0].query).unwrap();
    assert_eq!(query.keys().collect::<Vec<_>>(), ["client_id", "request_uri"]);
    assert_eq!(query["request_uri"], pushed.answer_json()["request_uri"].as_str().unwrap());

    // The token: first without the server's nonce, perhaps, then with it.
    let tokens = to(seen, "/token");
    let last = *tokens.last().unwrap();
    let location: url::Url = offered[0].answer_headers[header::LOCATION].to_str().unwrap().parse().unwrap();
    let code = location.query_pairs().find(|(name, _)| name == "code").unwrap().1.into_owned();
    assert_eq!((last.field("code"), last.field("redirect_uri")), (Some(code), Some(field("redirect_uri"))));
    let verifier = last.field("code_verifier").unwrap();
    assert!(verifier.len() >= 43 && b64::encode(sha256(verifier.as_bytes())) == field("code_challenge"));
    let mut nonces = BTreeMap::new();
    for one in to(seen, "/par")
        .into_iter()
        .chain(tokens.iter().copied())
        .filter(|it| it.headers.contains_key("dpop"))
    {
        let (head, claims) = dpop(url, one, unique);
        assert!(claims.get("ath").is_none());
        assert_eq!(thumbprint(&head["jwk"]), field("dpop_jkt"));
        nonces.insert("server", claims["nonce"].clone());
    }
    let told = |paths: [&str; 2]| -> Vec<&str> {
        let told = seen.iter().filter(|one| paths.contains(&one.path.as_str()));
        told.filter_map(|one| one.answer_headers.get("dpop-nonce")?.to_str().ok()).collect()
    };
    assert!(told(["/par", "/token"]).contains(&nonces["server"].as_str().unwrap()));
    let at_server = to(seen, "/par").into_iter().chain(tokens.iter().copied());
    let without = at_server.filter(|one| one.answer.contains("use_dpop_nonce")).count();
    let all: Vec<_> =
        seen.iter().map(|one| (&one.path, one.status, one.answer_headers.get("dpop-nonce"))).collect();
    assert!(without > 0, "{all:?}");
    let resources = to(seen, "/credential");
    let challenge = resources.iter().find(|one| one.status == 401).unwrap_or_else(|| panic!("{all:?}"));
    let challenge = challenge.answer_headers[header::WWW_AUTHENTICATE].to_str().unwrap();
    assert!(challenge.starts_with("dpop ") && challenge.contains("use_dpop_nonce"), "{challenge}");
    let told_by_resource = told(["/credential", "/nonce"]);

    // The credential.
    let token = last.answer_json()["access_token"].as_str().unwrap().to_owned();
    let ath = b64::encode(sha256(token.as_bytes()));
    for one in resources.iter().copied().chain(to(seen, "/notification")) {
        assert_eq!(one.header("authorization"), format!("DPoP {token}"));
        assert!(one.query.is_empty() && !one.body.contains(&token));
        assert_eq!(one.header("content-type"), "application/json");
        let (head, claims) = dpop(url, one, unique);
        assert_eq!((&claims["ath"], thumbprint(&head["jwk"])), (&json!(ath), field("dpop_jkt")));
    }
    let last = *resources.last().unwrap();
    let (_, claims) = last.jwt_in("dpop");
    assert!(told_by_resource.contains(&claims["nonce"].as_str().unwrap()));
    let body = last.json();
    let mut members: Vec<&String> = body.as_object().unwrap().keys().collect();
    members.sort();
    assert_eq!(members, ["credential_configuration_id", "proofs"]);
    assert_eq!(body["credential_configuration_id"], "pid");
    assert_eq!(body["proofs"].as_object().unwrap().keys().collect::<Vec<_>>(), ["jwt"]);
    let proofs = body["proofs"]["jwt"].as_array().unwrap();
    assert_eq!(proofs.len(), 5);
    let nonce = to(seen, "/nonce").last().unwrap().answer_json()["c_nonce"].clone();
    let mut keys = BTreeSet::new();
    for proof in proofs {
        let (head, claims) = jwt(proof.as_str().unwrap());
        assert_eq!((&head["typ"], &head["alg"]), (&json!("openid4vci-proof+jwt"), &json!("ES256")));
        let named = ["jwk", "kid", "x5c"].iter().filter(|name| head.get(**name).is_some()).count();
        assert!(named == 1 && public_only(&head["jwk"]) && head["jwk"]["crv"] == "P-256", "{head}");
        assert!(keys.insert(thumbprint(&head["jwk"])), "a key twice");
        assert_eq!((&claims["aud"], &claims["nonce"]), (&json!(url), &nonce));
        assert!(claims["iat"].is_i64());
    }
    let notified = to(seen, "/notification").last().unwrap().json();
    assert_eq!(
        notified,
        json!({"notification_id": last.answer_json()["notification_id"], "event": "credential_accepted"})
    );
}

// Checks: WVCI-076
#[tokio::test(flavor = "multi_thread")]
async fn where_encryption_is_offered_the_wallet_encrypts() {
    let world = World::new("profile = \"haip\"", "", true, true).await;
    let (status, got, seen) = world.issue("pid").await;
    assert_eq!(status, 200, "{got}");
    let asked = *to(&seen, "/credential").last().unwrap();
    assert_eq!(asked.header("content-type"), "application/jwt");
    assert_eq!(asked.answer_headers[header::CONTENT_TYPE], "application/jwt");
    for jwe in [&asked.body, &asked.answer] {
        assert_eq!(jwe.split('.').count(), 5);
        let head: Value =
            serde_json::from_slice(&b64::decode(jwe.split('.').next().unwrap()).unwrap()).unwrap();
        assert!(head["alg"].as_str().unwrap().starts_with("ECDH-ES") && head["enc"].is_string(), "{head}");
    }
}
