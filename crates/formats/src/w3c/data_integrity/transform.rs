//! From a document and the options of a proof to the bytes that are signed.

use credenza_core::jcs;
use credenza_crypto::HashAlgorithm;
use serde_json::{Map, Value};

use super::{Contexts, Cryptosuite, json_ld, rdfc};

/// Why a document has no canonical form that a proof could be made over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Defect {
    /// A context that is not known, or that is written into the document.
    #[error("there is a context that is not known here, or that is written into the document")]
    Context,
    /// Something that a proof would not cover.
    #[error(
        "a term, a type or a URL is not defined by the contexts, or a part of the document would not be signed"
    )]
    Undefined,
    /// Not JSON-LD.
    #[error("the document is not JSON-LD")]
    JsonLd,
    /// Too many statements.
    #[error("the document is too large")]
    TooLarge,
    /// The canonical form takes too much work, or there is none.
    #[error("the document has no canonical form, or finding it takes more work than is accepted here")]
    Canonical,
}

/// The hash of the options and the hash of the document, one after the other: what is signed (VC-DI-ECDSA §3.2.4,
/// §3.3.4).
///
/// The document is without the proof; the options are the proof without `proofValue`.
///
/// # Errors
/// See [`Defect`].
pub fn hash_data(
    suite: Cryptosuite,
    hash: HashAlgorithm,
    document: &Map<String, Value>,
    options: &Map<String, Value>,
    contexts: &Contexts,
    max_work: usize,
) -> Result<Vec<u8>, Defect> {
    let canonical = |object: Map<String, Value>| {
        if suite.is_jcs() {
            return jcs::canonicalize(&Value::Object(object)).map_err(|_| Defect::Canonical);
        }
        let quads = json_ld::to_quads(&object, contexts)?;
        rdfc::canonicalize(&quads, hash, max_work).map_err(|_| Defect::Canonical)
    };
    let mut options = options.clone();
    if !suite.is_jcs() {
        // Whatever context a proof of these suites has is not its own, but the document's.
        options.remove("@context");
        if let Some(context) = document.get("@context") {
            options.insert("@context".to_owned(), context.clone());
        }
    }
    let mut hashes = hash.hash(canonical(options)?.as_bytes()).as_ref().to_vec();
    hashes.extend_from_slice(hash.hash(canonical(document.clone())?.as_bytes()).as_ref());
    Ok(hashes)
}
