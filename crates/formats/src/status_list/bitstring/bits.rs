//! Statuses of 1 to 8 bits, the highest bit first.

use std::fmt;

use credenza_core::b64;

use super::{BitstringError, MIN_ENTRIES};
use crate::status_list::encode::{self, InflateError, Level};

/// The prefix of base64url without padding in Multibase.
const MULTIBASE: char = 'u';

/// How many bits a status takes (`statusSize`): 1 to 8 here. The specification sets no limit; each bit doubles the
/// number of messages that an entry has to list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StatusSize(u8);

impl StatusSize {
    /// What is meant when nothing is said.
    pub const ONE: Self = Self(1);

    /// 1 to 8 bits.
    #[must_use]
    pub const fn new(bits: u64) -> Option<Self> {
        #[expect(clippy::as_conversions, clippy::cast_possible_truncation, reason = "at most 8")]
        if bits >= 1 && bits <= 8 { Some(Self(bits as u8)) } else { None }
    }

    /// In bits.
    #[must_use]
    pub const fn bits(self) -> u8 {
        self.0
    }

    /// How many statuses there are, and messages to be listed.
    #[must_use]
    pub const fn statuses(self) -> usize {
        1 << self.0
    }

    const fn mask(self) -> u16 {
        (1 << self.0) - 1
    }
}

impl Default for StatusSize {
    fn default() -> Self {
        Self::ONE
    }
}

/// The statuses of a list, packed: the first index is in the highest bits of the first byte (§2.2).
///
/// ```
/// use credenza_formats::status_list::bitstring::{Bitstring, StatusSize};
///
/// let mut list = Bitstring::new(StatusSize::ONE, 131_072).unwrap();
/// list.set(1, 1).unwrap();
/// assert_eq!(list.as_bytes()[0], 0b0100_0000);
/// assert_eq!(list.get(1), Ok(1));
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Bitstring {
    size: StatusSize,
    bytes: Vec<u8>,
}

impl Bitstring {
    /// A list with room for `entries` statuses and for [`MIN_ENTRIES`] at least, all of them 0.
    ///
    /// # Errors
    /// [`BitstringError::Malformed`] when it does not fit into memory.
    pub fn new(size: StatusSize, entries: u64) -> Result<Self, BitstringError> {
        let bits = entries.max(MIN_ENTRIES).checked_mul(size.0.into());
        let bytes = bits.and_then(|bits| usize::try_from(bits.div_ceil(8)).ok());
        let bytes = bytes.filter(|bytes| isize::try_from(*bytes).is_ok());
        let bytes = bytes.ok_or(BitstringError::Malformed("more entries than fit into memory"))?;
        Ok(Self { size, bytes: vec![0; bytes] })
    }

    /// Statuses that are packed already.
    #[must_use]
    pub const fn from_bytes(size: StatusSize, bytes: Vec<u8>) -> Self {
        Self { size, bytes }
    }

    /// Reads an `encodedList`, up to `max` bytes (§3.4).
    ///
    /// # Errors
    /// [`InflateError`]
    pub fn decode(encoded_list: &str, size: StatusSize, max: usize) -> Result<Self, InflateError> {
        let encoded = encoded_list.strip_prefix(MULTIBASE).ok_or(InflateError::NotBase64)?;
        let compressed = b64::decode(encoded).map_err(|_| InflateError::NotBase64)?;
        Ok(Self { size, bytes: encode::gunzip(&compressed, max)? })
    }

    /// The `encodedList` of it (§3.3).
    #[must_use]
    pub fn encode(&self, level: Level) -> String {
        let compressed = encode::gzip(&self.bytes, level);
        let mut encoded = String::with_capacity(1 + compressed.len().div_ceil(3) * 4);
        encoded.push(MULTIBASE);
        b64::encode_to(compressed, &mut encoded);
        encoded
    }

    /// The status at an index.
    ///
    /// # Errors
    /// [`BitstringError::Range`]
    pub fn get(&self, index: u64) -> Result<u8, BitstringError> {
        self.get_as(self.size, index)
    }

    /// The status at an index, when a status has another size than was thought.
    pub(super) fn get_as(&self, size: StatusSize, index: u64) -> Result<u8, BitstringError> {
        let (at, shift) = self.place(size, index)?;
        let [_, status] = ((self.window(at)? >> shift) & size.mask()).to_be_bytes();
        Ok(status)
    }

    /// Changes the status at an index.
    ///
    /// # Errors
    /// [`BitstringError::Range`] or [`BitstringError::TooWide`]; nothing has changed then.
    pub fn set(&mut self, index: u64, status: u8) -> Result<(), BitstringError> {
        let mask = self.size.mask();
        if u16::from(status) > mask {
            return Err(BitstringError::TooWide);
        }
        let (at, shift) = self.place(self.size, index)?;
        let window = (self.window(at)? & !(mask << shift)) | (u16::from(status) << shift);
        for (byte, new) in self.bytes.iter_mut().skip(at).zip(window.to_be_bytes()) {
            *byte = new;
        }
        Ok(())
    }

    /// The byte in which a status begins, and how far its end is from the end of the byte after that one.
    fn place(&self, size: StatusSize, index: u64) -> Result<(usize, u32), BitstringError> {
        if index >= self.len_as(size) {
            return Err(BitstringError::Range);
        }
        let first = index.checked_mul(size.0.into()).ok_or(BitstringError::Range)?;
        let at = usize::try_from(first / 8).map_err(|_| BitstringError::Range)?;
        let within = u32::try_from(first % 8).map_err(|_| BitstringError::Range)?;
        Ok((at, u16::BITS - within - u32::from(size.0)))
    }

    /// The byte at a place and the one after it, or zero after the last.
    fn window(&self, at: usize) -> Result<u16, BitstringError> {
        let first = *self.bytes.get(at).ok_or(BitstringError::Range)?;
        Ok(u16::from_be_bytes([first, self.bytes.get(at + 1).copied().unwrap_or(0)]))
    }

    /// The number of entries.
    #[must_use]
    pub const fn len(&self) -> u64 {
        self.len_as(self.size)
    }

    /// The number of entries, when a status has another size than was thought.
    pub(super) const fn len_as(&self, size: StatusSize) -> u64 {
        #[expect(clippy::as_conversions, reason = "widening, and From is not const")]
        let (bytes, size) = (self.bytes.len() as u64, size.0 as u64);
        bytes * 8 / size
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The bits of one status.
    #[must_use]
    pub const fn size(&self) -> StatusSize {
        self.size
    }

    /// The packed statuses.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }
}

/// Shows the measures and no status.
impl fmt::Debug for Bitstring {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Bitstring({} entries of {} bit(s))", self.len(), self.size.0)
    }
}
