//! Integrity metadata: the hash that a document behind a URI must have (SD-JWT VC §5, W3C Subresource Integrity §3).

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use credenza_crypto::HashAlgorithm;

/// No integrity string has more hashes.
pub const MAX_HASHES: usize = 8;

/// Hashes that a document may have: of those made by the strongest function, one has to match.
///
/// ```
/// use credenza_formats::type_metadata::Integrity;
/// let integrity: Integrity = Integrity::of(b"{}");
/// assert!(Integrity::parse(&integrity.to_string()).unwrap().matches(b"{}"));
/// assert!(!integrity.matches(b"{ }"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Integrity {
    strongest: Function,
    hashes: Vec<Vec<u8>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Function {
    Sha256,
    Sha384,
    Sha512,
}

impl Function {
    fn from_prefix(prefix: &str) -> Option<Self> {
        match prefix {
            "sha256" => Some(Self::Sha256),
            "sha384" => Some(Self::Sha384),
            "sha512" => Some(Self::Sha512),
            _ => None,
        }
    }

    const fn prefix(self) -> &'static str {
        match self {
            Self::Sha256 => "sha256",
            Self::Sha384 => "sha384",
            Self::Sha512 => "sha512",
        }
    }

    fn hash(self, bytes: &[u8]) -> Vec<u8> {
        let function = match self {
            Self::Sha256 => HashAlgorithm::Sha256,
            Self::Sha384 => HashAlgorithm::Sha384,
            Self::Sha512 => HashAlgorithm::Sha512,
        };
        function.hash(bytes).as_ref().to_vec()
    }
}

/// Why a text is no integrity metadata that can be relied on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum IntegrityError {
    /// A hash that is not base64. One that is too short is one that nothing matches.
    #[error("an integrity string has a hash that is none")]
    Malformed,
    /// Nothing in it is a hash by a known function. A browser would let everything pass; we let nothing.
    #[error("an integrity string has no hash by a known function")]
    NoKnownFunction,
    /// More than [`MAX_HASHES`].
    #[error("an integrity string has more than {MAX_HASHES} hashes")]
    TooMany,
}

impl Integrity {
    /// Reads `sha256-…`, several of them separated by white space. Hashes by unknown functions are passed over, options
    /// after `?` are too.
    ///
    /// # Errors
    /// See [`IntegrityError`].
    pub fn parse(text: &str) -> Result<Self, IntegrityError> {
        let mut found: Option<Self> = None;
        for (number, expression) in text.split_ascii_whitespace().enumerate() {
            if number >= MAX_HASHES {
                return Err(IntegrityError::TooMany);
            }
            let (prefix, rest) = expression.split_once('-').ok_or(IntegrityError::Malformed)?;
            let Some(function) = Function::from_prefix(prefix) else { continue };
            let hash = decode(rest.split('?').next().unwrap_or_default())
                .filter(|hash| !hash.is_empty())
                .ok_or(IntegrityError::Malformed)?;
            match &mut found {
                Some(known) if known.strongest > function => {}
                Some(known) if known.strongest == function => known.hashes.push(hash),
                _ => found = Some(Self { strongest: function, hashes: vec![hash] }),
            }
        }
        found.ok_or(IntegrityError::NoKnownFunction)
    }

    /// The integrity of a document that we publish: its SHA-256.
    #[must_use]
    pub fn of(document: &[u8]) -> Self {
        Self { strongest: Function::Sha256, hashes: vec![Function::Sha256.hash(document)] }
    }

    /// Whether these are the bytes that were meant.
    #[must_use]
    pub fn matches(&self, document: &[u8]) -> bool {
        self.hashes.contains(&self.strongest.hash(document))
    }
}

/// Either alphabet, with or without padding, as the grammar of SRI allows. What is left over of the last character is
/// not looked at: publishers have printed such values.
fn decode(text: &str) -> Option<Vec<u8>> {
    use base64::alphabet::{STANDARD as PLUS_SLASH, URL_SAFE};
    use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
    let config = GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true);
    let alphabet = if text.contains(['-', '_']) { &URL_SAFE } else { &PLUS_SLASH };
    GeneralPurpose::new(alphabet, config).decode(text).ok()
}

/// As it is written in claims and metadata.
impl fmt::Display for Integrity {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, hash) in self.hashes.iter().enumerate() {
            let space = if number == 0 { "" } else { " " };
            write!(out, "{space}{}-{}", self.strongest.prefix(), STANDARD.encode(hash))?;
        }
        Ok(())
    }
}
