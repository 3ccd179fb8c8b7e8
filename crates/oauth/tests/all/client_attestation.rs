//! Client attestations and their proofs of possession (catalogue row A16), each fault refused by its own check.

use std::sync::Arc;
use std::time::Duration;

use credenza_core::{Report, Sealer, SeededRandom, UnixTime};
use credenza_crypto::{IdentifiedBy, Signer, SoftwareSigner, jwt};
use credenza_oauth::client_attestation::{
    ATTESTATION, AttestationError, AttestationRequest, Challenges, ClientAttestation, Expected, POP, Policy,
    PopRequest, Presented, attest, prove,
};
use http::HeaderMap;
use serde_json::{Map, Value, json};

use crate::dpop::{key, signed, wait};

const NOW: UnixTime = UnixTime::from_secs(1_750_000_000);
const AS: &str = "https://as.example";
const MINUTE: Duration = Duration::from_secs(60);

struct World {
    provider: SoftwareSigner,
    instance: SoftwareSigner,
    challenges: Challenges,
    policy: Policy,
    dpop_jkt: Option<String>,
}

type Outcome = (Result<ClientAttestation, AttestationError>, Option<&'static str>);

impl World {
    fn new() -> Self {
        let sealer = Arc::new(Sealer::fresh(&SeededRandom::new(9)));
        Self {
            provider: key(1),
            instance: key(2),
            challenges: Challenges::new(sealer, AS, 5 * MINUTE),
            policy: Policy::default(),
            dpop_jkt: None,
        }
    }

    fn attestation_claims(&self) -> Value {
        json!({
            "iss": "https://provider.example",
            "sub": "wallet",
            "iat": NOW,
            "exp": NOW + 60 * MINUTE,
            "cnf": { "jwk": self.instance.public_jwk().to_value() },
        })
    }

    fn pop_claims() -> Value {
        json!({ "iss": "wallet", "aud": AS, "jti": "one", "iat": NOW })
    }

    fn attestation(&self, claims: &Value) -> String {
        signed(&self.provider, "oauth-client-attestation+jwt", json!({}), claims)
    }

    fn pop(&self, claims: &Value) -> String {
        signed(&self.instance, "oauth-client-attestation-pop+jwt", json!({}), claims)
    }

    fn check(&self, attestations: &[&str], pops: &[&str]) -> Outcome {
        let mut headers = HeaderMap::new();
        for attestation in attestations {
            headers.append(ATTESTATION, attestation.parse().unwrap());
        }
        for pop in pops {
            headers.append(POP, pop.parse().unwrap());
        }
        let mut report = Report::new("client attestation");
        let expected =
            Expected { audience: AS, now: NOW, policy: &self.policy, challenges: &self.challenges };
        let result = Presented::from_headers(&headers, &mut report).and_then(|presented| {
            let presented = presented.ok_or(AttestationError::Invalid)?;
            let possession = presented.possession(self.dpop_jkt.as_deref());
            presented.verify(&self.provider.public_jwk().key, possession, &expected, &mut report)
        });
        let failure = report.first_failure().map(|check| check.rule.id);
        assert_eq!(result.is_err(), failure.is_some(), "{report}");
        (result, failure)
    }

    fn with(&self, attestation: &Value, pop: &Value) -> Outcome {
        self.check(&[&self.attestation(attestation)], &[&self.pop(pop)])
    }
}

fn refused(outcome: Outcome) -> (AttestationError, &'static str) {
    (outcome.0.unwrap_err(), outcome.1.unwrap())
}

const INVALID: AttestationError = AttestationError::Invalid;

// Clauses: ABCA-4-01, ABCA-4-02, ABCA-4-04, ABCA-4-07, ABCA-5.1-01, ABCA-5.1-08
#[test]
fn as_020_what_is_made_is_accepted() {
    let world = World::new();
    let instance = world.instance.public_jwk();
    let attestation = wait(attest(
        &world.provider,
        AttestationRequest {
            issuer: "https://provider.example",
            client_id: "wallet",
            instance_key: instance,
            now: NOW,
            lifetime: 60 * MINUTE,
            more: Map::new(),
        },
    ))
    .unwrap();
    let challenge = world.challenges.give(&SeededRandom::new(3), NOW);
    let request = PopRequest { client_id: "wallet", audience: AS, now: NOW, challenge: Some(&challenge) };
    let random = SeededRandom::new(4);
    let (one, two) = (
        wait(prove(&world.instance, &random, &request)).unwrap(),
        wait(prove(&world.instance, &random, &request)).unwrap(),
    );
    let client = world.check(&[&attestation], &[&one]).0.unwrap();
    assert_eq!(
        (client.client_id.as_str(), client.instance.as_str()),
        ("wallet", &*instance.thumbprint_text())
    );
    let again = world.check(&[&attestation], &[&one]).0.unwrap();
    assert_eq!(client.spend(), again.spend());
    assert_ne!(client.spend(), world.check(&[&attestation], &[&two]).0.unwrap().spend());
}

// Clauses: ABCA-4-09, ABCA-4-11, ABCA-5.1-12
#[test]
fn draft_10_does_without_iss_and_unknown_claims_are_ignored() {
    let world = World::new();
    let (mut attestation, mut pop) = (world.attestation_claims(), World::pop_claims());
    attestation.as_object_mut().unwrap().retain(|name, _| name != "iss" && name != "iat");
    pop.as_object_mut().unwrap().remove("iss");
    attestation["wallet_name"] = json!("W");
    pop["more"] = json!(1);
    assert!(world.with(&attestation, &pop).0.is_ok());
}

// Clauses: ABCA-4-05, ABCA-4-06, ABCA-4-08, ABCA-4-14
#[test]
fn a16_as_028_as_029_faults_of_the_attestation() {
    let world = World::new();
    let past = json!(NOW - 10 * MINUTE);
    let private: Value = serde_json::from_str(world.instance.to_private_jwk().expose()).unwrap();
    for (name, value, error, rule) in [
        ("sub", Value::Null, INVALID, "client-attestation.claims"),
        ("sub", json!(""), INVALID, "client-attestation.claims"),
        ("exp", Value::Null, INVALID, "client-attestation.claims"),
        ("exp", past, AttestationError::Stale, "client-attestation.time"),
        ("iat", json!(NOW + 10 * MINUTE), INVALID, "client-attestation.time"),
        ("nbf", json!(NOW + 10 * MINUTE), INVALID, "client-attestation.time"),
        ("cnf", Value::Null, INVALID, "client-attestation.claims"),
        ("cnf", json!({ "jwk": {} }), INVALID, "client-attestation.cnf"),
        ("cnf", json!({ "jwk": private }), INVALID, "client-attestation.cnf"),
        ("cnf", json!({ "jwk": { "kty": "oct", "k": "AAAA" } }), INVALID, "client-attestation.cnf"),
    ] {
        let mut claims = world.attestation_claims();
        claims[name] = value.clone();
        assert_eq!(refused(world.with(&claims, &World::pop_claims())), (error, rule), "{name} {value}");
    }
    let mut missing = world.attestation_claims();
    missing.as_object_mut().unwrap().remove("sub");
    assert_eq!(refused(world.with(&missing, &World::pop_claims())), (INVALID, "client-attestation.claims"));
}

// Clauses: ABCA-4-03, ABCA-4-12, ABCA-4-13, ABCA-4-15, ABCA-7.1-01
#[test]
fn a16_as_026_signature_type_and_number_of_the_attestation() {
    let world = World::new();
    let claims = world.attestation_claims();
    let pop = world.pop(&World::pop_claims());
    let by_other = signed(&world.instance, "oauth-client-attestation+jwt", json!({}), &claims);
    assert_eq!(refused(world.check(&[&by_other], &[&pop])), (INVALID, "client-attestation.signature"));
    let untyped = signed(&world.provider, "JWT", json!({}), &claims);
    assert_eq!(refused(world.check(&[&untyped], &[&pop])), (INVALID, "client-attestation.typ"));
    let good = world.attestation(&claims);
    assert_eq!(refused(world.check(&[&good, &good], &[&pop])), (INVALID, "client-attestation.jwt"));
    assert_eq!(refused(world.check(&["x"], &[&pop])), (INVALID, "client-attestation.jwt"));
    assert_eq!(refused(world.check(&[], &[&pop])), (INVALID, "client-attestation.jwt"));
    assert_eq!(refused(world.check(&[&good], &[&pop, &pop])), (INVALID, "client-attestation.jwt"));
    assert_eq!(refused(world.check(&[&good], &[])), (INVALID, "client-attestation.pop"));
}

// Clauses: ABCA-5.1-02, ABCA-5.1-04, ABCA-5.1-05, ABCA-5.1-07, ABCA-5.1-09, ABCA-7.2-01, ABCA-7.2-02, ABCA-9.7-01,
// ABCA-5.1-16
#[test]
fn a15_a16_as_030_faults_of_the_proof() {
    let world = World::new();
    for (name, value, rule) in [
        ("aud", json!("https://evil.example"), "client-attestation.pop-aud"),
        ("aud", json!("https://as.example/token"), "client-attestation.pop-aud"),
        ("aud", json!([AS]), "client-attestation.pop"),
        ("aud", Value::Null, "client-attestation.pop"),
        ("jti", Value::Null, "client-attestation.pop"),
        ("jti", json!(""), "client-attestation.pop"),
        ("iss", json!("another wallet"), "client-attestation.pop"),
        ("iat", Value::Null, "client-attestation.pop"),
        ("iat", json!(NOW - 6 * MINUTE), "client-attestation.pop-time"),
        ("iat", json!(NOW + 6 * MINUTE), "client-attestation.pop-time"),
        ("nbf", json!(NOW + 6 * MINUTE), "client-attestation.pop-time"),
    ] {
        let mut claims = World::pop_claims();
        claims[name] = value.clone();
        let outcome = world.with(&world.attestation_claims(), &claims);
        assert_eq!(refused(outcome), (INVALID, rule), "{name} {value}");
    }
}

// Clauses: ABCA-5.1-03, ABCA-5.1-13, ABCA-5.1-14, ABCA-5.1-15, ABCA-5.1-17
#[test]
fn a16_as_027_as_031_only_the_attested_key_proves() {
    let world = World::new();
    let attestation = world.attestation(&world.attestation_claims());
    let typ = "oauth-client-attestation-pop+jwt";
    let other = signed(&key(7), typ, json!({}), &World::pop_claims());
    assert_eq!(
        refused(world.check(&[&attestation], &[&other])),
        (INVALID, "client-attestation.pop-signature")
    );
    let good = world.pop(&World::pop_claims());
    let (input, _) = good.rsplit_once('.').unwrap();
    let broken = format!("{input}.{}", "A".repeat(86));
    assert_eq!(
        refused(world.check(&[&attestation], &[&broken])),
        (INVALID, "client-attestation.pop-signature")
    );
    let untyped = signed(&world.instance, "JWT", json!({}), &World::pop_claims());
    assert_eq!(refused(world.check(&[&attestation], &[&untyped])), (INVALID, "client-attestation.pop"));
    let by_provider = wait(jwt::sign(
        &world.provider,
        &credenza_crypto::Header::signing(&world.provider, typ, IdentifiedBy::Jwk),
        &World::pop_claims(),
    ))
    .unwrap();
    assert_eq!(
        refused(world.check(&[&attestation], &[&by_provider])),
        (INVALID, "client-attestation.pop-signature")
    );
}

// Clauses: ABCA-5.1-10, ABCA-7.2-03, ABCA-7.4-01, ABCA-11.1-04
#[test]
fn a16_as_025_challenges_are_ours_and_fresh() {
    let mut world = World::new();
    let with = |world: &World, challenge: Option<&str>| {
        let mut claims = World::pop_claims();
        claims["challenge"] = challenge.map_or(Value::Null, Value::from);
        world.with(&world.attestation_claims(), &claims)
    };
    let random = SeededRandom::new(5);
    let fresh = world.challenges.give(&random, NOW);
    let old = world.challenges.give(&random, NOW - 5 * MINUTE);
    let sealer = Arc::new(Sealer::fresh(&SeededRandom::new(10)));
    let foreign = Challenges::new(sealer, AS, 5 * MINUTE).give(&random, NOW);
    let unknown = (AttestationError::UseChallenge, "client-attestation.challenge");
    assert!(with(&world, Some(&fresh)).0.is_ok());
    assert!(with(&world, None).0.is_ok());
    for bad in [&old, &foreign, "x"] {
        assert_eq!(refused(with(&world, Some(bad))), unknown, "{bad}");
    }
    world.policy.challenge_required = true;
    assert!(with(&world, Some(&fresh)).0.is_ok());
    assert_eq!(refused(with(&world, None)), unknown);
}

// Clauses: ABCA-5.2-02, ABCA-7-02, ABCA-7-03, ABCA-7.3-02, ABCA-7.3-03
#[test]
fn a16_a_dpop_proof_proves_the_attested_key_and_no_other() {
    let mut world = World::new();
    let attestation = world.attestation(&world.attestation_claims());
    world.dpop_jkt = Some(world.instance.public_jwk().thumbprint_text());
    let client = world.check(&[&attestation], &[]).0.unwrap();
    assert_eq!(client.spend(), None);
    // With a proof of its own, that one counts.
    world.dpop_jkt = Some(key(7).public_jwk().thumbprint_text());
    assert!(world.check(&[&attestation], &[&world.pop(&World::pop_claims())]).0.is_ok());
    assert_eq!(refused(world.check(&[&attestation], &[])), (INVALID, "client-attestation.pop"));
    world.dpop_jkt = Some(world.instance.public_jwk().thumbprint_text());
    world.policy.challenge_required = true;
    assert_eq!(refused(world.check(&[&attestation], &[])).0, AttestationError::UseChallenge);
}
