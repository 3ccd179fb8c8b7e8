//! The heart of RFC 9901 §7.1: disclosures take the place of their digests, in one pass over the claims.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use credenza_core::{PathElement, Rule, b64, json};
use credenza_crypto::HashAlgorithm;
use serde_json::{Map, Value};

use super::rules;

/// The member of an object that holds the digests of its concealed members.
pub(super) const DIGESTS: &str = "_sd";
/// The only member of an object that stands for a concealed element of an array.
pub(super) const PLACEHOLDER: &str = "...";
/// The member of the payload that names the hash function.
pub(super) const ALGORITHM: &str = "_sd_alg";

/// Why disclosures and digests do not go together. No variant repeats a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Defect {
    /// `_sd_alg` is no string, or names a function that is not accepted.
    #[error("_sd_alg is not the name of an accepted hash function")]
    Hash,
    /// `_sd_alg` below the top level.
    #[error("_sd_alg below the top level")]
    NestedAlgorithm,
    /// `_sd` is no array of strings, or `...` is anything else than the only member of an array's element, a string.
    #[error("_sd or ... is not what it must be")]
    Structure,
    /// The content is not JSON in base64url.
    #[error("a disclosure is not an array in base64url-encoded JSON")]
    NotJson,
    /// Wrong number of elements for the place, or a salt or name that is no string.
    #[error("a disclosure does not have the elements that belong to the place of its digest")]
    Elements,
    /// A name that is `_sd`, `...` or `_sd_alg`.
    #[error("a disclosure has a reserved name")]
    ReservedName,
    /// The name is there already.
    #[error("a disclosure has the name of a claim that is there already")]
    NameClash,
    /// A digest twice.
    #[error("a digest occurs twice")]
    DigestTwice,
    /// A disclosure twice.
    #[error("a disclosure was sent twice")]
    DisclosureTwice,
    /// No digest for a disclosure.
    #[error("a disclosure belongs to no digest that was signed")]
    NotReferenced,
    /// Too deep.
    #[error("the claims are nested deeper than is accepted")]
    Depth,
}

impl Defect {
    /// The check that this fails.
    #[must_use]
    pub fn rule(self) -> &'static Rule {
        match self {
            Self::Hash => &rules::SD_ALG,
            Self::NestedAlgorithm | Self::Structure => &rules::STRUCTURE,
            Self::NotJson | Self::Elements => &rules::FORM,
            Self::ReservedName => &rules::RESERVED_NAME,
            Self::NameClash => &rules::NAME_CLASH,
            Self::DigestTwice | Self::DisclosureTwice => &rules::UNIQUE,
            Self::NotReferenced => &rules::REFERENCED,
            Self::Depth => &rules::DEPTH,
        }
    }
}

/// Is told where each disclosure goes. A verifier has no use for that and pays nothing.
pub(super) trait Trace {
    /// The walk goes to the member of that name.
    fn enter_member(&mut self, name: &str);
    /// The walk goes to the element at that place of the processed array.
    fn enter_element(&mut self, index: usize);
    /// The walk goes back up.
    fn leave(&mut self);
    /// What is here came from that disclosure.
    fn disclosed(&mut self, disclosure: usize);
}

impl Trace for () {
    fn enter_member(&mut self, _name: &str) {}
    fn enter_element(&mut self, _index: usize) {}
    fn leave(&mut self) {}
    fn disclosed(&mut self, _disclosure: usize) {}
}

/// A trace that keeps the path of each disclosure.
#[derive(Default)]
pub(super) struct Places {
    here: Vec<PathElement>,
    /// Path and number of each disclosure, in the order of the walk.
    pub(super) found: Vec<(Vec<PathElement>, usize)>,
}

impl Trace for Places {
    fn enter_member(&mut self, name: &str) {
        self.here.push(PathElement::Key(name.to_owned()));
    }

    fn enter_element(&mut self, index: usize) {
        self.here.push(PathElement::Index(index));
    }

    fn leave(&mut self) {
        self.here.pop();
    }

    fn disclosed(&mut self, disclosure: usize) {
        self.found.push((self.here.clone(), disclosure));
    }
}

/// The hash function of a payload.
pub(super) fn hash_algorithm(payload: &Map<String, Value>) -> Result<HashAlgorithm, Defect> {
    match payload.get(ALGORITHM) {
        None => Ok(HashAlgorithm::default()),
        Some(Value::String(name)) => HashAlgorithm::from_name(name).ok_or(Defect::Hash),
        Some(_) => Err(Defect::Hash),
    }
}

/// Turns a signed payload into the processed payload.
pub(super) fn process<T: Trace>(
    mut payload: Map<String, Value>,
    disclosures: &[&str],
    hash: HashAlgorithm,
    max_depth: usize,
    trace: &mut T,
) -> Result<Map<String, Value>, Defect> {
    payload.shift_remove(ALGORITHM);
    let mut digests = HashMap::with_capacity(2 * disclosures.len());
    for (number, disclosure) in disclosures.iter().enumerate() {
        let digest = b64::encode(hash.hash(disclosure.as_bytes()));
        if digests.insert(digest, Digest::Awaited(number)).is_some() {
            return Err(Defect::DisclosureTwice);
        }
    }
    let mut walk = Walk { disclosures, digests, used: 0, max_depth };
    walk.object(&mut payload, 1, trace)?;
    if walk.used != disclosures.len() {
        return Err(Defect::NotReferenced);
    }
    Ok(payload)
}

/// What is known about a digest.
enum Digest {
    /// It is that of a disclosure, and was not met yet.
    Awaited(usize),
    /// It was met.
    Met,
}

struct Walk<'a> {
    disclosures: &'a [&'a str],
    digests: HashMap<String, Digest>,
    used: usize,
    max_depth: usize,
}

impl Walk<'_> {
    fn value<T: Trace>(&mut self, value: &mut Value, depth: usize, trace: &mut T) -> Result<(), Defect> {
        match value {
            Value::Object(members) => self.object(members, depth + 1, trace),
            Value::Array(items) => self.array(items, depth + 1, trace),
            _ => Ok(()),
        }
    }

    fn object<T: Trace>(
        &mut self,
        members: &mut Map<String, Value>,
        depth: usize,
        trace: &mut T,
    ) -> Result<(), Defect> {
        if depth > self.max_depth {
            return Err(Defect::Depth);
        }
        let digests = members.shift_remove(DIGESTS);
        for (name, value) in members.iter_mut() {
            match name.as_str() {
                PLACEHOLDER => return Err(Defect::Structure),
                ALGORITHM => return Err(Defect::NestedAlgorithm),
                _ => {}
            }
            trace.enter_member(name);
            self.value(value, depth, trace)?;
            trace.leave();
        }
        let digests = match digests {
            None => return Ok(()),
            Some(Value::Array(digests)) => digests,
            Some(_) => return Err(Defect::Structure),
        };
        for digest in digests {
            let Some(number) = self.meet(digest)? else { continue };
            let (name, mut value) = self.member(number)?;
            if [DIGESTS, PLACEHOLDER, ALGORITHM].contains(&name.as_str()) {
                return Err(Defect::ReservedName);
            }
            if members.contains_key(&name) {
                return Err(Defect::NameClash);
            }
            trace.enter_member(&name);
            trace.disclosed(number);
            self.value(&mut value, depth, trace)?;
            trace.leave();
            members.insert(name, value);
        }
        Ok(())
    }

    fn array<T: Trace>(&mut self, items: &mut Vec<Value>, depth: usize, trace: &mut T) -> Result<(), Defect> {
        if depth > self.max_depth {
            return Err(Defect::Depth);
        }
        let mut kept = 0;
        let mut defect = None;
        items.retain_mut(|item| {
            if defect.is_some() {
                return true;
            }
            match self.element(item, kept, depth, trace) {
                Ok(true) => kept += 1,
                Ok(false) => return false,
                Err(found) => defect = Some(found),
            }
            true
        });
        defect.map_or(Ok(()), Err)
    }

    /// Processes one element; whether it stays.
    fn element<T: Trace>(
        &mut self,
        item: &mut Value,
        index: usize,
        depth: usize,
        trace: &mut T,
    ) -> Result<bool, Defect> {
        trace.enter_element(index);
        if let Value::Object(members) = item {
            let alone = members.len() == 1;
            if let Some(digest) = members.get_mut(PLACEHOLDER) {
                if !alone {
                    return Err(Defect::Structure);
                }
                let Some(number) = self.meet(digest.take())? else {
                    trace.leave();
                    return Ok(false);
                };
                *item = self.item(number)?;
                trace.disclosed(number);
            }
        }
        self.value(item, depth, trace)?;
        trace.leave();
        Ok(true)
    }

    /// Meets a digest in the claims: the number of its disclosure, if that was sent.
    fn meet(&mut self, digest: Value) -> Result<Option<usize>, Defect> {
        let Value::String(digest) = digest else { return Err(Defect::Structure) };
        match self.digests.entry(digest) {
            Entry::Vacant(unknown) => {
                unknown.insert(Digest::Met);
                Ok(None)
            }
            Entry::Occupied(mut known) => match known.insert(Digest::Met) {
                Digest::Met => Err(Defect::DigestTwice),
                Digest::Awaited(number) => {
                    self.used += 1;
                    Ok(Some(number))
                }
            },
        }
    }

    fn content(&self, number: usize) -> Result<Vec<Value>, Defect> {
        let disclosure = self.disclosures.get(number).ok_or(Defect::NotReferenced)?;
        let content = b64::decode(disclosure).map_err(|_| Defect::NotJson)?;
        match json::parse(&content) {
            Ok(Value::Array(elements)) => Ok(elements),
            _ => Err(Defect::NotJson),
        }
    }

    /// Salt, name, value.
    fn member(&self, number: usize) -> Result<(String, Value), Defect> {
        match <[Value; 3]>::try_from(self.content(number)?) {
            Ok([Value::String(_), Value::String(name), value]) => Ok((name, value)),
            _ => Err(Defect::Elements),
        }
    }

    /// Salt, value.
    fn item(&self, number: usize) -> Result<Value, Defect> {
        match <[Value; 2]>::try_from(self.content(number)?) {
            Ok([Value::String(_), value]) => Ok(value),
            _ => Err(Defect::Elements),
        }
    }
}
