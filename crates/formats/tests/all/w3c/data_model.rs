//! The data model: what conforms, and what does not.

use credenza_core::Report;
use credenza_formats::w3c::{Credential, DataModel, Embedded, Moment, Presentation, rules};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::{TIME, failed, v1, v2, with, without};
use crate::support::object;

fn check(document: Map<String, Value>) -> (Option<Credential>, Report) {
    let mut report = Report::new("test");
    let credential = Credential::check(document, Moment::at(TIME), &mut report);
    assert_eq!(credential.is_some(), report.ok(), "{report}");
    (credential, report)
}

fn refused(document: Map<String, Value>, rule: &str) {
    failed(&check(document).1, rule);
}

#[test]
fn both_versions_conform() {
    let one = check(v1()).0.unwrap();
    assert_eq!(
        (one.model(), one.issuer(), one.subject_id()),
        (DataModel::V1, "did:example:issuer", Some("did:example:holder"))
    );
    let two = check(v2()).0.unwrap();
    assert_eq!((two.model(), two.issuer(), two.status().count()), (DataModel::V2, "did:example:issuer", 1));
    assert_eq!(two.types(), ["VerifiableCredential", "AlumniCredential"]);
    assert!(two.valid_from().unwrap() < two.valid_until().unwrap());
    assert!(!format!("{two:?}").contains("School"));
    // Extensions are left alone.
    let terms = json!([{ "type": "Terms", "anything": { "a": 1 } }]);
    let extended = with(v2(), "termsOfUse", terms.clone());
    assert_eq!(check(extended).0.unwrap().document()["termsOfUse"], terms);
    assert!(check(without(v2(), "validFrom")).0.is_some());
}

#[test]
fn what_does_not_conform_is_refused_by_name() {
    let v1_context = "https://www.w3.org/2018/credentials/v1";
    for context in [
        json!("https://www.w3.org/ns/credentials/v2"),
        json!([]),
        json!(["https://www.w3.org/ns/credentials/examples/v2", "https://www.w3.org/ns/credentials/v2"]),
        json!(["https://www.w3.org/ns/credentials/v2", 7]),
        json!(["https://www.w3.org/ns/credentials/v2", "relative"]),
        json!({ "@vocab": "https://evil.example/" }),
    ] {
        refused(with(v2(), "@context", context), "w3c.context");
    }
    refused(with(v2(), "id", json!("not a url")), "w3c.id");
    refused(with(v2(), "id", json!(["https://a.example", "https://b.example"])), "w3c.id");
    for types in [json!("AlumniCredential"), json!([]), json!(["VerifiableCredential", 1]), json!({})] {
        refused(with(v2(), "type", types), "w3c.type");
    }
    for issuer in [json!("issuer"), json!({ "name": "x" }), json!(["did:example:a"]), json!({ "id": "_:b0" })]
    {
        refused(with(v2(), "issuer", issuer), "w3c.issuer");
    }
    for subject in
        [json!([]), json!({}), json!("did:example:holder"), json!([{ "id": "holder" }]), json!({ "id": 1 })]
    {
        refused(with(v2(), "credentialSubject", subject), "w3c.subject");
    }
    refused(without(v1(), "issuanceDate"), "w3c.valid-from");
    refused(with(v2(), "validFrom", json!("2025-01-01T00:00:00")), "w3c.valid-from");
    refused(with(v2(), "validFrom", json!("2026-01-01T00:00:00Z")), "w3c.valid-from");
    refused(with(v2(), "validUntil", json!("2025-02-01T00:00:00Z")), "w3c.valid-until");
    refused(with(v1(), "expirationDate", json!(1_900_000_000)), "w3c.valid-until");
    refused(with(v2(), "validUntil", json!("2024-12-31T00:00:00Z")), "w3c.period.order");
    refused(with(v2(), "issuanceDate", json!("2025-01-01T00:00:00Z")), "w3c.period.names");
    refused(with(v1(), "validUntil", json!("2030-01-01T00:00:00Z")), "w3c.period.names");
    refused(with(v2(), "credentialStatus", json!({ "id": "https://a.example" })), "w3c.typed-objects");
    refused(with(v1(), "credentialStatus", json!({ "type": "X" })), "w3c.typed-objects");
    refused(with(v2(), "credentialSchema", json!({ "type": "JsonSchema" })), "w3c.typed-objects");
    refused(with(v2(), "@context", json!([v1_context])), "w3c.period.names");
}

#[test]
fn presentations_and_what_is_in_them() {
    let document = |credentials: Value| {
        object(json!({
            "@context": ["https://www.w3.org/ns/credentials/v2"],
            "type": "VerifiablePresentation",
            "holder": { "id": "did:example:holder" },
            "verifiableCredential": credentials,
        }))
    };
    let check = |document| {
        let mut report = Report::new("test");
        let presentation = Presentation::check(document, &mut report);
        assert_eq!(presentation.is_some(), report.ok(), "{report}");
        (presentation, report)
    };
    let enveloped = |id: &str| json!({ "@context": "https://www.w3.org/ns/credentials/v2", "type": "EnvelopedVerifiableCredential", "id": id });
    let credentials = json!([
        enveloped("data:application/vc+jwt,a.b.c"),
        enveloped("data:application/vc+sd-jwt,a.b.c%7Ed~"),
        v2()
    ]);
    let presentation = check(document(credentials)).0.unwrap();
    assert_eq!(presentation.holder(), Some("did:example:holder"));
    let signed = v2();
    assert_eq!(
        presentation.credentials(),
        [Embedded::Jwt("a.b.c".into()), Embedded::SdJwt("a.b.c~d~".into()), Embedded::Document(&signed)]
    );
    for wrong in [
        json!(["a.b.c"]),
        json!([1]),
        json!([enveloped("data:text/html,a")]),
        json!([enveloped("https://a.example")]),
        json!(vec![Value::Object(v2()); 65]),
    ] {
        failed(&check(document(wrong)).1, "w3c.embedded");
    }
    failed(&check(with(document(json!([])), "holder", json!("me"))).1, "w3c.holder");
    failed(&check(with(document(json!([])), "type", json!("VerifiableCredential"))).1, "w3c.type");
}

#[test]
fn each_rule_has_a_name_of_its_own() {
    let mut ids: Vec<_> = rules::ALL.iter().map(|rule| rule.id).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), rules::ALL.len());
}

proptest! {
    #[test]
    fn no_document_makes_it_panic(name in 0_usize..9, text in ".{0,40}", number: i64, shape in 0_usize..5) {
        let names = ["@context", "id", "type", "issuer", "credentialSubject", "validFrom", "validUntil", "credentialStatus", "evidence"];
        let value = match shape {
            0 => json!(text),
            1 => json!(number),
            2 => json!([text, number]),
            3 => json!({ "id": text, "type": number }),
            _ => json!([[{ text: null }]]),
        };
        let _ = check(with(v2(), names[name], value.clone()));
        let _ = Presentation::check(with(v2(), "verifiableCredential", value), &mut Report::new("test"));
    }
}

// Clauses: VP-B.1.1-02, VP-B.1.1-03, VP-B.1.1-04
#[test]
fn types_are_expanded_by_the_known_contexts_alone() {
    let expanded = |document: Value| {
        let document = document.as_object().cloned().unwrap();
        credenza_formats::w3c::data_integrity::expanded_types(&document, &super::contexts())
    };
    let base = "https://www.w3.org/2018/credentials#VerifiableCredential";
    let degree = "https://issuer.example/degrees#UniversityDegreeCredential";
    assert_eq!(expanded(Value::Object(v1())), [degree, base]);
    // What no context defines remains what it is, and so does what an unknown one may define.
    let v1 = "https://www.w3.org/2018/credentials/v1";
    for contexts in [json!([v1]), json!([v1, "https://unknown.example/v1"]), json!([v1, { "a": "b:c" }])] {
        let document =
            json!({ "@context": contexts, "type": ["VerifiableCredential", "IdentityCredential"] });
        assert_eq!(expanded(document), ["IdentityCredential", base]);
    }
    let full = json!({ "@context": [v1], "type": ["https://a.example/T"] });
    assert_eq!(expanded(full), ["https://a.example/T"]);
    assert!(expanded(json!({ "@context": [v1] })).is_empty());
}
