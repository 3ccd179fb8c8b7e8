//! What the certification suite looks at (rows VER and WVP of its checklist), as far as no other test here does.

use std::collections::HashSet;

use credenza_core::{b64, json};
use credenza_crypto::{Certificate, Jws, Signer as _};
use credenza_oauth::Form;
use credenza_query::Dcql;
use credenza_vp::messages::RequestUriMethod;
use credenza_vp::verifier::{Fetch, RequestedPrefix};
use credenza_vp::{PresentationRequest, ResponseMode};
use serde_json::{Map, Value, json};

use crate::world::{NOW, VCT, World, object_response, query, run, serve, world};

fn signed(prefix: RequestedPrefix) -> (World, credenza_vp::CreatedRequest) {
    let world = world();
    let mut request = PresentationRequest::new(query());
    request.prefix = Some(prefix);
    request.request_uri_method = RequestUriMethod::Post;
    let created = world.create(request);
    (world, created)
}

fn names(members: &Map<String, Value>) -> HashSet<&str> {
    members.keys().map(String::as_str).collect()
}

// Clauses: JAR-5-02, JAR-5-06, JAR-5.2-03
// Checks: VER-001, VER-002, VER-003, VER-004, VER-005, VER-006
#[test]
fn ver_001_to_006_the_link() {
    let (world, created) = signed(RequestedPrefix::X509Hash);
    let url = url::Url::parse(&created.wallet_link).unwrap();
    assert_eq!(url.scheme(), "openid4vp");
    let form = Form::parse(url.query().unwrap().as_bytes()).unwrap();
    let request_uri = url::Url::parse(form.get("request_uri").unwrap()).unwrap();
    assert_eq!((request_uri.scheme(), request_uri.fragment()), ("https", None));
    assert_eq!(form.get("request_uri_method"), Some("post"));
    let claims = world.request_claims(&created);
    assert_eq!(form.get("client_id").unwrap(), claims["client_id"]);
    assert!(!claims.contains_key("request_uri_method"));
    let known: HashSet<_> = url.query_pairs().map(|(name, _)| name.into_owned()).collect();
    let known: HashSet<_> = known.iter().map(String::as_str).collect();
    assert_eq!(known, HashSet::from(["client_id", "request_uri", "request_uri_method"]));
    // The suite gives the wallet's address for each test.
    let mut request = PresentationRequest::new(query());
    request.authorization_endpoint = Some("https://suite.example/test/a/authorize".to_owned());
    let created = world.create(request);
    assert!(created.wallet_link.starts_with("https://suite.example/test/a/authorize?client_id="));
    assert!(!created.wallet_link.contains("request_uri_method"), "get is the default");
}

// Clauses: VP-5-02, VP-5.8-02, VP-5.9.3-19, VP-5.9.3-20, VP-5.9.3-24, VP-5.9.3-25, VP-5.10-05, JAR-4-01, JAR-4-02,
// JAR-4-04, HAIP-5-05, HAIP-5-06, X509-I-HAIP-01
// Checks: VER-007, VER-008, VER-010, VER-012, VER-013, VER-014, VER-015, VER-016, VER-018, VER-019
#[test]
fn ver_007_to_019_the_request_object() {
    for prefix in [RequestedPrefix::X509Hash, RequestedPrefix::X509SanDns] {
        let (world, created) = signed(prefix);
        let get = || run(world.verifier.request_object(&created.request_id, Fetch::Get)).unwrap().jwt;
        let (first, second) = (get(), get());
        let jws = Jws::parse(&first).unwrap();
        assert_eq!(jws.payload, Jws::parse(&second).unwrap().payload, "VER-008");
        assert_eq!(jws.header.typ.as_deref(), Some("oauth-authz-req+jwt"));
        let x5c = jws.header.x5c().unwrap().unwrap();
        let leaf = Certificate::parse(&x5c[0]).unwrap();
        jws.verify(&leaf.key, &[world.verifier_signer.algorithm()]).unwrap();
        assert!(!leaf.is_self_issued());
        assert!(!x5c.iter().any(|one| one == world.root.certificate()), "VER-014: no anchor");
        let claims = json::parse_object(&jws.payload).unwrap();
        let client_id = claims["client_id"].as_str().unwrap();
        match prefix {
            RequestedPrefix::X509Hash => assert_eq!(client_id, format!("x509_hash:{}", leaf.x509_hash())),
            _ => assert_eq!(client_id, "x509_san_dns:verifier.example"),
        }
        assert_eq!(claims["aud"], "https://self-issued.me/v2");
        assert_eq!(claims["iat"], NOW.as_secs());
        assert!(claims["exp"].as_i64().unwrap() > NOW.as_secs());
        for absent in ["iss", "sub", "request", "request_uri", "wallet_nonce"] {
            assert!(!claims.contains_key(absent), "{absent}");
        }
        let fetch = Fetch::Post(b"wallet_nonce=abc");
        let object = run(world.verifier.request_object(&created.request_id, fetch)).unwrap();
        let claims = json::parse_object(&Jws::parse(&object.jwt).unwrap().payload).unwrap();
        assert_eq!(claims["wallet_nonce"], "abc", "VER-010");
    }
}

// Clauses: VP-5.1-17, VP-5.9.3-02
// Checks: VER-017
#[test]
fn ver_017_the_unsigned_request() {
    let world = world();
    let mut request = PresentationRequest::new(query());
    request.prefix = Some(RequestedPrefix::RedirectUri);
    let created = world.create(request);
    assert_eq!(created.request_uri, None);
    let form = Form::parse(created.wallet_query.as_bytes()).unwrap();
    assert_eq!(form.get("client_id").unwrap(), format!("redirect_uri:{}", form.get("response_uri").unwrap()));
    for absent in ["request", "request_uri", "request_uri_method", "redirect_uri"] {
        assert!(!form.has(absent), "{absent}");
    }
    let fetch = run(world.verifier.request_object(&created.request_id, Fetch::Get));
    assert!(fetch.is_err(), "there is no object of it");
}

// Clauses: VP-5.1-01, VP-5.2-02, VP-8.2-03, VP-8.2-05
// Checks: VER-021, VER-022, VER-023, VER-024, VER-025, VER-026, VER-028, VER-029, VER-030, VER-031, VER-032
#[test]
fn ver_021_to_032_the_parameters() {
    let (world, created) = signed(RequestedPrefix::X509Hash);
    let claims = world.request_claims(&created);
    assert_eq!(claims["response_type"], "vp_token");
    assert_eq!(claims["response_mode"], "direct_post.jwt");
    let response_uri = url::Url::parse(claims["response_uri"].as_str().unwrap()).unwrap();
    assert_eq!((response_uri.scheme(), response_uri.fragment(), response_uri.query()), ("https", None, None));
    let nonce = claims["nonce"].as_str().unwrap();
    assert!((16..=43).contains(&nonce.len()) && credenza_vp::messages::is_url_safe(nonce));
    let known = HashSet::from([
        "client_id",
        "response_type",
        "response_mode",
        "response_uri",
        "nonce",
        "state",
        "dcql_query",
        "client_metadata",
        "aud",
        "iat",
        "exp",
    ]);
    assert_eq!(names(&claims), known);
}

// Clauses: VP-6-02, VP-6.1-01, VP-6.1-12
// Checks: VER-034, VER-035, VER-036, VER-040
#[test]
fn ver_034_to_040_the_query() {
    let (world, created) = signed(RequestedPrefix::X509Hash);
    let claims = world.request_claims(&created);
    let query = claims["dcql_query"].as_object().unwrap();
    assert_eq!(names(query), HashSet::from(["credentials"]));
    let credential = query["credentials"][0].as_object().unwrap();
    assert_eq!(names(credential), HashSet::from(["id", "format", "meta", "claims"]));
    assert_eq!(credential["meta"], json!({ "vct_values": [VCT] }));
    // A claim that is asked for twice is the asker's mistake (VER-036).
    let twice = json!({ "credentials": [{
        "id": "a", "format": "dc+sd-jwt", "meta": { "vct_values": [VCT] },
        "claims": [{ "path": ["x"] }, { "path": ["x"] }],
    }] });
    let twice = credenza_query::DcqlQuery::parse(&twice).unwrap();
    assert!(run(world.verifier.create(PresentationRequest::new(twice))).is_err());
}

// Clauses: VP-5.1-07, VP-5.1-09, VP-5.1-10, VP-5.1-11, VP-8.3-02, VP-B.3.4-01, VP-11.1-01, HAIP-5-09, HAIP-5-10
// Checks: VER-043, VER-044, VER-045, VER-046, VER-047, VER-048, VER-049, VER-050, VER-051
#[test]
fn ver_043_to_051_the_metadata() {
    let (world, first) = signed(RequestedPrefix::X509Hash);
    let second = world.create(PresentationRequest::new(query()));
    let metadata = |created| world.request_claims(created)["client_metadata"].as_object().unwrap().clone();
    let (metadata, other) = (metadata(&first), metadata(&second));
    assert_eq!(
        names(&metadata),
        HashSet::from(["jwks", "vp_formats_supported", "encrypted_response_enc_values_supported"])
    );
    let formats = &metadata["vp_formats_supported"]["dc+sd-jwt"];
    for list in ["sd-jwt_alg_values", "kb-jwt_alg_values"] {
        assert!(formats[list].as_array().unwrap().contains(&json!("ES256")), "{list}");
    }
    assert_eq!(metadata["encrypted_response_enc_values_supported"], json!(["A128GCM", "A256GCM"]));
    let key = metadata["jwks"]["keys"][0].as_object().unwrap();
    assert_eq!(names(key), HashSet::from(["kty", "crv", "x", "y", "kid", "alg", "use"]), "no private member");
    assert_eq!((&key["alg"], &key["use"], &key["crv"]), (&json!("ECDH-ES"), &json!("enc"), &json!("P-256")));
    assert_eq!(b64::decode(key["x"].as_str().unwrap()).unwrap().len(), 32);
    assert_ne!(metadata["jwks"], other["jwks"], "VER-050: a new key for every request");
    assert_ne!(metadata["jwks"]["keys"][0]["kid"], other["jwks"]["keys"][0]["kid"]);

    let plain = world.plain(query());
    let metadata = world.request_claims(&plain.created)["client_metadata"].as_object().unwrap().clone();
    assert_eq!(names(&metadata), HashSet::from(["vp_formats_supported"]), "nothing to encrypt, no key");
}

// Clauses: VP-8.2-11
// Checks: VER-053
#[test]
fn ver_052_to_055_the_answer_to_the_answer() {
    let world = crate::world::world_with(|builder| {
        builder.allow_redirects(["https://shop.example/".parse().unwrap()])
    });
    for redirect in [None, Some("https://shop.example/done".to_owned())] {
        let mut request = PresentationRequest::new(query());
        request.redirect = redirect.clone();
        let created = world.create(request);
        let side = world.wallet();
        let asked = run(side.wallet.resolve(&created.wallet_link)).unwrap();
        world.agree(&side, asked, &world.held()).unwrap();
        // The same post again, to see it refused; then the first answer's headers by a fresh run.
        let posted = side.log.lock().unwrap().pop().unwrap();
        let refused = serve(&world.verifier, &posted);
        assert_eq!(refused.status(), 400);
        assert_eq!(refused.headers()["content-type"], "application/json");
        assert_eq!(refused.headers()["cache-control"], "no-store");
        let body: Value = json::parse(refused.body()).unwrap();
        assert_eq!(body["error"], "invalid_request");
    }
    let accepted = credenza_vp::messages::ResponseAccepted::default();
    assert_eq!(serde_json::to_string(&accepted).unwrap(), "{}");
}

// Checks: VER-057
#[test]
fn ver_057_a_confirmation_key_with_nothing_but_the_key() {
    let world = world();
    let minimal = credenza_crypto::Jwk::new(world.holder.public_jwk().key.clone());
    let credential = world.issue_by(&world.issuer, &World::claims(), Some(&minimal));
    let plain = world.plain(query());
    let paths: [&[&str]; 2] = [&["family_name"], &["age_equal_or_over", "18"]];
    let token = json!({ "pid": [world.bound_of(credential, &paths, &plain.nonce, &plain.client_id)] });
    world
        .post(&plain.created.request_id, &[("vp_token", &token.to_string()), ("state", &plain.state)])
        .unwrap();
}

/// A request as the suite makes it, changed, and what the wallet posts.
fn suite(world: &World, change: impl FnOnce(&mut Value)) -> Result<Map<String, Value>, String> {
    let mut claims = json!({
        "client_id": "x509_san_dns:verifier.example",
        "aud": "https://self-issued.me/v2",
        "response_type": "vp_token",
        "response_mode": "direct_post",
        "response_uri": "https://verifier.example/response",
        "nonce": "n".repeat(43),
        "dcql_query": query(),
        "client_metadata": { "vp_formats_supported": { "dc+sd-jwt": {} } },
    });
    change(&mut claims);
    let jwt = world.sign_request(&*world.verifier_signer, "oauth-authz-req+jwt", &claims);
    let side = world.wallet_over(
        move |request| match request.uri().path() {
            "/request" => Ok(object_response(jwt.clone())),
            _ => Ok(http::Response::new(b"{}".to_vec())),
        },
        |builder| builder,
    );
    let link = "openid4vp://?request_uri=https%3A%2F%2Fverifier.example%2Frequest&client_id=x509_san_dns:verifier.example";
    let asked = run(side.wallet.resolve(link)).map_err(|error| error.to_string())?;
    world.agree(&side, asked, &world.held()).map_err(|error| error.to_string())?;
    let log = side.log.lock().unwrap();
    let [fetched, posted] = log.as_slice() else { panic!("two requests") };
    // WVP-005 to WVP-008, WVP-033
    assert_eq!(fetched.headers()["accept"], "application/oauth-authz-req+jwt");
    assert_eq!(posted.method(), "POST");
    assert_eq!(posted.headers()["content-type"], "application/x-www-form-urlencoded");
    assert_eq!(posted.uri().query(), None);
    let body = std::str::from_utf8(posted.body()).unwrap();
    let pairs = url::form_urlencoded::parse(body.as_bytes());
    Ok(pairs.map(|(name, value)| (name.into_owned(), Value::from(value.into_owned()))).collect())
}

fn claims_of(posted: &Map<String, Value>) -> Value {
    let token = json::parse(posted["vp_token"].as_str().unwrap().as_bytes()).unwrap();
    let presentation = token["pid"][0].as_str().unwrap().to_owned();
    let (without, kb) = presentation.rsplit_once('~').unwrap();
    let kb = Jws::parse(kb).unwrap();
    let names: HashSet<_> = json::parse_object(&kb.payload).unwrap().keys().cloned().collect();
    assert_eq!(names, HashSet::from(["iat", "aud", "nonce", "sd_hash"].map(str::to_owned)), "WVP-060");
    assert_eq!(kb.header.typ.as_deref(), Some("kb+jwt"));
    let held = credenza_formats::sd_jwt::Held::restore(format!("{without}~"), &Default::default()).unwrap();
    Value::Object(held.claims().clone())
}

// Clauses: VP-5-05, VP-5-09, VP-5.1-12, VP-5.11-01, VP-8.2-10, VP-8.2-04, VP-11.1-03
// Checks: WVP-002, WVP-003, WVP-016, WVP-033, WVP-044, WVP-043
#[test]
fn wvp_002_003_016_what_a_wallet_has_to_put_up_with() {
    let world = world();
    let posted = suite(&world, |_| {}).unwrap();
    assert_eq!(names(&posted), HashSet::from(["vp_token"]), "WVP-002, WVP-044: no state, none comes back");
    let posted = suite(&world, |claims| {
        claims["state"] = "s".repeat(64).into();
        claims["iss"] = "https://somebody.else.example".into();
        claims["unknown_parameter"] = json!({ "a": [1] });
        claims["client_metadata"]["client_name"] = "x".into();
        claims["client_metadata"]["unknown_member"] = json!([1]);
        claims["verifier_info"] = json!([{ "format": "unknown", "data": "x" }]);
    })
    .unwrap();
    assert_eq!(posted["state"], "s".repeat(64));
    assert!(suite(&world, |claims| claims["verifier_info"] = json!([{ "data": "x" }])).is_err());
}

// Clauses: VP-6.4-01, VP-6.4.1-01, VP-8.1-01, VP-8.1-02, VP-8.1-03, VP-8.2-01, VP-5-07
// Checks: WVP-027, WVP-028, WVP-029, WVP-030, WVP-031, WVP-032, WVP-041, WVP-042, WVP-049, WVP-054, WVP-060
#[test]
fn wvp_027_to_032_what_a_wallet_discloses() {
    let world = world();
    let claims = claims_of(&suite(&world, |_| {}).unwrap());
    assert_eq!(claims["family_name"], "Möbius");
    assert_eq!(claims["age_equal_or_over"], json!({ "18": true }));
    for withheld in ["given_name", "nationalities"] {
        assert!(claims.get(withheld).is_none(), "{withheld}");
    }
    let none = Dcql::credential("pid").sd_jwt([VCT]).build().unwrap();
    let none = serde_json::to_value(none).unwrap();
    let claims = claims_of(&suite(&world, |request| request["dcql_query"] = none).unwrap());
    for withheld in ["family_name", "given_name", "nationalities", "address", "age_equal_or_over"] {
        let nothing = |value: &Value| value == &json!({}) || value == &json!([]);
        assert!(claims.get(withheld).is_none_or(nothing), "WVP-029: {withheld}");
    }
    let optional = Dcql::credential("pid")
        .sd_jwt([VCT])
        .credential("other")
        .sd_jwt(["urn:other"])
        .set([["pid"]])
        .optional_set([["other"]])
        .build()
        .unwrap();
    let optional = serde_json::to_value(optional).unwrap();
    let posted = suite(&world, |request| request["dcql_query"] = optional).unwrap();
    let token = json::parse(posted["vp_token"].as_str().unwrap().as_bytes()).unwrap();
    assert_eq!(names(token.as_object().unwrap()), HashSet::from(["pid"]), "WVP-028");
}

// Clauses: VP-6.4.2-03
// Checks: WVP-025, WVP-026
#[test]
fn wvp_025_026_a_query_that_can_not_be_met() {
    let world = world();
    let other = Dcql::credential("x").sd_jwt(["urn:other"]).build().unwrap();
    let mut request = PresentationRequest::new(other);
    request.response_mode = ResponseMode::DirectPost;
    let created = world.create(request);
    let side = world.wallet();
    let asked = run(side.wallet.resolve(&created.wallet_link)).unwrap();
    assert!(!asked.matches(&world.held()).satisfiable());
    run(asked.decline(&side.wallet)).unwrap();
    let log = side.log.lock().unwrap();
    let body = std::str::from_utf8(log.last().unwrap().body()).unwrap();
    assert!(body.starts_with("error=access_denied&state=") && !body.contains("vp_token"), "{body}");
}

#[test]
fn every_check_has_one_name_and_a_section() {
    let all: Vec<_> = credenza_vp::rules::ALL
        .into_iter()
        .chain(credenza_trust::rules::ALL)
        .chain(credenza_formats::sd_jwt::rules::ALL)
        .collect();
    let names: HashSet<_> = all.iter().map(|rule| rule.id).collect();
    assert_eq!(names.len(), all.len());
    assert!(all.iter().all(|rule| !rule.section.is_empty() && rule.meaning.ends_with('.')));
}
