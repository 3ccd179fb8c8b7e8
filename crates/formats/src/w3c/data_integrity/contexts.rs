//! The JSON-LD contexts that are known. There are no others: nothing is fetched.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, LazyLock};

use credenza_core::json;

/// JSON-LD contexts by their URL.
#[derive(Clone)]
pub struct Contexts {
    documents: Arc<HashMap<String, Arc<[u8]>>>,
}

/// The text is not the JSON of a context document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a JSON object with a member @context")]
pub struct NotAContext;

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
        let parsed = json::parse_object(document).map_err(|_| NotAContext)?;
        if !parsed.contains_key("@context") {
            return Err(NotAContext);
        }
        Arc::make_mut(&mut self.documents).insert(url.into(), Arc::from(document));
        Ok(self)
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
