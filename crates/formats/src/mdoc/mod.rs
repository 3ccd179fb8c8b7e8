//! ISO mdoc (ISO/IEC 18013-5, `mso_mdoc`): issue, parse, hold, present, verify.
//!
//! What was signed or hashed is kept as the bytes that came, and never encoded again.

pub mod device_auth;
pub mod device_response;
pub mod hold;
pub mod issue;
pub mod issuer_signed;
pub mod mso;
pub mod present;
pub mod rules;
mod tdate;
pub mod transcript;
pub mod value;
mod verify;

use credenza_crypto::cose::{CborError, CoseError, KeyDefect};

pub use device_response::{DeviceAuth, DeviceResponse, DeviceSigned, DeviceSignedItem, Document};
pub use hold::{Held, HoldError};
pub use issue::{Issuance, IssueError, issue};
pub use issuer_signed::{IssuerSigned, IssuerSignedItem};
pub use mso::{KeyAuthorizations, MobileSecurityObject, ValidityInfo};
pub use present::{PresentError, Presentation};
pub use transcript::SessionTranscript;
pub use value::{ElementType, ElementTypes};
pub use verify::{CountryMismatch, DeviceBinding, Expected, HolderBinding, TimeForm, Verified, verify};

/// The name of the format in OpenID4VCI and OpenID4VP.
pub const FORMAT: &str = "mso_mdoc";

/// The document type of the mobile driving licence.
pub const MDL: &str = "org.iso.18013.5.1.mDL";

/// The namespace of the mobile driving licence.
pub const MDL_NAMESPACE: &str = "org.iso.18013.5.1";

/// The document type of the European person identification data, and the name of its namespace.
pub const PID: &str = "eu.europa.ec.eudi.pid.1";

/// What is accepted of strangers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MdocLimits {
    /// Bytes of CBOR: portraits make documents long.
    pub total: usize,
    /// Documents of a response.
    pub documents: usize,
    /// Data elements of a document, over all namespaces, those of the issuer and of the device each.
    pub elements: usize,
}

impl Default for MdocLimits {
    fn default() -> Self {
        Self { total: 1024 * 1024, documents: 8, elements: 1024 }
    }
}

/// Why bytes are not an mdoc.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
    /// More than [`MdocLimits`] accepts.
    #[error("more {0} than are accepted here")]
    TooMany(&'static str),
    /// Not acceptable CBOR.
    #[error(transparent)]
    Cbor(#[from] CborError),
    /// A signature or MAC structure can't be read.
    #[error(transparent)]
    Cose(#[from] CoseError),
    /// The device key can't be used.
    #[error("the device key: {0}")]
    DeviceKey(#[from] KeyDefect),
    /// A member that has to be there is not.
    #[error("{0} is missing")]
    Missing(&'static str),
    /// A member is not what it must be.
    #[error("{0} is not what it must be")]
    Malformed(&'static str),
}

impl MdocLimits {
    fn check_total(&self, bytes: &[u8]) -> Result<(), ParseError> {
        if bytes.len() > self.total { Err(ParseError::TooMany("bytes")) } else { Ok(()) }
    }
}

/// The text of a key of a map in which ISO/IEC 18013-5 has texts alone.
fn name<'b>(label: credenza_crypto::cose::Label<'b>, what: &'static str) -> Result<&'b str, ParseError> {
    match label {
        credenza_crypto::cose::Label::Text(text) => Ok(text),
        _ => Err(ParseError::Malformed(what)),
    }
}
