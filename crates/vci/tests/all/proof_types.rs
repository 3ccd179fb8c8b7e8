//! Proofs by DID, by key attestation and by presentation: what is accepted, and every way in which it can be wrong.

use std::sync::Arc;
use std::time::Duration;

use credenza_core::{Answer, b64};
use credenza_crypto::x509::ca::LeafProfile;
use credenza_crypto::{
    Algorithm, IdentifiedBy, Jwk, JwkSet, SignError, Signer, SigningHeader, SoftwareSigner, jwt,
};
use credenza_formats::w3c::data_integrity::{
    Contexts, Cryptosuite, ProofOptions, Purpose as ProofPurpose, sign,
};
use credenza_trust::{Anchor, PinnedKeys, Purpose, Trust, X509Anchors, did};
use credenza_vci::issuer::{
    ConfigError, CredentialConfiguration, Issuer, IssuerBuilder, OfferRequest, ProofKind,
};
use credenza_vci::messages::metadata::KeyAttestationsRequired;
use credenza_vci::wallet::{HolderKeys, Policy, WalletError};
use serde_json::{Map, Value, json};

use crate::support::*;

const HIGH: &str = "iso_18045_high";

fn invalid_proof() -> (u16, String) {
    (400, "invalid_proof".to_owned())
}

fn attested(required: KeyAttestationsRequired) -> CredentialConfiguration {
    CredentialConfiguration {
        proof_types: vec![ProofKind::Jwt, ProofKind::Attestation],
        key_attestations_required: Some(required),
        ..CredentialConfiguration::sd_jwt_vc("attested", "urn:example:attested")
    }
}

fn high() -> KeyAttestationsRequired {
    let values = vec![HIGH.to_owned(), "iso_18045_moderate".to_owned()];
    KeyAttestationsRequired { key_storage: values.clone(), user_authentication: values }
}

/// A wallet provider whose key is pinned.
struct Provider {
    key: SoftwareSigner,
}

impl Provider {
    fn new() -> Self {
        let random = credenza_core::SeededRandom::new(77);
        Self { key: SoftwareSigner::generate(Algorithm::Es256, &random).unwrap().with_kid("provider") }
    }

    fn trust(&self) -> Arc<dyn Trust> {
        let keys = JwkSet { keys: vec![self.key.public_jwk().clone()] };
        Arc::new(PinnedKeys::new().with("https://provider.example", keys, &[Purpose::WalletProvider]))
    }

    fn claims(world: &World, keys: &[&dyn Signer], nonce: &str) -> Value {
        let keys: Vec<Value> =
            keys.iter().map(|key| Jwk::new(key.public_jwk().key.clone()).to_value()).collect();
        json!({ "iss": "https://provider.example", "iat": world.now(), "exp": world.now() + Duration::from_secs(600),
            "attested_keys": keys, "key_storage": [HIGH], "user_authentication": [HIGH], "nonce": nonce })
    }

    fn attest(&self, claims: &Value) -> String {
        self.headed("key-attestation+jwt", claims)
    }

    fn headed(&self, typ: &str, claims: &Value) -> String {
        let header = SigningHeader::new(&self.key, typ, IdentifiedBy::Kid, Map::new());
        wait(jwt::sign(&self.key, &header, claims)).unwrap()
    }
}

struct Bench {
    world: World,
    provider: Provider,
    token: String,
    configuration: &'static str,
}

impl Bench {
    fn new(configuration: CredentialConfiguration) -> Self {
        let provider = Provider::new();
        let trust = provider.trust();
        let id: &'static str = Box::leak(configuration.id.clone().into_boxed_str());
        let world = World::with(|builder| builder.configuration(configuration).wallet_providers(trust));
        let token = world.redeem(&world.create(OfferRequest::of(id, erika())));
        Self { world, provider, token, configuration: id }
    }

    /// A session of its own for each question: how often one may be asked is not what is tested here.
    fn ask(&self, proofs: &Value) -> http::Response<Vec<u8>> {
        let request = json!({ "credential_configuration_id": self.configuration, "proofs": proofs });
        let response = self.world.credential(&self.token, &request);
        if response.status() != 200 {
            return response;
        }
        let offer = self.world.create(OfferRequest::of(self.configuration, erika()));
        drop(offer);
        response
    }

    fn proof(&self, key: &dyn Signer, nonce: &str, more: Value) -> String {
        let identified_by = if more.get("kid").is_some() { IdentifiedBy::Nothing } else { IdentifiedBy::Jwk };
        let more = more.as_object().unwrap().clone();
        let header = SigningHeader::new(key, "openid4vci-proof+jwt", identified_by, more);
        let claims = json!({ "aud": ISSUER, "iat": self.world.now(), "nonce": nonce });
        wait(jwt::sign(key, &header, &claims)).unwrap()
    }
}

fn copies(response: &http::Response<Vec<u8>>) -> usize {
    assert_eq!(response.status(), 200, "{:?}", String::from_utf8_lossy(response.body()));
    body(response)["credentials"].as_array().unwrap().len()
}

fn dids() -> CredentialConfiguration {
    CredentialConfiguration {
        did_methods: vec!["did:jwk".to_owned(), "did:key".to_owned()],
        ..CredentialConfiguration::sd_jwt_vc("dids", "urn:example:dids")
    }
}

// Clauses: VCI-F.1-05, VCI-F.1-06, VCI-F.1-26
#[test]
fn c04_a_key_by_its_did() {
    let bench = Bench::new(dids());
    let (key, other) = (bench.world.key(), bench.world.key());
    let of = |key: &SoftwareSigner| did::jwk::from_jwk(&Jwk::new(key.public_jwk().key.clone())).unwrap();
    let ask = |kid: &str| {
        let proof = bench.proof(&key, &bench.world.nonce(), json!({ "kid": kid }));
        refused(&bench.ask(&json!({ "jwt": [proof] })))
    };
    let by_key = did::key::from_public_key(&key.public_jwk().key).unwrap();
    for kid in [
        "0",
        "did:example:x#1",
        "did:web:internal.example#1",
        of(&key).as_str(),
        &format!("{}#1", of(&key).as_str()),
        &format!("{}#0", of(&other).as_str()),
        &format!("{}#x", by_key.as_str()),
    ] {
        assert_eq!(ask(kid), invalid_proof(), "{kid}");
    }
    assert_eq!(ask(&format!("{}#0", of(&key).as_str())).0, 200);
    assert_eq!(ask(&format!("{}#{}", by_key.as_str(), by_key.id())).0, 200);
    // Two names are still one key.
    let nonce = bench.world.nonce();
    let by_did = bench.proof(&key, &nonce, json!({ "kid": format!("{}#0", of(&key).as_str()) }));
    let by_itself = bench.proof(&key, &nonce, json!({}));
    assert_eq!(refused(&bench.ask(&json!({ "jwt": [by_did, by_itself] }))), invalid_proof());
    // A method that the metadata does not name is not resolved.
    let plain = Bench::new(CredentialConfiguration::sd_jwt_vc("plain", "urn:example:plain"));
    let proof = plain.proof(&key, &plain.world.nonce(), json!({ "kid": format!("{}#0", of(&key).as_str()) }));
    assert_eq!(refused(&plain.ask(&json!({ "jwt": [proof] }))), invalid_proof());
}

// Clauses: VCI-D-03, VCI-D-04, VCI-F.1-11, VCI-F.1-12, VCI-F.1-27, VCI-12.2.4-40
#[test]
fn keys_that_are_attested_beside_a_proof() {
    let bench = Bench::new(attested(high()));
    let metadata: Value = serde_json::from_slice(&bench.world.issuer.metadata()).unwrap();
    let types = &metadata["credential_configurations_supported"]["attested"]["proof_types_supported"];
    assert_eq!(types["jwt"]["key_attestations_required"]["key_storage"][0], HIGH);
    assert!(types["attestation"]["proof_signing_alg_values_supported"].is_array());
    let (one, two) = (bench.world.key(), bench.world.key());
    let nonce = bench.world.nonce();
    let bare = bench.proof(&one, &nonce, json!({}));
    assert_eq!(refused(&bench.ask(&json!({ "jwt": [bare] }))), invalid_proof());
    let attestation = bench.provider.attest(&Provider::claims(&bench.world, &[&one, &two], &nonce));
    // One proof of possession, two attested keys: a copy for each.
    let proof = bench.proof(&one, &nonce, json!({ "key_attestation": attestation }));
    assert_eq!(copies(&bench.ask(&json!({ "jwt": [proof] }))), 2);
    // Named by its place, as in the specification's example; and each key with a proof of its own.
    let nonce = bench.world.nonce();
    let attestation = bench.provider.attest(&Provider::claims(&bench.world, &[&one, &two], &nonce));
    let by_place = bench.proof(&two, &nonce, json!({ "kid": "1", "key_attestation": attestation }));
    let wrong_place = bench.proof(&two, &nonce, json!({ "kid": "0", "key_attestation": attestation }));
    let nowhere = bench.proof(&two, &nonce, json!({ "kid": "7", "key_attestation": attestation }));
    for wrong in [wrong_place, nowhere] {
        assert_eq!(refused(&bench.ask(&json!({ "jwt": [wrong] }))), invalid_proof());
    }
    let other = bench.proof(&one, &nonce, json!({ "key_attestation": attestation }));
    assert_eq!(copies(&bench.ask(&json!({ "jwt": [by_place, other] }))), 2);
}

// Clauses: VCI-F-03, VCI-F.3-01, VCI-F.3-03
#[test]
fn keys_that_are_attested_and_do_not_sign() {
    let bench = Bench::new(attested(high()));
    let keys = [bench.world.key(), bench.world.key(), bench.world.key()];
    let keys: Vec<&dyn Signer> = keys.iter().map(|key| key as &dyn Signer).collect();
    let nonce = bench.world.nonce();
    let attestation = bench.provider.attest(&Provider::claims(&bench.world, &keys, &nonce));
    assert_eq!(refused(&bench.ask(&json!({ "attestation": [attestation, attestation] }))), invalid_proof());
    assert_eq!(refused(&bench.ask(&json!({ "attestation": [] }))), invalid_proof());
    assert_eq!(refused(&bench.ask(&json!({ "attestation": [7] }))), invalid_proof());
    assert_eq!(copies(&bench.ask(&json!({ "attestation": [attestation] }))), 3);
    // Its nonce is used up.
    assert_eq!(
        refused(&bench.ask(&json!({ "attestation": [attestation] }))),
        (400, "invalid_nonce".to_owned())
    );
    // Without an end it is good alone, and not beside a proof.
    let nonce = bench.world.nonce();
    let mut endless = Provider::claims(&bench.world, &keys[..1], &nonce);
    endless.as_object_mut().unwrap().remove("exp");
    let endless = bench.provider.attest(&endless);
    let proof = bench.proof(keys[0], &nonce, json!({ "key_attestation": endless }));
    assert_eq!(refused(&bench.ask(&json!({ "jwt": [proof] }))), invalid_proof());
    assert_eq!(copies(&bench.ask(&json!({ "attestation": [endless] }))), 1);
}

// Clauses: VCI-D.1-01, VCI-D.1-02, VCI-D.1-03, VCI-D.1-04, VCI-D.1-06, VCI-D.1-07, VCI-D.1-08, VCI-D.1-09, VCI-D.1-13, VCI-F.1-12, VCI-F.1-29, VCI-F.3-01, VCI-F.3-04
#[test]
fn attestations_that_are_wrong() {
    let bench = Bench::new(attested(high()));
    let world = &bench.world;
    let (key, other) = (world.key(), world.key());
    let nonce = world.nonce();
    let good = Provider::claims(world, &[&key], &nonce);
    let ask = |attestation: &str| {
        let alone = refused(&bench.ask(&json!({ "attestation": [attestation] })));
        let proof = bench.proof(&key, &nonce, json!({ "key_attestation": attestation }));
        assert_eq!(refused(&bench.ask(&json!({ "jwt": [proof] }))), alone);
        alone
    };
    let changed = |change: &dyn Fn(&mut Value)| {
        let mut claims = good.clone();
        change(&mut claims);
        ask(&bench.provider.attest(&claims))
    };
    let now = world.now().as_secs();
    let mut private = key.public_jwk().to_value();
    private["d"] = "AAAA".into();
    let again = good["attested_keys"][0].clone();
    let cases: [(&str, &dyn Fn(&mut Value)); 19] = [
        ("expired", &|it| it["exp"] = json!(now)),
        ("from the future", &|it| it["iat"] = json!(now + 61)),
        ("not yet", &|it| it["nbf"] = json!(now + 61)),
        ("iat is a text", &|it| it["iat"] = json!("x")),
        ("no iat", &|it| drop(it.as_object_mut().unwrap().remove("iat"))),
        ("no keys", &|it| it["attested_keys"] = json!([])),
        ("no member", &|it| drop(it.as_object_mut().unwrap().remove("attested_keys"))),
        ("a private key", &|it| it["attested_keys"] = json!([private])),
        ("a symmetric key", &|it| it["attested_keys"] = json!([{ "kty": "oct", "k": "AAAA" }])),
        ("one key twice", &|it| it["attested_keys"] = json!([again, again])),
        ("too weak", &|it| it["key_storage"] = json!(["iso_18045_basic"])),
        ("in another case", &|it| it["key_storage"] = json!(["ISO_18045_HIGH"])),
        ("nothing said", &|it| drop(it.as_object_mut().unwrap().remove("key_storage"))),
        ("an empty list", &|it| it["key_storage"] = json!([])),
        ("a text", &|it| it["key_storage"] = json!(HIGH)),
        ("weak authentication", &|it| it["user_authentication"] = json!(["iso_18045_basic"])),
        ("no authentication", &|it| drop(it.as_object_mut().unwrap().remove("user_authentication"))),
        ("no nonce", &|it| drop(it.as_object_mut().unwrap().remove("nonce"))),
        ("from somebody else", &|it| it["iss"] = json!("https://other.example")),
    ];
    for (why, change) in cases {
        assert_eq!(changed(change), invalid_proof(), "{why}");
    }
    assert_eq!(changed(&|it| it["nonce"] = json!("x")), (400, "invalid_nonce".to_owned()));
    for typ in ["JWT", "openid4vci-proof+jwt", "keyattestation+jwt", "oauth-client-attestation+jwt"] {
        assert_eq!(ask(&bench.provider.headed(typ, &good)), invalid_proof(), "{typ}");
    }
    // Signed by another, by none, with another algorithm than the metadata names.
    let stranger = Provider {
        key: SoftwareSigner::generate(Algorithm::Es256, &*world.random).unwrap().with_kid("provider"),
    };
    assert_eq!(ask(&stranger.attest(&good)), invalid_proof());
    let text = bench.provider.attest(&good);
    let (_, rest) = text.split_once('.').unwrap();
    for alg in ["none", "HS256", "ES384"] {
        let header = json!({ "alg": alg, "typ": "key-attestation+jwt", "kid": "provider" }).to_string();
        assert_eq!(ask(&format!("{}.{rest}", b64::encode(header))), invalid_proof(), "{alg}");
    }
    for text in ["", "x", "a.b.c"] {
        assert_eq!(ask(text), invalid_proof(), "{text}");
    }
    let p384 = SoftwareSigner::generate(Algorithm::Es384, &*world.random).unwrap().with_kid("provider");
    assert_eq!(ask(&Provider { key: p384 }.attest(&good)), invalid_proof());
    // A proof by a key that is not among the attested ones, and an attestation that is no text.
    let attestation = bench.provider.attest(&good);
    let foreign = bench.proof(&other, &nonce, json!({ "key_attestation": attestation }));
    assert_eq!(refused(&bench.ask(&json!({ "jwt": [foreign] }))), invalid_proof());
    let odd = bench.proof(&key, &nonce, json!({ "key_attestation": [attestation] }));
    assert_eq!(refused(&bench.ask(&json!({ "jwt": [odd] }))), invalid_proof());
    // After all that the nonce is as good as new.
    assert_eq!(ask_ok(&bench, &attestation), 1);
}

fn ask_ok(bench: &Bench, attestation: &str) -> usize {
    copies(&bench.ask(&json!({ "attestation": [attestation] })))
}

#[test]
fn attestations_by_certificate() {
    let world = World::new();
    let anchors = X509Anchors::new(&[Anchor::for_wallet_providers(world.ca.certificate().to_vec())]).unwrap();
    let key = SoftwareSigner::generate(Algorithm::Es256, &*world.random).unwrap();
    let profile =
        LeafProfile::new("Provider", world.now(), Duration::from_secs(3600)).dns_name("provider.example");
    let chain = world.ca.issue_chain(&key.public_jwk().key, &profile, &*world.random).unwrap();
    let provider = key.with_x5c(chain);
    let issuing = World::with(|builder| {
        builder
            .configuration(attested(KeyAttestationsRequired::default()))
            .wallet_providers(Arc::new(anchors))
    });
    let token = issuing.redeem(&issuing.create(OfferRequest::of("attested", erika())));
    let holder = issuing.key();
    let mut claims = Provider::claims(&issuing, &[&holder], &issuing.nonce());
    claims["iss"] = "https://provider.example".into();
    let header = SigningHeader::new(&provider, "key-attestation+jwt", IdentifiedBy::X5c, Map::new());
    let attestation = wait(jwt::sign(&provider, &header, &claims)).unwrap();
    let request =
        json!({ "credential_configuration_id": "attested", "proofs": { "attestation": [attestation] } });
    let response = issuing.credential(&token, &request);
    assert_eq!(copies(&response), 1);
}

#[test]
fn what_nobody_vouches_for_is_not_promised() {
    let build = |change: &dyn Fn(IssuerBuilder) -> IssuerBuilder| {
        let world = World::new();
        let builder = Issuer::builder(ISSUER)
            .signer(world.signer.clone())
            .store(world.store.clone())
            .sealer(world.sealer.clone());
        change(builder).build().map(drop)
    };
    let configuration = || attested(high());
    let refused = |result: Result<(), ConfigError>| matches!(result, Err(ConfigError::Configuration { .. }));
    assert!(refused(build(&|builder| builder.configuration(configuration()))));
    let trust = Provider::new().trust();
    assert!(build(&|builder| builder.configuration(configuration()).wallet_providers(trust.clone())).is_ok());
    let di_vp = |cryptosuites: &[&str]| CredentialConfiguration {
        proof_types: vec![ProofKind::DiVp],
        proof_cryptosuites: cryptosuites.iter().map(|name| (*name).to_owned()).collect(),
        ..CredentialConfiguration::sd_jwt_vc("x", "urn:example:x")
    };
    assert!(refused(build(&|builder| builder.configuration(di_vp(&["ecdsa-sd-2023"])))));
    assert!(build(&|builder| builder.configuration(di_vp(&["ecdsa-jcs-2019"]))).is_ok());
    let none = || CredentialConfiguration { proof_types: vec![], ..di_vp(&[]) };
    assert!(refused(build(&|builder| builder.configuration(none()))));
}

// A wallet that sends an attestation to an issuer that knows nobody who attests is served all the same.
#[test]
fn attestations_that_nobody_asked_for() {
    let world = World::new();
    let token = world.redeem(&world.offer());
    let key = world.key();
    let nonce = world.nonce();
    let attestation = Provider::new().attest(&Provider::claims(&world, &[&key, &world.key()], &nonce));
    let more = json!({ "key_attestation": attestation }).as_object().unwrap().clone();
    let header = SigningHeader::new(&key, "openid4vci-proof+jwt", IdentifiedBy::Jwk, more);
    let claims = json!({ "aud": ISSUER, "iat": world.now(), "nonce": nonce });
    let proof = wait(jwt::sign(&key, &header, &claims)).unwrap();
    let request = json!({ "credential_configuration_id": "pid", "proofs": { "jwt": [proof] } });
    assert_eq!(copies(&world.credential(&token, &request)), 1);
    let kinds = [json!({ "attestation": [attestation] }), json!({ "di_vp": [{}] })];
    for proofs in kinds {
        let request = json!({ "credential_configuration_id": "pid", "proofs": proofs });
        assert_eq!(refused(&world.credential(&token, &request)), invalid_proof());
    }
}

fn presenting() -> CredentialConfiguration {
    CredentialConfiguration {
        proof_types: vec![ProofKind::DiVp],
        proof_cryptosuites: vec!["ecdsa-jcs-2019".to_owned(), "ecdsa-rdfc-2019".to_owned()],
        ..dids()
    }
}

/// A presentation that proves a key, with what a test changes.
fn presentation(
    bench: &Bench,
    key: &SoftwareSigner,
    suite: Cryptosuite,
    options: &dyn Fn(&mut ProofOptions<'_>),
    document: &dyn Fn(&mut Map<String, Value>),
    nonce: &str,
) -> Value {
    let did = did::key::from_public_key(&key.public_jwk().key).unwrap();
    let method = format!("{}#{}", did.as_str(), did.id());
    let mut unsigned = json!({ "@context": ["https://www.w3.org/ns/credentials/v2"],
        "type": ["VerifiablePresentation"], "holder": did.as_str() })
    .as_object()
    .unwrap()
    .clone();
    document(&mut unsigned);
    let mut given = ProofOptions {
        created: Some(bench.world.now()),
        challenge: Some(nonce),
        domain: Some(ISSUER),
        ..ProofOptions::new(suite, &method, ProofPurpose::Authentication)
    };
    options(&mut given);
    Value::Object(wait(sign(unsigned, &given, key, &Contexts::bundled())).unwrap())
}

// Clauses: VCI-F-02, VCI-F.2-01, VCI-F.2-02, VCI-F.2-03, VCI-F.2-04, VCI-F.2-05, VCI-F.2-06, VCI-F.2-07, VCI-F.2-09, VCI-F.2-10
#[test]
fn keys_that_present() {
    let bench = Bench::new(presenting());
    let (one, two) = (bench.world.key(), bench.world.key());
    let nonce = bench.world.nonce();
    let of = |key: &SoftwareSigner, suite| presentation(&bench, key, suite, &|_| {}, &|_| {}, &nonce);
    let proofs = json!({ "di_vp": [of(&one, Cryptosuite::EcdsaJcs), of(&two, Cryptosuite::EcdsaRdfc)] });
    let twice = json!({ "di_vp": [of(&one, Cryptosuite::EcdsaJcs), of(&one, Cryptosuite::EcdsaRdfc)] });
    assert_eq!(refused(&bench.ask(&twice)), invalid_proof());
    assert_eq!(refused(&bench.ask(&json!({ "di_vp": ["x"] }))), invalid_proof());
    assert_eq!(refused(&bench.ask(&json!({ "di_vp": [] }))), invalid_proof());
    assert_eq!(copies(&bench.ask(&proofs)), 2);
    assert_eq!(refused(&bench.ask(&proofs)), (400, "invalid_nonce".to_owned()));

    let nonce = bench.world.nonce();
    let suite = Cryptosuite::EcdsaJcs;
    let options = |change: &dyn Fn(&mut ProofOptions<'_>)| {
        let presented = presentation(&bench, &one, suite, change, &|_| {}, &nonce);
        refused(&bench.ask(&json!({ "di_vp": [presented] })))
    };
    assert_eq!(options(&|it| it.domain = Some("https://other.example")), invalid_proof());
    assert_eq!(options(&|it| it.domain = None), invalid_proof());
    assert_eq!(options(&|it| it.challenge = None), invalid_proof());
    assert_eq!(options(&|it| it.challenge = Some("x")), (400, "invalid_nonce".to_owned()));
    let old = bench.world.now() - Duration::from_secs(3600);
    assert_eq!(options(&|it| it.created = Some(old)), invalid_proof());
    let other = did::key::from_public_key(&two.public_jwk().key).unwrap();
    let other_method = format!("{}#{}", other.as_str(), other.id());
    let nobody =
        presentation(&bench, &one, suite, &|_| {}, &|it| it["holder"] = other.as_str().into(), &nonce);
    assert_eq!(refused(&bench.ask(&json!({ "di_vp": [nobody] }))), invalid_proof());
    let good = presentation(&bench, &one, suite, &|_| {}, &|_| {}, &nonce);
    let changed = |change: &dyn Fn(&mut Value)| {
        let mut presented = good.clone();
        change(&mut presented);
        refused(&bench.ask(&json!({ "di_vp": [presented] })))
    };
    let cases: [(&str, &dyn Fn(&mut Value)); 8] = [
        ("another purpose", &|it| it["proof"]["proofPurpose"] = "assertionMethod".into()),
        ("another key", &|it| it["proof"]["verificationMethod"] = other_method.as_str().into()),
        ("no key", &|it| drop(it["proof"].as_object_mut().unwrap().remove("verificationMethod"))),
        ("another suite", &|it| it["proof"]["cryptosuite"] = "eddsa-jcs-2022".into()),
        ("no proof", &|it| drop(it.as_object_mut().unwrap().remove("proof"))),
        ("two proofs", &|it| it["proof"] = json!([it["proof"], it["proof"]])),
        ("a DID that is not offered", &|it| it["proof"]["verificationMethod"] = "did:web:x.example#1".into()),
        ("something added", &|it| it["id"] = "urn:x".into()),
    ];
    for (why, change) in cases {
        assert_eq!(changed(change), invalid_proof(), "{why}");
    }
    assert_eq!(changed(&|_| {}).0, 200);
}

/// Keys for which a wallet provider vouches.
struct AttestedKeys {
    keys: Arc<Keys>,
    provider: Provider,
    clock: Arc<credenza_core::FixedClock>,
}

impl HolderKeys for AttestedKeys {
    fn generate<'a>(&'a self, algorithms: &'a [Algorithm]) -> Answer<'a, Result<Arc<dyn Signer>, SignError>> {
        self.keys.generate(algorithms)
    }

    fn attests(&self) -> bool {
        true
    }

    fn attest<'a>(
        &'a self,
        keys: &'a [Arc<dyn Signer>],
        nonce: Option<&'a str>,
    ) -> Answer<'a, Result<Option<String>, SignError>> {
        use credenza_core::Clock as _;
        let now = self.clock.now();
        let keys: Vec<Value> =
            keys.iter().map(|key| Jwk::new(key.public_jwk().key.clone()).to_value()).collect();
        let claims = json!({ "iss": "https://provider.example", "iat": now, "exp": now + Duration::from_secs(60),
            "attested_keys": keys, "key_storage": [HIGH], "user_authentication": [HIGH], "nonce": nonce });
        Answer::ready(Ok(Some(self.provider.attest(&claims))))
    }
}

#[test]
fn the_wallet_proves_its_keys_in_every_way() {
    let alone = CredentialConfiguration { proof_types: vec![ProofKind::Attestation], ..attested(high()) };
    let by_did = CredentialConfiguration { did_methods: vec!["did:key".to_owned()], ..presenting() };
    for configuration in [attested(high()), alone, dids(), by_did] {
        let kinds = configuration.proof_types.clone();
        let bench = Bench::new(configuration);
        let offer = bench.world.create(OfferRequest::of(bench.configuration, erika()));
        let (wallet, keys) = bench.world.wallet(Arc::new(bench.world.http()));
        let policy = Policy { copies: 3, ..Policy::default() };
        let vouched = AttestedKeys { keys, provider: Provider::new(), clock: bench.world.clock.clone() };
        let wallet = wallet.with_policy(policy.clone()).with_keys(Arc::new(vouched));
        let received = wait(ready(wait(wallet.open(&offer.uri)).unwrap()).accept()).unwrap();
        assert_eq!(received.credentials.len(), 3, "{kinds:?}");
    }
    // A wallet whose keys nobody vouches for is told before it asks.
    let bench = Bench::new(attested(high()));
    let offer = bench.world.create(OfferRequest::of("attested", erika()));
    let (wallet, _) = bench.world.wallet(Arc::new(bench.world.http()));
    assert!(matches!(wait(wallet.open(&offer.uri)), Err(WalletError::Unsupported(_))));
}
