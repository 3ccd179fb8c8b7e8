//! Responses that a wallet has signed as a whole, in earlier drafts: by whom, for whom, until when.

use std::time::Duration;

use credenza_core::{SeededRandom, b64};
use credenza_crypto::{
    Algorithm, ContentEncryption, Header, IdentifiedBy, Jwk, JwkSet, KeyManagement, Signer, SoftwareSigner,
    jwe, jwt,
};
use credenza_vp::dialects::{Dialect, Language};
use credenza_vp::verifier::{KnownWallet, RequestedPrefix, RespondError, Status};
use credenza_vp::{CreatedRequest, PresentationRequest, ResponseMode};
use serde_json::{Map, Value, json};

use crate::world::{NOW, World, query, run, world, world_with};

const ISSUER: &str = "https://wallet.example";

const EVERY: [(Dialect, Language); 6] = [
    (Dialect::Draft18, Language::PresentationExchange),
    (Dialect::Draft20, Language::PresentationExchange),
    (Dialect::Draft23, Language::PresentationExchange),
    (Dialect::Draft23, Language::Dcql),
    (Dialect::Draft24, Language::PresentationExchange),
    (Dialect::Draft24, Language::Dcql),
];

fn key(seed: u64) -> SoftwareSigner {
    SoftwareSigner::generate(Algorithm::Es256, &SeededRandom::new(seed)).unwrap()
}

/// A wallet of this issuer with these keys.
fn known(issuer: &str, keys: &[&SoftwareSigner]) -> KnownWallet {
    let keys = keys.iter().map(|key| key.public_jwk().clone()).collect();
    KnownWallet { issuer: issuer.to_owned(), keys: JwkSet { keys } }
}

/// A verifier that knows a wallet, which signs with the returned key.
fn agreed() -> (World, SoftwareSigner) {
    let signer = key(70);
    let other = known("https://other.example", &[&key(71)]);
    let wallet = known(ISSUER, &[&key(72), &signer]);
    (world_with(|builder| builder.known_wallet(other).known_wallet(wallet)), signer)
}

/// A request that wants its answer in a JWT, and what is in the request.
struct Waiting {
    created: CreatedRequest,
    claims: Map<String, Value>,
}

impl Waiting {
    fn of(world: &World, dialect: (Dialect, Language)) -> Self {
        // In draft 18 a certificate is no name; the link says everything then.
        let prefix = match dialect.0 {
            Dialect::Draft18 => RequestedPrefix::RedirectUri,
            _ => RequestedPrefix::X509SanDns,
        };
        let created = world.create(PresentationRequest {
            dialect: Some(dialect),
            prefix: Some(prefix),
            response_mode: ResponseMode::DirectPostJwt,
            ..PresentationRequest::new(query())
        });
        let claims = if created.request_uri.is_some() {
            world.request_claims(&created)
        } else {
            let pairs = url::form_urlencoded::parse(created.wallet_query.as_bytes());
            let read = |text: &str| serde_json::from_str(text).unwrap_or_else(|_| text.into());
            pairs.map(|(name, value)| (name.into_owned(), read(&value))).collect()
        };
        Self { created, claims }
    }

    fn text(&self, name: &str) -> &str {
        self.claims[name].as_str().unwrap()
    }

    /// A response that is right, as claims.
    fn response(&self, world: &World) -> Value {
        let paths: &[&[&str]] = &[&["family_name"], &["age_equal_or_over", "18"]];
        let presentation = world.bound(paths, self.text("nonce"), self.text("client_id"));
        let mut response = json!({
            "iss": ISSUER,
            "aud": self.text("client_id"),
            "exp": (NOW + Duration::from_secs(600)).as_secs(),
            "state": self.text("state"),
        });
        match self.claims.get("presentation_definition") {
            None => response["vp_token"] = json!({ "pid": presentation }),
            Some(definition) => {
                let descriptor = &definition["input_descriptors"][0];
                let format = descriptor["format"].as_object().unwrap().keys().next().unwrap();
                response["vp_token"] = presentation.into();
                response["presentation_submission"] = json!({
                    "id": "s", "definition_id": definition["id"],
                    "descriptor_map": [{ "id": descriptor["id"], "format": format, "path": "$" }],
                });
            }
        }
        response
    }

    fn encrypted(&self, content: &str, cty: Option<&str>) -> String {
        let key = Jwk::from_value(&self.claims["client_metadata"]["jwks"]["keys"][0]).unwrap();
        let parameters = jwe::Parameters { cty, ..jwe::Parameters::default() };
        let random = SeededRandom::new(73);
        let alg = KeyManagement::of_key(&key).unwrap();
        let enc = ContentEncryption::A128Gcm;
        jwe::encrypt(&key, alg, enc, &parameters, content.as_bytes(), &random).unwrap()
    }

    fn post(&self, world: &World, response: &str) -> Result<(), RespondError> {
        world.post(&self.created.request_id, &[("response", response)]).map(|_| ())
    }
}

fn signed(signer: &dyn Signer, claims: &Value) -> String {
    run(jwt::sign(signer, &Header::signing(signer, "JWT", IdentifiedBy::Nothing), claims)).unwrap()
}

#[test]
fn known_wallets_sign_in_each_draft() {
    for dialect in EVERY {
        for encrypted in [false, true] {
            let (world, signer) = agreed();
            let waiting = Waiting::of(&world, dialect);
            let token = signed(&signer, &waiting.response(&world));
            let response = if encrypted { waiting.encrypted(&token, Some("JWT")) } else { token };
            waiting
                .post(&world, &response)
                .unwrap_or_else(|error| panic!("{dialect:?} {encrypted}: {error}"));
            let result = run(world.verifier.result(&waiting.created.id, None)).unwrap();
            assert_eq!(result.presentations.len(), 1);
            let parts = result.report["parts"].as_array().unwrap();
            let part = parts.iter().find(|part| part["subject"] == "signed response").unwrap();
            let checks: Vec<_> = part["checks"].as_array().unwrap().iter().collect();
            let names: Vec<_> = checks.iter().map(|check| check["id"].as_str().unwrap()).collect();
            assert_eq!(names, ["vp.jarm.issuer", "vp.jarm.audience", "vp.jarm.expiry", "vp.jarm.signature"]);
            assert!(checks.iter().all(|check| check["outcome"] == "passed"), "{part}");
        }
    }
}

#[test]
fn what_is_wrong_is_refused_by_name_and_ends_nothing() {
    let (world, signer) = agreed();
    let waiting = Waiting::of(&world, (Dialect::Draft24, Language::Dcql));
    let right = waiting.response(&world);
    let with = |name: &str, value: Value| {
        let mut claims = right.clone();
        claims[name] = value;
        signed(&signer, &claims)
    };
    let without = |name: &str| {
        let mut claims = right.clone();
        claims.as_object_mut().unwrap().remove(name);
        signed(&signer, &claims)
    };
    let audience = waiting.text("client_id");
    let refused = [
        (with("iss", json!("https://stranger.example")), "vp.jarm.issuer"),
        (with("iss", json!("https://wallet.example/")), "vp.jarm.issuer"),
        (with("iss", json!([ISSUER])), "vp.jarm.issuer"),
        (without("iss"), "vp.jarm.issuer"),
        (with("aud", json!("x509_san_dns:other.example")), "vp.jarm.audience"),
        // Its name, and that of somebody beside.
        (with("aud", json!([audience, "https://other.example"])), "vp.jarm.audience"),
        (with("aud", json!([])), "vp.jarm.audience"),
        (without("aud"), "vp.jarm.audience"),
        (with("exp", json!((NOW - jwt::LEEWAY).as_secs())), "vp.jarm.expiry"),
        (with("exp", json!("tomorrow")), "vp.jarm.expiry"),
        (with("nbf", json!((NOW + Duration::from_secs(300)).as_secs())), "vp.jarm.expiry"),
        (without("exp"), "vp.jarm.expiry"),
        // Another wallet that is known, under this one's name; and this one under the other's.
        (signed(&key(71), &right), "vp.jarm.signature"),
        (with("iss", json!("https://other.example")), "vp.jarm.signature"),
        (unsigned(&right), "vp.jarm.signature"),
        (renamed(&signer, &right), "vp.jarm.signature"),
    ];
    for (at, (token, rule)) in refused.into_iter().enumerate() {
        for response in [waiting.encrypted(&token, Some("JWT")), token] {
            let error = waiting.post(&world, &response).unwrap_err();
            assert_eq!(error.reason(), Some(rule), "{at}");
            assert_eq!(world.status(&waiting.created.id), Status::Retrieved);
        }
    }
    let alone = with("aud", json!([audience]));
    waiting.post(&world, &alone).unwrap();
    assert_eq!(world.status(&waiting.created.id), Status::Verified);
}

/// Under `none`, which is no signature.
fn unsigned(claims: &Value) -> String {
    let part = |value: &Value| b64::encode(value.to_string());
    format!("{}.{}.", part(&json!({ "alg": "none" })), part(claims))
}

/// By a key of the wallet, and under a name that none of its keys has.
fn renamed(signer: &SoftwareSigner, claims: &Value) -> String {
    let header = b64::encode(json!({ "alg": "ES256", "kid": "another" }).to_string());
    let message = format!("{header}.{}", b64::encode(claims.to_string()));
    let signature = run(signer.sign(message.as_bytes())).unwrap();
    format!("{message}.{}", b64::encode(signature))
}

#[test]
fn algorithms_are_those_of_the_policy() {
    let signer = key(70);
    let wallet = known(ISSUER, &[&signer]);
    let world = world_with(|builder| {
        let policy = credenza_vp::verifier::Policy {
            holder_algorithms: vec![Algorithm::Es384],
            ..credenza_vp::verifier::Policy::default()
        };
        builder.policy(policy).known_wallet(wallet)
    });
    let waiting = Waiting::of(&world, (Dialect::Draft24, Language::Dcql));
    let error = waiting.post(&world, &signed(&signer, &waiting.response(&world))).unwrap_err();
    assert_eq!(error.reason(), Some("vp.jarm.signature"));
}

#[test]
fn nobody_is_known_unless_it_was_said() {
    let world = world();
    let waiting = Waiting::of(&world, (Dialect::Draft24, Language::Dcql));
    let token = signed(&key(70), &waiting.response(&world));
    for response in [waiting.encrypted(&token, Some("JWT")), token] {
        let error = waiting.post(&world, &response).unwrap_err();
        assert_eq!(error.reason(), Some("vp.jarm.issuer"));
    }
}

/// RFC 7519 §5.2: a JWT within a JWE is announced by `cty`.
#[test]
fn a_jwt_inside_is_announced() {
    let (world, signer) = agreed();
    let waiting = Waiting::of(&world, (Dialect::Draft24, Language::Dcql));
    let response = waiting.response(&world);
    let token = signed(&signer, &response);
    for refused in [
        waiting.encrypted(&token, None),
        waiting.encrypted(&token, Some("json")),
        // No signature is there where one was announced.
        waiting.encrypted(&response.to_string(), Some("JWT")),
    ] {
        waiting.post(&world, &refused).unwrap_err();
        assert_eq!(world.status(&waiting.created.id), Status::Retrieved);
    }
    waiting.post(&world, &waiting.encrypted(&token, Some("jwt"))).unwrap();
}

/// OID4VP 1.0 has encrypted responses and no signed ones.
#[test]
fn signed_responses_are_of_drafts_alone() {
    let (world, signer) = agreed();
    let created = world.create(PresentationRequest {
        response_mode: ResponseMode::DirectPostJwt,
        ..PresentationRequest::new(query())
    });
    let waiting = Waiting { claims: world.request_claims(&created), created };
    let mut response = waiting.response(&world);
    response["vp_token"]["pid"] = json!([response["vp_token"]["pid"]]);
    let token = signed(&signer, &response);
    for refused in [waiting.encrypted(&token, Some("JWT")), token] {
        assert!(waiting.post(&world, &refused).unwrap_err().report().is_none());
    }
    assert_eq!(world.status(&waiting.created.id), Status::Retrieved);
    waiting.post(&world, &waiting.encrypted(&response.to_string(), None)).unwrap();
}
