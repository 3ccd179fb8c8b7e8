//! Writing the payload and the disclosures, in one pass over the claims.

use credenza_core::{Random, b64};
use credenza_crypto::HashAlgorithm;
use serde::Serialize;
use serde_json::{Map, Value};

use super::concealment::{Decoys, Plan};
use super::process::{ALGORITHM, DIGESTS, PLACEHOLDER};
use super::{Concealment, IssueError};

/// Bytes of a salt: RFC 9901 §9.3 recommends 128 bits.
const SALT: usize = 16;

/// A payload and what belongs to it.
pub(super) struct Written {
    /// The JSON that is to be signed.
    pub(super) payload: Vec<u8>,
    /// `~` and a disclosure, for each.
    pub(super) disclosures: String,
}

/// Writes the payload: the claims, `extra` members that are never concealed, and the digests.
pub(super) fn write(
    claims: &Map<String, Value>,
    extra: &[(&str, &Value)],
    concealment: &Concealment,
    random: &dyn Random,
) -> Result<Written, IssueError> {
    let mut writer = Writer {
        salts: Salts { random, pool: [0; 32 * SALT], used: 32 * SALT },
        hash: concealment.hash,
        decoys: concealment.decoys,
        disclosures: String::with_capacity(128 * claims.len()),
        digests: false,
    };
    let mut payload = Vec::with_capacity(128 * (claims.len() + 2));
    payload.push(b'{');
    writer.members(&mut payload, claims, &concealment.plan)?;
    for (name, value) in extra {
        member(&mut payload, name)?;
        json(&mut payload, value)?;
    }
    // Without it SHA-256 is meant; a KB-JWT uses it even when there are no digests.
    if writer.digests || concealment.hash != HashAlgorithm::default() {
        member(&mut payload, ALGORITHM)?;
        json(&mut payload, concealment.hash.name())?;
    }
    payload.push(b'}');
    Ok(Written { payload, disclosures: writer.disclosures })
}

struct Writer<'a> {
    salts: Salts<'a>,
    hash: HashAlgorithm,
    decoys: Decoys,
    disclosures: String,
    digests: bool,
}

impl Writer<'_> {
    fn value(&mut self, out: &mut Vec<u8>, value: &Value, plan: &Plan) -> Result<(), IssueError> {
        match value {
            Value::Object(members) if plan.is_for_objects() && !plan.is_for_arrays() => {
                out.push(b'{');
                self.members(out, members, plan)?;
                out.push(b'}');
                Ok(())
            }
            Value::Array(items) if plan.is_for_arrays() && !plan.is_for_objects() => {
                self.items(out, items, plan)
            }
            _ if plan.is_for_objects() || plan.is_for_arrays() => Err(IssueError::Shape),
            value => json(out, value),
        }
    }

    fn members(
        &mut self,
        out: &mut Vec<u8>,
        members: &Map<String, Value>,
        plan: &Plan,
    ) -> Result<(), IssueError> {
        let mut digests = Vec::new();
        for (name, value) in members {
            match plan.member(name) {
                Some(plan) if plan.concealed => {
                    let mut content = self.content(value)?;
                    json(&mut content, name)?;
                    content.push(b',');
                    digests.push(self.disclose(content, value, plan)?);
                }
                Some(plan) => {
                    member(out, name)?;
                    self.value(out, value, plan)?;
                }
                None => {
                    member(out, name)?;
                    json(out, value)?;
                }
            }
        }
        if plan.conceals_members() {
            for _ in 0..self.decoys.beside(digests.len()) {
                digests.push(self.decoy());
            }
        }
        if !digests.is_empty() {
            // Digests of salted values in their own order tell nothing about the order of the claims.
            digests.sort_unstable();
            self.digests = true;
            member(out, DIGESTS)?;
            json(out, &digests)?;
        }
        Ok(())
    }

    fn items(&mut self, out: &mut Vec<u8>, items: &[Value], plan: &Plan) -> Result<(), IssueError> {
        out.push(b'[');
        let mut decoys = self.places_of_decoys(items, plan);
        for (index, item) in items.iter().enumerate() {
            while decoys.pop_if(|place| *place == index).is_some() {
                let digest = self.decoy();
                self.placeholder(out, &digest)?;
            }
            match plan.item(index) {
                Some(plan) if plan.concealed => {
                    let content = self.content(item)?;
                    let digest = self.disclose(content, item, plan)?;
                    self.placeholder(out, &digest)?;
                }
                Some(plan) => {
                    comma(out);
                    self.value(out, item, plan)?;
                }
                None => {
                    comma(out);
                    json(out, item)?;
                }
            }
        }
        for _ in decoys {
            let digest = self.decoy();
            self.placeholder(out, &digest)?;
        }
        out.push(b']');
        Ok(())
    }

    /// Before which elements decoys go, from the last to the first: anywhere, or their place would give them away.
    fn places_of_decoys(&mut self, items: &[Value], plan: &Plan) -> Vec<usize> {
        if self.decoys == Decoys::None || !plan.conceals_items() {
            return Vec::new();
        }
        let concealed =
            (0..items.len()).filter(|index| plan.item(*index).is_some_and(|plan| plan.concealed)).count();
        let mut places: Vec<usize> =
            (0..self.decoys.beside(concealed)).map(|_| self.salts.below(items.len() + 1)).collect();
        places.sort_unstable_by(|one, other| other.cmp(one));
        places
    }

    /// The start of a disclosure: `["<salt>",`
    fn content(&mut self, value: &Value) -> Result<Vec<u8>, IssueError> {
        let mut content = Vec::with_capacity(64 + value.as_str().map_or(64, str::len));
        content.push(b'[');
        json(&mut content, &b64::encode(self.salts.next()))?;
        content.push(b',');
        Ok(content)
    }

    /// Ends a disclosure with its value and keeps it: its digest. Disclosures in the value come before it.
    fn disclose(&mut self, mut content: Vec<u8>, value: &Value, plan: &Plan) -> Result<String, IssueError> {
        self.value(&mut content, value, plan)?;
        content.push(b']');
        self.disclosures.push('~');
        let start = self.disclosures.len();
        b64::encode_to(&content, &mut self.disclosures);
        let disclosure = self.disclosures.get(start..).unwrap_or_default();
        Ok(b64::encode(self.hash.hash(disclosure.as_bytes())))
    }

    fn decoy(&mut self) -> String {
        b64::encode(self.hash.hash(self.salts.next()))
    }

    fn placeholder(&mut self, out: &mut Vec<u8>, digest: &str) -> Result<(), IssueError> {
        self.digests = true;
        comma(out);
        out.push(b'{');
        member(out, PLACEHOLDER)?;
        json(out, digest)?;
        out.push(b'}');
        Ok(())
    }
}

/// Fresh randomness, fetched for many salts at once.
struct Salts<'a> {
    random: &'a dyn Random,
    pool: [u8; 32 * SALT],
    used: usize,
}

impl Salts<'_> {
    fn next(&mut self) -> &[u8] {
        if self.used >= self.pool.len() {
            self.random.fill(&mut self.pool);
            self.used = 0;
        }
        let start = self.used;
        self.used += SALT;
        self.pool.get(start..self.used).unwrap_or_default()
    }

    /// A number below `bound`, which is small.
    fn below(&mut self, bound: usize) -> usize {
        let mut bytes = [0; 8];
        bytes.iter_mut().zip(self.next()).for_each(|(to, from)| *to = *from);
        let number = u64::from_le_bytes(bytes) % u64::try_from(bound.max(1)).unwrap_or(1);
        usize::try_from(number).unwrap_or(0)
    }
}

/// A comma, unless something has just been opened.
fn comma(out: &mut Vec<u8>) {
    if !matches!(out.last(), Some(b'{' | b'[')) {
        out.push(b',');
    }
}

/// The name of the next member, with what goes around it.
fn member(out: &mut Vec<u8>, name: &str) -> Result<(), IssueError> {
    comma(out);
    json(out, name)?;
    out.push(b':');
    Ok(())
}

fn json<T: Serialize + ?Sized>(out: &mut Vec<u8>, value: &T) -> Result<(), IssueError> {
    serde_json::to_writer(out, value).map_err(|_| IssueError::Json)
}
