//! Everything OpenID4VCI 1.0 puts on the wire, as types with the specification's own names.

pub mod claims_description;
pub mod credential;
pub mod credential_definition;
pub mod dc_api;
pub mod display;
pub mod interactive;
pub mod metadata;
pub mod nonce;
pub mod notification;
pub mod offer;
pub mod offer_link;
pub mod token;

pub use claims_description::ClaimDescription;
pub use credential::{
    CredentialRequest, CredentialResponse, DeferredCredentialRequest, EncryptionParameters, IssuedCredential,
    Proofs,
};
pub use credential_definition::CredentialDefinition;
pub use display::{ClaimDisplay, CredentialDisplay, Image, IssuerDisplay};
pub use metadata::{CredentialIssuerMetadata, SupportedCredential};
pub use nonce::NonceResponse;
pub use notification::{NotificationEvent, NotificationRequest};
pub use offer::{AuthorizationCodeGrant, CredentialOffer, InputMode, PreAuthorizedCodeGrant, TxCode};
pub use offer_link::OfferLink;
pub use token::{AuthorizationDetail, TokenRequest, TokenResponse};

/// The grant type of the pre-authorized code flow (Appendix G.1.1).
pub const PRE_AUTHORIZED_CODE: &str = "urn:ietf:params:oauth:grant-type:pre-authorized_code";

/// The grant type of the authorization code flow (RFC 6749 §4.1.3).
pub const AUTHORIZATION_CODE: &str = "authorization_code";

/// The grant type of refresh tokens (RFC 6749 §6).
pub const REFRESH_TOKEN: &str = "refresh_token";

/// The type of the authorization details that mean a credential (§5.1.1).
pub const OPENID_CREDENTIAL: &str = "openid_credential";

/// Why JSON does not fit a message, without the values in it: they can be codes or personal data.
pub(crate) fn why(error: &impl std::fmt::Display) -> String {
    let text = error.to_string();
    let reason = match text.split_once("expected ") {
        Some((_, expected)) => format!("expected {expected}"),
        None => text,
    };
    credenza_oauth::error::allowed(&reason)
}

/// A list that must have elements when it is there.
pub(crate) fn non_empty<'de, T, D>(input: D) -> Result<Vec<T>, D::Error>
where
    T: serde::Deserialize<'de>,
    D: serde::Deserializer<'de>,
{
    let list = <Vec<T> as serde::Deserialize>::deserialize(input)?;
    if list.is_empty() {
        return Err(serde::de::Error::custom("an empty array where at least one element is needed"));
    }
    Ok(list)
}

/// An object, where a derived reader alone would take an array of the members, too.
fn object<'de, T, D>(input: D) -> Result<T, D::Error>
where
    T: serde::de::DeserializeOwned,
    D: serde::Deserializer<'de>,
{
    let members = <serde_json::Map<String, serde_json::Value> as serde::Deserialize>::deserialize(input)?;
    serde_json::from_value(serde_json::Value::Object(members)).map_err(serde::de::Error::custom)
}

/// [`object`], where there may be none.
fn optional_object<'de, T, D>(input: D) -> Result<Option<T>, D::Error>
where
    T: serde::de::DeserializeOwned,
    D: serde::Deserializer<'de>,
{
    object(input).map(Some)
}
