//! ISO mdoc (ISO/IEC 18013-5, `mso_mdoc`): issue, parse, hold, present, verify.
//!
//! What was signed or hashed is kept as the bytes that came, and never encoded again.
//!
//! ```
//! use std::time::Duration;
//!
//! use credenza_core::{ClaimsPath, Report, SystemRandom, UnixTime};
//! use credenza_crypto::x509::{CertificateAuthority, LeafProfile, Subject};
//! use credenza_crypto::{Algorithm, HashAlgorithm, SoftwareSigner};
//! use credenza_formats::mdoc::{
//!     self, DeviceBinding, DeviceResponse, ElementTypes, Expected, Held, HolderBinding, Issuance,
//!     KeyAuthorizations, MDL, MDL_NAMESPACE, MdocLimits, SessionTranscript, ValidityInfo,
//! };
//! use serde_json::json;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> { wait(async {
//! let now = UnixTime::from_secs(1_750_000_000);
//! let (day, limits) = (Duration::from_secs(86_400), MdocLimits::default());
//! let authority = CertificateAuthority::generate("Utopia IACA", now - day, 3650 * day, &SystemRandom)?;
//! let signer = SoftwareSigner::generate(Algorithm::Es256, &SystemRandom)?;
//! let subject = Subject { country: Some("UT".to_owned()), ..Subject::from("Utopia signer") };
//! let profile = LeafProfile::new(subject, now - day, 400 * day).purpose("1.0.18013.5.1.2");
//! let certificate = authority.issue(&signer.public_key(), &profile, &SystemRandom)?;
//! let issuer = signer.with_x5c(vec![certificate]);
//! let holder = SoftwareSigner::generate(Algorithm::Es256, &SystemRandom)?;
//!
//! // The issuer signs.
//! let claims = json!({ MDL_NAMESPACE: { "family_name": "Mustermann", "birth_date": "1971-09-01" } });
//! let validity =
//!     ValidityInfo { signed: now, valid_from: now, valid_until: now + 30 * day, expected_update: None };
//! let issuance = Issuance {
//!     doc_type: MDL,
//!     claims: claims.as_object().unwrap(),
//!     types: &ElementTypes::standard(),
//!     holder: &holder.public_key(),
//!     validity,
//!     hash: HashAlgorithm::Sha256,
//!     status: None,
//!     key_authorizations: &KeyAuthorizations::default(),
//! };
//! let issued = mdoc::issue(&issuer, &issuance, &SystemRandom).await?;
//!
//! // The wallet takes it in, and later shows the date of birth and nothing else.
//! let issuer_key = issuer.public_key(); // in truth: where x5chain leads to, if that is trusted
//! let mut report = Report::new("issued document");
//! let expected = Expected { doc_type: Some(MDL), ..Expected::new(now) };
//! let held = Held::accept(issued, &limits, &issuer_key, &holder.public_key(), &expected, &mut report).unwrap();
//! let transcript = SessionTranscript::openid4vp(
//!     "x509_san_dns:shop.example", "n-0S6_WzA2Mj", None, "https://shop.example/response",
//! );
//! let birth_date = ClaimsPath::keys([MDL_NAMESPACE, "birth_date"]).unwrap();
//! let response = held.present(&[birth_date]).sign(&holder, &transcript).await?;
//!
//! // The verifier makes the transcript from what it has sent itself.
//! let mut report = Report::new("presentation");
//! let parsed = DeviceResponse::read(&response, &limits, &mut report).unwrap();
//! let document = parsed.single(&mut report).unwrap();
//! let holder_binding = HolderBinding::Required(DeviceBinding::new(&transcript));
//! let expected = Expected { holder_binding, ..expected };
//! let verified = mdoc::verify(&document, &issuer_key, &expected, &mut report).await.unwrap();
//! assert!(report.ok());
//! assert_eq!(verified.claims[MDL_NAMESPACE], json!({ "birth_date": "1971-09-01" }));
//! # Ok(()) }) }
//! # fn wait<T>(future: impl Future<Output = T>) -> T {
//! #     let mut future = std::pin::pin!(future);
//! #     let mut context = std::task::Context::from_waker(std::task::Waker::noop());
//! #     loop { if let std::task::Poll::Ready(value) = future.as_mut().poll(&mut context) { return value } }
//! # }
//! ```

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

use credenza_crypto::cose::{CborError, CoseError, KeyDefect, Label};

pub use device_response::{DeviceAuth, DeviceResponse, DeviceSigned, DeviceSignedItem, Document};
pub use hold::{Held, HoldError};
pub use issue::{Issuance, IssueError, issue};
pub use issuer_signed::{IssuerSigned, IssuerSignedItem};
pub use mso::{KeyAuthorizations, MobileSecurityObject, ValidityInfo};
pub use present::{PresentError, Presentation};
pub use transcript::SessionTranscript;
pub use value::{ElementType, ElementTypes};
pub use verify::{
    CountryMismatch, DeviceBinding, Expected, HolderBinding, TimeForm, Verified, verify, verify_issuer_signed,
};

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
    /// Digests that the issuer has signed, over all namespaces.
    pub digests: usize,
}

impl Default for MdocLimits {
    fn default() -> Self {
        Self { total: 1024 * 1024, documents: 8, elements: 1024, digests: 4096 }
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
fn name<'b>(label: Label<'b>, what: &'static str) -> Result<&'b str, ParseError> {
    match label {
        Label::Text(text) => Ok(text),
        _ => Err(ParseError::Malformed(what)),
    }
}
