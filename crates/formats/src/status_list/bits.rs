//! Statuses side by side in a byte array, and what they mean.

use std::fmt;

/// How many bits one status takes (Token Status List §4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub enum StatusBits {
    /// Valid or invalid.
    #[default]
    One,
    /// Also suspended, and one status of the application.
    Two,
    /// 16 statuses.
    Four,
    /// 256 statuses.
    Eight,
}

impl StatusBits {
    /// By the value of `bits`; there are no others than 1, 2, 4 and 8.
    #[must_use]
    pub const fn from_number(bits: u64) -> Option<Self> {
        match bits {
            1 => Some(Self::One),
            2 => Some(Self::Two),
            4 => Some(Self::Four),
            8 => Some(Self::Eight),
            _ => None,
        }
    }

    /// The fewest bits that can hold this status.
    #[must_use]
    pub const fn for_status(status: Status) -> Self {
        match status.value() {
            0..=1 => Self::One,
            2..=3 => Self::Two,
            4..=15 => Self::Four,
            _ => Self::Eight,
        }
    }

    /// The value of `bits`.
    #[must_use]
    pub const fn number(self) -> u8 {
        1 << self.log2()
    }

    /// The largest status that fits, which is also the mask of one status.
    #[must_use]
    pub const fn largest(self) -> u8 {
        match self {
            Self::One => 1,
            Self::Two => 3,
            Self::Four => 15,
            Self::Eight => 255,
        }
    }

    const fn log2(self) -> u32 {
        match self {
            Self::One => 0,
            Self::Two => 1,
            Self::Four => 2,
            Self::Eight => 3,
        }
    }

    /// How often an index is halved to get its byte: there are 8 statuses in a byte, 4, 2 or 1.
    const fn index_shift(self) -> u32 {
        3 - self.log2()
    }
}

/// What a list says about one token (Token Status List §7.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Status {
    /// 0x00: valid, correct, legal.
    Valid,
    /// 0x01: revoked, for good.
    Invalid,
    /// 0x02: not valid for a while.
    Suspended,
    /// 0x03 and 0x0C to 0x0F: what the application says it means. Not valid, unless a policy knows it.
    ApplicationSpecific(u8),
    /// Any other value: nobody has said yet what it means. Not valid.
    Reserved(u8),
}

impl Status {
    /// By its number. Every number is a status.
    #[must_use]
    pub const fn from_value(value: u8) -> Self {
        match value {
            0x00 => Self::Valid,
            0x01 => Self::Invalid,
            0x02 => Self::Suspended,
            0x03 | 0x0c..=0x0f => Self::ApplicationSpecific(value),
            _ => Self::Reserved(value),
        }
    }

    /// Its number in the list.
    #[must_use]
    pub const fn value(self) -> u8 {
        match self {
            Self::Valid => 0x00,
            Self::Invalid => 0x01,
            Self::Suspended => 0x02,
            Self::ApplicationSpecific(value) | Self::Reserved(value) => value,
        }
    }

    /// Whether it says "valid". Everything else does not.
    #[must_use]
    pub const fn is_valid(self) -> bool {
        matches!(self, Self::Valid)
    }
}

impl fmt::Display for Status {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Valid => out.write_str("VALID"),
            Self::Invalid => out.write_str("INVALID"),
            Self::Suspended => out.write_str("SUSPENDED"),
            Self::ApplicationSpecific(value) => write!(out, "application specific status 0x{value:02X}"),
            Self::Reserved(value) => write!(out, "unknown status 0x{value:02X}"),
        }
    }
}

/// Why a status was not read or written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ArrayError {
    /// There is no such index.
    #[error("the index is not in the list, which has {len} entries")]
    OutOfRange {
        /// The number of entries.
        len: u64,
    },
    /// The status takes more bits than the list has for one.
    #[error("the status does not fit into {} bit(s)", .bits.number())]
    TooWide {
        /// The bits of this list.
        bits: StatusBits,
    },
    /// More bytes than memory can address.
    #[error("a list of this many entries does not fit into memory")]
    TooLong,
}

/// The statuses of a list, packed: the first index is in the lowest bits of the first byte (Token Status List §4.1).
///
/// A list always fills whole bytes (§13.4), so that one of 10 entries of 1 bit has 16.
///
/// ```
/// use credenza_formats::status_list::{Status, StatusArray, StatusBits};
///
/// let mut list = StatusArray::new(StatusBits::Two, 12).unwrap();
/// list.set(1, Status::Suspended).unwrap();
/// assert_eq!(list.as_bytes(), [0b0000_1000, 0, 0]);
/// assert_eq!(list.get(1), Ok(Status::Suspended));
/// assert!(list.get(12).is_err());
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct StatusArray {
    bits: StatusBits,
    bytes: Vec<u8>,
}

impl StatusArray {
    /// A list with room for `entries` statuses, all of them valid.
    ///
    /// # Errors
    /// [`ArrayError::TooLong`]
    pub fn new(bits: StatusBits, entries: u64) -> Result<Self, ArrayError> {
        Self::filled(bits, entries, Status::Valid)
    }

    /// A list with room for `entries` statuses, all of them the same: the one that most tokens will have, so that
    /// nobody can tell which indices are taken (Token Status List §13.3).
    ///
    /// # Errors
    /// [`ArrayError::TooWide`] or [`ArrayError::TooLong`].
    pub fn filled(bits: StatusBits, entries: u64, status: Status) -> Result<Self, ArrayError> {
        let mut byte = fitting(bits, status)?;
        let mut width = u32::from(bits.number());
        while width < 8 {
            byte |= byte << width;
            width *= 2;
        }
        let bytes = entries.div_ceil(1 << bits.index_shift());
        let bytes = usize::try_from(bytes).ok().filter(|bytes| isize::try_from(*bytes).is_ok());
        Ok(Self { bits, bytes: vec![byte; bytes.ok_or(ArrayError::TooLong)?] })
    }

    /// Statuses that are packed already.
    #[must_use]
    pub const fn from_bytes(bits: StatusBits, bytes: Vec<u8>) -> Self {
        Self { bits, bytes }
    }

    /// The status at an index.
    ///
    /// # Errors
    /// [`ArrayError::OutOfRange`]: then there is no statement about the token, and it has to be refused (§8.3).
    pub fn get(&self, index: u64) -> Result<Status, ArrayError> {
        let (at, shift) = self.place(index)?;
        let byte = self.bytes.get(at).ok_or_else(|| self.out_of_range())?;
        Ok(Status::from_value((byte >> shift) & self.bits.largest()))
    }

    /// Changes the status at an index.
    ///
    /// # Errors
    /// [`ArrayError::OutOfRange`] or [`ArrayError::TooWide`]; nothing has changed then.
    pub fn set(&mut self, index: u64, status: Status) -> Result<(), ArrayError> {
        let (at, shift) = self.place(index)?;
        let value = fitting(self.bits, status)?;
        let (mask, out_of_range) = (self.bits.largest(), self.out_of_range());
        let byte = self.bytes.get_mut(at).ok_or(out_of_range)?;
        *byte = (*byte & !(mask << shift)) | (value << shift);
        Ok(())
    }

    /// The byte of an index, and how far its lowest bit is from the byte's lowest.
    fn place(&self, index: u64) -> Result<(usize, u32), ArrayError> {
        let at = usize::try_from(index >> self.bits.index_shift()).map_err(|_| self.out_of_range())?;
        let within = index & ((1 << self.bits.index_shift()) - 1);
        let shift = u32::try_from(within << self.bits.log2()).unwrap_or_default(); // at most 7
        Ok((at, shift))
    }

    const fn out_of_range(&self) -> ArrayError {
        ArrayError::OutOfRange { len: self.len() }
    }

    /// The bits of one status.
    #[must_use]
    pub const fn bits(&self) -> StatusBits {
        self.bits
    }

    /// The number of entries.
    #[must_use]
    pub const fn len(&self) -> u64 {
        #[expect(clippy::as_conversions, reason = "no machine's usize is larger, and try_from is not const")]
        let bytes = self.bytes.len() as u64;
        bytes << self.bits.index_shift()
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// All statuses, from the first index on.
    pub fn iter(&self) -> impl Iterator<Item = Status> + '_ {
        (0..self.len()).filter_map(|index| self.get(index).ok())
    }

    /// The packed statuses.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }
}

fn fitting(bits: StatusBits, status: Status) -> Result<u8, ArrayError> {
    let value = status.value();
    if value > bits.largest() { Err(ArrayError::TooWide { bits }) } else { Ok(value) }
}

/// Shows the measures and no status.
impl fmt::Debug for StatusArray {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "StatusArray({} entries of {} bit(s))", self.len(), self.bits.number())
    }
}
