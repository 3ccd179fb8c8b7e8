//! A credential with its undisclosed places still in it: what claim metadata is held against (SD-JWT VC §4.6).

use std::collections::HashMap;

use credenza_core::{ClaimsPath, PathElement, b64, json};
use credenza_crypto::HashAlgorithm;
use serde_json::{Map, Value};

use super::check::Beholder;
use crate::sd_jwt::{Defect, SdJwt};

/// The shape of an SD-JWT: what is where, what is selectively disclosable, and where something is kept back. It has no
/// values in it.
pub struct AsIssued {
    root: Node,
}

pub(super) struct Node {
    /// Whether it has a disclosure of its own.
    pub(super) disclosable: bool,
    content: Content,
}

enum Content {
    Object {
        members: HashMap<String, Node>,
        /// Whether there are digests in it that nothing was disclosed for.
        undisclosed: bool,
    },
    Array(Vec<Node>),
    Leaf,
    Undisclosed,
}

/// What a path selects.
pub(super) struct Selection<'a> {
    pub(super) nodes: Vec<&'a Node>,
    /// Something on the way is kept back, so that there may be more.
    pub(super) hidden_way: bool,
    /// The last step may lead to members that are kept back.
    pub(super) hidden_end: bool,
}

/// The path does not fit the shape of the claims.
pub(super) struct Misfit;

impl AsIssued {
    /// Of an SD-JWT whose signature and disclosures have been verified, as somebody sees it.
    ///
    /// # Errors
    /// Those of disclosures that do not go with their digests. All of them are found by verification before.
    pub fn of(sd_jwt: &SdJwt<'_>, beholder: Beholder) -> Result<Self, Defect> {
        let payload = sd_jwt.dangerous_payload();
        let hash = match payload.get("_sd_alg") {
            None => HashAlgorithm::default(),
            Some(name) => name.as_str().and_then(HashAlgorithm::from_name).ok_or(Defect::Hash)?,
        };
        let disclosed = sd_jwt.disclosures().iter().map(|disclosure| {
            let content = b64::decode(disclosure).map_err(|_| Defect::NotJson)?;
            match json::parse(&content) {
                Ok(Value::Array(elements)) => Ok((b64::encode(hash.hash(disclosure.as_bytes())), elements)),
                _ => Err(Defect::NotJson),
            }
        });
        let mut maker = Maker { disclosed: disclosed.collect::<Result<_, _>>()?, beholder };
        let content = maker.object(payload, 1)?;
        Ok(Self { root: Node { disclosable: false, content } })
    }

    pub(super) fn select(&self, path: &ClaimsPath) -> Result<Selection<'_>, Misfit> {
        let mut selection = Selection { nodes: vec![&self.root], hidden_way: false, hidden_end: false };
        for element in path.elements() {
            selection.hidden_way |= selection.hidden_end;
            selection.hidden_end = false;
            let mut next = Vec::with_capacity(selection.nodes.len());
            for node in selection.nodes {
                match (element, &node.content) {
                    (_, Content::Undisclosed) => selection.hidden_way = true,
                    (PathElement::Key(name), Content::Object { members, undisclosed }) => {
                        match members.get(name) {
                            Some(member) => next.push(member),
                            None => selection.hidden_end |= undisclosed,
                        }
                    }
                    (PathElement::Index(index), Content::Array(items)) => next.extend(items.get(*index)),
                    (PathElement::All, Content::Array(items)) => next.extend(items),
                    _ => return Err(Misfit),
                }
            }
            selection.nodes = next;
        }
        Ok(selection)
    }
}

/// Says nothing about the claims.
impl std::fmt::Debug for AsIssued {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("AsIssued(…)")
    }
}

struct Maker {
    disclosed: HashMap<String, Vec<Value>>,
    beholder: Beholder,
}

impl Maker {
    fn node(&mut self, value: &Value, disclosable: bool, depth: usize) -> Result<Node, Defect> {
        let content = match value {
            Value::Object(members) => self.object(members, depth + 1)?,
            Value::Array(items) => self.array(items, depth + 1)?,
            _ => Content::Leaf,
        };
        Ok(Node { disclosable, content })
    }

    fn object(&mut self, object: &Map<String, Value>, depth: usize) -> Result<Content, Defect> {
        if depth > json::MAX_DEPTH {
            return Err(Defect::Depth);
        }
        let mut members = HashMap::with_capacity(object.len());
        for (name, value) in object.iter().filter(|(name, _)| !["_sd", "_sd_alg"].contains(&name.as_str())) {
            members.insert(name.clone(), self.node(value, false, depth)?);
        }
        let mut undisclosed = false;
        for digest in object.get("_sd").and_then(Value::as_array).into_iter().flatten() {
            match digest.as_str().and_then(|digest| self.disclosed.remove(digest)).as_deref() {
                Some([_, Value::String(name), value]) => {
                    let node = self.node(value, true, depth)?;
                    members.insert(name.clone(), node);
                }
                Some(_) => return Err(Defect::Elements),
                // The holder has every disclosure: to him, this is a decoy.
                None => undisclosed |= self.beholder == Beholder::Verifier,
            }
        }
        Ok(Content::Object { members, undisclosed })
    }

    fn array(&mut self, array: &[Value], depth: usize) -> Result<Content, Defect> {
        if depth > json::MAX_DEPTH {
            return Err(Defect::Depth);
        }
        let mut items = Vec::with_capacity(array.len());
        for item in array {
            let Some(digest) = item.as_object().and_then(|item| item.get("...")) else {
                items.push(self.node(item, false, depth)?);
                continue;
            };
            match digest.as_str().and_then(|digest| self.disclosed.remove(digest)).as_deref() {
                Some([_, value]) => items.push(self.node(value, true, depth)?),
                Some(_) => return Err(Defect::Elements),
                None if self.beholder == Beholder::Verifier => {
                    items.push(Node { disclosable: true, content: Content::Undisclosed });
                }
                None => {}
            }
        }
        Ok(Content::Array(items))
    }
}
