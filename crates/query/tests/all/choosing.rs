//! Which credentials are proposed (OID4VP 1.0 §6.4.2).

use credenza_query::{Chosen, DcqlQuery, Matching};
use serde_json::{Value, json};

use crate::support::{query, sd_jwt};

/// A query for credentials `a`, `b`, … of the type of the same name.
fn asking(ids: &[&str], sets: Option<Value>) -> DcqlQuery {
    let credential = |id: &&str| json!({"id": id, "format": "dc+sd-jwt", "meta": {"vct_values": [id]}});
    let mut asked = json!({"credentials": ids.iter().map(credential).collect::<Value>()});
    if let Some(sets) = sets {
        asked["credential_sets"] = sets;
    }
    query(&asked)
}

fn ids<'a>(chosen: &[Chosen<'a>]) -> Vec<&'a str> {
    chosen.iter().map(|chosen| chosen.query.id.as_str()).collect()
}

/// What a wallet with credentials of these types finds.
fn holding<'q>(asked: &'q DcqlQuery, types: &[&str]) -> Matching<'q> {
    let claims = json!({});
    let candidates: Vec<_> = types.iter().map(|vct| sd_jwt(vct, &claims)).collect();
    asked.matching(&candidates)
}

// Clauses: VP-6.4.2-03
#[test]
fn without_sets_all_credentials_or_none() {
    let asked = asking(&["a", "b"], None);
    let matching = holding(&asked, &["b", "x", "a"]);
    let selection = matching.selection().unwrap();
    assert_eq!(ids(&selection.required), ["a", "b"]);
    assert_eq!(selection.required[0].proposed.candidate, 2);
    assert!(selection.optional.is_empty());
    for types in [&["a", "x"][..], &["b"], &[]] {
        let matching = holding(&asked, types);
        assert!(!matching.satisfiable() && matching.selection().is_none());
    }
}

// Clauses: VP-6.4.2-01, VP-6.4.2-03
#[test]
fn the_first_option_that_can_be_met_of_each_required_set() {
    let sets = json!([
        {"options": [["a", "b"], ["c"], ["d"]]},
        {"options": [["e"], ["d"]]},
        {"options": [["f"], ["a", "d"]], "required": false},
        {"options": [["f"]], "required": false}
    ]);
    let asked = asking(&["a", "b", "c", "d", "e", "f"], Some(sets));
    let matching = holding(&asked, &["a", "c", "d"]);
    assert_eq!(
        matching.sets.iter().map(|set| set.options.clone()).collect::<Vec<_>>(),
        [vec![1, 2], vec![1], vec![1], vec![]]
    );
    let selection = matching.selection().unwrap();
    assert_eq!(ids(&selection.required), ["c", "d"]);
    assert_eq!(selection.optional.len(), 1);
    assert_eq!((selection.optional[0].set, selection.optional[0].option), (2, 1));
    assert_eq!(ids(&selection.optional[0].credentials), ["a", "d"]);
    assert!(holding(&asked, &["a", "b", "e"]).satisfiable());
    assert!(!holding(&asked, &["a", "e", "f"]).satisfiable());
    assert!(!holding(&asked, &["a", "b"]).satisfiable());
}

#[test]
fn nothing_required_nothing_chosen() {
    let asked = asking(&["a"], Some(json!([{"options": [["a"]], "required": false}])));
    let none = holding(&asked, &[]);
    let selection = none.selection().unwrap();
    assert!(selection.required.is_empty() && selection.optional.is_empty());
    let one = holding(&asked, &["a"]);
    assert_eq!(one.selection().unwrap().optional.len(), 1);
}

// Clauses: VP-6.1-06, VP-8.1-02
#[test]
fn one_is_proposed_and_the_others_can_be_had() {
    let asked = asking(&["a"], None);
    let matching = holding(&asked, &["a", "x", "a", "a"]);
    let selection = matching.selection().unwrap();
    let chosen = selection.required[0];
    assert_eq!(chosen.proposed.candidate, 0);
    assert_eq!(chosen.others.iter().map(|other| other.candidate).collect::<Vec<_>>(), [2, 3]);
    assert_eq!(matching.credential("a").unwrap().misses.len(), 1);
    assert!(matching.credential("b").is_none());
}

// Clauses: VP-6.1-15
#[test]
fn one_credential_may_answer_several_queries() {
    let asked = query(&json!({"credentials": [
        {"id": "a", "format": "dc+sd-jwt", "meta": {"vct_values": ["v"]}, "claims": [{"path": ["x"]}]},
        {"id": "b", "format": "dc+sd-jwt", "meta": {"vct_values": ["v"]}, "claims": [{"path": ["y"]}]}
    ]}));
    let claims = json!({"x": 1, "y": 2});
    let matching = asked.matching(&[sd_jwt("v", &claims)]);
    let selection = matching.selection().unwrap();
    assert_eq!(ids(&selection.required), ["a", "b"]);
    assert_eq!(selection.required[1].proposed.disclosed(&claims), json!({"y": 2}));
}
