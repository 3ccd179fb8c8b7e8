//! CBOR that we write: definite lengths, shortest forms.

use std::convert::Infallible;

use minicbor::encode::{Encoder, Error};

use super::ENCODED_TAG;

/// Writes items one after the other.
///
/// ```
/// use credenza_crypto::cose::Writer;
/// let mut out = Writer::default();
/// out.map(1).integer(1).text("Eve");
/// assert_eq!(out.into_bytes(), b"\xa1\x01\x63Eve");
/// ```
pub struct Writer(Encoder<Vec<u8>>);

impl Default for Writer {
    fn default() -> Self {
        Self::with_capacity(64)
    }
}

impl Writer {
    /// With room for that many bytes.
    #[must_use]
    pub fn with_capacity(bytes: usize) -> Self {
        Self(Encoder::new(Vec::with_capacity(bytes)))
    }

    /// What was written so far.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.0.writer()
    }

    /// What was written.
    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        self.0.into_writer()
    }

    /// Forgets what was written, and keeps the room.
    pub fn clear(&mut self) {
        self.0.writer_mut().clear();
    }

    /// An integer.
    pub fn integer(&mut self, number: i64) -> &mut Self {
        self.put(|out| out.i64(number))
    }

    /// An integer that is not negative.
    pub fn unsigned(&mut self, number: u64) -> &mut Self {
        self.put(|out| out.u64(number))
    }

    /// A length or a count.
    pub fn count(&mut self, number: usize) -> &mut Self {
        self.unsigned(wide(number))
    }

    /// A floating-point number.
    pub fn float(&mut self, number: f64) -> &mut Self {
        self.put(|out| out.f64(number))
    }

    /// A byte string.
    pub fn bytes(&mut self, bytes: &[u8]) -> &mut Self {
        self.put(|out| out.bytes(bytes))
    }

    /// A text.
    pub fn text(&mut self, text: &str) -> &mut Self {
        self.put(|out| out.str(text))
    }

    /// True or false.
    pub fn bool(&mut self, value: bool) -> &mut Self {
        self.put(|out| out.bool(value))
    }

    /// Null.
    pub fn null(&mut self) -> &mut Self {
        self.put(Encoder::null)
    }

    /// The head of an array of that many items, which have to follow.
    pub fn array(&mut self, items: usize) -> &mut Self {
        self.put(|out| out.array(wide(items)))
    }

    /// The head of a map of that many members, which have to follow, each as key and value.
    pub fn map(&mut self, members: usize) -> &mut Self {
        self.put(|out| out.map(wide(members)))
    }

    /// A tag; what it tags has to follow.
    pub fn tag(&mut self, tag: u64) -> &mut Self {
        self.put(|out| out.tag(minicbor::data::Tag::new(tag)))
    }

    /// An embedded item: tag 24 around the encoded `content`.
    pub fn encoded(&mut self, content: &[u8]) -> &mut Self {
        self.tag(ENCODED_TAG).bytes(content)
    }

    /// An item that is encoded already.
    pub fn raw(&mut self, item: &[u8]) -> &mut Self {
        self.0.writer_mut().extend_from_slice(item);
        self
    }

    fn put(
        &mut self,
        write: impl FnOnce(&mut Encoder<Vec<u8>>) -> Result<&mut Encoder<Vec<u8>>, Error<Infallible>>,
    ) -> &mut Self {
        let written = write(&mut self.0).is_ok();
        debug_assert!(written, "memory takes every byte");
        self
    }
}

fn wide(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}
