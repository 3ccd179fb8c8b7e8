//! Properties: what is read can be written, strangers' input never panics, and exactly what an oracle says is disclosed.

use std::collections::BTreeSet;

use credenza_query::{DcqlQuery, Presented};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use crate::support::{query, sd_jwt};

/// Small claims with few names, so that paths hit.
fn claims() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (0..3_i64).prop_map(Value::from),
        "[xy]".prop_map(Value::from),
        Just(json!(1.0)),
    ];
    let value = leaf.prop_recursive(3, 24, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[abc]", inner, 0..4).prop_map(Value::from_iter),
        ]
    });
    prop::collection::btree_map("[abc]", value, 0..4).prop_map(Value::from_iter)
}

fn path() -> impl Strategy<Value = Value> {
    let step = prop_oneof![
        4 => "[abc]".prop_map(Value::from),
        1 => (0..3_u64).prop_map(Value::from),
        2 => Just(Value::Null),
    ];
    prop::collection::vec(step, 0..3).prop_flat_map(|rest| {
        "[abc]".prop_map(move |first| Value::from_iter([json!(first)].into_iter().chain(rest.clone())))
    })
}

fn claim() -> impl Strategy<Value = Value> {
    let value =
        prop_oneof![(0..3_i64).prop_map(Value::from), "[xy]".prop_map(Value::from), Just(json!(true))];
    (path(), prop::collection::vec(value, 0..3)).prop_map(|(path, values)| {
        if values.is_empty() { json!({"path": path}) } else { json!({"path": path, "values": values}) }
    })
}

/// A query for one credential, with claim sets or without.
fn asking() -> impl Strategy<Value = Value> {
    let sets = prop::collection::vec(prop::collection::vec(any::<prop::sample::Index>(), 1..4), 0..4);
    (prop::collection::vec(claim(), 1..5), sets).prop_map(|(mut claims, sets)| {
        let mut query = json!({"id": "c", "format": "dc+sd-jwt", "meta": {"vct_values": ["v"]}});
        for (position, claim) in claims.iter_mut().enumerate() {
            claim["id"] = json!(format!("i{position}"));
        }
        if !sets.is_empty() {
            let id = |index: &prop::sample::Index| format!("i{}", index.index(claims.len()));
            query["claim_sets"] = sets.iter().map(|set| set.iter().map(id).collect::<Value>()).collect();
        }
        query["claims"] = json!(claims);
        json!({"credentials": [query]})
    })
}

type Place = Vec<Value>;

/// Everything in a value with its place, and whether it is a leaf.
fn places(value: &Value, at: &Place, into: &mut Vec<(Place, Value)>) {
    into.push((at.clone(), value.clone()));
    let step = |step: Value| at.iter().cloned().chain([step]).collect::<Place>();
    match value {
        Value::Object(members) => {
            members.iter().for_each(|(key, value)| places(value, &step(json!(key)), into));
        }
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(index, value)| places(value, &step(json!(index)), into));
        }
        _ => {}
    }
}

/// The places that a path selects, by comparing it with every place there is; none when a step does not fit.
fn selected(path: &Value, all: &[(Place, Value)]) -> Option<Vec<Place>> {
    let path = path.as_array().unwrap();
    let fits = |place: &Place, depth: usize| {
        place.len() == depth
            && place.iter().zip(path).all(|(at, step)| at == step || (step.is_null() && at.is_number()))
    };
    for (depth, step) in path.iter().enumerate() {
        let shape = |value: &Value| if step.is_string() { value.is_object() } else { value.is_array() };
        if all.iter().any(|(place, value)| fits(place, depth) && !shape(value)) {
            return None;
        }
    }
    let found: Vec<_> =
        all.iter().map(|(place, _)| place).filter(|place| fits(place, path.len())).cloned().collect();
    (!found.is_empty()).then_some(found)
}

/// What a claim discloses: places, or nothing when the claim cannot be delivered.
fn delivered(claim: &Value, all: &[(Place, Value)]) -> Option<Vec<Place>> {
    let mut found = selected(&claim["path"], all)?;
    if let Some(values) = claim.get("values") {
        let value = |place: &Place| &all.iter().find(|(other, _)| other == place).unwrap().1;
        found.retain(|place| values.as_array().unwrap().iter().any(|one| one == value(place)));
    }
    (!found.is_empty()).then_some(found)
}

/// What is disclosed by the letter of §6.4.1: the option, and the roots of what is shown.
fn oracle(query: &Value, claims: &Value) -> Option<(Option<usize>, BTreeSet<String>)> {
    let mut all = Vec::new();
    places(claims, &Vec::new(), &mut all);
    let asked = query["claims"].as_array().unwrap();
    let by_id = |id: &Value| asked.iter().find(|claim| &claim["id"] == id).unwrap();
    let sets = query.get("claim_sets").map(|sets| {
        sets.as_array()
            .unwrap()
            .iter()
            .map(|set| set.as_array().unwrap().iter().map(by_id).collect())
            .collect()
    });
    let named = sets.is_some();
    let options: Vec<Vec<&Value>> = sets.unwrap_or_else(|| vec![asked.iter().collect()]);
    options.into_iter().enumerate().find_map(|(option, claims)| {
        let mut shown = BTreeSet::new();
        let mut seen: Vec<&Value> = Vec::new();
        for claim in claims {
            // The same claim a second time is overlooked.
            if seen.contains(&&claim["path"]) {
                continue;
            }
            seen.push(&claim["path"]);
            shown.extend(delivered(claim, &all)?.iter().map(|place| json!(place).to_string()));
        }
        Some((named.then_some(option), shown))
    })
}

/// The claims without everything that is not below one of the places.
fn pruned(value: &Value, at: &Place, shown: &BTreeSet<String>) -> Option<Value> {
    if shown.contains(&json!(at).to_string()) {
        return Some(value.clone());
    }
    let inner =
        |step: Value, value: &Value| pruned(value, &at.iter().cloned().chain([step]).collect(), shown);
    match value {
        Value::Object(members) => {
            let members: Map<_, _> = members
                .iter()
                .filter_map(|(key, value)| Some((key.clone(), inner(json!(key), value)?)))
                .collect();
            (!members.is_empty()).then_some(Value::Object(members))
        }
        Value::Array(items) => {
            let items: Vec<_> =
                items.iter().enumerate().filter_map(|(index, value)| inner(json!(index), value)).collect();
            (!items.is_empty()).then_some(Value::Array(items))
        }
        _ => None,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    // Clauses: VP-6.4-01, VP-6.4.1-02, VP-6.4.1-03, VP-6.4.1-05, VP-6.4.1-08
    #[test]
    fn r10_the_disclosed_set_equals_an_oracle(asked in asking(), claims in claims()) {
        let query = query(&asked);
        let matching = query.matching(&[sd_jwt("v", &claims)]);
        let found = matching.credentials[0].matches.first().map(|found| (found.claim_set, found.disclosed(&claims)));
        let expected = oracle(&asked["credentials"][0], &claims)
            .map(|(option, shown)| (option, pruned(&claims, &Vec::new(), &shown).unwrap()));
        prop_assert_eq!(found, expected);
    }

    // What a wallet discloses by the rules, the verifier accepts.
    #[test]
    fn a_right_answer_passes(asked in asking(), claims in claims()) {
        let query = query(&asked);
        let matching = query.matching(&[sd_jwt("v", &claims)]);
        if let Some(found) = matching.credentials[0].matches.first() {
            let shown = found.disclosed(&claims);
            let report = query.check(&[Presented { id: "c", credentials: vec![sd_jwt("v", &shown)] }]);
            prop_assert!(report.ok(), "{asked} {shown} {report}");
        }
    }

    #[test]
    fn round_trip(asked in asking()) {
        let read = query(&asked);
        let written = serde_json::to_value(&read).unwrap();
        prop_assert_eq!(&written, &asked);
        prop_assert_eq!(serde_json::from_value::<DcqlQuery>(written).unwrap(), read);
    }

    #[test]
    fn r16_a_member_of_any_kind_never_panics(at in any::<prop::sample::Index>(), value in claims(), leaf in any::<bool>()) {
        let mut query = crate::parsing::full();
        let mut all = Vec::new();
        places(&query, &Vec::new(), &mut all);
        let (place, _) = &all[at.index(all.len())];
        let pointer: String = place
            .iter()
            .map(|step| step.as_str().map_or_else(|| format!("/{step}"), |step| format!("/{step}")))
            .collect();
        *query.pointer_mut(&pointer).unwrap() = if leaf { value["a"].clone() } else { value };
        if let Ok(read) = DcqlQuery::parse(&query) {
            prop_assert_eq!(DcqlQuery::parse(&serde_json::to_value(&read).unwrap()).unwrap(), read);
        }
    }
}
