//! What a wallet shows, and what it gives away.

use credenza_core::Report;
use credenza_formats::mdoc::{
    DeviceResponse, Expected, Held, HoldError, MDL, MDL_NAMESPACE, MdocLimits, ParseError,
};
use serde_json::json;

use super::support::{MDL_PATH, NOW, accepted, holder, issued, issuer, licence, transcript, validity};
use crate::support::{now, paths};

fn held() -> Held {
    Held::restore(issued(&licence()), &MdocLimits::default()).unwrap()
}

fn presented(held: &Held, chosen: &[&str]) -> Vec<u8> {
    now(held.present(&paths(chosen)).sign(&holder(), &transcript())).unwrap()
}

#[test]
fn what_is_held() {
    let mut report = Report::new("issued");
    let key = issuer().public_key();
    let holder = holder().public_key();
    let expected = Expected { doc_type: Some(MDL), ..Expected::new(NOW) };
    let limits = MdocLimits::default();
    let bytes = issued(&licence());
    let held = Held::accept(bytes.clone(), &limits, &key, &holder, &expected, &mut report).unwrap();
    assert!(report.ok(), "{report}");
    assert_eq!(json!(held.claims()), licence());
    assert_eq!((held.doc_type(), held.elements().count()), (MDL, 11));
    assert_eq!((held.holder(), held.validity()), (&holder, &validity()));
    assert!(held.as_bytes() == bytes);
    assert!(!format!("{held:?}").contains("Mustermann") && !format!("{held:?}").contains("family_name"));
}

// Clauses: HAIP-5.3.1-02, MDOC-H-8.3-02
#[test]
fn only_what_is_chosen_is_shown() {
    let held = held();
    let club = r#"["org.iso.18013.5.1.UT", "club"]"#;
    let response = presented(&held, &[MDL_PATH, club]);
    let verified = accepted(&response);
    let expected = json!({
        MDL_NAMESPACE: { "family_name": "Mustermann" },
        "org.iso.18013.5.1.UT": { "club": "Utopia United" },
    });
    assert_eq!(json!(verified.claims), expected);
    assert_eq!(json!(held.preview(&paths(&[MDL_PATH, club]))), expected);
    for hidden in ["Erika", "given_name", "portrait", "1971-09-01"] {
        assert!(!response.windows(hidden.len()).any(|part| part == hidden.as_bytes()), "{hidden}");
    }
    let parsed = DeviceResponse::parse(&response, &MdocLimits::default()).unwrap();
    assert_eq!((parsed.documents.len(), parsed.status), (1, 0));
}

#[test]
fn nothing_is_shown_for_paths_that_name_no_element() {
    let held = held();
    // Too short, too long, an element that is not there, an index, all of them.
    for path in [
        r#"["org.iso.18013.5.1"]"#,
        r#"["org.iso.18013.5.1", "driving_privileges", 0]"#,
        r#"["org.iso.18013.5.1", "driving_privileges", null]"#,
        r#"["org.iso.18013.5.1", "weight"]"#,
        r#"["org.example", "family_name"]"#,
        r#"["org.iso.18013.5.1", null]"#,
        r#"["family_name"]"#,
    ] {
        assert_eq!(held.present(&paths(&[path])).count(), 0, "{path}");
        assert!(held.preview(&paths(&[path])).is_empty());
    }
    let verified = accepted(&presented(&held, &[]));
    assert!(verified.claims.is_empty());
}

#[test]
fn an_element_that_is_asked_for_twice_is_shown_once() {
    let response = presented(&held(), &[MDL_PATH, MDL_PATH]);
    assert_eq!(accepted(&response).claims[MDL_NAMESPACE].as_object().unwrap().len(), 1);
}

#[test]
fn what_is_no_document_is_not_held() {
    let limits = MdocLimits::default();
    for bytes in [&b""[..], b"\xa0", b"\xa1\x6aissuerAuth\xf6", b"not an mdoc"] {
        assert!(matches!(Held::restore(bytes.to_vec(), &limits), Err(HoldError::Parse(_))));
    }
    let small = MdocLimits { elements: 10, ..limits };
    let refused = Held::restore(issued(&licence()), &small).unwrap_err();
    assert_eq!(refused, HoldError::Parse(ParseError::TooMany("data elements")));
}
