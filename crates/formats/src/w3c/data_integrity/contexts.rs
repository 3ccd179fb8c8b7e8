//! The JSON-LD contexts that are known. There are no others: nothing is fetched.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, LazyLock};

use credenza_core::json;
use serde_json::Value;

/// JSON-LD contexts by their URL.
#[derive(Clone)]
pub struct Contexts {
    documents: Arc<HashMap<String, Arc<[u8]>>>,
}

/// Why a context can't be made known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotAContext {
    /// The text is not the JSON of a context document.
    #[error("not a JSON object with a member @context")]
    Malformed,
    /// It builds on a context that is not known yet.
    #[error("the context builds on another one that is not known")]
    Unknown,
    /// There is a context of that URL.
    #[error("the context is known already")]
    Known,
}

macro_rules! bundled {
    ($($url:literal => $file:literal),* $(,)?) => {
        [$(($url, include_bytes!(concat!("../contexts/", $file, ".jsonld")).as_slice())),*]
    };
}

/// The contexts of the specifications, with the bytes that were published (see `contexts/README.md`).
const BUNDLED: [(&str, &[u8]); 11] = bundled! {
    "https://www.w3.org/2018/credentials/v1" => "credentials-v1",
    "https://www.w3.org/ns/credentials/v2" => "credentials-v2",
    "https://w3id.org/security/data-integrity/v1" => "data-integrity-v1",
    "https://w3id.org/security/data-integrity/v2" => "data-integrity-v2",
    "https://w3id.org/security/suites/ed25519-2020/v1" => "ed25519-2020-v1",
    "https://w3id.org/security/multikey/v1" => "multikey-v1",
    "https://w3id.org/security/jwk/v1" => "jwk-v1",
    "https://w3id.org/vc/status-list/2021/v1" => "status-list-2021-v1",
    "https://www.w3.org/ns/credentials/status/v1" => "bitstring-status-list-v1",
    "https://www.w3.org/ns/did/v1" => "did-v1",
    "https://www.w3.org/ns/cid/v1" => "cid-v1",
};

static OF_THE_SPECIFICATIONS: LazyLock<Contexts> = LazyLock::new(|| {
    let documents = BUNDLED.iter().map(|(url, bytes)| ((*url).to_owned(), Arc::from(*bytes))).collect();
    Contexts { documents: Arc::new(documents) }
});

impl Contexts {
    /// The contexts of the specifications.
    #[must_use]
    pub fn bundled() -> Self {
        OF_THE_SPECIFICATIONS.clone()
    }

    /// And one more. Whoever adds a context vouches for it: it decides what the terms of a document mean.
    ///
    /// # Errors
    /// [`NotAContext`]
    pub fn with(mut self, url: impl Into<String>, document: &[u8]) -> Result<Self, NotAContext> {
        let url = url.into();
        if self.knows(&url) {
            return Err(NotAContext::Known);
        }
        let parsed = json::parse_object(document).map_err(|_| NotAContext::Malformed)?;
        let context = parsed.get("@context").ok_or(NotAContext::Malformed)?;
        if !self.knows_all_of("@context", context) {
            return Err(NotAContext::Unknown);
        }
        Arc::make_mut(&mut self.documents).insert(url, Arc::from(document));
        Ok(self)
    }

    /// Whether all contexts are known that the value of a member, or anything in it, names by URL.
    fn knows_all_of(&self, name: &str, value: &Value) -> bool {
        match value {
            Value::String(url) => !matches!(name, "@context" | "@import") || self.knows(url),
            Value::Array(values) => values.iter().all(|value| self.knows_all_of(name, value)),
            Value::Object(members) => members.iter().all(|(name, value)| self.knows_all_of(name, value)),
            _ => true,
        }
    }

    /// Whether the context is known.
    #[must_use]
    pub fn knows(&self, url: &str) -> bool {
        self.documents.contains_key(url)
    }

    pub(super) fn document(&self, url: &str) -> Option<&[u8]> {
        self.documents.get(url).map(AsRef::as_ref)
    }
}

impl Default for Contexts {
    fn default() -> Self {
        Self::bundled()
    }
}

impl fmt::Debug for Contexts {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_set().entries(self.documents.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contexts_build_on_known_ones_alone() {
        let contexts = Contexts::bundled();
        for (url, document) in BUNDLED {
            let parsed = json::parse_object(document).unwrap();
            assert!(contexts.knows_all_of("@context", &parsed["@context"]), "{url}");
        }
        let with = |url, text: &str| contexts.clone().with(url, text.as_bytes()).err();
        let new = "https://new.example/v1";
        assert_eq!(with(new, r#"{"@context":{"a":"https://a.example/"}}"#), None);
        assert_eq!(with(new, r#"{"@context":"https://www.w3.org/ns/did/v1"}"#), None);
        assert_eq!(with("https://www.w3.org/ns/did/v1", r#"{"@context":{}}"#), Some(NotAContext::Known));
        assert_eq!(with(new, "{}"), Some(NotAContext::Malformed));
        for text in [
            r#"{"@context":["https://other.example/v1"]}"#,
            r#"{"@context":"https://new.example/v1"}"#,
            r#"{"@context":{"a":{"@id":"urn:a","@context":"https://other.example/v1"}}}"#,
            r#"{"@context":{"@import":"https://other.example/v1"}}"#,
        ] {
            assert_eq!(with(new, text), Some(NotAContext::Unknown), "{text}");
        }
    }
}
