//! A proof as it is written (VC Data Integrity §2.1).

use credenza_core::{UnixTime, base58};
use serde_json::{Map, Value};

use super::Cryptosuite;

/// No document carries more proofs.
pub const MAX_PROOFS: usize = 8;

/// What a proof was made for (VC Data Integrity §2.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// To say something: credentials.
    AssertionMethod,
    /// To show who one is: presentations.
    Authentication,
}

impl Purpose {
    /// `proofPurpose`
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::AssertionMethod => "assertionMethod",
            Self::Authentication => "authentication",
        }
    }
}

/// A proof that can be read. Nothing about it is verified by that.
pub(super) struct Proof {
    pub(super) suite: Option<Cryptosuite>,
    pub(super) id: Option<String>,
    pub(super) method: String,
    pub(super) purpose: String,
    pub(super) created: Option<UnixTime>,
    pub(super) expires: Option<UnixTime>,
    pub(super) challenge: Option<String>,
    pub(super) domains: Vec<String>,
    pub(super) previous: Vec<String>,
    pub(super) value: Vec<u8>,
    /// All members but `proofValue`.
    pub(super) options: Map<String, Value>,
}

impl Proof {
    /// Reads a proof; the error says which member is missing or is not what it must be.
    pub(super) fn read(proof: &Map<String, Value>) -> Result<Self, &'static str> {
        let text = |name: &'static str| match proof.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.as_str())),
            Some(_) => Err(name),
        };
        let time = |name: &'static str| match text(name)? {
            None => Ok(None),
            // A time without an offset is in UTC (VC Data Integrity §2.1).
            Some(text) => UnixTime::from_rfc3339(text)
                .or_else(|| UnixTime::from_rfc3339(&format!("{text}Z")))
                .map(Some)
                .ok_or(name),
        };
        let texts = |name: &'static str| -> Result<Vec<String>, &'static str> {
            match proof.get(name) {
                None => Ok(Vec::new()),
                Some(Value::String(one)) => Ok(vec![one.clone()]),
                Some(Value::Array(several)) if !several.is_empty() => {
                    several.iter().map(|text| text.as_str().map(str::to_owned).ok_or(name)).collect()
                }
                Some(_) => Err(name),
            }
        };
        let required = |name: &'static str| text(name)?.ok_or(name);
        let value = required("proofValue")?;
        let mut options = proof.clone();
        options.remove("proofValue");
        Ok(Self {
            suite: Cryptosuite::from_names(required("type")?, text("cryptosuite")?),
            id: text("id")?.map(str::to_owned),
            method: required("verificationMethod")?.to_owned(),
            purpose: required("proofPurpose")?.to_owned(),
            created: time("created")?,
            expires: time("expires")?,
            challenge: text("challenge")?.map(str::to_owned),
            domains: texts("domain")?,
            previous: texts("previousProof")?,
            value: value.strip_prefix('z').and_then(base58::decode).ok_or("proofValue")?,
            options,
        })
    }
}

/// The proofs of a document, each an object; `None` when they are anything else, or more than there may be.
pub(super) fn objects(proof: &Value) -> Option<Vec<&Map<String, Value>>> {
    let proofs = match proof {
        Value::Array(proofs) => proofs.as_slice(),
        one => std::slice::from_ref(one),
    };
    if proofs.is_empty() || proofs.len() > MAX_PROOFS {
        return None;
    }
    proofs.iter().map(Value::as_object).collect()
}
