//! W3C credentials in each way of securing them (OID4VP 1.0 §B.1).

use std::sync::Arc;

use credenza_core::RecordedHttp;
use credenza_crypto::{Algorithm, Jwk, Signer as _, SoftwareSigner};
use credenza_formats::w3c::data_integrity::{self, Cryptosuite};
use credenza_formats::w3c::{DataModel, Embedded, jwt};
use credenza_query::dcql::Format;
use credenza_query::{Dcql, DcqlQuery};
use credenza_trust::DidResolver;
use credenza_trust::did::{Did, DidDocument, Relationship};
use credenza_vp::messages::Presentation;
use credenza_vp::verifier::Policy;
use credenza_vp::verifier::credential::{Context, Holder, verify};
use http::{Method, Response};
use serde_json::{Map, Value, json};

use super::{
    TYPE, both_ways, contexts, credential, did_of, failed, jwt_vc, ldp_vc, sd_jwt_vc, send, stored, world,
    world_with,
};
use crate::world::{DAY, NOW, Plain, World, run};

const PATH: [&str; 2] = ["credentialSubject", "family_name"];
const ISSUER: &str = "https://issuer.example";

fn jwt_query() -> DcqlQuery {
    Dcql::credential("id").jwt_vc([["IDCredential"]]).claim(PATH).build().unwrap()
}

fn ldp_query() -> DcqlQuery {
    let types = ["https://www.w3.org/2018/credentials#VerifiableCredential", TYPE];
    Dcql::credential("id").ldp_vc([types]).claim(PATH).build().unwrap()
}

fn thief() -> SoftwareSigner {
    SoftwareSigner::generate(Algorithm::Es256, &credenza_core::SeededRandom::new(99)).unwrap()
}

// Clauses: VP-B.1-01, VP-B.1.1-01, VP-B.1.1-02, VP-B.1.3.1.5-01, VP-B.1.3.1.5-02
#[test]
fn a_jwt_credential_is_presented_in_a_presentation_of_its_holder() {
    let world = world();
    let subject = did_of(&world.holder);
    let key = Some(world.holder.public_jwk());
    for (format, second, subject, key) in [
        ("jwt_vc_json", false, None, key),
        ("jwt_vc_json", false, Some(subject.as_str()), None),
        ("jwt_vc_json-ld", true, None, key),
        ("vc+jwt", true, Some(subject.as_str()), None),
    ] {
        let text = jwt_vc(&world.issuer, &credential(ISSUER, subject, second), key);
        let result = both_ways(&world, &jwt_query(), &[stored(format, &text)]);
        let [one] = result.presentations.as_slice() else { panic!("one presentation") };
        assert_eq!(one.claims["credentialSubject"]["family_name"], "Möbius");
        assert_eq!(one.issuer.as_deref(), Some(ISSUER));
        assert!(one.types.iter().any(|it| it == TYPE), "{:?}", one.types);
        assert!(one.holder_bound && one.holder.as_ref().unwrap().key == world.holder.public_key());
    }
}

// Clauses: VP-B.1.1-03, VP-B.1.1-04, VP-B.1.3.2.5-01, VP-B.1.3.2.5-02
#[test]
fn a_credential_with_a_proof_is_presented_as_an_object() {
    let world = world();
    let subject = did_of(&world.holder);
    for second in [false, true] {
        let document = ldp_vc(&world.issuer, Some(&subject), second);
        let text = Value::Object(document).to_string();
        let result = both_ways(&world, &ldp_query(), &[stored("ldp_vc", &text)]);
        let [one] = result.presentations.as_slice() else { panic!("one presentation") };
        assert_eq!(one.claims["credentialSubject"]["family_name"], "Möbius");
        assert!(one.holder_bound && one.claims.get("proof").is_none());
        // What the contexts define is not known by its short name.
        assert!(!one.types.iter().any(|it| it == "IDCredential"));
    }
}

#[test]
fn an_sd_jwt_of_a_w3c_credential_is_presented_as_any_sd_jwt() {
    let world = world();
    let query = Dcql::credential("id").vc_sd_jwt([[TYPE]]).claim(PATH).build().unwrap();
    let result = both_ways(&world, &query, &[stored("vc+sd-jwt", &sd_jwt_vc(&world))]);
    let [one] = result.presentations.as_slice() else { panic!("one presentation") };
    assert_eq!(one.claims["credentialSubject"], json!({ "family_name": "Möbius" }));
    assert!(one.holder_bound);
}

// Clauses: VP-B.1-02, VP-5.3-01
#[test]
fn p04_without_holder_binding_the_credential_comes_as_it_was_issued() {
    let world = world();
    let text = jwt_vc(&world.issuer, &credential(ISSUER, None, false), Some(world.holder.public_jwk()));
    let query = Dcql::credential("id").jwt_vc([["IDCredential"]]).without_holder_binding();
    let query = query.claim(PATH).build().unwrap();
    let result = both_ways(&world, &query, &[stored("jwt_vc_json", &text)]);
    assert!(!result.presentations[0].holder_bound);
    // And where it is asked for, a credential alone is not enough.
    let plain = world.plain(jwt_query());
    assert_eq!(failed(&world, &plain, &Presentation::Text(text)), "vp.presentation.holder-key");
    let plain = world.plain(ldp_query());
    let document = ldp_vc(&world.issuer, Some(&did_of(&world.holder)), true);
    assert_eq!(failed(&world, &plain, &Presentation::Object(document)), "w3c.proof.purpose");
}

struct Vp<'a> {
    signer: &'a SoftwareSigner,
    method: Option<&'a str>,
    nonce: &'a str,
    audience: &'a str,
    credentials: &'a [&'a str],
}

fn jwt_vp(vp: &Vp<'_>) -> Presentation {
    let header = jwt::holder_header(vp.signer, jwt::Securing::Claim, vp.method);
    let credentials: Vec<_> = vp.credentials.iter().map(|text| Embedded::Jwt((*text).into())).collect();
    let presenting = jwt::Presenting {
        header: &header,
        securing: jwt::Securing::Claim,
        holder: vp.method.and_then(|method| method.split('#').next()),
        credentials: &credentials,
        nonce: vp.nonce,
        audience: vp.audience,
        issued_at: NOW,
        lifetime: std::time::Duration::from_secs(60),
    };
    Presentation::Text(run(jwt::present(vp.signer, &presenting)).unwrap())
}

// Clauses: VP-B.1.3.1.5-01, VP-B.1.3.1.5-02, VP-14.1.2-05, VP-14.1.2-06
#[test]
fn p02_a_jwt_presentation_for_another_request_or_of_another_holder() {
    let world = world();
    let plain = world.plain(jwt_query());
    let by_key = jwt_vc(&world.issuer, &credential(ISSUER, None, false), Some(world.holder.public_jwk()));
    let subject = did_of(&world.holder);
    let by_did = jwt_vc(&world.issuer, &credential(ISSUER, Some(&subject), false), None);
    let unbound = jwt_vc(&world.issuer, &credential(ISSUER, None, false), None);
    let thief = thief();
    let thief_method = format!("{}#0", did_of(&thief));
    let right = Vp {
        signer: &world.holder,
        method: None,
        nonce: &plain.nonce,
        audience: &plain.client_id,
        credentials: &[&by_key],
    };
    let cases = [
        (Vp { nonce: "another", ..right }, "w3c.vp.nonce"),
        (Vp { audience: "x509_san_dns:verifier.example", ..right }, "w3c.vp.aud"),
        (Vp { signer: &thief, ..right }, "w3c.holder-binding"),
        (Vp { signer: &thief, method: Some(&thief_method), ..right }, "w3c.holder-binding"),
        (Vp { signer: &thief, credentials: &[&by_did], ..right }, "w3c.holder-binding"),
        (
            Vp { signer: &thief, method: Some(&thief_method), credentials: &[&by_did], ..right },
            "w3c.holder-binding",
        ),
        (Vp { credentials: &[&unbound], ..right }, "w3c.holder-binding"),
        (Vp { credentials: &[], ..right }, "vp.presentation.one-credential"),
        (Vp { credentials: &[&by_key, &by_key], ..right }, "vp.presentation.one-credential"),
    ];
    for (vp, rule) in &cases {
        assert_eq!(failed(&world, &plain, &jwt_vp(vp)), *rule);
    }
    send(&world, &plain, &jwt_vp(&right)).unwrap();
}

fn ldp_vp(
    document: &Map<String, Value>,
    signer: &SoftwareSigner,
    nonce: &str,
    audience: &str,
) -> Presentation {
    let did = did_of(signer);
    ldp_vp_as(document, signer, (&did, &format!("{did}#0")), nonce, audience)
}

/// In the name of a DID, with the key that it names so.
fn ldp_vp_as(
    document: &Map<String, Value>,
    signer: &SoftwareSigner,
    (holder, verification_method): (&str, &str),
    nonce: &str,
    audience: &str,
) -> Presentation {
    let presenting = data_integrity::Presenting {
        model: DataModel::V2,
        holder,
        credentials: std::slice::from_ref(document),
        suite: Cryptosuite::EcdsaRdfc,
        verification_method,
        nonce,
        audience,
        created: NOW,
        lifetime: std::time::Duration::from_secs(60),
    };
    Presentation::Object(run(data_integrity::present(signer, &presenting, &contexts())).unwrap())
}

// Clauses: VP-B.1.3.2.5-01, VP-B.1.3.2.5-02, VP-14.1.2-05, VP-14.1.2-06
#[test]
fn p02_a_presentation_with_a_proof_for_another_request_or_of_another_holder() {
    let world = world();
    let plain = world.plain(ldp_query());
    let document = ldp_vc(&world.issuer, Some(&did_of(&world.holder)), true);
    let (nonce, client, holder) = (plain.nonce.as_str(), plain.client_id.as_str(), &world.holder);
    let made =
        |signer: &SoftwareSigner, nonce: &str, audience: &str| ldp_vp(&document, signer, nonce, audience);
    assert_eq!(failed(&world, &plain, &made(holder, "another", client)), "w3c.proof.challenge");
    assert_eq!(failed(&world, &plain, &made(holder, nonce, "https://verifier.example")), "w3c.proof.domain");
    assert_eq!(failed(&world, &plain, &made(&thief(), nonce, client)), "w3c.holder-binding");
    let mut altered = document.clone();
    altered["credentialSubject"]["family_name"] = "Mobius".into();
    let altered = ldp_vp(&altered, holder, nonce, client);
    assert_eq!(failed(&world, &plain, &altered), "w3c.proof.signature");
    let stranger = ldp_vc(&thief(), Some(&did_of(holder)), true);
    let stranger = ldp_vp(&stranger, holder, nonce, client);
    assert_eq!(failed(&world, &plain, &stranger), "trust.issuer");
    assert_eq!(failed(&world, &plain, &Presentation::Text("{}".to_owned())), "vp.presentation.shape");
    send(&world, &plain, &made(holder, nonce, client)).unwrap();
}

// Clauses: VP-B.1.1-04
#[test]
fn p05_another_type_or_less_than_was_asked_for() {
    let world = world();
    let text = jwt_vc(&world.issuer, &credential(ISSUER, None, false), Some(world.holder.public_jwk()));
    let presentation = |plain: &Plain| {
        let (nonce, audience) = (plain.nonce.as_str(), plain.client_id.as_str());
        jwt_vp(&Vp { signer: &world.holder, method: None, nonce, audience, credentials: &[&text] })
    };
    for types in [vec!["IDCredential", "Other"], vec!["Other"], vec!["https://other.example/id#IDCredential"]]
    {
        let plain = world.plain(Dcql::credential("id").jwt_vc([types]).build().unwrap());
        assert_eq!(failed(&world, &plain, &presentation(&plain)), "dcql.type");
    }
    let plain = world
        .plain(Dcql::credential("id").jwt_vc([[TYPE]]).claim(["credentialSubject", "x"]).build().unwrap());
    assert_eq!(failed(&world, &plain, &presentation(&plain)), "dcql.claims");
    let plain = world.plain(Dcql::credential("id").ldp_vc([[TYPE]]).build().unwrap());
    assert_eq!(failed(&world, &plain, &presentation(&plain)), "vp.presentation.shape");
    // A type that the contexts define is not known by its short name where JSON-LD is used.
    let document = ldp_vc(&world.issuer, Some(&did_of(&world.holder)), true);
    let plain = world.plain(Dcql::credential("id").ldp_vc([["IDCredential"]]).build().unwrap());
    let vp = ldp_vp(&document, &world.holder, &plain.nonce, &plain.client_id);
    assert_eq!(failed(&world, &plain, &vp), "dcql.type");
}

#[test]
fn x03_a_w3c_credential_that_has_ended() {
    let world = world();
    world.clock.advance(11 * DAY);
    let text = jwt_vc(&world.issuer, &credential(ISSUER, None, true), None);
    let query = Dcql::credential("id").jwt_vc([["IDCredential"]]).without_holder_binding().build().unwrap();
    let plain = world.plain(query);
    assert_eq!(failed(&world, &plain, &Presentation::Text(text)), "w3c.valid-until");
}

#[test]
fn a_status_that_nobody_looks_up_is_no_status() {
    let world = world();
    let mut with_status = credential(ISSUER, None, true);
    with_status
        .insert("status".to_owned(), json!({ "status_list": { "idx": 1, "uri": "https://s.example/1" } }));
    let text = jwt_vc(&world.issuer, &with_status, None);
    let mut entry = credential(ISSUER, None, false);
    let status = json!({
        "id": "https://s.example/1#4", "type": "BitstringStatusListEntry", "statusPurpose": "revocation",
        "statusListIndex": "4", "statusListCredential": "https://s.example/1",
    });
    entry.insert("credentialStatus".to_owned(), status);
    let other = jwt_vc(&world.issuer, &entry, None);
    for text in [text, other] {
        let query = Dcql::credential("id").jwt_vc([["IDCredential"]]).without_holder_binding();
        let plain = world.plain(query.build().unwrap());
        assert_eq!(failed(&world, &plain, &Presentation::Text(text)), "credential.status");
    }
}

#[test]
fn w3c_credentials_as_they_were_issued() {
    let world = world();
    let policy = Policy { contexts: contexts(), ..Policy::default() };
    let context = Context { policy: &policy, trust: &*world.trust, status: None, now: NOW };
    let text = jwt_vc(&world.issuer, &credential(ISSUER, None, false), None);
    for (format, presentation) in [
        (Format::JwtVcJson, Presentation::Text(text)),
        (Format::VcSdJwt, Presentation::Text(sd_jwt_vc(&world))),
    ] {
        let (report, checked) = run(verify(&presentation, &format, Holder::Unbound, context));
        let checked = checked.unwrap_or_else(|| panic!("{report}"));
        assert_eq!(checked.claims["credentialSubject"]["given_name"], "August");
    }
}

const WEB: &str = "did:web:holder.example";
const WEB_KEY: &str = "did:web:holder.example#phone";

/// A verifier that looks holders up on the web, where this is the document of one.
fn world_where(document: impl Fn(&SoftwareSigner) -> Option<Value>) -> World {
    let holder = crate::world::world().holder;
    let answer = match document(&holder) {
        Some(document) => Response::new(document.to_string().into_bytes()),
        None => Response::builder().status(404).body(Vec::new()).unwrap(),
    };
    let http = RecordedHttp::new().on(Method::GET, "https://holder.example/.well-known/did.json", answer);
    let holder_dids = DidResolver::new(Arc::new(http));
    world_with(|policy| Policy { holder_dids, ..policy })
}

fn on_the_web(key: &SoftwareSigner, relationship: Relationship) -> Value {
    let keys = vec![("phone", Jwk::new(key.public_key()), vec![relationship])];
    DidDocument::publish(Did::parse(WEB).unwrap(), keys).to_value()
}

/// What becomes of a presentation in each way of securing it, of credentials about `did:web:holder.example`.
fn by_web(world: &World, signer: &SoftwareSigner) -> [Option<&'static str>; 3] {
    let outcome = |plain: &Plain, presentation: &Presentation| {
        send(world, plain, presentation).err().map(|error| error.reason().unwrap_or_default())
    };
    let [first, second] = [false, true].map(|second| {
        let plain = world.plain(jwt_query());
        let text = jwt_vc(&world.issuer, &credential(ISSUER, Some(WEB), second), None);
        let vp = Vp {
            signer,
            method: Some(WEB_KEY),
            nonce: &plain.nonce,
            audience: &plain.client_id,
            credentials: &[&text],
        };
        outcome(&plain, &jwt_vp(&vp))
    });
    let plain = world.plain(ldp_query());
    let document = ldp_vc(&world.issuer, Some(WEB), true);
    let names = (WEB, WEB_KEY);
    let third = outcome(&plain, &ldp_vp_as(&document, signer, names, &plain.nonce, &plain.client_id));
    [first, second, third]
}

// Clauses: VP-B.1.3.1.5-01, VP-B.1.3.2.5-01, DID-WEB-02
#[test]
fn a_holder_whose_key_is_on_the_web() {
    let authentication = |key: &SoftwareSigner| Some(on_the_web(key, Relationship::Authentication));
    let world = world_where(authentication);
    assert_eq!(by_web(&world, &world.holder), [None; 3]);
    // Somebody else's signature in the holder's name.
    let forged = [Some("w3c.jwt.signature"), Some("w3c.jwt.signature"), Some("w3c.proof.signature")];
    assert_eq!(by_web(&world, &thief()), forged);
    // A credential about somebody else.
    let text = jwt_vc(&world.issuer, &credential(ISSUER, Some(&did_of(&thief())), false), None);
    let plain = world.plain(jwt_query());
    let vp = Vp {
        signer: &world.holder,
        method: Some(WEB_KEY),
        nonce: &plain.nonce,
        audience: &plain.client_id,
        credentials: &[&text],
    };
    assert_eq!(failed(&world, &plain, &jwt_vp(&vp)), "w3c.holder-binding");
}

// Clauses: DID-WEB-05, VP-14.1.2-05
#[test]
fn w06_a_holder_whose_key_the_web_does_not_give() {
    let unknown =
        [Some("vp.presentation.holder-key"), Some("vp.presentation.holder-key"), Some("w3c.proof.method")];
    let mut cases = vec![
        ("not there", world_where(|_| None)),
        (
            "another's document",
            world_where(|key| {
                let mut document = on_the_web(key, Relationship::Authentication);
                document["id"] = "did:web:other.example".into();
                Some(document)
            }),
        ),
        ("a key for other uses", world_where(|key| Some(on_the_web(key, Relationship::AssertionMethod)))),
    ];
    // Unless configured, nothing is fetched because a holder names it.
    cases.push(("offline", world()));
    for (why, world) in &cases {
        assert_eq!(by_web(world, &world.holder), unknown, "{why}");
    }
}
