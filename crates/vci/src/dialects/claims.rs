//! Descriptions of claims: the list of 1.0, and the tree that drafts before 15 had.

use serde_json::{Map, Value};

/// Trees are not followed deeper.
const MAX_DEPTH: usize = 16;

/// What a node says about its own claim; everything else in it are claims below it.
const OWN: [&str; 3] = ["mandatory", "value_type", "display"];

/// The tree of a list. Elements of arrays have no place in it and count for the array.
pub(super) fn to_tree(described: &Value) -> Map<String, Value> {
    let mut tree = Map::new();
    for claim in described.as_array().into_iter().flatten().filter_map(Value::as_object) {
        let path = claim.get("path").and_then(Value::as_array).into_iter().flatten();
        let keys: Vec<&str> = path.map_while(Value::as_str).collect();
        insert(&mut tree, &keys, claim);
    }
    tree
}

fn insert(tree: &mut Map<String, Value>, path: &[&str], claim: &Map<String, Value>) {
    match path.split_first() {
        Some((key, path)) => {
            let node = tree.entry(*key).or_insert_with(|| Value::Object(Map::new()));
            if let Value::Object(node) = node {
                insert(node, path, claim);
            }
        }
        None => {
            let own = OWN.into_iter().filter_map(|own| Some((own, claim.get(own)?)));
            for (name, value) in own {
                tree.entry(name).or_insert_with(|| value.clone());
            }
        }
    }
}

/// The list of a tree: every claim with something to say, and every leaf.
pub(super) fn from_tree(tree: &Map<String, Value>) -> Vec<Value> {
    let mut described = Vec::new();
    walk(tree, &mut Vec::new(), &mut described);
    described
}

fn walk<'a>(tree: &'a Map<String, Value>, path: &mut Vec<&'a str>, described: &mut Vec<Value>) {
    if path.len() >= MAX_DEPTH {
        return;
    }
    for (name, node) in tree {
        let Value::Object(node) = node else { continue };
        path.push(name);
        let is_own = |name: &str, value: &Value| match name {
            "mandatory" => value.is_boolean(),
            "display" => value.is_array(),
            "value_type" => value.is_string(),
            _ => false,
        };
        let mut claim: Map<String, Value> = node
            .iter()
            .filter(|(name, value)| is_own(name, value))
            .map(|(k, v)| (k.clone(), v.clone()))
            .collect();
        claim.remove("value_type");
        let has_below = node.values().any(Value::is_object);
        if !claim.is_empty() || !has_below {
            claim.insert("path".to_owned(), path.iter().map(|key| Value::from(*key)).collect());
            described.push(Value::Object(claim));
        }
        walk(node, path, described);
        path.pop();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_list_and_its_tree() {
        let list = json!([
            { "path": ["address", "street"], "display": [{ "name": "Street" }] },
            { "path": ["name"], "mandatory": true },
        ]);
        let tree = to_tree(&list);
        assert_eq!(
            Value::Object(tree.clone()),
            json!({ "name": { "mandatory": true }, "address": { "street": { "display": [{ "name": "Street" }] } } })
        );
        assert_eq!(Value::Array(from_tree(&tree)), list);
    }

    #[test]
    fn elements_of_arrays_count_for_the_array() {
        let tree = to_tree(&json!([{ "path": ["nationalities", null], "mandatory": true }]));
        assert_eq!(Value::Object(tree), json!({ "nationalities": { "mandatory": true } }));
    }

    #[test]
    fn a_hostile_tree_ends() {
        let mut tree = json!({});
        for _ in 0..100 {
            tree = json!({ "a": tree });
        }
        assert!(from_tree(tree.as_object().unwrap()).len() <= MAX_DEPTH);
    }
}
