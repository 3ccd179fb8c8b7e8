//! Access tokens of other authorization servers: checked by the server's keys, or by asking the server.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use credenza_core::{Answer, Http, HttpError, Limits, RecordedHttp, Secret, SeededRandom};
use credenza_crypto::{Algorithm, IdentifiedBy, Signer as _, SigningHeader, SoftwareSigner, jwt};
use credenza_vci::issuer::{
    ClaimsAnswer, ClaimsError, ClaimsSource, ConfigError, ExternalAuthorizationServer, IssuanceContext,
    TokenCheck,
};
use http::{Method, Request, Response};
use serde_json::{Map, Value, json};

use crate::authorizing::{changed, encoded, request};
use crate::metadata::build;
use crate::support::*;

const OTHER: &str = "https://as.example";
const JWKS: &str = "https://as.example/jwks";
const INTROSPECTION: &str = "https://as.example/introspect";

/// Claims by subject.
struct Register;

impl ClaimsSource for Register {
    fn claims<'a>(
        &'a self,
        context: &'a IssuanceContext<'a>,
    ) -> Answer<'a, Result<ClaimsAnswer, ClaimsError>> {
        Answer::ready(match context.subject {
            Some("erika") => Ok(ClaimsAnswer::Claims(erika())),
            _ => Err(ClaimsError::Denied),
        })
    }
}

fn key(seed: u64) -> SoftwareSigner {
    SoftwareSigner::generate(Algorithm::Es256, &SeededRandom::new(seed)).unwrap().with_kid(format!("k{seed}"))
}

fn answer(body: &Value) -> Response<Vec<u8>> {
    Response::builder().header("content-type", JSON).body(body.to_string().into_bytes()).unwrap()
}

fn keys(signers: &[&SoftwareSigner]) -> Response<Vec<u8>> {
    let keys: Vec<Value> = signers.iter().map(|signer| signer.public_jwk().to_value()).collect();
    answer(&json!({ "keys": keys }))
}

fn by_keys() -> ExternalAuthorizationServer {
    let check = TokenCheck::Jwks { jwks_uri: JWKS.parse().unwrap() };
    ExternalAuthorizationServer { issuer: OTHER.to_owned(), check }
}

fn by_asking() -> ExternalAuthorizationServer {
    let check = TokenCheck::Introspection {
        endpoint: INTROSPECTION.parse().unwrap(),
        client_id: "the issuer".to_owned(),
        client_secret: Secret::new("a secret".to_owned()),
    };
    ExternalAuthorizationServer { issuer: OTHER.to_owned(), check }
}

fn world(server: ExternalAuthorizationServer, http: Arc<dyn Http>) -> World {
    World::with(|builder| builder.authorization_server(server).http(http).claims_source(Arc::new(Register)))
}

fn claims() -> Value {
    json!({
        "iss": OTHER, "aud": ISSUER, "sub": "erika", "client_id": "wallet", "exp": START + Duration::from_secs(300),
        "iat": START, "jti": "1", "scope": "pid openid",
    })
}

fn token(signer: &SoftwareSigner, claims: &Value) -> String {
    typed(signer, "at+jwt", claims)
}

fn typed(signer: &SoftwareSigner, typ: &str, claims: &Value) -> String {
    wait(jwt::sign(signer, &SigningHeader::new(signer, typ, IdentifiedBy::Kid, Map::new()), claims)).unwrap()
}

/// A request for `pid` by the client that the token names.
fn ask(world: &World, token: &str) -> (u16, String) {
    let claims = json!({ "iss": "wallet", "aud": ISSUER, "iat": world.now(), "nonce": world.nonce() });
    let proof = world.proof_of(&world.key(), &claims);
    let request = json!({ "credential_configuration_id": "pid", "proofs": { "jwt": [proof] } });
    refused(&world.credential(token, &request))
}

#[test]
fn a_token_of_another_server_is_good_for_what_it_says() {
    let signer = key(1);
    let http = Arc::new(RecordedHttp::new().on(Method::GET, JWKS, keys(&[&signer])));
    let world = world(by_keys(), http.clone());
    let good = token(&signer, &claims());
    for _ in 0..4 {
        assert_eq!(ask(&world, &good), (200, String::new()));
    }
    // It is one session, with the limits of one.
    assert_eq!(ask(&world, &good), (400, "credential_request_denied".to_owned()));
    assert_eq!(http.requests().len(), 1);
    // What it does not cover it does not bring.
    let proof = world.proof(&world.key(), &world.nonce());
    let diploma = json!({ "credential_configuration_id": "diploma", "proofs": { "jwt": [proof] } });
    assert_eq!(refused(&world.credential(&good, &diploma)).0, 403);
    world.clock.advance(Duration::from_secs(300));
    assert_eq!(ask(&world, &good).0, 401);
}

// Clauses: VCI-6.2-05
#[test]
fn identifiers_in_the_token_name_data_sets() {
    let signer = key(1);
    let http = RecordedHttp::new().on(Method::GET, JWKS, keys(&[&signer]));
    let world = world(by_keys(), Arc::new(http));
    let mut claims = claims();
    claims["scope"] = Value::Null;
    claims["authorization_details"] = json!([
        {
            "type": "openid_credential", "credential_configuration_id": "pid", "credential_identifiers": ["e-1"],
            "locations": [ISSUER],
        },
        { "type": "payment", "amount": 1 },
    ]);
    let good = token(&signer, &claims);
    assert_eq!(ask(&world, &good), (400, "invalid_credential_request".to_owned()));
    let proof_claims = json!({ "iss": "wallet", "aud": ISSUER, "iat": world.now(), "nonce": world.nonce() });
    let proof = world.proof_of(&world.key(), &proof_claims);
    let request = json!({ "credential_identifier": "e-1", "proofs": { "jwt": [proof] } });
    assert_eq!(world.credential(&good, &request).status(), 200);
}

// Clauses: OABCP-5.3-03
#[test]
fn a25_tokens_that_are_not_for_us() {
    let signer = key(1);
    let http = RecordedHttp::new().on(Method::GET, JWKS, keys(&[&signer]));
    let world = world(by_keys(), Arc::new(http));
    let with = |name: &str, value: Value| {
        let mut claims = claims();
        claims[name] = value;
        ask(&world, &token(&signer, &claims)).0
    };
    let later = json!(START + Duration::from_secs(600));
    for (name, value) in [
        ("iss", json!("https://evil.example")),
        ("iss", Value::Null),
        ("aud", json!("https://issuer.example")),
        ("aud", json!(["https://a.example", "https://b.example"])),
        ("aud", Value::Null),
        ("exp", Value::Null),
        ("exp", json!(START)),
        ("nbf", later),
    ] {
        assert_eq!(with(name, value.clone()), 401, "{name} {value}");
    }
    assert_eq!(with("scope", json!("openid")), 403);
    assert_eq!(with("sub", json!("somebody else")), 400);
    assert_eq!(ask(&world, &typed(&signer, "JWT", &claims())).0, 401);
    assert_eq!(ask(&world, &token(&key(2), &claims())).0, 401);
    assert_eq!(ask(&world, "opaque").0, 401);
    // A bound token is no bearer token.
    assert_eq!(with("cnf", json!({ "jkt": "x" })), 401);
}

// Clauses: VCI-5.1.1-08, VCI-6.1-07
#[test]
fn a27_details_say_which_issuer_is_meant_where_there_are_several_servers() {
    let http = Arc::new(RecordedHttp::new());
    let world = World::with(|builder| {
        builder.authorization_server(by_keys()).http(http).authorization(crate::authorizing::settings())
    });
    let detail = |locations: &Value| {
        let mut detail = json!({ "type": "openid_credential", "credential_configuration_id": "pid" });
        if !locations.is_null() {
            detail["locations"] = locations.clone();
        }
        json!([detail]).to_string()
    };
    for (locations, good) in [
        (Value::Null, false),
        (json!([]), false),
        (json!(["https://other.example"]), false),
        (json!(["https://other.example", ISSUER]), true),
    ] {
        let details = detail(&locations);
        let request = changed(request(), "authorization_details", Some(&details));
        let result = wait(world.issuer.authorize(&encoded(&request)));
        assert_eq!(result.is_ok(), good, "{locations}");
        let code = world.code(&world.offer());
        let form =
            [("grant_type", GRANT), ("pre-authorized_code", &*code), ("authorization_details", &details)];
        let expected = if good { (200, "") } else { (400, "invalid_authorization_details") };
        assert_eq!(refused(&world.token(&form)), (expected.0, expected.1.to_owned()), "{locations}");
    }
}

#[test]
fn a_server_that_changes_its_keys_is_asked_again_but_not_all_the_time() {
    let (old, new) = (key(1), key(2));
    let answers =
        RecordedHttp::new().on(Method::GET, JWKS, keys(&[&old])).on(Method::GET, JWKS, keys(&[&new]));
    let http = Arc::new(answers);
    let world = world(by_keys(), http.clone());
    assert_eq!(ask(&world, &token(&old, &claims())).0, 200);
    for _ in 0..5 {
        assert_eq!(ask(&world, &token(&new, &claims())).0, 401);
    }
    assert_eq!(http.requests().len(), 1);
    world.clock.advance(Duration::from_secs(31));
    assert_eq!(ask(&world, &token(&new, &claims())).0, 200);
    assert_eq!(http.requests().len(), 2);
}

#[test]
fn a_server_that_can_not_be_asked_is_no_reason_to_let_anybody_in() {
    for failure in [Err(HttpError::TimedOut), Ok(answer(&json!({ "keys": 1 }))), Ok(answer(&json!([])))] {
        let http = RecordedHttp::new();
        http.add(Method::GET, JWKS, failure.clone());
        http.add(Method::POST, INTROSPECTION, failure);
        let http = Arc::new(http);
        let unavailable = (503, "temporarily_unavailable".to_owned());
        assert_eq!(ask(&world(by_keys(), http.clone()), &token(&key(1), &claims())), unavailable);
        assert_eq!(ask(&world(by_asking(), http), "opaque"), unavailable);
    }
}

/// A server that knows one token.
struct Asked(AtomicUsize);

impl Http for Asked {
    fn send(&self, request: Request<Vec<u8>>, _: Limits) -> Answer<'_, Result<Response<Vec<u8>>, HttpError>> {
        self.0.fetch_add(1, Ordering::SeqCst);
        assert_eq!(request.headers()["authorization"], "Basic dGhlK2lzc3VlcjphK3NlY3JldA==");
        let known = request.body().starts_with(b"token=good&");
        let mut said = claims();
        said["active"] = json!(known);
        Answer::ready(Ok(answer(&if known { said } else { json!({ "active": false }) })))
    }
}

#[test]
fn a_server_is_asked_about_its_tokens_and_believed_for_a_moment() {
    let http = Arc::new(Asked(AtomicUsize::new(0)));
    let world = world(by_asking(), http.clone());
    let asked = || http.0.load(Ordering::SeqCst);
    for _ in 0..3 {
        assert_eq!(ask(&world, "good").0, 200);
        assert_eq!(ask(&world, "bad").0, 401);
    }
    assert_eq!(asked(), 2);
    world.clock.advance(Duration::from_secs(61));
    assert_eq!(ask(&world, "good").0, 200);
    assert_eq!(asked(), 3);
    // Our own tokens are nobody else's business.
    let own = world.redeem(&world.offer());
    assert_eq!(world.credential(&own, &world.request()).status(), 400);
    assert_eq!(asked(), 3);
}

// Clauses: VCI-12.2.4-02, VCI-4.1.1-10
// Checks: ISS-009
#[test]
fn several_servers_are_named() {
    let world = world(by_keys(), Arc::new(RecordedHttp::new()));
    let metadata: Value = serde_json::from_slice(&world.issuer.metadata()).unwrap();
    assert_eq!(metadata["authorization_servers"], json!([ISSUER, OTHER]));
    let handle = world.offer().offer_uri.unwrap();
    let offer = wait(world.issuer.offer_object(handle.path().rsplit('/').next().unwrap())).unwrap();
    assert_eq!(offer.body.unwrap().pre_authorized().unwrap().authorization_server.as_deref(), Some(ISSUER));
    let with = |issuer: &str| {
        let server = ExternalAuthorizationServer { issuer: issuer.to_owned(), ..by_keys() };
        let http = Arc::new(RecordedHttp::new());
        build(ISSUER, |builder| builder.configuration(pid()).authorization_server(server).http(http)).err()
    };
    for bad in ["http://as.example", "x", ISSUER] {
        assert!(matches!(with(bad), Some(ConfigError::Invalid(_))), "{bad}");
    }
    let alone = build(ISSUER, |builder| builder.configuration(pid()).authorization_server(by_keys()));
    assert!(matches!(alone, Err(ConfigError::Missing(_))));
}
