//! Claims paths (OID4VP 1.0 §7) in JSON, in mdocs and in presentations.

use credenza_query::ClaimsPath;
use credenza_query::claims_path::SelectError;
use credenza_query::path::{MdocPathError, select_mdoc, select_presented};
use serde_json::{Value, json};

use crate::support::{path, vector};

// Clauses: VP-7-01
#[test]
fn published_and_derived_selections() {
    let vector = vector("openid4vp-1.0/claims_path_pointer.json");
    let credential = &vector["credential"];
    let cases =
        ["published", "derived_from_7.1.1"].map(|name| vector[name].as_array().unwrap().clone()).concat();
    assert_eq!(cases.len(), 17);
    for case in cases {
        let selected = ClaimsPath::from_value(&case["path"])
            .ok()
            .and_then(|path| path.select(credential).ok())
            .map_or(json!("error"), |selected| json!(selected));
        assert_eq!(selected, case["selected"], "{}", case["path"]);
    }
}

// Clauses: VP-7-01, VP-6.3-05
#[test]
fn r16_what_is_no_path() {
    for malformed in [
        json!([]),
        json!("a"),
        json!(null),
        json!({}),
        json!([-1]),
        json!(["a", 1.0]),
        json!(["a", 1.5]),
        json!(["a", -1]),
        json!(["a", 1e30]),
        json!(["a", true]),
        json!(["a", ["b"]]),
        json!(["a", {}]),
        json!(vec!["a"; 17]),
    ] {
        assert!(ClaimsPath::from_value(&malformed).is_err(), "{malformed}");
    }
    for good in [json!(["a"]), json!([""]), json!([null]), json!([0]), json!(vec!["a"; 16])] {
        assert_eq!(serde_json::to_value(path(&good)).unwrap(), good);
    }
}

#[test]
fn a_selected_element_of_the_wrong_shape_ends_the_search_and_one_without_the_member_drops_out() {
    let claims = json!({"mixed": [{"a": 1}, {"b": 2}, "text"], "objects": [{"a": 1}, {"b": 2}], "lists": [[1, 2], [3]]});
    assert_eq!(path(&json!(["mixed", null, "a"])).select(&claims), Err(SelectError::Shape));
    assert_eq!(path(&json!(["objects", null, "a"])).select(&claims).unwrap(), [&json!(1)]);
    assert_eq!(path(&json!(["lists", null, 1])).select(&claims).unwrap(), [&json!(2)]);
    assert_eq!(path(&json!(["lists", null, 2])).select(&claims), Err(SelectError::Absent));
    assert_eq!(path(&json!(["lists", null, null])).select(&claims).unwrap().len(), 3);
}

#[test]
fn mdoc_paths_are_namespace_and_element() {
    let claims = json!({"ns": {"el": {"inner": 1}, "null": null}});
    assert_eq!(select_mdoc(&path(&json!(["ns", "el"])), &claims), Ok(&json!({"inner": 1})));
    assert_eq!(select_mdoc(&path(&json!(["ns", "null"])), &claims), Ok(&Value::Null));
    for (malformed, error) in [
        (json!(["ns"]), MdocPathError::Malformed),
        (json!(["ns", "el", "inner"]), MdocPathError::Malformed),
        (json!(["ns", 0]), MdocPathError::Malformed),
        (json!(["ns", null]), MdocPathError::Malformed),
        (json!(["other", "el"]), MdocPathError::NoNamespace),
        (json!(["ns", "other"]), MdocPathError::NoElement),
    ] {
        assert_eq!(select_mdoc(&path(&malformed), &claims), Err(error), "{malformed}");
    }
}

#[test]
fn in_a_presentation_an_index_may_have_moved_to_the_front() {
    let whole = json!({"list": ["a", "b", "c", "d"]});
    let shown = json!({"list": ["b", "d"]});
    let third = path(&json!(["list", 3]));
    assert_eq!(third.select(&whole).unwrap(), [&json!("d")]);
    assert_eq!(select_presented(&third, &shown).unwrap(), [&json!("b"), &json!("d")]);
    // What is at position 1 now was at 1 or behind it: it cannot be what was at 0.
    assert_eq!(select_presented(&path(&json!(["list", 0])), &shown).unwrap(), [&json!("b")]);
    assert_eq!(select_presented(&third, &json!({"list": []})), Err(SelectError::Absent));
    assert_eq!(select_presented(&third, &json!({"list": "d"})), Err(SelectError::Shape));
    assert_eq!(select_presented(&third, &json!({})), Err(SelectError::Absent));
    // A guess of the wrong shape is no answer and no error.
    let mixed = json!({"list": ["text", {"type": "x"}]});
    assert_eq!(select_presented(&path(&json!(["list", 1, "type"])), &mixed).unwrap(), [&json!("x")]);
    assert_eq!(select_presented(&path(&json!(["list", 0, "type"])), &mixed), Err(SelectError::Absent));
    assert_eq!(select_presented(&path(&json!([0])), &json!(["a"])), Err(SelectError::Shape));
}
