//! RDF Dataset Canonicalization (RDFC-1.0), with bounded work.
//!
//! Blank nodes have no names of their own, and to give them the same names everywhere can take work that grows with the
//! factorial of their number: a document made for that would stop a verifier (RDFC-1.0 §7.1). The library of our RDF
//! terms canonicalizes too, but can't be told to give up, which is why the algorithm is written out here.
//!
//! The comments name the steps of RDFC-1.0 §4.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::Write as _;

use credenza_crypto::HashAlgorithm;
use oxrdf::{GraphName, NamedOrBlankNode, Quad, Term};

/// No canonicalization takes more steps, unless configured; a step is the hashing of one statement. Documents with
/// hundreds of blank nodes that differ in anything stay far below.
pub const MAX_WORK: usize = 50_000;

/// No path through blank nodes that look alike is followed further.
const MAX_DEPTH: usize = 128;

/// The dataset has too many blank nodes that look alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the canonical form takes more work than is accepted here")]
pub struct TooMuchWork;

/// The canonical N-Quads of a dataset.
///
/// # Errors
/// [`TooMuchWork`]
pub fn canonicalize(quads: &[Quad], hash: HashAlgorithm, max_work: usize) -> Result<String, TooMuchWork> {
    let names = canonical_names(quads, hash, max_work)?;
    let line = |quad: &Quad| n_quad(quad, |node| names.get(node).cloned().unwrap_or_default());
    let lines: BTreeSet<String> = quads.iter().map(line).collect();
    Ok(lines.into_iter().collect())
}

/// The names that blank nodes have in the canonical form, without `_:`, by the names that they have in the dataset.
///
/// # Errors
/// [`TooMuchWork`]
pub fn canonical_names(
    quads: &[Quad],
    hash: HashAlgorithm,
    max_work: usize,
) -> Result<HashMap<String, String>, TooMuchWork> {
    let mut mentions: BTreeMap<&str, Vec<&Quad>> = BTreeMap::new();
    let mut seen = BTreeSet::new();
    for quad in quads {
        // A dataset is a set; what is said twice is said once.
        if !seen.insert(quad.to_string()) {
            continue;
        }
        let nodes: BTreeSet<&str> = blank_nodes(quad).into_iter().map(|(_, node)| node).collect();
        for node in nodes {
            mentions.entry(node).or_default().push(quad);
        }
    }
    let mut state = State {
        mentions,
        first_degree: HashMap::new(),
        canonical: Issuer::new("c14n"),
        hash,
        work: max_work,
    };
    state.run()?;
    let Issuer { prefix, order, .. } = state.canonical;
    Ok(order
        .into_iter()
        .enumerate()
        .map(|(number, node)| (node.to_owned(), format!("{prefix}{number}")))
        .collect())
}

struct State<'a> {
    mentions: BTreeMap<&'a str, Vec<&'a Quad>>,
    first_degree: HashMap<&'a str, String>,
    canonical: Issuer<'a>,
    hash: HashAlgorithm,
    /// How many steps are left.
    work: usize,
}

/// Gives names, one after the other (§4.5).
#[derive(Clone)]
struct Issuer<'a> {
    prefix: &'static str,
    issued: HashMap<&'a str, usize>,
    order: Vec<&'a str>,
}

impl<'a> Issuer<'a> {
    fn new(prefix: &'static str) -> Self {
        Self { prefix, issued: HashMap::new(), order: Vec::new() }
    }

    fn name(&self, node: &str) -> Option<String> {
        self.issued.get(node).map(|number| format!("_:{}{number}", self.prefix))
    }

    fn issue(&mut self, node: &'a str) -> String {
        let number = *self.issued.entry(node).or_insert_with(|| {
            self.order.push(node);
            self.order.len() - 1
        });
        format!("_:{}{number}", self.prefix)
    }
}

impl<'a> State<'a> {
    fn spend(&mut self, steps: usize) -> Result<(), TooMuchWork> {
        self.work = self.work.checked_sub(steps).ok_or(TooMuchWork)?;
        Ok(())
    }

    /// The canonicalization algorithm (§4.4.3).
    fn run(&mut self) -> Result<(), TooMuchWork> {
        // 3
        let nodes: Vec<&'a str> = self.mentions.keys().copied().collect();
        let mut alike: BTreeMap<String, Vec<&'a str>> = BTreeMap::new();
        for node in nodes {
            let hash = self.hash_first_degree(node)?;
            self.first_degree.insert(node, hash.clone());
            alike.entry(hash).or_default().push(node);
        }
        // 4
        alike.retain(|_, nodes| match nodes.as_slice() {
            [one] => {
                self.canonical.issue(one);
                false
            }
            _ => true,
        });
        // 5
        for nodes in alike.into_values() {
            let mut results = Vec::with_capacity(nodes.len());
            for node in nodes {
                if self.canonical.issued.contains_key(node) {
                    continue;
                }
                let mut issuer = Issuer::new("b");
                issuer.issue(node);
                results.push(self.hash_n_degree(node, issuer, 0)?);
            }
            results.sort_by(|(one, _), (other, _)| one.cmp(other));
            for (_, issuer) in results {
                for node in issuer.order {
                    self.canonical.issue(node);
                }
            }
        }
        Ok(())
    }

    /// Hash First Degree Quads (§4.6.3)
    fn hash_first_degree(&mut self, node: &str) -> Result<String, TooMuchWork> {
        let quads = self.mentions.get(node).map(Vec::as_slice).unwrap_or_default();
        let mut lines: Vec<String> = quads
            .iter()
            .map(|quad| n_quad(quad, |other| if other == node { "a" } else { "z" }.to_owned()))
            .collect();
        self.spend(lines.len())?;
        lines.sort_unstable();
        Ok(self.hash(&lines.concat()))
    }

    /// Hash Related Blank Node (§4.7.3)
    fn hash_related(&self, related: &'a str, quad: &Quad, issuer: &Issuer<'a>, position: char) -> String {
        let mut input = String::from(position);
        if position != 'g' {
            let _ = write!(input, "{}", quad.predicate);
        }
        let name = self.canonical.name(related).or_else(|| issuer.name(related));
        input.push_str(
            name.as_deref().or(self.first_degree.get(related).map(String::as_str)).unwrap_or_default(),
        );
        self.hash(&input)
    }

    /// Hash N-Degree Quads (§4.8.3)
    fn hash_n_degree(
        &mut self,
        node: &'a str,
        mut issuer: Issuer<'a>,
        depth: usize,
    ) -> Result<(String, Issuer<'a>), TooMuchWork> {
        if depth >= MAX_DEPTH {
            return Err(TooMuchWork);
        }
        // 1 to 3
        let quads = self.mentions.get(node).cloned().unwrap_or_default();
        self.spend(quads.len())?;
        let mut related: BTreeMap<String, Vec<&'a str>> = BTreeMap::new();
        for quad in quads {
            for (position, other) in blank_nodes(quad).into_iter().filter(|(_, other)| *other != node) {
                let hash = self.hash_related(other, quad, &issuer, position);
                let nodes = related.entry(hash).or_default();
                if !nodes.contains(&other) {
                    nodes.push(other);
                }
            }
        }
        // 4
        let mut data = String::new();
        // 5
        for (hash, mut nodes) in related {
            data.push_str(&hash);
            let mut chosen: Option<(String, Issuer<'a>)> = None;
            nodes.sort_unstable();
            loop {
                self.spend(nodes.len())?;
                let best = chosen.as_ref().map(|(path, _)| path.as_str());
                if let Some(better) = self.path(&nodes, &issuer, best, depth)? {
                    chosen = Some(better);
                }
                if !next_permutation(&mut nodes) {
                    break;
                }
            }
            if let Some((path, chosen)) = chosen {
                data.push_str(&path);
                issuer = chosen;
            }
        }
        // 6
        Ok((self.hash(&data), issuer))
    }

    /// What one order of nodes that look alike leads to (step 5.4), when it is better than the best so far.
    fn path(
        &mut self,
        nodes: &[&'a str],
        issuer: &Issuer<'a>,
        best: Option<&str>,
        depth: usize,
    ) -> Result<Option<(String, Issuer<'a>)>, TooMuchWork> {
        let worse = |path: &str| best.is_some_and(|best| path.len() >= best.len() && path > best);
        let mut issuer = issuer.clone();
        let mut path = String::new();
        let mut unnamed = Vec::new();
        for node in nodes {
            match self.canonical.name(node) {
                Some(name) => path.push_str(&name),
                None => {
                    if !issuer.issued.contains_key(node) {
                        unnamed.push(*node);
                    }
                    path.push_str(&issuer.issue(node));
                }
            }
            if worse(&path) {
                return Ok(None);
            }
        }
        for node in unnamed {
            let (hash, further) = self.hash_n_degree(node, issuer.clone(), depth + 1)?;
            path.push_str(&issuer.issue(node));
            path.push('<');
            path.push_str(&hash);
            path.push('>');
            issuer = further;
            if worse(&path) {
                return Ok(None);
            }
        }
        Ok(best.is_none_or(|best| path.as_str() < best).then_some((path, issuer)))
    }

    fn hash(&self, text: &str) -> String {
        let mut hex = String::with_capacity(96);
        for byte in self.hash.hash(text.as_bytes()).as_ref() {
            let _ = write!(hex, "{byte:02x}");
        }
        hex
    }
}

/// The blank nodes of a statement, each with its place: subject, object, graph.
fn blank_nodes(quad: &Quad) -> Vec<(char, &str)> {
    let mut nodes = Vec::with_capacity(3);
    if let NamedOrBlankNode::BlankNode(node) = &quad.subject {
        nodes.push(('s', node.as_str()));
    }
    if let Term::BlankNode(node) = &quad.object {
        nodes.push(('o', node.as_str()));
    }
    if let GraphName::BlankNode(node) = &quad.graph_name {
        nodes.push(('g', node.as_str()));
    }
    nodes
}

/// A line of canonical N-Quads, with its blank nodes named as told.
fn n_quad(quad: &Quad, name: impl Fn(&str) -> String) -> String {
    let mut line = String::with_capacity(160);
    let _ = match &quad.subject {
        NamedOrBlankNode::BlankNode(node) => write!(line, "_:{}", name(node.as_str())),
        NamedOrBlankNode::NamedNode(node) => write!(line, "{node}"),
    };
    let _ = write!(line, " {} ", quad.predicate);
    let _ = match &quad.object {
        Term::BlankNode(node) => write!(line, "_:{}", name(node.as_str())),
        other => write!(line, "{other}"),
    };
    let _ = match &quad.graph_name {
        GraphName::BlankNode(node) => write!(line, " _:{}", name(node.as_str())),
        GraphName::NamedNode(node) => write!(line, " {node}"),
        GraphName::DefaultGraph => Ok(()),
    };
    line.push_str(" .\n");
    line
}

/// The next order of the items by the alphabet; `false` after the last one.
fn next_permutation<T: Ord>(items: &mut [T]) -> bool {
    let rises = |pair: &[T]| matches!(pair, [one, other] if one < other);
    let Some(pivot) = items.windows(2).rposition(rises) else { return false };
    let (head, tail) = items.split_at_mut(pivot + 1);
    let Some(before) = head.last_mut() else { return false };
    let Some(after) = tail.iter_mut().rev().find(|item| **item > *before) else { return false };
    std::mem::swap(before, after);
    tail.reverse();
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_order_once() {
        let mut items = [1, 2, 3, 4];
        let mut orders = BTreeSet::from([items]);
        while next_permutation(&mut items) {
            assert!(orders.insert(items));
        }
        assert_eq!(orders.len(), 24);
        assert!(!next_permutation::<u8>(&mut []));
    }
}
