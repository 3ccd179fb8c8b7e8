//! The issuance side of HAIP 1.0, as one switch: what can be made to comply is, and what can't be is refused, with the
//! rule.

use credenza_crypto::Signer;
use credenza_crypto::x509::Certificate;

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
    for configuration in configurations.iter().filter(|it| of_the_profile(&it.format)) {
        if let Some(fault) = signers.of(configuration).and_then(|signer| fault_of_certificates(&**signer)) {
            let reason = format!("the key that signs \"{}\" {fault}", configuration.id);
            return Err(refuse("HAIP 1.0 §6.1.1", reason));
        }
    }
    Ok(())
}

/// Whether an issuer that complies may sign its metadata with this key.
pub(in crate::issuer) fn comply_metadata(signer: &dyn Signer) -> Result<(), ConfigError> {
    let refuse = |fault| ConfigError::Profile {
        rule: "HAIP 1.0 §4.1",
        reason: format!("the key that signs the metadata {fault}"),
    };
    fault_of_certificates(signer).map_or(Ok(()), |fault| Err(refuse(fault)))
}

/// What is wrong with the certificates that would go into `x5c`: there must be some, the key's own must be signed by
/// somebody else, and the root stays at home.
fn fault_of_certificates(signer: &dyn Signer) -> Option<&'static str> {
    let mut chain = signer.x5c().iter().map(|der| Certificate::parse(der));
    match chain.next() {
        None => Some("has no certificates"),
        Some(Err(_)) => Some("has a certificate that can't be read"),
        Some(Ok(own)) if own.is_self_issued() => Some("has a certificate that is self-signed"),
        Some(Ok(_)) => chain
            .any(|above| above.is_ok_and(|above| above.is_self_issued()))
            .then_some("has the certificate of its root among its own: wallets have that already"),
    }
}
