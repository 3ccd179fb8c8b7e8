//! What goes over the wire (OID4VP 1.0 §5, §8), with the specification's own names.

pub mod attempt;
pub mod client_id;
pub mod client_metadata;
pub mod request;
pub mod request_uri;
pub mod response;
pub mod transaction_data;
pub mod vp_formats;

pub use attempt::Attempt;
pub use client_id::{ClientId, ClientIdPrefix};
pub use client_metadata::ClientMetadata;
pub use request::{AuthorizationRequest, RequestUriMethod, ResponseMode, VerifierInfo};
pub use request_uri::RequestUriForm;
pub use response::{
    AuthorizationResponse, IdToken, Presentation, ResponseAccepted, ResponseForm, VpToken, WalletError,
};

pub use transaction_data::{MemberKind, TransactionData, TransactionDataError, TransactionType};

/// The media type of a request object (RFC 9101 §10.8), and its `typ` without `application/`.
pub const REQUEST_OBJECT_TYPE: &str = "oauth-authz-req+jwt";

/// The `typ` of a verifier attestation (OID4VP 1.0 §12).
pub const VERIFIER_ATTESTATION_TYPE: &str = "verifier-attestation+jwt";

/// `aud` of a request object whose recipient has no metadata that the verifier knows (OID4VP 1.0 §5.8).
pub const SELF_ISSUED_AUDIENCE: &str = "https://self-issued.me/v2";

/// Whether a text consists of the characters that `nonce` and `state` may have: letters, digits, `-`, `.`, `_`, `~`
/// (OID4VP 1.0 §5.2). Empty texts are refused too.
#[must_use]
pub fn is_url_safe(text: &str) -> bool {
    let safe = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~');
    !text.is_empty() && text.bytes().all(safe)
}
