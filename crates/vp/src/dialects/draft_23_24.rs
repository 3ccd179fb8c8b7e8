//! Drafts 23 and 24: prefixes, of which two were the beginning of what they introduce.

use super::DialectError;
use crate::messages::{ClientId, ClientIdPrefix};

pub(super) fn client_to_wire(client_id: &ClientId) -> Result<String, DialectError> {
    match client_id.prefix() {
        ClientIdPrefix::DecentralizedIdentifier | ClientIdPrefix::OpenidFederation => {
            Ok(client_id.original().to_owned())
        }
        ClientIdPrefix::PreRegistered
        | ClientIdPrefix::RedirectUri
        | ClientIdPrefix::VerifierAttestation
        | ClientIdPrefix::X509SanDns => Ok(client_id.as_str().to_owned()),
        _ => Err(DialectError::ClientId),
    }
}

pub(super) fn client_from_wire(client_id: &str) -> Result<ClientId, DialectError> {
    let prefix = client_id.split_once(':').map(|(prefix, _)| prefix);
    match prefix {
        Some("did") => Ok(ClientId::new(ClientIdPrefix::DecentralizedIdentifier, client_id)),
        Some("https" | "http") => Ok(ClientId::new(ClientIdPrefix::OpenidFederation, client_id)),
        // Prefixes that 1.0 has and the draft has not, and one that 1.0 has no more.
        Some(
            "decentralized_identifier"
            | "openid_federation"
            | "x509_hash"
            | "origin"
            | "x509_san_uri"
            | "web-origin",
        ) => Err(DialectError::ClientId),
        _ => Ok(ClientId::parse(client_id)),
    }
}
