//! W3C credentials in each way of securing them (OID4VP 1.0 §B.1).

use credenza_crypto::{Algorithm, Signer as _, SoftwareSigner};
use credenza_formats::w3c::data_integrity::{self, Cryptosuite};
use credenza_formats::w3c::{DataModel, Embedded, jwt};
use credenza_query::dcql::Format;
use credenza_query::{Dcql, DcqlQuery};
use credenza_vp::messages::Presentation;
use credenza_vp::verifier::Policy;
use credenza_vp::verifier::credential::{Context, Holder, verify};
use serde_json::{Map, Value, json};

use super::{
    TYPE, both_ways, contexts, credential, did_of, failed, jwt_vc, ldp_vc, sd_jwt_vc, send, stored, world,
};
use crate::world::{DAY, NOW, Plain, run};

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
    let method = format!("{did}#0");
    let presenting = data_integrity::Presenting {
        model: DataModel::V2,
        holder: &did,
        credentials: std::slice::from_ref(document),
        suite: Cryptosuite::EcdsaRdfc,
        verification_method: &method,
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
