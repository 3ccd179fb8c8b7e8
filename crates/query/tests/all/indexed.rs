//! A search with an index finds what a search without one finds.

use credenza_query::{Authorities, Candidate, DcqlQuery, TypeIndex};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::support::query;

const FORMATS: [&str; 6] = ["dc+sd-jwt", "mso_mdoc", "jwt_vc_json", "vc+jwt", "ldp_vc", "other"];
const NAMES: [&str; 3] = ["a", "b", "c"];

/// A credential: its format, its types, a claim, and whether its holder can sign. The format that it is matched as may be
/// another than it was added as: where the verifier could not verify it.
type Held = (usize, Vec<usize>, u8, bool, bool);

fn held() -> impl Strategy<Value = Held> {
    let types = prop::collection::vec(0..NAMES.len(), 0..4);
    (0..FORMATS.len(), types, 0..3_u8, any::<bool>(), prop::bool::weighted(0.8))
}

fn asked() -> impl Strategy<Value = Value> {
    let one = (0..FORMATS.len(), prop::collection::vec(0..NAMES.len(), 1..3), 0..3_u8, any::<bool>());
    prop::collection::vec(one, 1..4).prop_map(|all| {
        let credentials: Value = all
            .iter()
            .enumerate()
            .map(|(position, (format, types, value, binds))| {
                let names: Vec<_> = types.iter().map(|name| NAMES[*name]).collect();
                let meta = match FORMATS[*format] {
                    "dc+sd-jwt" => json!({"vct_values": names}),
                    "mso_mdoc" => json!({"doctype_value": names[0]}),
                    "other" => json!({}),
                    _ => json!({"type_values": [names, ["c"]]}),
                };
                json!({
                    "id": format!("q{position}"), "format": FORMATS[*format], "meta": meta,
                    "require_cryptographic_holder_binding": binds,
                    "claims": [{"path": ["n", "x"], "values": [value]}],
                })
            })
            .collect();
        json!({"credentials": credentials})
    })
}

fn candidates<'a>(wallet: &[Held], claims: &'a [Value], as_added: bool) -> Vec<Candidate<'a>> {
    let one = |((format, types, _, binds, verifiable), claims): (&Held, &'a Value)| Candidate {
        format: if as_added || *verifiable { FORMATS[*format] } else { "" },
        types: types.iter().map(|name| NAMES[*name]).collect(),
        claims,
        holder_binding: *binds,
        authorities: Authorities::default(),
    };
    wallet.iter().zip(claims).map(one).collect()
}

fn same(query: &DcqlQuery, index: &TypeIndex, candidates: &[Candidate<'_>]) -> Result<(), TestCaseError> {
    let without = query.matching(candidates);
    let with = query.matching_among(index, |position| candidates[position].clone());
    for (one, other) in without.credentials.iter().zip(&with.credentials) {
        prop_assert_eq!(&one.matches, &other.matches);
        prop_assert!(other.misses.iter().all(|miss| one.misses.contains(miss)));
    }
    prop_assert_eq!(without.satisfiable(), with.satisfiable());
    prop_assert_eq!(without.unmet(), with.unmet());
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    #[test]
    fn an_index_changes_nothing(asked in asked(), wallet in prop::collection::vec(held(), 0..12)) {
        let claims: Vec<_> = wallet.iter().map(|held| json!({"n": {"x": held.2}})).collect();
        let index = TypeIndex::of(&candidates(&wallet, &claims, true));
        prop_assert_eq!(index.len(), wallet.len());
        same(&query(&asked), &index, &candidates(&wallet, &claims, false))?;
    }
}

#[test]
fn what_is_of_another_type_is_not_looked_at() {
    let claims = json!({"given_name": "Erika"});
    let mut index = TypeIndex::new();
    for number in 0..1_000 {
        index.add("dc+sd-jwt", [format!("urn:type:{number}").as_str()]);
    }
    assert_eq!(index.add("mso_mdoc", ["urn:type:7"]), 1_000);
    let looked_at = std::cell::RefCell::new(Vec::new());
    let candidate = |position: usize| {
        looked_at.borrow_mut().push(position);
        Candidate {
            format: "dc+sd-jwt",
            types: vec!["urn:type:7"],
            claims: &claims,
            holder_binding: true,
            authorities: Authorities::default(),
        }
    };
    let asked = |vct: &str| {
        query(&json!({"credentials": [{"id": "q", "format": "dc+sd-jwt", "meta": {"vct_values": [vct]}}]}))
    };
    let rare = asked("urn:type:7");
    assert_eq!(rare.matching_among(&index, candidate).credentials[0].matches.len(), 1);
    assert_eq!(looked_at.take(), [7]);
    // Where there is none, one is enough to say so.
    let absent = asked("urn:type:absent");
    let found = absent.matching_among(&index, candidate);
    assert_eq!(found.unmet()[0].to_string(), "for 'q' there is no credential of an accepted type");
    assert_eq!(looked_at.take().len(), 1);
}
