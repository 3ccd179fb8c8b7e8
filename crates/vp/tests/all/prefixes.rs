//! Client id prefixes beside certificates, on both sides, and what is wrong about each (catalogue rows R01, R12, R13,
//! P24).

use std::sync::Arc;

use credenza_core::{FnHttp, HttpError, Limits, RecordedHttp, SeededRandom};
use credenza_crypto::{Algorithm, Header, IdentifiedBy, Jwk, JwkSet, Signer, SoftwareSigner, jwt};
use credenza_trust::did::{Did, DidDocument, Relationship, jwk as did_jwk};
use credenza_trust::{AnyOf, DidKeys, DidResolver, Federation, PinnedKeys, Purpose, Trust};
use credenza_vp::messages::ClientMetadata;
use credenza_vp::verifier::{BuildError, RequestedPrefix, Status, VerifierIdentity};
use credenza_vp::wallet::{HowKnown, Refusal, RegisteredVerifier, UntrustedVerifiers, WalletBuilder};
use credenza_vp::{PresentationRequest, ResponseMode, Wallet};
use http::{Method, Request, Response};
use serde_json::{Value, json};

use crate::request_kit::{TYP, claims, link, refusal, refused_with};
use crate::world::{DAY, NOW, World, object_response, query, run, serve, world, world_with};

const ATTESTER: &str = "https://attester.example";

fn key(seed: u64) -> SoftwareSigner {
    SoftwareSigner::generate(Algorithm::Es256, &SeededRandom::new(seed)).unwrap()
}

/// A wallet over the world's verifier, or over a request object of one's own.
fn wallet(
    world: &World,
    object: Option<String>,
    trust: Arc<dyn Trust>,
    configure: impl FnOnce(WalletBuilder) -> WalletBuilder,
) -> Wallet {
    let verifier = world.verifier.clone();
    let http = FnHttp::new(move |request: Request<Vec<u8>>, _: Limits| match &object {
        Some(jwt) => Ok::<_, HttpError>(object_response(jwt.clone())),
        None => Ok(serve(&verifier, &request)),
    });
    let builder = Wallet::builder(Arc::new(http), trust, world.clock.clone(), world.random.clone());
    configure(builder).build()
}

/// The claims of a request in the name of this client.
fn claims_of(client_id: &str) -> Value {
    let mut claims = claims();
    claims["client_id"] = client_id.into();
    claims
}

fn signed(signer: &dyn Signer, more: Value, claims: &Value) -> String {
    let Value::Object(more) = more else { panic!("members are an object") };
    let header = credenza_crypto::SigningHeader::new(signer, TYP, IdentifiedBy::Nothing, more);
    run(jwt::sign(signer, &header, claims)).unwrap()
}

/// Asks in the given name and answers; everything has to be verified.
fn round(world: &World, wallet: Wallet, prefix: RequestedPrefix, mode: ResponseMode) -> HowKnown {
    let mut request = PresentationRequest::new(query());
    request.prefix = Some(prefix);
    request.response_mode = mode;
    let created = world.create(request);
    let asked = run(wallet.resolve(&created.wallet_link)).unwrap();
    assert_eq!(asked.who().client_id.as_str(), created.client_id);
    let how = asked.who().how.clone();
    let side = crate::world::WalletSide { wallet, log: Arc::default() };
    world.agree(&side, asked, &world.held()).unwrap();
    assert_eq!(world.status(&created.id), Status::Verified);
    how
}

fn did_trust(did: &str) -> Arc<dyn Trust> {
    let did = Did::parse(did).unwrap();
    Arc::new(DidKeys::new(DidResolver::offline()).trust(did, &[Purpose::Verifier]))
}

// Clauses: VP-5.9.3-06, VP-5.9.3-07, VP-5.9.3-08, VP-5.9.3-09, VP-5.9.3-10, JAR-6.2-02
// Checks: WVP-014
#[test]
fn r01_a_did_asks_and_is_answered() {
    let signer = key(50);
    let did = did_jwk::from_jwk(signer.public_jwk()).unwrap();
    let kid = format!("{}#0", did.as_str());
    let identity = VerifierIdentity::did(&kid, Arc::new(key(50))).unwrap();
    let world = world_with(|builder| builder.identity(identity));
    let prefix = RequestedPrefix::DecentralizedIdentifier;
    let trusting = wallet(&world, None, did_trust(did.as_str()), |builder| builder);
    let how = round(&world, trusting, prefix, ResponseMode::DirectPostJwt);
    assert!(matches!(how, HowKnown::Trusted(_)), "{how:?}");

    // Nobody vouches: refused, or shown as such with a signature that was verified all the same.
    let client_id = format!("decentralized_identifier:{}", did.as_str());
    let good = signed(&signer, json!({ "kid": kid }), &claims_of(&client_id));
    let stranger = wallet(&world, Some(good.clone()), Arc::new(credenza_trust::Nobody), |builder| builder);
    assert!(matches!(refusal(run(stranger.resolve(&link(&client_id)))), Refusal::Untrusted(_)));
    let show = |builder: WalletBuilder| builder.untrusted_verifiers(UntrustedVerifiers::Show);
    let shown = wallet(&world, Some(good), Arc::new(credenza_trust::Nobody), show);
    let asked = run(shown.resolve(&link(&client_id))).unwrap();
    assert!(matches!(asked.who().how, HowKnown::Untrusted(_)));
    let forged = signed(&key(51), json!({ "kid": kid }), &claims_of(&client_id));
    let shown = wallet(&world, Some(forged), Arc::new(credenza_trust::Nobody), show);
    refused_with(run(shown.resolve(&link(&client_id))), "invalid_request_object");

    let other = did_jwk::from_jwk(key(51).public_jwk()).unwrap();
    for (by, header) in [
        (&signer, json!({})),
        (&signer, json!({ "kid": "1" })),
        (&signer, json!({ "kid": did.as_str() })),
        (&signer, json!({ "kid": format!("{}#1", did.as_str()) })),
        (&key(51), json!({ "kid": kid })),
        (&key(51), json!({ "kid": format!("{}#0", other.as_str()) })),
    ] {
        let object = signed(by, header.clone(), &claims_of(&client_id));
        let wallet = wallet(&world, Some(object), did_trust(did.as_str()), |builder| builder);
        assert!(run(wallet.resolve(&link(&client_id))).is_err(), "{header}");
    }
}

// Clauses: VP-5.9.3-07, VP-5.9.3-08, VP-5.9.3-10, DID-WEB-02
#[test]
fn r01_a_did_on_the_web_asks_and_is_answered() {
    let (did, kid) = ("did:web:verifier.example", "did:web:verifier.example#ask");
    let trusting = |document: Option<Value>| -> Arc<dyn Trust> {
        let answer = match document {
            Some(document) => Response::new(document.to_string().into_bytes()),
            None => Response::builder().status(404).body(Vec::new()).unwrap(),
        };
        let http =
            RecordedHttp::new().on(Method::GET, "https://verifier.example/.well-known/did.json", answer);
        let keys = DidKeys::new(DidResolver::new(Arc::new(http)));
        Arc::new(keys.trust(Did::parse(did).unwrap(), &[Purpose::Verifier]))
    };
    let document = |signer: &SoftwareSigner, relationship| {
        let keys = vec![("ask", Jwk::new(signer.public_key()), vec![relationship])];
        Some(DidDocument::publish(Did::parse(did).unwrap(), keys).to_value())
    };
    let identity = VerifierIdentity::did(kid, Arc::new(key(50))).unwrap();
    let world = world_with(|builder| builder.identity(identity));
    let prefix = RequestedPrefix::DecentralizedIdentifier;
    let good = trusting(document(&key(50), Relationship::Authentication));
    let how =
        round(&world, wallet(&world, None, good, |builder| builder), prefix, ResponseMode::DirectPostJwt);
    assert!(matches!(how, HowKnown::Trusted(_)), "{how:?}");
    for (why, document) in [
        ("another key", document(&key(51), Relationship::Authentication)),
        ("a key for other uses", document(&key(50), Relationship::AssertionMethod)),
        ("not there", None),
    ] {
        let mut request = PresentationRequest::new(query());
        request.prefix = Some(prefix);
        let created = world.create(request);
        let wallet = wallet(&world, None, trusting(document), |builder| builder);
        assert!(run(wallet.resolve(&created.wallet_link)).is_err(), "{why}");
    }
}

/// An attestation for the key of `holder`.
fn attestation(typ: &str, holder: &SoftwareSigner, change: impl FnOnce(&mut Value)) -> String {
    let mut claims = json!({
        "iss": ATTESTER,
        "sub": "verifier.example",
        "iat": NOW.as_secs(),
        "exp": (NOW + DAY).as_secs(),
        "cnf": { "jwk": Jwk::new(holder.public_jwk().key.clone()).to_value() },
        "future": true,
    });
    change(&mut claims);
    let attester = key(60);
    run(jwt::sign(&attester, &Header::signing(&attester, typ, IdentifiedBy::Nothing), &claims)).unwrap()
}

fn attesters() -> Arc<dyn Trust> {
    let keys = JwkSet { keys: vec![key(60).public_jwk().clone()] };
    Arc::new(PinnedKeys::new().with(ATTESTER, keys, &[Purpose::Verifier]))
}

const ATTESTED: &str = "verifier_attestation:verifier.example";
const ATTESTATION: &str = "verifier-attestation+jwt";

// Clauses: VP-5.9.3-11, VP-5.9.3-12, VP-5.9.3-13, VP-5.9.3-14, VP-5.9.3-15, VP-5.9.3-18, VP-12-01, VP-12-02, VP-12-14, VP-12-15, VP-12-16
#[test]
fn r12_an_attested_verifier_asks_and_is_answered() {
    let text = attestation(ATTESTATION, &key(61), |_| {});
    let identity = VerifierIdentity::attested(&text, Arc::new(key(61))).unwrap();
    let world = world_with(|builder| builder.identity(identity));
    let trusting = wallet(&world, None, world.trust.clone(), |it| it.verifier_attesters(attesters()));
    let prefix = RequestedPrefix::VerifierAttestation;
    let how = round(&world, trusting, prefix, ResponseMode::DirectPostJwt);
    assert!(matches!(&how, HowKnown::Trusted(how) if how.contains(ATTESTER)), "{how:?}");

    let problem = VerifierIdentity::attested(&text, Arc::new(key(62))).unwrap_err();
    assert!(matches!(problem, BuildError::Identity(_)));
}

// Clauses: VP-5.9.3-11, VP-5.9.3-12, VP-5.9.3-14, VP-5.9.3-15, VP-5.9.3-16, VP-12-05, VP-12-08, VP-12-09, VP-12-12, VP-12-16, VP-12-18, VP-12-19,
// VP-12-03, VP-12-07, VP-12-10, VP-12-11
#[test]
fn r12_attestations_that_do_not_hold() {
    let world = world();
    let holder = key(61);
    let resolve = |by: &SoftwareSigner, header: Value, attesters: Arc<dyn Trust>| {
        let object = signed(by, header, &claims_of(ATTESTED));
        let wallet = wallet(&world, Some(object), world.trust.clone(), |it| it.verifier_attesters(attesters));
        run(wallet.resolve(&link(ATTESTED)))
    };
    let good = attestation(ATTESTATION, &holder, |_| {});
    resolve(&holder, json!({ "jwt": good }), attesters()).unwrap();
    let changed = |name: &str, value: Value| {
        let text = attestation(ATTESTATION, &holder, |claims| {
            claims[name] = value;
        });
        json!({ "jwt": text })
    };
    for header in [
        json!({}),
        json!({ "jwt": 1 }),
        json!({ "jwt": "a.b.c" }),
        json!({ "jwt": attestation("JWT", &holder, |_| {}) }),
        json!({ "jwt": attestation("oauth-authz-req+jwt", &holder, |_| {}) }),
        changed("sub", json!("other.example")),
        changed("sub", json!(ATTESTED)),
        changed("iss", json!("https://other.example")),
        changed("exp", json!(NOW.as_secs() - 61)),
        changed("nbf", json!(NOW.as_secs() + 61)),
        changed("cnf", json!({})),
        changed("cnf", json!({ "jwk": key(63).public_jwk().to_value() })),
        changed("exp", json!(null)),
        changed("iss", json!(null)),
        changed("cnf", json!(null)),
        changed("cnf", json!({ "kid": "1" })),
    ] {
        assert!(resolve(&holder, header.clone(), attesters()).is_err(), "{header}");
    }
    // Somebody else has signed the request; the attestation's signature is broken; nobody knows the attester.
    assert!(resolve(&key(63), json!({ "jwt": good }), attesters()).is_err());
    let broken = format!("{}AAAA", &good[..good.len() - 4]);
    assert!(resolve(&holder, json!({ "jwt": broken }), attesters()).is_err());
    let nobody = resolve(&holder, json!({ "jwt": good }), Arc::new(credenza_trust::Nobody));
    assert!(matches!(refusal(nobody), Refusal::Untrusted(_)));
    // Who may ask may not attest: trust in verifiers is no trust in attesters.
    let object = signed(&holder, json!({ "jwt": good }), &claims_of(ATTESTED));
    let confused = wallet(&world, Some(object), attesters(), |builder| builder);
    assert!(matches!(refusal(run(confused.resolve(&link(ATTESTED)))), Refusal::Untrusted(_)));
}

// Clauses: VP-5.9.3-17
#[test]
fn r12_the_answer_goes_where_the_attestation_says() {
    let world = world();
    for (uris, good) in [
        (json!(["https://verifier.example/response"]), true),
        (json!(["https://verifier.example/response/"]), false),
        (json!([]), false),
    ] {
        let text = attestation(ATTESTATION, &key(61), |claims| claims["redirect_uris"] = uris);
        let object = signed(&key(61), json!({ "jwt": text }), &claims_of(ATTESTED));
        let wallet =
            wallet(&world, Some(object), world.trust.clone(), |it| it.verifier_attesters(attesters()));
        assert_eq!(run(wallet.resolve(&link(ATTESTED))).is_ok(), good);
    }
}

const ENTITY: &str = "https://entity.example";
const ANCHOR: &str = "https://anchor.example";

/// A federation of one verifier under its anchor; the metadata of the verifier is given.
fn federation(metadata: &Value) -> Federation {
    let (entity, anchor) = (key(70).with_kid("entity"), key(71).with_kid("anchor"));
    let set = |signer: &SoftwareSigner| json!({ "keys": [signer.public_jwk().to_value()] });
    let statement = |by: &SoftwareSigner, mut claims: Value| {
        claims["iat"] = NOW.as_secs().into();
        claims["exp"] = (NOW + DAY).as_secs().into();
        let header = Header::signing(by, "entity-statement+jwt", IdentifiedBy::Kid);
        run(jwt::sign(by, &header, &claims)).unwrap()
    };
    let of_entity = json!({
        "iss": ENTITY, "sub": ENTITY, "jwks": set(&entity), "authority_hints": [ANCHOR],
        "metadata": { "openid_credential_verifier": metadata },
    });
    let fetch =
        json!({ "federation_entity": { "federation_fetch_endpoint": "https://anchor.example/fetch" } });
    let statements = [
        (format!("{ENTITY}/.well-known/openid-federation"), statement(&entity, of_entity)),
        (
            format!("{ANCHOR}/.well-known/openid-federation"),
            statement(
                &anchor,
                json!({ "iss": ANCHOR, "sub": ANCHOR, "jwks": set(&anchor), "metadata": fetch }),
            ),
        ),
        (
            "https://anchor.example/fetch?sub=https%3A%2F%2Fentity.example".to_owned(),
            statement(&anchor, json!({ "iss": ANCHOR, "sub": ENTITY, "jwks": set(&entity) })),
        ),
    ];
    let http = FnHttp::new(move |request: Request<Vec<u8>>, _: Limits| {
        let uri = request.uri().to_string();
        let found = statements.iter().find(|(url, _)| *url == uri);
        found
            .map(|(_, text)| Response::new(text.clone().into_bytes()))
            .ok_or_else(|| HttpError::Unreachable("nobody there".to_owned()))
    });
    Federation::new(Arc::new(http)).anchor(ANCHOR, JwkSet { keys: vec![anchor.public_jwk().clone()] })
}

// Clauses: VP-5.9.3-03, VP-5.9.3-05
#[test]
fn r01_an_entity_of_a_federation_asks_and_is_answered() {
    let signer = key(72).with_kid("signing");
    let metadata = json!({ "jwks": { "keys": [signer.public_jwk().to_value()] } });
    let identity = VerifierIdentity::federated(ENTITY, Arc::new(key(72).with_kid("signing")));
    let world = world_with(|builder| builder.identity(identity));
    let member = |it: WalletBuilder| it.federation(federation(&metadata));
    let trusting = wallet(&world, None, world.trust.clone(), member);
    let how = round(&world, trusting, RequestedPrefix::OpenidFederation, ResponseMode::DirectPost);
    assert!(matches!(&how, HowKnown::Trusted(how) if how.contains(ANCHOR)), "{how:?}");

    let client_id = format!("openid_federation:{ENTITY}");
    let header = json!({ "kid": "signing" });
    // What the request says about the verifier is ignored, even when it is wrong.
    let mut claims = claims_of(&client_id);
    claims["client_metadata"] = json!(1);
    let object = signed(&signer, header.clone(), &claims);
    run(wallet(&world, Some(object), world.trust.clone(), member).resolve(&link(&client_id))).unwrap();
    // And a key to encrypt to that comes with it is no key.
    claims["client_metadata"] = json!({ "jwks": { "keys": [key(1).public_jwk().to_value()] } });
    claims["response_mode"] = "direct_post.jwt".into();
    let object = signed(&signer, header.clone(), &claims);
    let wallet_of = |object| wallet(&world, Some(object), world.trust.clone(), member);
    assert!(matches!(refusal(run(wallet_of(object).resolve(&link(&client_id)))), Refusal::Encryption(_)));

    for (by, header) in [(&key(73), header.clone()), (&signer, json!({ "kid": "other" }))] {
        let object = signed(by, header, &claims_of(&client_id));
        assert!(run(wallet_of(object).resolve(&link(&client_id))).is_err());
    }
    let stranger = "openid_federation:https://stranger.example";
    let object = signed(&signer, header.clone(), &claims_of(stranger));
    assert!(matches!(refusal(run(wallet_of(object).resolve(&link(stranger)))), Refusal::Untrusted(_)));
    // Without a federation nothing is fetched for such a name.
    let object = signed(&signer, header, &claims_of(&client_id));
    let outside = wallet(&world, Some(object), world.trust.clone(), |builder| builder);
    refused_with(run(outside.resolve(&link(&client_id))), "invalid_request");
}

fn registration(keys: Vec<Jwk>) -> RegisteredVerifier {
    RegisteredVerifier {
        client_id: "shop".to_owned(),
        name: "The Shop".to_owned(),
        request_keys: JwkSet { keys },
        metadata: ClientMetadata::default(),
        uris: vec!["https://verifier.example/response".to_owned()],
    }
}

// Clauses: VP-5.9.2-01, VP-5.9.2-02, VP-14.3.1-02, JAR-6.2-02, JAR-10.5-01
#[test]
fn r13_a_registered_verifier_signs_and_brings_no_metadata() {
    let world = world();
    let signer = key(80).with_kid("1");
    let known =
        |it: WalletBuilder| it.registered(registration(vec![key(80).with_kid("1").public_jwk().clone()]));
    let resolve = |by: &SoftwareSigner, header: Value, claims: &Value| {
        let object = signed(by, header, claims);
        run(wallet(&world, Some(object), world.trust.clone(), known).resolve(&link("shop")))
    };
    let mut claims = claims_of("shop");
    claims.as_object_mut().unwrap().remove("client_metadata");
    let asked = resolve(&signer, json!({ "kid": "1" }), &claims).unwrap();
    assert_eq!(asked.who().name, "The Shop");
    resolve(&signer, json!({}), &claims).unwrap();
    refused_with(resolve(&signer, json!({ "kid": "1" }), &claims_of("shop")), "invalid_client");
    refused_with(resolve(&key(81), json!({ "kid": "1" }), &claims), "invalid_request_object");
    refused_with(resolve(&signer, json!({ "kid": "2" }), &claims), "invalid_request_object");
    claims["response_uri"] = "https://verifier.example/other".into();
    refused_with(resolve(&signer, json!({ "kid": "1" }), &claims), "invalid_request");
    // Who signs, always signs.
    claims["response_uri"] = "https://verifier.example/response".into();
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let pairs: Vec<_> =
        claims.as_object().unwrap().iter().map(|(name, value)| (name.as_str(), text(value))).collect();
    let pairs: Vec<_> = pairs.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let unsigned = format!("openid4vp://?{}", credenza_oauth::form::encode(&pairs));
    let strict = wallet(&world, None, world.trust.clone(), known);
    assert!(matches!(refusal(run(strict.resolve(&unsigned))), Refusal::Untrusted(_)));
    let plain = wallet(&world, None, world.trust.clone(), |it| it.registered(registration(Vec::new())));
    assert_eq!(run(plain.resolve(&unsigned)).unwrap().who().how, HowKnown::Unsigned);
}

// Checks: WVP-014
#[test]
fn a_registered_verifier_asks_and_is_answered() {
    for signer in [None, Some(Arc::new(key(80).with_kid("1")) as Arc<dyn Signer>)] {
        let keys = signer.iter().map(|signer| signer.public_jwk().clone()).collect();
        let identity = VerifierIdentity::registered("shop", signer).unwrap();
        let world = world_with(|builder| builder.identity(identity));
        let mut request = PresentationRequest::new(query());
        request.prefix = Some(RequestedPrefix::PreRegistered);
        // A key for the answer would come in metadata, which must not be sent.
        let problem = run(world.verifier.create(request.clone())).unwrap_err();
        assert_eq!(problem, credenza_vp::verifier::CreateError::ResponseMode);
        request.response_mode = ResponseMode::DirectPost;
        let created = world.create(request);
        let response_uri = format!("https://verifier.example/openid4vp/response/{}", created.request_id);
        let known = RegisteredVerifier { uris: vec![response_uri], ..registration(keys) };
        let wallet = wallet(&world, None, world.trust.clone(), |it| it.registered(known));
        let asked = run(wallet.resolve(&created.wallet_link)).unwrap();
        let side = crate::world::WalletSide { wallet, log: Arc::default() };
        world.agree(&side, asked, &world.held()).unwrap();
        assert_eq!(world.status(&created.id), Status::Verified);
    }
    for name in ["", "x509_hash:abc", "redirect_uri:https://verifier.example"] {
        assert!(VerifierIdentity::registered(name, None).is_err(), "{name}");
    }
    for key_url in ["", "did:web:verifier.example", "verifier.example#1", "did:web:verifier.example#"] {
        assert!(VerifierIdentity::did(key_url, Arc::new(key(1))).is_err(), "{key_url}");
    }
}

#[test]
fn names_that_the_verifier_does_not_have() {
    let world = world();
    for prefix in [
        RequestedPrefix::DecentralizedIdentifier,
        RequestedPrefix::VerifierAttestation,
        RequestedPrefix::OpenidFederation,
        RequestedPrefix::PreRegistered,
    ] {
        let mut request = PresentationRequest::new(query());
        request.prefix = Some(prefix);
        request.response_mode = ResponseMode::DirectPost;
        let problem = run(world.verifier.create(request)).unwrap_err();
        assert!(matches!(problem, credenza_vp::verifier::CreateError::Identity(_)), "{problem}");
    }
}

#[test]
fn several_sources_of_trust_serve_one_wallet() {
    let did = did_jwk::from_jwk(key(50).public_jwk()).unwrap();
    let identity = VerifierIdentity::did(&format!("{}#0", did.as_str()), Arc::new(key(50))).unwrap();
    let world = world_with(|builder| builder.identity(identity));
    let both: Vec<Arc<dyn Trust>> = vec![world.trust.clone(), did_trust(did.as_str())];
    for prefix in [RequestedPrefix::X509Hash, RequestedPrefix::DecentralizedIdentifier] {
        let wallet = wallet(&world, None, Arc::new(AnyOf::new(both.clone())), |builder| builder);
        round(&world, wallet, prefix, ResponseMode::DirectPostJwt);
    }
}
