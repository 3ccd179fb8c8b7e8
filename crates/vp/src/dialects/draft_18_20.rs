//! Drafts 18 and 20: a parameter `client_id_scheme` beside the client identifier.

use super::{Dialect, DialectError};
use crate::messages::{ClientId, ClientIdPrefix};

pub(super) fn client_to_wire(
    dialect: Dialect,
    client_id: &ClientId,
) -> Result<(String, &'static str), DialectError> {
    let scheme = match client_id.prefix() {
        ClientIdPrefix::PreRegistered => "pre-registered",
        ClientIdPrefix::RedirectUri => "redirect_uri",
        ClientIdPrefix::OpenidFederation => "entity_id",
        ClientIdPrefix::DecentralizedIdentifier => "did",
        ClientIdPrefix::VerifierAttestation if dialect != Dialect::Draft18 => "verifier_attestation",
        ClientIdPrefix::X509SanDns if dialect != Dialect::Draft18 => "x509_san_dns",
        _ => return Err(DialectError::ClientId),
    };
    Ok((client_id.original().to_owned(), scheme))
}

/// Without a scheme it is a name that is known beforehand (§5).
pub(super) fn client_from_wire(client_id: &str, scheme: Option<&str>) -> Result<ClientId, DialectError> {
    let prefix = match scheme {
        None | Some("pre-registered") => {
            let parsed = ClientId::parse(client_id);
            // An identifier that 1.0 would understand by its prefix is not one that is only known by its name.
            let plain = parsed.prefix() == ClientIdPrefix::PreRegistered;
            return if plain { Ok(parsed) } else { Err(DialectError::ClientId) };
        }
        Some("redirect_uri") => ClientIdPrefix::RedirectUri,
        Some("entity_id") => ClientIdPrefix::OpenidFederation,
        Some("did") if client_id.starts_with("did:") => ClientIdPrefix::DecentralizedIdentifier,
        Some("verifier_attestation") => ClientIdPrefix::VerifierAttestation,
        Some("x509_san_dns") => ClientIdPrefix::X509SanDns,
        Some(_) => return Err(DialectError::ClientId),
    };
    Ok(ClientId::new(prefix, client_id))
}
