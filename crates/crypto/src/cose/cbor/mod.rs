//! CBOR: a reader for what comes from strangers, which borrows and refuses what could be read in two ways, and a writer.
//!
//! Refused: a map key twice (RFC 8949 §5.6), items of indefinite length (nothing in COSE or ISO/IEC 18013-5 needs
//! them, and each is one more way to write the same thing), nesting beyond [`MAX_DEPTH`], reserved encodings, text that
//! is not UTF-8, bytes after the item. Numbers and lengths that are longer than need be are accepted, because signed
//! data of others has them; as the bytes are hashed as they came, that changes nothing.
//!
//! Nothing is allocated by a size that the input declares: content is borrowed, and each counted item has to be there.

mod reader;
mod writer;

use std::fmt;

pub use reader::Reader;
pub use writer::Writer;

/// How deep arrays, maps and tags may be nested. The content of an embedded item (tag 24) is read by a reader of its
/// own, where the caller knows what it is.
pub const MAX_DEPTH: usize = 16;

/// The tag of an embedded encoded item (RFC 8949 §3.4.5.1).
pub const ENCODED_TAG: u64 = 24;

/// Why bytes were not accepted as CBOR. The number is the offset of the item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CborError {
    /// Cut off, or an encoding that does not exist.
    #[error("not well-formed CBOR at byte {0}")]
    Malformed(usize),
    /// Another kind of item than belongs there.
    #[error("another kind of CBOR item at byte {0} than belongs there")]
    Unexpected(usize),
    /// Indefinite length.
    #[error("an item of indefinite length at byte {0}")]
    Indefinite(usize),
    /// The map has a key twice.
    #[error("the map at byte {0} has a key twice")]
    Duplicate(usize),
    /// Nested deeper than [`MAX_DEPTH`].
    #[error("nested deeper than {MAX_DEPTH} levels at byte {0}")]
    TooDeep(usize),
    /// Bytes after the item.
    #[error("bytes follow the item that ends at byte {0}")]
    Trailing(usize),
}

/// What kind of item comes next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// An integer of 64 bits and a sign.
    Integer,
    /// A byte string.
    Bytes,
    /// A text.
    Text,
    /// An array.
    Array,
    /// A map.
    Map,
    /// A tag, with an item after it.
    Tag,
    /// True or false.
    Bool,
    /// Null.
    Null,
    /// Undefined.
    Undefined,
    /// A floating-point number.
    Float,
    /// Another simple value.
    Simple,
}

/// A key of a map: these three kinds are accepted.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Label<'b> {
    /// An integer.
    Integer(i64),
    /// A text.
    Text(&'b str),
    /// A byte string.
    Bytes(&'b [u8]),
}

/// Shows what kind of key it is: keys may be personal data (element identifiers).
impl fmt::Debug for Label<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Integer(number) => write!(out, "Integer({number})"),
            Self::Text(_) => out.write_str("Text(…)"),
            Self::Bytes(_) => out.write_str("Bytes(…)"),
        }
    }
}

/// An embedded item: tag 24 around a byte string.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Encoded<'b> {
    /// Everything as it was received, tag and length included: what is hashed.
    pub whole: &'b [u8],
    /// The encoded item inside.
    pub content: &'b [u8],
}

/// Shows the size alone.
impl fmt::Debug for Encoded<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Encoded({} bytes)", self.content.len())
    }
}
