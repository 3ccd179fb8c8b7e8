//! Verifies things by themselves, outside of any flow: credentials and presentations of every format, JWTs, status
//! lists, certificate chains, DIDs, lists of whom to trust, statements of a federation.

mod attestations;
mod certificates;
mod credentials;
mod dids;
mod federation;
mod given_keys;
mod lists;
pub mod rules;
mod tokens;

use credenza_core::{Report, UnixTime, json};
use credenza_crypto::x509::profile::CertificateProfile;
use credenza_formats::mdoc::SessionTranscript;
use credenza_formats::w3c::data_integrity::Contexts;
use credenza_trust::{DidResolver, Federation, Trust};
use credenza_vp::verifier::StatusCheck;

pub use given_keys::GivenKeys;

/// What is demanded of the thing.
#[derive(Clone, Copy)]
pub struct Demand<'a> {
    /// Who is trusted.
    pub trust: &'a dyn Trust,
    /// Root certificates for bare certificate chains, and for the signers of lists: DER.
    pub anchors: &'a [Vec<u8>],
    /// Nonce and audience that a presentation was made for; `None` for a credential as it was issued.
    pub holder: Option<(&'a str, &'a str)>,
    /// Who looks up whether a credential was revoked. `None`: nobody does, and the report warns of it.
    pub status: Option<&'a dyn StatusCheck>,
    /// Now.
    pub now: UnixTime,
}

/// What else may be demanded; by default nothing.
#[derive(Clone, Copy, Default)]
pub struct Particulars<'a> {
    /// The session that an mdoc was presented in.
    pub transcript: Option<&'a SessionTranscript>,
    /// The profile that a bare certificate has to keep.
    pub profile: Option<CertificateProfile>,
    /// Revocation lists (DER) in which no certificate of a bare chain may be.
    pub revocation_lists: &'a [Vec<u8>],
    /// JSON-LD contexts that are known; without it, those of the specifications.
    pub contexts: Option<&'a Contexts>,
    /// Whose document a DID document has to be; without it, the one that it names itself.
    pub did: Option<&'a str>,
    /// Who resolves DIDs; without it, those alone that have their key in their name.
    pub dids: Option<&'a DidResolver>,
    /// The federation with its trust anchors, for entity statements and trust chains.
    pub federation: Option<&'a Federation>,
    /// Whether the superiors of an entity must not be asked.
    pub offline: bool,
    /// The address that a status list has to be about; without it, the one that it names itself.
    pub list_uri: Option<&'a str>,
}

/// Nothing that can be verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "not a credential, a presentation, a JWT, a status list, a certificate chain, a DID or its document, a list of whom \
     to trust or a trust chain: only these can be verified by themselves"
)]
pub struct NotVerifiable;

/// Verifies a text. Every check is in the report; it is good when [`Report::ok`] says so.
///
/// # Errors
/// The text is of no kind that can be verified.
pub async fn verify(text: &str, demand: Demand<'_>) -> Result<Report, NotVerifiable> {
    verify_with(text, demand, Particulars::default()).await
}

/// Verifies a text, with more demands.
///
/// # Errors
/// The text is of no kind that can be verified.
pub async fn verify_with(
    text: &str,
    demand: Demand<'_>,
    particulars: Particulars<'_>,
) -> Result<Report, NotVerifiable> {
    let text = text.trim();
    if text.starts_with("-----BEGIN CERTIFICATE") {
        return Ok(certificates::verify(text, demand, particulars));
    }
    if text.starts_with("did:") && !text.contains(char::is_whitespace) {
        return Ok(dids::by_name(text, particulars).await);
    }
    if let Some(statements) = federation::chain_in(text) {
        return Ok(federation::chain(&statements, demand, particulars));
    }
    if text.starts_with('{') {
        let document = json::parse_object(text.as_bytes()).map_err(|_| NotVerifiable)?;
        if dids::is_document(&document) {
            return Ok(dids::document(&document, particulars).await);
        }
        return credentials::document(text, document, demand, particulars).await;
    }
    if text.contains('~') {
        return Ok(credentials::sd_jwt(text, demand, particulars).await);
    }
    if text.matches('.').count() == 2 && !text.contains(char::is_whitespace) {
        return Ok(tokens::verify(text, demand, particulars).await);
    }
    let text: String = text.split_whitespace().collect();
    for bytes in crate::inspect::bytes_of(&text) {
        if let Some(report) = credentials::mobile(&bytes, demand, particulars).await {
            return Ok(report);
        }
        if lists::is_vical(&bytes) {
            return Ok(lists::vical(&bytes, demand));
        }
        if let Some(report) = tokens::status_list_cwt(&bytes, demand, particulars).await {
            return Ok(report);
        }
    }
    Err(NotVerifiable)
}

#[cfg(test)]
mod format_tests;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod thing_tests;
