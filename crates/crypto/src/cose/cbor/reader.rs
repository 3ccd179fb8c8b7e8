//! The strict reader.

use std::ops::Range;

use minicbor::data::Type;
use minicbor::decode::{Decoder, Error as TokenError};

use super::{CborError, ENCODED_TAG, Encoded, Kind, Label, MAX_DEPTH};

/// Reads items one after the other, each borrowed from the input.
///
/// ```
/// use credenza_crypto::cose::{Label, Reader};
/// let mut name = None;
/// Reader::whole(b"\xa1\x01\x63Eve", |reader| {
///     reader.map(|label, value| match label {
///         Label::Integer(1) => value.text().map(|text| name = Some(text)),
///         _ => value.skip(),
///     })
/// })
/// .unwrap();
/// assert_eq!(name, Some("Eve"));
/// ```
pub struct Reader<'b> {
    tokens: Decoder<'b>,
    depth: usize,
}

impl<'b> Reader<'b> {
    /// A reader at the beginning of `bytes`.
    #[must_use]
    pub fn new(bytes: &'b [u8]) -> Self {
        Self { tokens: Decoder::new(bytes), depth: 0 }
    }

    /// Reads one item that fills `bytes` completely.
    ///
    /// # Errors
    /// Those of `read`, and [`CborError::Trailing`].
    pub fn whole<T, E: From<CborError>>(
        bytes: &'b [u8],
        read: impl FnOnce(&mut Self) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut reader = Self::new(bytes);
        let value = read(&mut reader)?;
        reader.end()?;
        Ok(value)
    }

    /// Makes sure that nothing follows.
    ///
    /// # Errors
    /// [`CborError::Trailing`].
    pub fn end(&self) -> Result<(), CborError> {
        match self.position() {
            end if end == self.tokens.input().len() => Ok(()),
            end => Err(CborError::Trailing(end)),
        }
    }

    /// The offset of the next item.
    #[must_use]
    pub fn position(&self) -> usize {
        self.tokens.position()
    }

    /// The kind of the next item.
    ///
    /// # Errors
    /// Nothing follows, an indefinite length, or a reserved encoding.
    pub fn kind(&self) -> Result<Kind, CborError> {
        let at = self.position();
        Ok(match self.tokens.datatype().map_err(|_| CborError::Malformed(at))? {
            Type::U8 | Type::U16 | Type::U32 | Type::U64 => Kind::Integer,
            Type::I8 | Type::I16 | Type::I32 | Type::I64 | Type::Int => Kind::Integer,
            Type::Bytes => Kind::Bytes,
            Type::String => Kind::Text,
            Type::Array => Kind::Array,
            Type::Map => Kind::Map,
            Type::Tag => Kind::Tag,
            Type::Bool => Kind::Bool,
            Type::Null => Kind::Null,
            Type::Undefined => Kind::Undefined,
            Type::F16 | Type::F32 | Type::F64 => Kind::Float,
            Type::Simple => Kind::Simple,
            Type::BytesIndef | Type::StringIndef | Type::ArrayIndef | Type::MapIndef => {
                return Err(CborError::Indefinite(at));
            }
            Type::Break | Type::Unknown(_) => return Err(CborError::Malformed(at)),
        })
    }

    /// An integer that fits into 64 bits with its sign.
    ///
    /// # Errors
    /// Another item, or a greater number.
    pub fn integer(&mut self) -> Result<i64, CborError> {
        self.token(Kind::Integer, Decoder::i64)
    }

    /// An integer of any size that CBOR has outside of its big numbers.
    ///
    /// # Errors
    /// Another item.
    pub fn wide_integer(&mut self) -> Result<i128, CborError> {
        self.token(Kind::Integer, |tokens| tokens.int().map(i128::from))
    }

    /// An integer that is not negative.
    ///
    /// # Errors
    /// Another item, or a negative number.
    pub fn unsigned(&mut self) -> Result<u64, CborError> {
        self.token(Kind::Integer, Decoder::u64)
    }

    /// A byte string.
    ///
    /// # Errors
    /// Another item, or cut off.
    pub fn bytes(&mut self) -> Result<&'b [u8], CborError> {
        self.token(Kind::Bytes, Decoder::bytes)
    }

    /// A text.
    ///
    /// # Errors
    /// Another item, cut off, or not UTF-8.
    pub fn text(&mut self) -> Result<&'b str, CborError> {
        self.token(Kind::Text, Decoder::str)
    }

    /// True or false.
    ///
    /// # Errors
    /// Another item.
    pub fn bool(&mut self) -> Result<bool, CborError> {
        self.token(Kind::Bool, Decoder::bool)
    }

    /// Null.
    ///
    /// # Errors
    /// Another item.
    pub fn null(&mut self) -> Result<(), CborError> {
        self.token(Kind::Null, Decoder::null)
    }

    /// A floating-point number of any width.
    ///
    /// # Errors
    /// Another item, or cut off.
    pub fn float(&mut self) -> Result<f64, CborError> {
        let at = self.position();
        match self.tokens.datatype() {
            Ok(Type::F16) => {
                let bits = self.tokens.input().get(at + 1..at + 3).and_then(|bits| bits.try_into().ok());
                let bits = u16::from_be_bytes(bits.ok_or(CborError::Malformed(at))?);
                self.tokens.set_position(at + 3);
                Ok(half(bits))
            }
            Ok(Type::F32) => self.token(Kind::Float, |tokens| tokens.f32().map(f64::from)),
            _ => self.token(Kind::Float, Decoder::f64),
        }
    }

    /// A tag and what it tags.
    ///
    /// # Errors
    /// Another item, too deep, and those of `read`.
    pub fn tagged<T, E: From<CborError>>(
        &mut self,
        read: impl FnOnce(u64, &mut Self) -> Result<T, E>,
    ) -> Result<T, E> {
        let tag = self.token(Kind::Tag, |tokens| tokens.tag().map(minicbor::data::Tag::as_u64))?;
        self.deeper(|reader| read(tag, reader))
    }

    /// What that tag tags, and no other.
    ///
    /// # Errors
    /// Another item or tag, too deep, and those of `read`.
    pub fn tagged_as<T, E: From<CborError>>(
        &mut self,
        expected: u64,
        read: impl FnOnce(&mut Self) -> Result<T, E>,
    ) -> Result<T, E> {
        let at = self.position();
        self.tagged(
            |tag, reader| {
                if tag == expected { read(reader) } else { Err(CborError::Unexpected(at).into()) }
            },
        )
    }

    /// An embedded item (tag 24); what is inside is not looked at.
    ///
    /// # Errors
    /// Another item, or cut off.
    pub fn encoded(&mut self) -> Result<Encoded<'b>, CborError> {
        let start = self.position();
        let content = self.tagged_as(ENCODED_TAG, Self::bytes)?;
        Ok(Encoded { whole: self.span(start..self.position()), content })
    }

    /// An array: `item` is called for each item, and has to read it. Returns how many there were.
    ///
    /// # Errors
    /// Another item, too deep, and those of `item`.
    pub fn array<E: From<CborError>>(
        &mut self,
        mut item: impl FnMut(&mut Self) -> Result<(), E>,
    ) -> Result<u64, E> {
        let length = self.array_length()?;
        self.deeper(|reader| (0..length).try_for_each(|_| item(reader)))?;
        Ok(length)
    }

    /// An array of exactly `length` items, that `read` has to read.
    ///
    /// # Errors
    /// Another item, another length, too deep, and those of `read`.
    pub fn tuple<T, E: From<CborError>>(
        &mut self,
        length: u64,
        read: impl FnOnce(&mut Self) -> Result<T, E>,
    ) -> Result<T, E> {
        let at = self.position();
        if self.array_length()? != length {
            return Err(CborError::Unexpected(at).into());
        }
        self.deeper(read)
    }

    /// A map: `member` is called for each, and has to read the value.
    ///
    /// # Errors
    /// Another item, a key twice, too deep, and those of `member`.
    pub fn map<E: From<CborError>>(
        &mut self,
        mut member: impl FnMut(Label<'b>, &mut Self) -> Result<(), E>,
    ) -> Result<(), E> {
        let at = self.position();
        let length = self.token(Kind::Map, Decoder::map)?.ok_or(CborError::Indefinite(at))?;
        self.fits(at, length.saturating_mul(2))?;
        let mut labels = Labels::default();
        self.deeper(|reader| {
            (0..length).try_for_each(|_| {
                let label = reader.label()?;
                labels.add(label);
                member(label, reader)
            })
        })?;
        if labels.repeat() { Err(CborError::Duplicate(at).into()) } else { Ok(()) }
    }

    /// Any item: its bytes as they were received. It is looked at in all its depth.
    ///
    /// # Errors
    /// See [`CborError`].
    pub fn any(&mut self) -> Result<&'b [u8], CborError> {
        let start = self.position();
        self.skip()?;
        Ok(self.span(start..self.position()))
    }

    /// Passes over any item, looking at it in all its depth.
    ///
    /// # Errors
    /// See [`CborError`].
    pub fn skip(&mut self) -> Result<(), CborError> {
        match self.kind()? {
            Kind::Integer => self.wide_integer().map(drop),
            Kind::Bytes => self.bytes().map(drop),
            Kind::Text => self.text().map(drop),
            Kind::Array => self.array(Self::skip).map(drop),
            Kind::Map => self.map(|_, value| value.skip()),
            Kind::Tag => self.tagged(|_, value| value.skip()),
            Kind::Bool => self.bool().map(drop),
            Kind::Null => self.null(),
            Kind::Undefined => self.token(Kind::Undefined, Decoder::undefined),
            Kind::Float => self.float().map(drop),
            Kind::Simple => self.simple(),
        }
    }

    fn simple(&mut self) -> Result<(), CborError> {
        let at = self.position();
        let value = self.token(Kind::Simple, Decoder::simple)?;
        // In two bytes there are only the values that do not fit into one (RFC 8949 §3.3).
        if self.position() - at == 2 && value < 32 { Err(CborError::Malformed(at)) } else { Ok(()) }
    }

    fn label(&mut self) -> Result<Label<'b>, CborError> {
        match self.kind()? {
            Kind::Integer => self.integer().map(Label::Integer),
            Kind::Text => self.text().map(Label::Text),
            Kind::Bytes => self.bytes().map(Label::Bytes),
            _ => Err(CborError::Unexpected(self.position())),
        }
    }

    fn array_length(&mut self) -> Result<u64, CborError> {
        let at = self.position();
        let length = self.token(Kind::Array, Decoder::array)?.ok_or(CborError::Indefinite(at))?;
        self.fits(at, length)?;
        Ok(length)
    }

    /// Each item needs a byte at least.
    fn fits(&self, at: usize, items: u64) -> Result<(), CborError> {
        let left = self.tokens.input().len().saturating_sub(self.position());
        if usize::try_from(items).is_ok_and(|items| items <= left) {
            Ok(())
        } else {
            Err(CborError::Malformed(at))
        }
    }

    fn token<T>(
        &mut self,
        kind: Kind,
        read: impl FnOnce(&mut Decoder<'b>) -> Result<T, TokenError>,
    ) -> Result<T, CborError> {
        let at = self.position();
        if self.kind()? != kind {
            return Err(CborError::Unexpected(at));
        }
        read(&mut self.tokens).map_err(|_| CborError::Malformed(at))
    }

    fn deeper<T, E: From<CborError>>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T, E>,
    ) -> Result<T, E> {
        if self.depth >= MAX_DEPTH {
            return Err(CborError::TooDeep(self.position()).into());
        }
        self.depth += 1;
        let value = read(self)?;
        self.depth -= 1;
        Ok(value)
    }

    fn span(&self, range: Range<usize>) -> &'b [u8] {
        self.tokens.input().get(range).unwrap_or_default()
    }
}

/// The keys of a map that were seen. Writers mostly sort them; then there is nothing to search.
#[derive(Default)]
struct Labels<'b> {
    seen: Vec<Label<'b>>,
    unsorted: bool,
}

impl<'b> Labels<'b> {
    fn add(&mut self, label: Label<'b>) {
        self.unsorted |= self.seen.last().is_some_and(|last| *last >= label);
        self.seen.push(label);
    }

    fn repeat(&mut self) -> bool {
        if self.unsorted {
            self.seen.sort_unstable();
        }
        self.unsorted && self.seen.windows(2).any(|pair| pair.first() == pair.last())
    }
}

/// IEEE 754 binary16.
fn half(bits: u16) -> f64 {
    let (exponent, fraction) = (i32::from((bits >> 10) & 0x1f), f64::from(bits & 0x3ff));
    let magnitude = match exponent {
        0 => fraction * 2f64.powi(-24),
        31 if fraction == 0.0 => f64::INFINITY,
        31 => f64::NAN,
        _ => (1024.0 + fraction) * 2f64.powi(exponent - 25),
    };
    if bits & 0x8000 == 0 { magnitude } else { -magnitude }
}
