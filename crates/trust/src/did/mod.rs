//! Decentralized identifiers (DID Core 1.0): their syntax, their documents, and the methods that can be resolved.
//!
//! `did:jwk` and `did:key` carry their key in the name; `did:web` names a document on a web server. A
//! [`DidResolver`] resolves the methods that it was allowed to; [`DidKeys`] says which DIDs are trusted for what.
//!
//! A key is resolved once for each verification, together with the relationship that it is used in, and what was
//! resolved is carried on: nothing looks a second time into a document that may have changed.

mod document;
pub mod jwk;
pub mod key;
mod keys;
mod multikey;
mod resolver;
mod syntax;
pub mod web;

use credenza_core::HttpError;

pub use document::{DidDocument, KeyDefect, MAX_METHODS, MAX_REFERENCES, Relationship, VerificationMethod};
pub use keys::DidKeys;
pub use resolver::{DOCUMENT_LIMITS, DidResolver, Method, ResolvedKey};
pub use syntax::{Did, DidUrl, MAX_DID};

/// Why there is no document, or no key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DidError {
    /// Not a DID, or not a DID URL (DID Core 1.0 §3.1, §3.2), or not what its method prescribes.
    #[error("not a DID: {0}")]
    Syntax(&'static str),
    /// A method that is not supported, or not allowed here.
    #[error("this DID method is not accepted here")]
    Method,
    /// What stands for a key in the DID is none.
    #[error("the key in the DID can't be used: {0}")]
    Key(#[from] KeyDefect),
    /// The document is not one, or is another DID's.
    #[error("not the document of this DID: {0}")]
    Document(&'static str),
    /// The document has no such verification method.
    #[error("the document has no such verification method")]
    NotFound,
    /// The key is there, for other uses than this.
    #[error("the key is not listed under \"{0}\"")]
    Relationship(&'static str),
    /// The document can't be fetched.
    #[error("the document can't be fetched: {0}")]
    Unavailable(#[from] HttpError),
    /// The server answered with another status than 200.
    #[error("the document can't be fetched: HTTP status {0}")]
    Status(u16),
}
