//! Signing in at an OpenID Provider, and everything that a provider can say wrongly, each refused by its own check.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use credenza_core::{FixedClock, FnHttp, HttpError, Limits, Secret, SeededRandom, UnixTime, b64};
use credenza_crypto::hash::{HmacKey, sha256};
use credenza_crypto::{Header, IdentifiedBy, Signer as _, SoftwareSigner, jwt};
use credenza_oauth::openid::{Departure, OpenIdClient, OpenIdError, Secrecy, Settings, rules};
use credenza_oauth::{Form, client_assertion, pkce};
use http::{Request, Response};
use serde_json::{Map, Value, json};
use url::Url;

use crate::dpop::{key, wait};

const NOW: UnixTime = UnixTime::from_secs(1_750_000_000);
const OP: &str = "https://op.example/tenant";
const BACK: &str = "https://issuer.example/authorize/back/upstream";

/// What the provider says, member by member, for a test to spoil.
#[derive(Clone)]
struct Say {
    metadata: Value,
    keys: Value,
    /// The claims of the ID token, beside the nonce.
    claims: Value,
    nonce: String,
    /// Another nonce instead.
    wrong_nonce: Option<String>,
    /// A whole ID token instead.
    token: Option<String>,
    answer: Value,
    userinfo: Value,
    status: u16,
}

impl Say {
    fn truth(signer: &SoftwareSigner) -> Self {
        let metadata = json!({
            "issuer": OP, "authorization_endpoint": format!("{OP}/auth?tenant=1"), "token_endpoint": format!("{OP}/token"),
            "jwks_uri": format!("{OP}/jwks"), "userinfo_endpoint": format!("{OP}/me"),
            "authorization_response_iss_parameter_supported": true,
        });
        let claims = json!({
            "iss": OP, "sub": "ada-1815", "aud": "issuer", "exp": NOW + Duration::from_secs(300), "iat": NOW,
            "given_name": "Ada",
        });
        Self {
            metadata,
            keys: json!({"keys": [signer.public_jwk().to_value()]}),
            claims,
            nonce: String::new(),
            wrong_nonce: None,
            token: None,
            answer: json!({"access_token": "the token", "token_type": "Bearer"}),
            userinfo: json!({"sub": "ada-1815", "given_name": "Augusta", "family_name": "Lovelace"}),
            status: 200,
        }
    }
}

/// A provider of one client, without a socket.
struct World {
    say: Arc<Mutex<Say>>,
    asked: Arc<Mutex<Vec<Request<Vec<u8>>>>>,
    client: OpenIdClient,
    clock: Arc<FixedClock>,
}

fn world_of(secrecy: Secrecy, spoil: impl FnOnce(&mut Say)) -> World {
    let signer = key(7).with_kid("op-key");
    let mut say = Say::truth(&signer);
    spoil(&mut say);
    let say = Arc::new(Mutex::new(say));
    let asked = Arc::new(Mutex::new(Vec::new()));
    let (said, log) = (Arc::clone(&say), Arc::clone(&asked));
    let http = FnHttp::new(move |request: Request<Vec<u8>>, _: Limits| {
        let say = said.lock().unwrap().clone();
        let path = request.uri().path().to_owned();
        log.lock().unwrap().push(request);
        let body = match path.as_str() {
            "/tenant/.well-known/openid-configuration" => say.metadata,
            "/tenant/jwks" => say.keys,
            "/tenant/me" => say.userinfo,
            "/tenant/token" => {
                let mut claims = say.claims;
                claims["nonce"] = say.wrong_nonce.unwrap_or(say.nonce).into();
                let header = Header::signing(&signer, "JWT", IdentifiedBy::Kid);
                let token = say.token.unwrap_or_else(|| wait(jwt::sign(&signer, &header, &claims)).unwrap());
                let mut answer = say.answer;
                answer["id_token"] = token.into();
                answer
            }
            _ => return Err(HttpError::Unreachable("nobody".to_owned())),
        };
        Ok(Response::builder().status(say.status).body(body.to_string().into_bytes()).unwrap())
    });
    let settings = Settings {
        issuer: OP.to_owned(),
        client_id: "issuer".to_owned(),
        secrecy,
        scopes: vec!["profile".to_owned()],
        userinfo: true,
        redirect_uri: BACK.to_owned(),
    };
    let clock = Arc::new(FixedClock::at(NOW));
    let client = OpenIdClient::new(settings, Arc::new(http), clock.clone(), Arc::new(SeededRandom::new(3)));
    World { say, asked, client, clock }
}

fn world(spoil: impl FnOnce(&mut Say)) -> World {
    world_of(Secrecy::Secret(Secret::new("s3cret+/".to_owned())), spoil)
}

impl World {
    fn begin(&self) -> Departure {
        let departure = wait(self.client.begin("the state")).unwrap();
        self.say.lock().unwrap().nonce = parameter(&departure.url, "nonce").unwrap();
        departure
    }

    fn back(&self, query: &[(&str, &str)]) -> Result<credenza_oauth::openid::Identity, OpenIdError> {
        let departure = self.begin();
        let url = Url::parse_with_params(BACK, query).unwrap();
        wait(self.client.finish(&departure.remembered, "the state", &url))
    }

    /// The whole way, with the right response.
    fn whole(&self) -> Result<credenza_oauth::openid::Identity, OpenIdError> {
        self.back(&[("code", "c0de"), ("state", "the state"), ("iss", OP)])
    }

    fn token_request(&self) -> Request<Vec<u8>> {
        let asked = self.asked.lock().unwrap();
        asked.iter().find(|request| request.uri().path() == "/tenant/token").unwrap().clone()
    }
}

fn parameter(url: &Url, name: &str) -> Option<String> {
    url.query_pairs().find(|(known, _)| known == name).map(|(_, value)| value.into_owned())
}

/// The check that the whole way fails.
fn fails(spoil: impl FnOnce(&mut Say)) -> &'static str {
    let error = world(spoil).whole().unwrap_err();
    assert!(!error.passes(), "{error}");
    error.report().unwrap_or_else(|| panic!("{error}")).first_failure().unwrap().rule.id
}

// Clauses: OABCP-5.1.1-05
#[test]
fn somebody_signs_in_with_pkce_state_and_nonce() {
    let world = world(|_| {});
    let departure = world.begin();
    assert!(departure.url.as_str().starts_with("https://op.example/tenant/auth?tenant=1&"));
    let challenge = parameter(&departure.url, "code_challenge").unwrap();
    for (name, value) in [
        ("response_type", "code"),
        ("client_id", "issuer"),
        ("redirect_uri", BACK),
        ("scope", "openid profile"),
        ("state", "the state"),
        ("code_challenge_method", "S256"),
    ] {
        assert_eq!(parameter(&departure.url, name).as_deref(), Some(value));
    }
    let url = Url::parse_with_params(BACK, [("code", "c0de"), ("state", "the state"), ("iss", OP)]).unwrap();
    let who = wait(world.client.finish(&departure.remembered, "the state", &url)).unwrap();
    assert_eq!(who.subject, "ada-1815");
    // What is signed is believed first.
    assert_eq!((&who.claims["given_name"], &who.claims["family_name"]), (&json!("Ada"), &json!("Lovelace")));
    assert!(!format!("{who:?} {departure:?} {:?}", world.client).contains("ada-1815"));
    let request = world.token_request();
    let form = Form::parse(request.body()).unwrap();
    assert_eq!((form.get("code"), form.get("redirect_uri")), (Some("c0de"), Some(BACK)));
    assert_eq!(pkce::verify(form.get("code_verifier").unwrap(), &challenge), Ok(()));
    let basic = request.headers()["authorization"].to_str().unwrap().strip_prefix("Basic ").unwrap();
    assert_eq!(basic, b64::encode_std("issuer:s3cret%2B%2F"));
    assert!(!form.has("client_secret"));
    let asked = world.asked.lock().unwrap();
    let me = asked.iter().find(|request| request.uri().path() == "/tenant/me").unwrap();
    assert_eq!(me.headers()["authorization"], "Bearer the token");
}

#[test]
fn the_client_authenticates_as_the_provider_accepts_it() {
    let form =
        world(|say| say.metadata["token_endpoint_auth_methods_supported"] = json!(["client_secret_post"]));
    form.whole().unwrap();
    let request = form.token_request();
    assert!(request.headers().get("authorization").is_none());
    assert_eq!(Form::parse(request.body()).unwrap().get("client_secret"), Some("s3cret+/"));
    let own = key(9).with_kid("ours");
    let keys = credenza_crypto::JwkSet { keys: vec![own.public_jwk().clone()] };
    let signed = world_of(Secrecy::Key(Arc::new(own)), |_| {});
    signed.whole().unwrap();
    let request = signed.token_request();
    let form = Form::parse(request.body()).unwrap();
    let expected = client_assertion::Expected { client_id: "issuer", keys: &keys, audience: OP, now: NOW };
    let assertion = form.get("client_assertion").unwrap();
    let mut report = credenza_core::Report::new("client");
    let _ = client_assertion::verify(assertion, &expected, &mut report).unwrap();
    assert_eq!(form.get("client_id"), Some("issuer"));
}

// Clauses: OABCP-7.5.3.2-01, OABCP-7.5.3.2-02
#[test]
fn an_id_token_that_is_wrong_is_refused_by_its_own_check() {
    let at = |seconds: i64| json!(NOW.as_secs() + seconds);
    assert_eq!(fails(|say| say.wrong_nonce = Some("another".to_owned())), "openid.id-token.nonce");
    assert_eq!(fails(|say| say.wrong_nonce = Some(String::new())), "openid.id-token.nonce");
    for (name, value, rule) in [
        ("iss", json!("https://evil.example"), "openid.id-token.iss"),
        ("iss", json!(format!("{OP}/")), "openid.id-token.iss"),
        ("aud", json!("somebody"), "openid.id-token.aud"),
        ("aud", json!(["issuer", "somebody"]), "openid.id-token.aud"),
        ("aud", json!([]), "openid.id-token.aud"),
        ("azp", json!("somebody"), "openid.id-token.azp"),
        ("exp", at(-60), "openid.id-token.time"),
        ("iat", at(61), "openid.id-token.time"),
        ("iat", at(-1200), "openid.id-token.time"),
        ("nbf", at(61), "openid.id-token.time"),
        ("at_hash", json!("x"), "openid.id-token.at-hash"),
        ("sub", json!(""), "openid.id-token.sub"),
        ("sub", json!("x".repeat(256)), "openid.id-token.sub"),
        ("sub", json!(7), "openid.id-token.jwt"),
        ("exp", Value::Null, "openid.id-token.jwt"),
    ] {
        assert_eq!(fails(|say| say.claims[name] = value.clone()), rule, "{name} {value}");
    }
    let half = b64::encode(&sha256(b"the token")[..16]);
    world(|say| say.claims["at_hash"] = half.into()).whole().unwrap();
    world(|say| say.claims["aud"] = json!(["issuer"])).whole().unwrap();
    world(|say| say.claims["exp"] = at(-59)).whole().unwrap();
}

/// A token with a header of our choice, over claims that are right.
fn forged(header: &Value, sign: impl FnOnce(&str) -> Vec<u8>) -> impl FnOnce(&mut Say) {
    let header = b64::encode(header.to_string());
    move |say| {
        let input = format!("{header}.{}", b64::encode(say.claims.to_string()));
        let signature = b64::encode(sign(&input));
        say.token = Some(format!("{input}.{signature}"));
    }
}

#[test]
fn the_signature_is_the_providers_by_an_algorithm_that_is_accepted() {
    let op = key(7);
    let none = fails(forged(&json!({"alg": "none"}), |_| Vec::new()));
    assert_eq!(none, "openid.id-token.jwt");
    let public = op.public_jwk().to_value().to_string();
    for secret in [b"s3cret+/".to_vec(), public.into_bytes()] {
        let header = json!({"alg": "HS256", "kid": "op-key"});
        let mac = fails(forged(&header, |input| HmacKey::new(&secret).mac(input.as_bytes()).to_vec()));
        assert_eq!(mac, "openid.id-token.jwt");
    }
    let stranger = key(8);
    let by = |kid: Value| {
        let mut header = Map::from_iter([("alg".to_owned(), json!("ES256"))]);
        header.insert("jwk".to_owned(), stranger.public_jwk().to_value());
        if kid.is_string() {
            header.insert("kid".to_owned(), kid);
        }
        let header = Value::Object(header);
        fails(forged(&header, |input| wait(stranger.sign(input.as_bytes())).unwrap()))
    };
    for kid in [json!("op-key"), json!("unknown"), Value::Null] {
        assert_eq!(by(kid), "openid.id-token.signature");
    }
}

#[test]
fn new_keys_are_fetched_once_and_keys_are_kept() {
    let world = world(|_| {});
    world.whole().unwrap();
    world.whole().unwrap();
    let count = |world: &World, path: &str| {
        world.asked.lock().unwrap().iter().filter(|request| request.uri().path() == path).count()
    };
    assert_eq!((count(&world, "/tenant/jwks"), count(&world, "/tenant/token")), (1, 2));
    // The provider has new keys, and we are patient.
    world.say.lock().unwrap().keys = json!({"keys": []});
    world.clock.advance(Duration::from_secs(301));
    world.say.lock().unwrap().claims["exp"] = json!(NOW.as_secs() + 900);
    assert!(world.whole().is_err());
    assert_eq!(count(&world, "/tenant/jwks"), 2);
    world.say.lock().unwrap().keys = json!({"keys": [key(7).with_kid("op-key").public_jwk().to_value()]});
    assert!(world.whole().is_err());
    world.clock.advance(Duration::from_secs(31));
    world.whole().unwrap();
    assert_eq!(count(&world, "/tenant/jwks"), 3);
}

// Clauses: ISS-2.4-04, ISS-2.4-09, OABCP-5.1-03, OABCP-5.1-05, OABCP-7.4.2-01, OABCP-7.4.2.1-03
#[test]
fn a_response_of_another_request_or_another_provider_is_refused_before_the_code_is_used() {
    for query in [
        vec![("code", "c0de"), ("state", "another"), ("iss", OP)],
        vec![("code", "c0de"), ("iss", OP)],
        vec![("code", "c0de"), ("state", "the state"), ("iss", "https://evil.example")],
        vec![("code", "c0de"), ("state", "the state")],
        vec![("state", "the state"), ("iss", OP)],
        vec![("code", "a"), ("code", "b"), ("state", "the state"), ("iss", OP)],
        vec![("error", "access_denied"), ("state", "another"), ("iss", OP)],
    ] {
        let world = world(|_| {});
        let error = world.back(&query).unwrap_err();
        assert!(matches!(error, OpenIdError::Response(..)), "{query:?}: {error}");
        let asked = world.asked.lock().unwrap();
        assert!(asked.iter().all(|request| request.uri().path() != "/tenant/token"), "{query:?}");
    }
    let silent = world(|say| {
        say.metadata["authorization_response_iss_parameter_supported"] = json!(false);
    });
    silent.back(&[("code", "c0de"), ("state", "the state")]).unwrap();
    let denied = world(|_| {}).back(&[("error", "access_denied"), ("state", "the state"), ("iss", OP)]);
    assert!(matches!(denied, Err(OpenIdError::Denied(body)) if body.error == "access_denied"));
}

#[test]
fn metadata_is_the_providers_own_and_behind_tls() {
    let begin = |spoil: fn(&mut Say)| {
        let error = wait(world(spoil).client.begin("s")).unwrap_err();
        error.report().map(|report| report.first_failure().unwrap().rule.id)
    };
    let issuer = Some("openid.discovery.issuer");
    assert_eq!(begin(|say| say.metadata["issuer"] = json!("https://evil.example")), issuer);
    assert_eq!(begin(|say| say.metadata["issuer"] = json!(format!("{OP}/"))), issuer);
    let endpoints = Some("openid.discovery.endpoints");
    for name in ["authorization_endpoint", "token_endpoint", "jwks_uri"] {
        for value in [Value::Null, json!("http://op.example/x"), json!("javascript:alert(1)"), json!("x")] {
            let spoil = |say: &mut Say| say.metadata[name] = value.clone();
            let error = wait(world(spoil).client.begin("s")).unwrap_err();
            let failed = error.report().map(|report| report.first_failure().unwrap().rule.id);
            assert_eq!(failed, endpoints, "{name} {value}");
        }
    }
    assert_eq!(begin(|say| say.metadata["userinfo_endpoint"] = json!("http://op.example/me")), endpoints);
    assert_eq!(begin(|say| say.metadata["issuer"] = json!(7)), None);
}

#[test]
fn userinfo_is_about_the_same_person() {
    assert_eq!(fails(|say| say.userinfo["sub"] = json!("eve")), "openid.userinfo.sub");
    assert_eq!(fails(|say| say.userinfo = json!({"given_name": "Eve"})), "openid.userinfo.sub");
    let without = world(|say| say.metadata["userinfo_endpoint"] = Value::Null);
    assert!(without.whole().unwrap().claims.get("family_name").is_none());
    let mut seen: Vec<_> = rules::ALL.iter().map(|rule| rule.id).collect();
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen.len(), rules::ALL.len());
}

#[test]
fn a_provider_that_is_away_is_told_from_one_that_is_wrong() {
    let away = |status: u16| {
        let error = wait(world(|say| say.status = status).client.begin("s")).unwrap_err();
        (matches!(error, OpenIdError::Failed("metadata", _)), error.passes())
    };
    assert_eq!((away(503), away(429), away(404)), ((true, true), (true, true), (true, false)));
    let world = world(|say| {
        say.metadata["token_endpoint"] = json!("https://op.example/elsewhere");
    });
    let error = world.whole().unwrap_err();
    assert!(matches!(error, OpenIdError::Unreachable("token endpoint", _)) && error.passes());
    let other = self::world(|say| say.answer["token_type"] = json!("DPoP")).whole().unwrap_err();
    assert!(matches!(other, OpenIdError::Malformed("token endpoint")) && !other.passes());
}
