//! From claims paths to disclosures, and back to what a verifier will see.

use std::collections::{BTreeMap, HashMap};

use credenza_core::{ClaimsPath, PathElement};
use serde_json::{Map, Value};

use super::process::Places;

/// Which parts of the claims came from disclosures.
pub(super) struct Disclosable {
    places: Places,
    disclosures: usize,
    root: Node,
}

/// A place in the claims that has a disclosure, or has some below it.
#[derive(Default)]
struct Node {
    disclosure: Option<usize>,
    members: HashMap<String, Node>,
    items: BTreeMap<usize, Node>,
}

impl Disclosable {
    pub(super) fn new(places: Places, disclosures: usize) -> Self {
        let mut root = Node::default();
        for (path, disclosure) in &places.found {
            let mut node = &mut root;
            for element in path {
                node = match element {
                    PathElement::Key(name) => node.members.entry(name.clone()).or_default(),
                    PathElement::Index(index) => node.items.entry(*index).or_default(),
                    // Places are of one thing each.
                    PathElement::All => continue,
                };
            }
            node.disclosure = Some(*disclosure);
        }
        Self { places, disclosures, root }
    }

    pub(super) fn paths(&self) -> Vec<ClaimsPath> {
        self.places.found.iter().filter_map(|(path, _)| ClaimsPath::new(path.clone()).ok()).collect()
    }

    /// Whether to send each disclosure.
    pub(super) fn select(&self, claims: &Map<String, Value>, paths: &[ClaimsPath]) -> Vec<bool> {
        let mut chosen = vec![false; self.disclosures];
        for path in paths {
            if let Some((PathElement::Key(name), rest)) = path.elements().split_first()
                && let (Some(value), Some(node)) = (claims.get(name), self.root.members.get(name))
            {
                node.select(value, rest, &mut chosen);
            }
        }
        chosen
    }

    pub(super) fn preview(&self, claims: &Map<String, Value>, chosen: &[bool]) -> Map<String, Value> {
        self.root.visible_members(claims, chosen)
    }
}

impl Node {
    /// Chooses what the path needs from here on; whether it selects anything.
    fn select(&self, value: &Value, path: &[PathElement], chosen: &mut [bool]) -> bool {
        let selects = match path.split_first() {
            None => {
                self.choose_all_within(chosen);
                true
            }
            Some((PathElement::Key(name), rest)) => {
                value.get(name).is_some_and(|value| below(self.members.get(name), value, rest, chosen))
            }
            Some((PathElement::Index(index), rest)) => value
                .as_array()
                .and_then(|items| items.get(*index))
                .is_some_and(|item| below(self.items.get(index), item, rest, chosen)),
            Some((PathElement::All, rest)) => {
                let mut any = false;
                for (index, item) in value.as_array().into_iter().flatten().enumerate() {
                    any |= below(self.items.get(&index), item, rest, chosen);
                }
                any
            }
        };
        if selects {
            self.choose(chosen);
        }
        selects
    }

    fn choose(&self, chosen: &mut [bool]) {
        if let Some(chosen) = self.disclosure.and_then(|disclosure| chosen.get_mut(disclosure)) {
            *chosen = true;
        }
    }

    fn choose_all_within(&self, chosen: &mut [bool]) {
        for node in self.members.values().chain(self.items.values()) {
            node.choose(chosen);
            node.choose_all_within(chosen);
        }
    }

    fn is_visible(&self, chosen: &[bool]) -> bool {
        self.disclosure.is_none_or(|disclosure| chosen.get(disclosure).copied().unwrap_or_default())
    }

    fn visible(&self, value: &Value, chosen: &[bool]) -> Value {
        match value {
            Value::Object(members) => Value::Object(self.visible_members(members, chosen)),
            Value::Array(items) => {
                let visible = items
                    .iter()
                    .enumerate()
                    .filter_map(|(index, item)| see(self.items.get(&index), item, chosen));
                Value::Array(visible.collect())
            }
            other => other.clone(),
        }
    }

    fn visible_members(&self, members: &Map<String, Value>, chosen: &[bool]) -> Map<String, Value> {
        let visible = members
            .iter()
            .filter_map(|(name, value)| Some((name.clone(), see(self.members.get(name), value, chosen)?)));
        visible.collect()
    }
}

fn see(node: Option<&Node>, value: &Value, chosen: &[bool]) -> Option<Value> {
    match node {
        None => Some(value.clone()),
        Some(node) => node.is_visible(chosen).then(|| node.visible(value, chosen)),
    }
}

/// Goes on where there may be no disclosures at all: then only whether the path selects anything matters.
fn below(node: Option<&Node>, value: &Value, path: &[PathElement], chosen: &mut [bool]) -> bool {
    node.unwrap_or(&Node::default()).select(value, path, chosen)
}
