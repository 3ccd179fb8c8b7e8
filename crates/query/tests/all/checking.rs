//! Whether what was presented answers the query (OID4VP 1.0 §8.6): one change to a good answer, one named failure.

use std::collections::HashSet;

use credenza_core::{Outcome, Report};
use credenza_query::{Authorities, Candidate, DcqlQuery, Presented, rules};
use serde_json::{Value, json};

use crate::support::{mdoc, query, sd_jwt};

fn asked() -> Value {
    json!({
        "credentials": [
            {
                "id": "pid", "format": "dc+sd-jwt", "meta": {"vct_values": ["urn:pid"]},
                "trusted_authorities": [{"type": "aki", "values": ["AQI"]}],
                "claims": [{"path": ["name"]}, {"path": ["country"], "values": ["DE", "FR"]}]
            },
            {
                "id": "mdl", "format": "mso_mdoc", "meta": {"doctype_value": "mDL"},
                "claims": [
                    {"id": "over", "path": ["ns", "age_over_18"], "values": [true]},
                    {"id": "birth", "path": ["ns", "birth_date"]}
                ],
                "claim_sets": [["over"], ["birth"]]
            }
        ]
    })
}

/// Leaks a value, so that it can be put into an answer from anywhere.
fn keep(value: Value) -> &'static Value {
    Box::leak(Box::new(value))
}

/// A good answer, with something changed.
fn answer(asked: &Value, change: impl FnOnce(&mut Vec<Presented<'static>>)) -> Report {
    let pid = keep(json!({"name": "canary", "country": "DE"}));
    let mdl = keep(json!({"ns": {"age_over_18": true}}));
    let aki = Authorities { aki: vec![&[1, 2]], others: Vec::new() };
    let mut presented = vec![
        Presented { id: "pid", credentials: vec![Candidate { authorities: aki, ..sd_jwt("urn:pid", pid) }] },
        Presented { id: "mdl", credentials: vec![mdoc("mDL", mdl)] },
    ];
    change(&mut presented);
    query(asked).check(&presented)
}

fn failed(report: &Report) -> HashSet<&'static str> {
    let own =
        report.checks.iter().filter(|check| check.outcome == Outcome::Failed).map(|check| check.rule.id);
    own.chain(report.parts.iter().flat_map(failed)).collect()
}

fn names(list: &[&'static str]) -> HashSet<&'static str> {
    list.iter().copied().collect()
}

// Clauses: VP-8.6-01
#[test]
fn a_good_answer_passes_every_check() {
    let report = answer(&asked(), |_| {});
    assert!(report.ok(), "{report}");
    assert_eq!(report.parts.len(), 2);
    for rule in rules::ALL {
        assert_eq!(report.find(rule.id).unwrap().outcome, Outcome::Passed, "{}", rule.id);
    }
}

// Clauses: VP-8.6-01, VP-8.6-02, VP-8.6-03, VP-8.1-01, VP-8.1-02, VP-8.1-03, VP-6.1-09, VP-6.1-10, VP-6.1.1.1-01
#[test]
fn p05_the_query_is_enforced_on_the_answer() {
    let other = keep(json!({"name": "canary", "country": "US"}));
    let typed = keep(json!({"name": "canary", "country": ["DE"]}));
    let less = keep(json!({"country": "DE"}));
    let minor = keep(json!({"ns": {"age_over_18": false}}));
    let neither = keep(json!({"ns": {"portrait": "…"}}));
    let birth = keep(json!({"ns": {"birth_date": "1984-01-26"}}));
    let asked = asked();
    type Change = Box<dyn FnOnce(&mut Vec<Presented<'static>>)>;
    let rows: Vec<(Change, &[&'static str])> = vec![
        (Box::new(|to| to[0].credentials[0].format = "ldp_vc"), &["dcql.format", "dcql.sets"]),
        (Box::new(|to| to[0].credentials[0].format = ""), &["dcql.format", "dcql.sets"]),
        (Box::new(|to| to[0].credentials[0].types = vec!["urn:other"]), &["dcql.type", "dcql.sets"]),
        (Box::new(|to| to[0].credentials[0].types.clear()), &["dcql.type", "dcql.sets"]),
        (Box::new(|to| to[1].credentials[0].types = vec!["mDL2"]), &["dcql.type", "dcql.sets"]),
        (Box::new(|to| to[0].credentials[0].holder_binding = false), &["dcql.holder-binding", "dcql.sets"]),
        (
            Box::new(|to| to[0].credentials[0].authorities.aki.clear()),
            &["dcql.trusted-authorities", "dcql.sets"],
        ),
        (
            Box::new(|to| to[0].credentials[0].authorities.aki = vec![&[1, 2, 3]]),
            &["dcql.trusted-authorities", "dcql.sets"],
        ),
        (Box::new(move |to| to[0].credentials[0].claims = less), &["dcql.claims", "dcql.sets"]),
        (Box::new(|to| to[0].credentials[0].claims = &Value::Null), &["dcql.claims", "dcql.sets"]),
        (Box::new(move |to| to[0].credentials[0].claims = other), &["dcql.values", "dcql.sets"]),
        (Box::new(move |to| to[0].credentials[0].claims = typed), &["dcql.values", "dcql.sets"]),
        (Box::new(move |to| to[1].credentials[0].claims = minor), &["dcql.values", "dcql.sets"]),
        (Box::new(move |to| to[1].credentials[0].claims = neither), &["dcql.claims", "dcql.sets"]),
        (Box::new(move |to| to[1].credentials[0].claims = birth), &[]),
        (Box::new(|to| drop(to.pop())), &["dcql.sets"]),
        (Box::new(|to| to[1].id = "other"), &["dcql.credential.known", "dcql.sets"]),
        (
            Box::new(|to| to.push(Presented { id: "extra", credentials: Vec::new() })),
            &["dcql.credential.known"],
        ),
        (Box::new(|to| to.push(to[0].clone())), &["dcql.credential.once"]),
        (
            Box::new(|to| {
                let second = to[0].credentials[0].clone();
                to[0].credentials.push(second);
            }),
            &["dcql.multiple", "dcql.sets"],
        ),
        (Box::new(|to| to[0].credentials.clear()), &["dcql.credential.not-empty", "dcql.sets"]),
        (
            Box::new(|to| {
                let (first, rest) = to.split_at_mut(1);
                std::mem::swap(&mut first[0].credentials, &mut rest[0].credentials);
            }),
            &["dcql.format", "dcql.sets"],
        ),
        (Box::new(Vec::clear), &["dcql.credential.not-empty", "dcql.sets"]),
    ];
    for (number, (change, expected)) in rows.into_iter().enumerate() {
        let report = answer(&asked, change);
        assert_eq!(failed(&report), names(expected), "row {number}\n{report}");
        assert_eq!(report.ok(), expected.is_empty());
        assert!(!report.to_string().contains("canary"), "{report}");
    }
}

// Clauses: VP-8.1-02
#[test]
fn p05_several_presentations_are_each_checked() {
    let mut asked = asked();
    asked["credentials"][0]["multiple"] = json!(true);
    let double = |to: &mut Vec<Presented<'static>>| {
        let second = to[0].credentials[0].clone();
        to[0].credentials.push(second);
    };
    let report = answer(&asked, double);
    assert!(report.ok() && report.parts.len() == 3, "{report}");
    // Not only the first one counts.
    let report = answer(&asked, |to| {
        double(to);
        to[0].credentials[1].types = vec!["urn:other"];
    });
    assert_eq!(failed(&report), names(&["dcql.type", "dcql.sets"]));
    assert!(report.parts[0].ok() && !report.parts[1].ok());
}

// Clauses: VP-6.1-06
#[test]
fn p05_a_null_multiple_is_no_query() {
    let mut asked = asked();
    asked["credentials"][0]["multiple"] = Value::Null;
    assert!(DcqlQuery::parse(&asked).is_err());
}

// Clauses: VP-8.1-01, VP-8.1-03
#[test]
fn p06_ids_that_mean_nothing_here() {
    for id in ["", "PID", "pid ", "pid\0", "credentials", "0"] {
        let report = answer(&asked(), |to| to[0].id = Box::leak(id.to_owned().into_boxed_str()));
        assert_eq!(failed(&report), names(&["dcql.credential.known", "dcql.sets"]), "{id:?}");
    }
    // A stranger's text is not repeated.
    let report = answer(&asked(), |to| to[0].id = "<script>");
    assert!(!report.to_string().contains("script"));
}

// Clauses: VP-6.4.2-01, VP-6.4.2-03, VP-8.6-03
#[test]
fn p05_credential_sets() {
    let mut asked = asked();
    asked["credential_sets"] = json!([{"options": [["pid"], ["mdl"]]}]);
    assert!(answer(&asked, |_| {}).ok());
    assert!(answer(&asked, |to| drop(to.pop())).ok());
    assert!(answer(&asked, |to| drop(to.remove(0))).ok());
    let report = answer(&asked, |to| {
        to.pop();
        to[0].credentials[0].holder_binding = false;
    });
    assert_eq!(failed(&report), names(&["dcql.holder-binding", "dcql.sets"]));
    asked["credential_sets"] = json!([{"options": [["pid", "mdl"]]}]);
    assert_eq!(failed(&answer(&asked, |to| drop(to.pop()))), names(&["dcql.sets"]));
    asked["credential_sets"] = json!([{"options": [["pid"]]}, {"options": [["mdl"]], "required": false}]);
    assert!(answer(&asked, |to| drop(to.pop())).ok());
    // Even where it is optional, what does not fit must not have been sent.
    assert_eq!(failed(&answer(&asked, |to| to[1].credentials[0].types = vec!["x"])), names(&["dcql.type"]));
    asked["credential_sets"] = json!([{"options": [["pid"], ["mdl"]], "required": false}]);
    assert_eq!(failed(&answer(&asked, Vec::clear)), names(&["dcql.credential.not-empty"]));
}

#[test]
fn p04_holder_binding_is_waived_by_the_query_alone() {
    let mut asked = asked();
    asked["credentials"][0]["require_cryptographic_holder_binding"] = json!(false);
    let report = answer(&asked, |to| to[0].credentials[0].holder_binding = false);
    assert!(report.ok(), "{report}");
    assert_eq!(report.find("dcql.holder-binding").unwrap().outcome, Outcome::Skipped);
}

#[test]
fn an_index_is_relaxed_where_elements_can_be_withheld_and_exact_where_not() {
    let shown = json!({"list": ["NL"]});
    for (format, meta, good) in [
        ("dc+sd-jwt", json!({"vct_values": ["v"]}), true),
        ("ldp_vc", json!({"type_values": [["v"]]}), true),
        ("jwt_vc_json", json!({"type_values": [["v"]]}), false),
    ] {
        let asked = query(&json!({"credentials": [{
            "id": "c", "format": format, "meta": meta, "claims": [{"path": ["list", 1], "values": ["NL"]}]
        }]}));
        let credentials = vec![Candidate { format, ..sd_jwt("v", &shown) }];
        assert_eq!(asked.check(&[Presented { id: "c", credentials }]).ok(), good, "{format}");
    }
}

#[test]
fn of_several_claims_one_with_a_value_is_enough() {
    let asked = query(&json!({"credentials": [{
        "id": "c", "format": "dc+sd-jwt", "meta": {"vct_values": ["v"]},
        "claims": [{"path": ["list", 2], "values": ["NL"]}, {"path": ["list", null], "values": ["FR"]}]
    }]}));
    for (shown, good) in [
        (json!(["DE", "FR", "NL"]), true),
        (json!(["FR", "NL"]), true),
        (json!(["DE", "NL"]), false),
        // What was third cannot be fourth.
        (json!(["FR", "DE", "DE", "NL"]), false),
    ] {
        let shown = json!({"list": shown});
        let report = asked.check(&[Presented { id: "c", credentials: vec![sd_jwt("v", &shown)] }]);
        assert_eq!(report.ok(), good, "{shown}");
    }
}

#[test]
fn a_format_that_is_not_known_is_never_answered() {
    let claims = json!({});
    let asked = query(&json!({"credentials": [{"id": "c", "format": "new", "meta": {}}]}));
    let credentials = vec![Candidate { format: "new", ..sd_jwt("v", &claims) }];
    assert_eq!(
        failed(&asked.check(&[Presented { id: "c", credentials }])),
        names(&["dcql.format", "dcql.sets"])
    );
}

#[test]
fn names_of_checks_are_unique() {
    assert_eq!(rules::ALL.iter().map(|rule| rule.id).collect::<HashSet<_>>().len(), rules::ALL.len());
}
