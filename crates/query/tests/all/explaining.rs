//! Why a query cannot be met, in words.

use credenza_query::{Candidate, DcqlQuery, Unmet};
use serde_json::{Value, json};

use crate::support::{mdoc, query, sd_jwt};

fn words(asked: &DcqlQuery, candidates: &[Candidate<'_>]) -> Vec<String> {
    let matching = asked.matching(candidates);
    assert_eq!(matching.unmet().is_empty(), matching.satisfiable());
    matching.unmet().iter().map(ToString::to_string).collect()
}

fn asking(claims: Option<Value>) -> DcqlQuery {
    let mut credential = json!({
        "id": "pid", "format": "dc+sd-jwt", "meta": {"vct_values": ["v"]},
        "trusted_authorities": [{"type": "aki", "values": ["AQI"]}]
    });
    if let Some(claims) = claims {
        credential["claims"] = claims;
    }
    query(&json!({"credentials": [credential]}))
}

#[test]
fn the_closest_candidate_is_spoken_of() {
    let claims = json!({"name": "secret name", "age": 17, "address": {}});
    let asked = asking(Some(json!([
        {"path": ["name"], "values": ["Erika"]},
        {"path": ["address", "locality"]},
        {"path": ["age"]}
    ])));
    let wrong_format = mdoc("v", &claims);
    let wrong_type = sd_jwt("w", &claims);
    let unbound = Candidate { holder_binding: false, ..sd_jwt("v", &claims) };
    let stranger = sd_jwt("v", &claims);
    let mut close = sd_jwt("v", &claims);
    close.authorities.aki = vec![&[1, 2]];
    let mut candidates = Vec::new();
    let mut heard = vec![words(&asked, &candidates)];
    for candidate in [wrong_format, wrong_type, unbound, stranger, close] {
        candidates.insert(0, candidate);
        heard.push(words(&asked, &candidates));
    }
    let heard: Vec<_> = heard.concat();
    assert_eq!(
        heard,
        [
            "for 'pid' there is no credential of the format dc+sd-jwt",
            "for 'pid' there is no credential of the format dc+sd-jwt",
            "for 'pid' there is no credential of an accepted type",
            "for 'pid' the closest credential cannot prove that it belongs to its holder",
            "for 'pid' the closest credential comes from none of the authorities that the verifier trusts",
            "for 'pid' the closest credential lacks address.locality and has another value than asked for at name",
        ]
    );
}

// Clauses: VP-15.4.1-01
#[test]
fn r11_neither_value_is_told() {
    let claims = json!({"name": "canary"});
    let asked = query(&json!({"credentials": [{
        "id": "pid", "format": "dc+sd-jwt", "meta": {"vct_values": ["v"]},
        "claims": [{"path": ["name"], "values": ["guess"]}]
    }]}));
    let matching = asked.matching(&[sd_jwt("v", &claims)]);
    let told = format!("{} {:?}", matching.unmet()[0], matching.credentials[0].misses);
    assert!(!told.contains("canary") && !matching.unmet()[0].to_string().contains("guess"), "{told}");
}

#[test]
fn an_unknown_format_is_named() {
    let asked = query(&json!({"credentials": [{"id": "x", "format": "new\n\u{1b}[2J", "meta": {}}]}));
    let words = words(&asked, &[]).concat();
    assert_eq!(words, r#"for 'x' a format is asked for that is not supported: "new\n\u{1b}[2J""#);
}

#[test]
fn names_that_a_stranger_chose_are_harmless() {
    let claims = json!({});
    let long = "n".repeat(4000);
    let many: Vec<_> = (0..20).map(|at| json!({"path": [format!("{at}\u{1b}[2J\n"), long]})).collect();
    let asked = query(&json!({"credentials": [{
        "id": "pid", "format": "dc+sd-jwt", "meta": {"vct_values": ["v"]}, "claims": many
    }]}));
    let words = words(&asked, &[sd_jwt("v", &claims)]).concat();
    assert!(words.ends_with(" and 12 more") && words.len() < 1000, "{words}");
    assert!(!words.contains(char::is_control), "{words}");
}

#[test]
fn of_a_set_the_option_that_lacks_the_least() {
    let credential = |id: &str| json!({"id": id, "format": "dc+sd-jwt", "meta": {"vct_values": [id]}, "claims": [{"path": ["x"]}]});
    let asked = query(&json!({
        "credentials": (["a", "b", "c", "d"].map(credential)),
        "credential_sets": [
            {"options": [["c"], ["c", "d"]]},
            {"options": [["c"], ["a", "b", "b"], ["c", "d"]]},
            {"options": [["d"]], "required": false}
        ]
    }));
    let (good, bad) = (json!({"x": 1}), json!({}));
    let candidates = [sd_jwt("a", &good), sd_jwt("b", &bad), sd_jwt("d", &bad), mdoc("c", &bad)];
    let matching = asked.matching(&candidates);
    let unmet = matching.unmet();
    assert_eq!(unmet.len(), 2);
    assert!(matches!(&unmet[0], Unmet::Set { set: 1, option: 1, lacking } if lacking.len() == 1));
    assert_eq!(
        words(&asked, &candidates),
        [
            "no option of credential set 2 can be met; closest is option 2: for 'b' the closest credential lacks x",
            "no option of credential set 1 can be met; closest is option 1: for 'c' there is no credential of an accepted type",
        ]
    );
}
