//! Verification, by the issuer's key that the caller has found.

mod device;
mod issuer;

use std::fmt;
use std::time::Duration;

use credenza_core::{Report, UnixTime};
use credenza_crypto::{Algorithm, Certificate, Decrypter, HashAlgorithm, PublicKey, jwt};
use serde_json::{Map, Value};

pub(super) use issuer::claims;

use super::{Document, IssuerSigned, SessionTranscript, ValidityInfo, rules};

/// What the verifier (or the wallet, on receipt) expects. Start from [`Expected::new`].
#[derive(Debug, Clone, Copy)]
pub struct Expected<'a> {
    /// Now.
    pub now: UnixTime,
    /// How far clocks may differ.
    pub leeway: Duration,
    /// Accepted algorithms of the issuer's signature.
    pub algorithms: &'a [Algorithm],
    /// Accepted hash functions.
    pub hashes: &'a [HashAlgorithm],
    /// The document type that was asked for; with none given, any.
    pub doc_type: Option<&'a str>,
    /// The certificate of the issuer's key, when the caller has parsed it already. Otherwise the leaf of `x5chain` is.
    pub signer: Option<&'a Certificate>,
    /// Which forms of times are accepted.
    pub times: TimeForm,
    /// What follows when a driving licence names another country or state than its signer's certificate.
    pub country: CountryMismatch,
    /// Whether the holder has to authenticate.
    pub holder_binding: HolderBinding<'a>,
}

/// Which forms of times are accepted in `validityInfo`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TimeForm {
    /// Any time of RFC 3339, with a warning in the report where it is not the one form that ISO/IEC 18013-5 §9.1.2.4
    /// allows: the European reference issuer and others write fractions of a second.
    #[default]
    AnyRfc3339,
    /// Only the one that ISO/IEC 18013-5 allows.
    Exact,
}

/// What follows when a driving licence names another country or state than its signer's certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CountryMismatch {
    /// It is refused, as ISO/IEC 18013-5 §9.3.1 demands: the certificate would be good for its own country alone.
    #[default]
    Refused,
    /// A warning in the report. The European reference issuer signs for all countries with a certificate of `EU`.
    Warned,
}

/// Whether the holder has to authenticate the presentation. It is decided before the presentation is looked at.
#[derive(Debug, Clone, Copy)]
pub enum HolderBinding<'a> {
    /// He has to.
    Required(DeviceBinding<'a>),
    /// He need not; if he does, it is not looked at.
    NotRequired,
}

/// What a verifier demands of the holder's signature or MAC.
#[derive(Clone, Copy)]
pub struct DeviceBinding<'a> {
    /// The transcript, made from the verifier's own records.
    pub transcript: &'a SessionTranscript,
    /// Accepted algorithms of the holder's signature.
    pub algorithms: &'a [Algorithm],
    /// The verifier's key that a MAC may be agreed with; without one, MACs are refused. In OpenID4VP it is the key that
    /// the response is encrypted to (OpenID4VP 1.0 §B.2.2 leaves it to profiles).
    pub reader_key: Option<&'a dyn Decrypter>,
}

impl<'a> DeviceBinding<'a> {
    /// A signature with ES256 for this transcript; no MAC.
    #[must_use]
    pub const fn new(transcript: &'a SessionTranscript) -> Self {
        Self { transcript, algorithms: &[Algorithm::Es256], reader_key: None }
    }
}

impl fmt::Debug for DeviceBinding<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("DeviceBinding")
            .field("algorithms", &self.algorithms)
            .field("mac", &self.reader_key.is_some())
            .finish_non_exhaustive()
    }
}

impl Expected<'_> {
    /// ES256, SHA-2, times in any form of RFC 3339, any document type, without a holder's authentication.
    #[must_use]
    pub const fn new(now: UnixTime) -> Self {
        Self {
            now,
            leeway: jwt::LEEWAY,
            algorithms: &[Algorithm::Es256],
            hashes: &[HashAlgorithm::Sha256, HashAlgorithm::Sha384, HashAlgorithm::Sha512],
            doc_type: None,
            signer: None,
            times: TimeForm::AnyRfc3339,
            country: CountryMismatch::Refused,
            holder_binding: HolderBinding::NotRequired,
        }
    }
}

/// What a verified document says.
#[derive(Clone)]
pub struct Verified {
    /// Its type.
    pub doc_type: String,
    /// The data elements that the issuer has signed, by namespace.
    pub claims: Map<String, Value>,
    /// The data elements that the holder has signed himself, by namespace. They are never among the `claims`.
    pub device_signed: Map<String, Value>,
    /// The key that the document is bound to.
    pub holder: PublicKey,
    /// When it was signed and is valid.
    pub validity: ValidityInfo,
    /// `status`, to be checked by the caller: `{"status_list": {"idx": …, "uri": …}}`.
    pub status: Option<Value>,
}

/// Shows no element.
impl fmt::Debug for Verified {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Verified({})", self.doc_type)
    }
}

/// Verifies a document with the issuer's key (ISO/IEC 18013-5 §9.3). Every check is noted in the report; `None` says
/// that one of them failed.
pub async fn verify(
    document: &Document<'_>,
    issuer_key: &PublicKey,
    expected: &Expected<'_>,
    report: &mut Report,
) -> Option<Verified> {
    let verified =
        issuer::verify(&document.issuer_signed, Some(document.doc_type), issuer_key, expected, report);
    let device_signed = match &expected.holder_binding {
        HolderBinding::NotRequired => {
            report.skip(&rules::DEVICE_AUTH, "not asked for");
            Some(Map::new())
        }
        // A key that nobody vouches for authenticates nobody.
        HolderBinding::Required(_) if verified.is_none() => {
            report.skip(&rules::DEVICE_AUTH, "what the issuer has signed is refused");
            None
        }
        HolderBinding::Required(binding) => device::verify(document, binding, report).await,
    };
    Some(Verified { device_signed: device_signed?, ..verified? })
}

/// Verifies what an issuer has signed, without a holder: a document as it was issued. Every check is noted in the
/// report; `None` says that one of them failed.
#[must_use]
pub fn verify_issuer_signed(
    issuer_signed: &IssuerSigned<'_>,
    issuer_key: &PublicKey,
    expected: &Expected<'_>,
    report: &mut Report,
) -> Option<Verified> {
    issuer::verify(issuer_signed, None, issuer_key, expected, report)
}
