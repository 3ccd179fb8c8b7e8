//! What a verifier would see of a candidate's claims.

use std::collections::HashMap;

use credenza_core::{ClaimsPath, PathElement};
use serde_json::{Map, Value};

use super::matching::Match;

impl Match {
    /// Of the candidate's `claims`, those that this match discloses: what a user has to agree to.
    ///
    /// It is as if every claim could be withheld. A credential may have claims that cannot: they are disclosed with any
    /// presentation, and the credential's format knows them. Elements of arrays that are withheld leave no gap.
    #[must_use]
    pub fn disclosed(&self, claims: &Value) -> Value {
        let paths = self.disclose.iter().map(ClaimsPath::elements).collect();
        part(claims, paths).unwrap_or_else(|| Value::Object(Map::new()))
    }
}

/// The part of `value` at any of these paths; none when there is nothing at them.
fn part(value: &Value, paths: Vec<&[PathElement]>) -> Option<Value> {
    if paths.iter().any(|path| path.is_empty()) {
        return Some(value.clone());
    }
    match value {
        Value::Object(members) => {
            let mut by_key: HashMap<&str, Vec<&[PathElement]>> = HashMap::new();
            for path in paths {
                if let [PathElement::Key(key), rest @ ..] = path {
                    by_key.entry(key).or_default().push(rest);
                }
            }
            let members: Map<_, _> = members
                .iter()
                .filter_map(|(key, value)| Some((key.clone(), part(value, by_key.remove(key.as_str())?)?)))
                .collect();
            (!members.is_empty()).then_some(Value::Object(members))
        }
        Value::Array(items) => {
            let mut all = Vec::new();
            let mut by_index: HashMap<usize, Vec<&[PathElement]>> = HashMap::new();
            for path in paths {
                match path {
                    [PathElement::All, rest @ ..] => all.push(rest),
                    [PathElement::Index(index), rest @ ..] => by_index.entry(*index).or_default().push(rest),
                    _ => {}
                }
            }
            let items: Vec<_> = items
                .iter()
                .enumerate()
                .filter_map(|(index, value)| {
                    let mut paths = by_index.remove(&index).unwrap_or_default();
                    paths.extend(&all);
                    part(value, paths)
                })
                .collect();
            (!items.is_empty()).then_some(Value::Array(items))
        }
        _ => None,
    }
}
