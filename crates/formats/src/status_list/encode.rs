//! The compressed forms of a byte array: zlib for Token Status List, gzip for Bitstring Status List.
//!
//! Whatever comes from outside is inflated up to a limit and not a byte further, and its container has to be exact:
//! the right one, no preset dictionary, a checksum that fits, nothing after it. Every level that a compressor may
//! have used is fine.

use credenza_core::b64;
use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status as Progress};

use super::{StatusArray, StatusBits};

/// A list has no more bytes than this once inflated, unless the configuration says otherwise: 16 MiB, which are 2^27
/// entries of 1 bit.
pub const MAX_LIST: usize = 1 << 24;

/// The logarithm of the size of DEFLATE's window: the largest there is, for both directions.
const WINDOW: u8 = 15;

/// How much memory is taken at the start, in bytes; it doubles as needed.
const FIRST_CHUNK: usize = 16 * 1024;

/// How hard the compressor tries.
///
/// The specification recommends the most (§4.1). On a list of which one in a hundred is revoked that takes nine times as
/// long as the default and saves an eighth of the bytes (see the example `status_list_speed`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Level(u32);

impl Level {
    /// Least time.
    pub const FASTEST: Self = Self(1);
    /// Fewest bytes.
    pub const BEST: Self = Self(9);

    /// A level of 1 (fastest) to 9 (smallest).
    #[must_use]
    pub const fn new(level: u32) -> Option<Self> {
        if level >= 1 && level <= 9 { Some(Self(level)) } else { None }
    }
}

impl Default for Level {
    /// 6
    fn default() -> Self {
        Self(6)
    }
}

/// Why compressed bytes were not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InflateError {
    /// Not base64url without padding.
    #[error("the list is not base64url without padding")]
    NotBase64,
    /// Raw DEFLATE, another container, or none.
    #[error("the list is not in the {0} format")]
    Container(&'static str),
    /// It is to be inflated with a dictionary, and there is none.
    #[error("the list asks for a preset dictionary")]
    Dictionary,
    /// It ends early, or the content or its checksum is broken.
    #[error("the compressed list is broken")]
    Broken,
    /// There are bytes after it.
    #[error("there are bytes after the compressed list")]
    Trailing,
    /// It grows beyond the limit.
    #[error("the list is larger than {0} bytes")]
    TooLarge(usize),
}

/// A list in its compressed form, ready to be signed.
///
/// Making one is the expensive part of publishing (see the example `status_list_speed`): let a thread do it on which
/// no request is waiting.
#[derive(Clone, PartialEq, Eq)]
pub struct EncodedList {
    bits: StatusBits,
    compressed: Vec<u8>,
}

impl EncodedList {
    /// Compresses a list.
    #[must_use]
    pub fn new(list: &StatusArray, level: Level) -> Self {
        Self { bits: list.bits(), compressed: deflate(list.as_bytes(), level) }
    }

    /// Takes bytes that are compressed already, as they stand.
    #[must_use]
    pub const fn from_compressed(bits: StatusBits, compressed: Vec<u8>) -> Self {
        Self { bits, compressed }
    }

    /// From the form in JSON (`lst`).
    ///
    /// # Errors
    /// [`InflateError::NotBase64`]
    pub fn from_base64url(bits: StatusBits, lst: &str) -> Result<Self, InflateError> {
        let compressed = b64::decode(lst).map_err(|_| InflateError::NotBase64)?;
        Ok(Self { bits, compressed })
    }

    /// Inflates the list, up to `max` bytes.
    ///
    /// # Errors
    /// Everything of [`InflateError`] but [`NotBase64`](InflateError::NotBase64).
    pub fn decode(&self, max: usize) -> Result<StatusArray, InflateError> {
        Ok(StatusArray::from_bytes(self.bits, inflate(&self.compressed, max)?))
    }

    /// The bits of one status.
    #[must_use]
    pub const fn bits(&self) -> StatusBits {
        self.bits
    }

    /// The form in JSON (`lst`).
    #[must_use]
    pub fn base64url(&self) -> String {
        b64::encode(&self.compressed)
    }

    /// The form in CBOR.
    #[must_use]
    pub fn compressed(&self) -> &[u8] {
        &self.compressed
    }
}

impl std::fmt::Debug for EncodedList {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "EncodedList({} bytes, {} bit(s))", self.compressed.len(), self.bits.number())
    }
}

/// Compresses to the ZLIB format (RFC 1950).
#[must_use]
pub fn deflate(bytes: &[u8], level: Level) -> Vec<u8> {
    compress(bytes, Compress::new_with_window_bits(Compression::new(level.0), true, WINDOW))
}

/// Compresses to the GZIP format (RFC 1952).
#[must_use]
pub fn gzip(bytes: &[u8], level: Level) -> Vec<u8> {
    compress(bytes, Compress::new_gzip(Compression::new(level.0), WINDOW))
}

fn compress(bytes: &[u8], mut compressor: Compress) -> Vec<u8> {
    let mut output = Vec::with_capacity(FIRST_CHUNK);
    let mut rest = bytes;
    loop {
        let before = compressor.total_in();
        // With memory to write to, a compressor has no other way to fail than by misuse of its interface.
        let progress = compressor.compress_vec(rest, &mut output, FlushCompress::Finish);
        if !matches!(progress, Ok(Progress::Ok | Progress::BufError)) {
            return output;
        }
        rest = usize::try_from(compressor.total_in() - before)
            .ok()
            .and_then(|used| rest.get(used..))
            .unwrap_or(&[]);
        output.reserve(output.capacity().max(FIRST_CHUNK));
    }
}

/// Inflates the ZLIB format (RFC 1950), up to `max` bytes.
///
/// # Errors
/// Everything of [`InflateError`] but [`NotBase64`](InflateError::NotBase64).
pub fn inflate(compressed: &[u8], max: usize) -> Result<Vec<u8>, InflateError> {
    const DEFLATE: u8 = 8;
    const PRESET_DICTIONARY: u8 = 1 << 5;

    let &[method, flags, ..] = compressed else { return Err(InflateError::Container("ZLIB")) };
    let checked = u16::from_be_bytes([method, flags]) % 31 == 0;
    if method & 0x0f != DEFLATE || method >> 4 > WINDOW - 8 || !checked {
        return Err(InflateError::Container("ZLIB"));
    }
    if flags & PRESET_DICTIONARY != 0 {
        return Err(InflateError::Dictionary);
    }
    decompress(compressed, Decompress::new(true), max)
}

/// Inflates the GZIP format (RFC 1952), up to `max` bytes; one member and no second.
///
/// # Errors
/// Everything of [`InflateError`] but [`NotBase64`](InflateError::NotBase64).
pub fn gunzip(compressed: &[u8], max: usize) -> Result<Vec<u8>, InflateError> {
    if !compressed.starts_with(&[0x1f, 0x8b, 8]) {
        return Err(InflateError::Container("GZIP"));
    }
    decompress(compressed, Decompress::new_gzip(WINDOW), max)
}

fn decompress(compressed: &[u8], mut inflater: Decompress, max: usize) -> Result<Vec<u8>, InflateError> {
    // One byte more than allowed is enough to know that it is too much.
    let most = max.saturating_add(1);
    let mut output = Vec::with_capacity(FIRST_CHUNK.min(most));
    let mut rest = compressed;
    loop {
        let (read, written) = (inflater.total_in(), output.len());
        let progress = inflater
            .decompress_vec(rest, &mut output, FlushDecompress::None)
            .map_err(|_| InflateError::Broken)?;
        let used = usize::try_from(inflater.total_in() - read).map_err(|_| InflateError::Broken)?;
        rest = rest.get(used..).ok_or(InflateError::Broken)?;
        if output.len() > max {
            return Err(InflateError::TooLarge(max));
        }
        if progress == Progress::StreamEnd {
            return if rest.is_empty() { Ok(output) } else { Err(InflateError::Trailing) };
        }
        if output.len() == output.capacity() {
            let larger = output.capacity().saturating_mul(2).clamp(FIRST_CHUNK, most.max(FIRST_CHUNK));
            output.reserve_exact(larger - output.len());
        } else if used == 0 && output.len() == written {
            return Err(InflateError::Broken); // nothing more comes: it was cut off
        }
    }
}
