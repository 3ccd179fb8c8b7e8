//! Random claims, random concealment, random selection: what the verifier sees is what was selected and what is
//! always disclosed, and no parser panics.

use credenza_core::{ClaimsPath, PathElement, SeededRandom};
use credenza_crypto::{IdentifiedBy, Signer as _};
use credenza_formats::sd_jwt::{
    self, Binding, Concealment, Decoys, Expected, Held, Issuance, Profile, SdJwt, SdJwtLimits,
};
use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::{Map, Value};

use crate::support::{NONCE, NOW, VERIFIER, bound, check, holder, issuer, now, object};

fn claims() -> impl Strategy<Value = Map<String, Value>> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        "\\PC{0,8}".prop_map(Value::from),
    ];
    let value = leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[a-d]|\\PC{1,3}", inner, 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    });
    prop::collection::btree_map("[a-h]|\\PC{1,3}", value, 0..6)
        .prop_map(|members| members.into_iter().collect())
}

/// Every place in the claims.
fn places(value: &Value, at: &[PathElement], out: &mut Vec<Vec<PathElement>>) {
    let mut go = |element: PathElement, value: &Value| {
        let here = [at, &[element]].concat();
        out.push(here.clone());
        places(value, &here, out);
    };
    match value {
        Value::Object(members) => {
            members.iter().for_each(|(name, value)| go(PathElement::Key(name.clone()), value));
        }
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(index, item)| go(PathElement::Index(index), item));
        }
        _ => {}
    }
}

/// What a verifier must see, by the words of the specification alone: a concealed place is seen when it is selected,
/// or lies in what is selected, or has what is selected in it.
fn oracle(
    value: &Value,
    at: &[PathElement],
    hidden: &[Vec<PathElement>],
    selected: &[Vec<PathElement>],
) -> Value {
    let seen = |here: &[PathElement]| {
        !hidden.iter().any(|place| place == here)
            || selected.iter().any(|path| path.starts_with(here) || here.starts_with(path))
    };
    match value {
        Value::Object(members) => Value::Object(
            members
                .iter()
                .filter_map(|(name, value)| {
                    let here = [at, &[PathElement::Key(name.clone())]].concat();
                    seen(&here).then(|| (name.clone(), oracle(value, &here, hidden, selected)))
                })
                .collect(),
        ),
        Value::Array(items) => Value::Array(
            items
                .iter()
                .enumerate()
                .filter_map(|(index, item)| {
                    let here = [at, &[PathElement::Index(index)]].concat();
                    seen(&here).then(|| oracle(item, &here, hidden, selected))
                })
                .collect(),
        ),
        other => other.clone(),
    }
}

fn some_of(all: &[Vec<PathElement>], picks: &[Index]) -> Vec<Vec<PathElement>> {
    if all.is_empty() {
        return Vec::new();
    }
    let mut some: Vec<Vec<PathElement>> = picks.iter().map(|pick| pick.get(all).clone()).collect();
    some.sort();
    some.dedup();
    some
}

fn as_paths(places: &[Vec<PathElement>]) -> Vec<ClaimsPath> {
    places.iter().map(|place| ClaimsPath::new(place.clone()).unwrap()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn issue_hold_present_bind_verify(
        claims in claims(),
        hide in prop::collection::vec(any::<Index>(), 0..8),
        show in prop::collection::vec(any::<Index>(), 0..4),
        decoys in prop_oneof![Just(Decoys::None), (0_u8..4).prop_map(Decoys::Add), (0_u8..4).prop_map(Decoys::PadTo)],
        seed: u64,
    ) {
        let mut all = Vec::new();
        let value = Value::Object(claims.clone());
        places(&value, &[], &mut all);
        let hidden = some_of(&all, &hide);
        let selected = some_of(&all, &show);

        let mut issued = claims;
        issued.insert("vct".to_owned(), "urn:test".into());
        let (issuer, holder) = (issuer(), holder());
        let header = sd_jwt::header(&issuer, IdentifiedBy::Nothing);
        let concealment = Concealment::at(&as_paths(&hidden)).with_decoys(decoys);
        let issuance = Issuance {
            header: &header,
            claims: &issued,
            concealment: &concealment,
            holder: Some(holder.public_jwk()),
            profile: Profile::Credential,
        };
        let text = now(sd_jwt::issue(&issuer, &issuance, &SeededRandom::new(seed))).unwrap();
        let held = Held::restore(text, &SdJwtLimits::default()).unwrap();
        let mut with_all = held.claims().clone();
        with_all.remove("cnf");
        prop_assert_eq!(&with_all, &issued);
        prop_assert_eq!(held.disclosable_paths().len(), hidden.len());

        let presentation = held.present(&as_paths(&selected));
        let binding = Binding { nonce: NONCE, audience: VERIFIER, issued_at: NOW, more: Map::new() };
        let sent = now(presentation.bind(&holder, &binding)).unwrap();
        let (verified, report) = check(&sent, &bound(Expected::credential(NOW)));
        prop_assert!(verified.is_some(), "{}", report);
        let mut seen = verified.unwrap().claims;
        prop_assert_eq!(&held.preview(&as_paths(&selected)), &seen);
        seen.remove("cnf");
        let expected = object(oracle(&Value::Object(issued), &[], &hidden, &selected));
        prop_assert_eq!(seen, expected);
    }

    #[test]
    fn strangers_text_never_panics(text in "\\PC{0,80}") {
        let _ = SdJwt::parse(&text, &SdJwtLimits::default());
        let _ = Held::restore(text, &SdJwtLimits::default());
    }

    #[test]
    fn almost_an_sd_jwt_never_panics(text in "[A-Za-z0-9_.~-]{0,80}") {
        let _ = Held::restore(format!("eyJhbGciOiJFUzI1NiJ9.{text}"), &SdJwtLimits::default());
        let _ = Held::restore(format!("eyJhbGciOiJFUzI1NiJ9.e30.AAAA~{text}~"), &SdJwtLimits::default());
    }

    /// A signed payload of reserved structures, thrown together.
    #[test]
    fn odd_payloads_never_panic(
        payload in "(\\{|\\}|\\[|\\]|,|:|\"_sd\"|\"\\.\\.\\.\"|\"_sd_alg\"|\"x\"|1|null){0,24}",
        disclosure in "(\\[|\\]|,|\"_sd\"|\"\\.\\.\\.\"|\"x\"|\\{|\\}|:|1){0,12}",
    ) {
        let disclosure = crate::support::conceal_text(&disclosure);
        for payload in [payload.clone(), format!(r#"{{"a":{payload},"_sd":["{}"]}}"#, disclosure.digest)] {
            let text = crate::support::forge_as("dc+sd-jwt", &payload, &[&disclosure]);
            let (verified, report) = check(&text, &Expected::plain(NOW));
            prop_assert_eq!(verified.is_some(), report.ok());
        }
    }

    /// A byte of a presentation that is changed never goes unnoticed.
    #[test]
    fn a_changed_byte_is_refused(at: Index, bit in 0_u8..7) {
        let name = crate::support::member("name", &serde_json::json!("Erika"));
        let text = crate::support::forge(&serde_json::json!({"vct": "urn:test", "_sd": [name.digest]}), &[&name]);
        let mut bytes = text.into_bytes();
        let at = at.index(bytes.len());
        bytes[at] ^= 1 << bit;
        if let Ok(text) = String::from_utf8(bytes) {
            prop_assert!(!check(&text, &Expected::credential(NOW)).1.ok());
        }
    }
}
