//! The issuance side of HAIP 1.0, as one switch: what can be made to comply is, and what can't be is refused, with the
//! rule.

use crate::issuer::catalogue::Signers;
use crate::issuer::{ConfigError, CredentialConfiguration, Format, IssuerBuilder};

/// Makes an issuer comply with HAIP, or says why it can't.
pub(in crate::issuer) fn comply(parts: &mut IssuerBuilder) -> Result<(), ConfigError> {
    let refuse = |rule: &'static str, reason: String| ConfigError::Profile { rule, reason };
    let Some(authorization) = &mut parts.authorization else {
        return Err(refuse("HAIP 1.0 §4", "the authorization code flow must be configured".to_owned()));
    };
    if authorization.attestation.is_none() && authorization.methods() == ["none"] {
        return Err(refuse(
            "HAIP 1.0 §4.4.1",
            "wallets must authenticate: trust a wallet provider's attestations, or register clients with keys"
                .to_owned(),
        ));
    }
    if authorization.public_clients {
        return Err(refuse("HAIP 1.0 §4.4.1", "public clients can't be allowed".to_owned()));
    }
    if let Some(client) =
        authorization.clients.iter().find(|client| client.authentication == super::ClientAuthentication::None)
    {
        return Err(refuse("HAIP 1.0 §4.4.1", format!("the client \"{}\" does not authenticate", client.id)));
    }
    authorization.require_par = true;
    authorization.require_client_authentication = true;
    parts.dpop.required = true;
    parts.anonymous_access = false;
    Ok(())
}

/// Whether an issuer that complies may issue these.
pub(in crate::issuer) fn comply_types(
    configurations: &[CredentialConfiguration],
    signers: &Signers,
) -> Result<(), ConfigError> {
    let refuse = |rule: &'static str, reason: String| ConfigError::Profile { rule, reason };
    if let Some(configuration) = configurations.iter().find(|it| it.scope.is_none()) {
        return Err(refuse(
            "HAIP 1.0 §4.1",
            format!("the credential configuration \"{}\" has no scope", configuration.id),
        ));
    }
    // The profile is about these two formats; others may be issued next to them.
    let of_the_profile = |format: &Format| matches!(format, Format::SdJwtVc { .. } | Format::Mdoc { .. });
    let uncertified = configurations
        .iter()
        .filter(|it| of_the_profile(&it.format))
        .find(|it| signers.of(it).is_some_and(|signer| signer.x5c().is_empty()));
    if let Some(configuration) = uncertified {
        return Err(refuse(
            "HAIP 1.0 §6.1.1",
            format!("the key that signs \"{}\" has no certificates", configuration.id),
        ));
    }
    Ok(())
}
