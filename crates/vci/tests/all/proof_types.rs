//! Proofs by DID, by key attestation and by presentation: what is accepted, and every way in which it can be wrong.

use std::sync::Arc;
use std::time::Duration;

use credenza_core::{Answer, RecordedHttp};
use credenza_crypto::{
    Algorithm, IdentifiedBy, Jwk, JwkSet, SignError, Signer, SigningHeader, SoftwareSigner, jwt,
};
use credenza_formats::w3c::data_integrity::{
    Contexts, Cryptosuite, ProofOptions, Purpose as ProofPurpose, sign,
};
use credenza_trust::did::{Did, DidDocument, Relationship};
use credenza_trust::{DidResolver, PinnedKeys, Purpose, Trust, did};
use credenza_vci::issuer::{CredentialConfiguration, OfferRequest, ProofKind};
use credenza_vci::messages::metadata::KeyAttestationsRequired;
use credenza_vci::wallet::{HolderKeys, Policy, WalletError};
use serde_json::{Map, Value, json};

use crate::support::*;

pub(crate) const HIGH: &str = "iso_18045_high";

pub(crate) fn invalid_proof() -> (u16, String) {
    (400, "invalid_proof".to_owned())
}

pub(crate) fn attested(required: KeyAttestationsRequired) -> CredentialConfiguration {
    CredentialConfiguration {
        proof_types: vec![ProofKind::Jwt, ProofKind::Attestation],
        key_attestations_required: Some(required),
        ..CredentialConfiguration::sd_jwt_vc("attested", "urn:example:attested")
    }
}

pub(crate) fn high() -> KeyAttestationsRequired {
    let values = vec![HIGH.to_owned(), "iso_18045_moderate".to_owned()];
    KeyAttestationsRequired { key_storage: values.clone(), user_authentication: values }
}

/// A wallet provider whose key is pinned.
pub(crate) struct Provider {
    pub(crate) key: SoftwareSigner,
}

impl Provider {
    pub(crate) fn new() -> Self {
        let random = credenza_core::SeededRandom::new(77);
        Self { key: SoftwareSigner::generate(Algorithm::Es256, &random).unwrap().with_kid("provider") }
    }

    pub(crate) fn trust(&self) -> Arc<dyn Trust> {
        let keys = JwkSet { keys: vec![self.key.public_jwk().clone()] };
        Arc::new(PinnedKeys::new().with("https://provider.example", keys, &[Purpose::WalletProvider]))
    }

    pub(crate) fn claims(world: &World, keys: &[&dyn Signer], nonce: &str) -> Value {
        let keys: Vec<Value> =
            keys.iter().map(|key| Jwk::new(key.public_jwk().key.clone()).to_value()).collect();
        json!({ "iss": "https://provider.example", "iat": world.now(), "exp": world.now() + Duration::from_secs(600),
            "attested_keys": keys, "key_storage": [HIGH], "user_authentication": [HIGH], "nonce": nonce })
    }

    pub(crate) fn attest(&self, claims: &Value) -> String {
        self.headed("key-attestation+jwt", claims)
    }

    pub(crate) fn headed(&self, typ: &str, claims: &Value) -> String {
        let header = SigningHeader::new(&self.key, typ, IdentifiedBy::Kid, Map::new());
        wait(jwt::sign(&self.key, &header, claims)).unwrap()
    }
}

pub(crate) struct Bench {
    pub(crate) world: World,
    pub(crate) provider: Provider,
    token: String,
    configuration: &'static str,
}

impl Bench {
    pub(crate) fn new(configuration: CredentialConfiguration) -> Self {
        Self::resolving(configuration, DidResolver::offline())
    }

    fn resolving(configuration: CredentialConfiguration, dids: DidResolver) -> Self {
        let provider = Provider::new();
        let trust = provider.trust();
        let id: &'static str = Box::leak(configuration.id.clone().into_boxed_str());
        let world =
            World::with(|builder| builder.configuration(configuration).wallet_providers(trust).dids(dids));
        let token = world.redeem(&world.create(OfferRequest::of(id, erika())));
        Self { world, provider, token, configuration: id }
    }

    pub(crate) fn ask(&self, proofs: &Value) -> http::Response<Vec<u8>> {
        let request = json!({ "credential_configuration_id": self.configuration, "proofs": proofs });
        self.world.credential(&self.token, &request)
    }

    pub(crate) fn proof(&self, key: &dyn Signer, nonce: &str, more: &Value) -> String {
        let identified_by = if more.get("kid").is_some() { IdentifiedBy::Nothing } else { IdentifiedBy::Jwk };
        let more = more.as_object().unwrap().clone();
        let header = SigningHeader::new(key, "openid4vci-proof+jwt", identified_by, more);
        let claims = json!({ "aud": ISSUER, "iat": self.world.now(), "nonce": nonce });
        wait(jwt::sign(key, &header, &claims)).unwrap()
    }
}

pub(crate) fn copies(response: &http::Response<Vec<u8>>) -> usize {
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
        let proof = bench.proof(&key, &bench.world.nonce(), &json!({ "kid": kid }));
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
    let by_did = bench.proof(&key, &nonce, &json!({ "kid": format!("{}#0", of(&key).as_str()) }));
    let by_itself = bench.proof(&key, &nonce, &json!({}));
    assert_eq!(refused(&bench.ask(&json!({ "jwt": [by_did, by_itself] }))), invalid_proof());
    // A method that the metadata does not name is not resolved.
    let plain = Bench::new(CredentialConfiguration::sd_jwt_vc("plain", "urn:example:plain"));
    let proof =
        plain.proof(&key, &plain.world.nonce(), &json!({ "kid": format!("{}#0", of(&key).as_str()) }));
    assert_eq!(refused(&plain.ask(&json!({ "jwt": [proof] }))), invalid_proof());
}

// Clauses: VCI-F.1-05, VCI-F.1-06, VCI-F.1-26, DID-WEB-02
#[test]
fn c04_a_key_by_a_did_on_the_web() {
    const WEB: &str = "did:web:holder.example";
    let web = |key: &SoftwareSigner, relationship| {
        let keys = vec![("phone", Jwk::new(key.public_jwk().key.clone()), vec![relationship])];
        DidDocument::publish(Did::parse(WEB).unwrap(), keys).to_value().to_string()
    };
    let methods = |methods: &[&str]| CredentialConfiguration {
        did_methods: methods.iter().map(|&method| method.to_owned()).collect(),
        ..dids()
    };
    let random = credenza_core::SeededRandom::new(78);
    let key = SoftwareSigner::generate(Algorithm::Es256, &random).unwrap();
    let other = SoftwareSigner::generate(Algorithm::Es256, &random).unwrap();
    let ask = |offered: &[&str], document: Option<String>, signer: &SoftwareSigner, name: &str| {
        let http = Arc::new(RecordedHttp::new());
        if let Some(document) = document {
            let answer = http::Response::new(document.into_bytes());
            http.add(http::Method::GET, "https://holder.example/.well-known/did.json", Ok(answer));
        }
        let bench = Bench::resolving(methods(offered), DidResolver::new(http.clone()));
        let proof = bench.proof(signer, &bench.world.nonce(), &json!({ "kid": format!("{WEB}#{name}") }));
        (refused(&bench.ask(&json!({ "jwt": [proof] }))), http.requests().len())
    };
    let offered = ["did:web"];
    let good = || Some(web(&key, Relationship::Authentication));
    let (answer, fetched) = ask(&offered, good(), &key, "phone");
    assert_eq!((answer.0, fetched), (200, 1));
    // Another key, another name, another use, nothing there.
    assert_eq!(ask(&offered, good(), &other, "phone").0, invalid_proof());
    assert_eq!(ask(&offered, good(), &key, "tablet").0, invalid_proof());
    let issuing = Some(web(&key, Relationship::AssertionMethod));
    assert_eq!(ask(&offered, issuing, &key, "phone").0, invalid_proof());
    assert_eq!(ask(&offered, None, &key, "phone").0, invalid_proof());
    // A method that is not offered is not asked for.
    assert_eq!(ask(&["did:jwk"], good(), &key, "phone"), (invalid_proof(), 0));
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
    let cases: [(&str, SpoilBy<'_>); 8] = [
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

// Clauses: VCI-F.2-11
#[test]
fn what_nobody_knows_in_a_presentation_is_ignored() {
    let bench = Bench::new(presenting());
    let nonce = bench.world.nonce();
    let more = |it: &mut Map<String, Value>| drop(it.insert("nobody".to_owned(), json!({ "knows": 1 })));
    let presented = presentation(&bench, &bench.world.key(), Cryptosuite::EcdsaJcs, &|_| {}, &more, &nonce);
    assert_eq!(presented["nobody"]["knows"], 1);
    assert_eq!(copies(&bench.ask(&json!({ "di_vp": [presented] }))), 1);
}

// Clauses: VCI-F.2-08
#[test]
fn a_presentation_has_no_challenge_where_there_is_no_nonce() {
    let by_did = CredentialConfiguration { did_methods: vec!["did:key".to_owned()], ..presenting() };
    let bench = Bench::new(by_did);
    let offer = bench.world.create(OfferRequest::of(bench.configuration, erika()));
    for there in [true, false] {
        let http = bench.world.http().tampered(move |request, response| {
            if !there && request.uri().path().contains("openid-credential-issuer") {
                let mut json = body(response);
                json.as_object_mut().unwrap().remove("nonce_endpoint");
                *response.body_mut() = json.to_string().into_bytes();
            }
        });
        let http = Arc::new(http);
        let (wallet, _) = bench.world.wallet(http.clone());
        // Our issuer insists on a nonce.
        let offer =
            if there { &bench.world.create(OfferRequest::of(bench.configuration, erika())) } else { &offer };
        assert_eq!(wait(ready(wait(wallet.open(&offer.uri)).unwrap()).accept()).is_ok(), there);
        let asked = http.asked.lock().unwrap();
        let request = asked.iter().find(|it| it.uri().path() == "/tenant/credential").unwrap();
        let sent: Value = serde_json::from_slice(request.body()).unwrap();
        let proof = &sent["proofs"]["di_vp"][0]["proof"];
        assert_eq!((proof.get("challenge").is_some(), &proof["domain"]), (there, &json!(ISSUER)));
    }
}

/// Keys for which a wallet provider vouches.
pub(crate) struct AttestedKeys {
    pub(crate) keys: Arc<Keys>,
    pub(crate) provider: Provider,
    pub(crate) clock: Arc<credenza_core::FixedClock>,
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

// Clauses: HAIP-4.5.1-01
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
