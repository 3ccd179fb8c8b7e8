//! OpenID4VCI draft 13: credentials are asked for by format and type, nonces come with the answers.

use serde_json::{Map, Value, json};

use super::{ByType, Configurations, TypeName, Unread, claims, configuration, proof};
use crate::messages::credential::{InvalidCredentialRequest, Requested, response_encryption};
use crate::messages::{CredentialDefinition, CredentialRequest, SupportedCredential};

/// What SD-JWT VC is called here, and in 1.0.
pub(super) const SD_JWT_VC: &str = "vc+sd-jwt";
const SD_JWT_VC_NOW: &str = "dc+sd-jwt";

pub(super) fn write_metadata(members: &mut Map<String, Value>, keep_nonce_endpoint: bool) {
    configuration::without_encryption(members);
    members.remove("batch_credential_issuance");
    if !keep_nonce_endpoint {
        members.remove("nonce_endpoint");
    }
    configuration::each(members, |configuration| {
        configuration::texts_to_the_top(configuration);
        if let Some(described) = configuration.remove("claims") {
            let mut tree = claims::to_tree(&described);
            // W3C credentials have them in their definition.
            match configuration.get_mut("credential_definition").and_then(Value::as_object_mut) {
                Some(definition) => {
                    let subject = tree.remove("credentialSubject");
                    definition.extend(subject.map(|subject| ("credentialSubject".to_owned(), subject)));
                }
                None => drop(configuration.insert("claims".to_owned(), Value::Object(tree))),
            }
        }
        if configuration.get("format").and_then(Value::as_str) == Some(SD_JWT_VC_NOW) {
            configuration.insert("format".to_owned(), SD_JWT_VC.into());
        }
        configuration::only_provable_by_jwt(configuration)
    });
}

pub(super) fn read_metadata(members: &mut Map<String, Value>) {
    members.remove("batch_credential_issuance");
    configuration::each(members, |configuration| {
        list_claims(configuration);
        configuration::texts_below(configuration);
        configuration::complete(configuration);
        true
    });
}

/// Makes a list of `claims`, where it is a tree.
pub(super) fn list_claims(members: &mut Map<String, Value>) {
    if let Some(tree) = members.get("claims").and_then(Value::as_object) {
        let described = claims::from_tree(tree);
        members.remove("claims");
        members.extend((!described.is_empty()).then(|| ("claims".to_owned(), described.into())));
    }
}

pub(super) fn read_request(
    mut members: Map<String, Value>,
    configurations: Configurations<'_>,
) -> Result<CredentialRequest, Unread> {
    use InvalidCredentialRequest::Malformed;
    if members.contains_key("credential_configuration_id") {
        return Err(Malformed("credential_configuration_id is of a later draft than this request").into());
    }
    let requested = match (members.remove("format"), members.remove("credential_identifier")) {
        (Some(Value::String(format)), None) => {
            let asked = by_type(&format, &mut members)?;
            Requested::AnyOf(configurations(&asked))
        }
        (None, Some(Value::String(identifier))) => Requested::Identifier(identifier),
        _ => return Err(Malformed("one of format and credential_identifier is needed, as a string").into()),
    };
    let proofs = proof::read(&mut members)?;
    Ok(CredentialRequest { requested, proofs, response_encryption: response_encryption(&mut members)? })
}

fn by_type(format: &str, members: &mut Map<String, Value>) -> Result<ByType, Unread> {
    use InvalidCredentialRequest::Malformed;
    let mut text = |name: &str, missing| match members.remove(name) {
        Some(Value::String(value)) => Ok(value),
        _ => Err(Malformed(missing)),
    };
    let (format, named) = match format {
        SD_JWT_VC => (SD_JWT_VC_NOW, TypeName::Vct(text("vct", "vct is missing, or not a string")?)),
        "mso_mdoc" => (format, TypeName::Doctype(text("doctype", "doctype is missing, or not a string")?)),
        "jwt_vc_json" | "jwt_vc_json-ld" | "ldp_vc" => {
            let definition = members.remove("credential_definition");
            let definition = definition.as_ref().and_then(CredentialDefinition::read);
            let definition =
                definition.ok_or(Malformed("credential_definition is missing, or has no array of types"))?;
            (format, TypeName::Definition(definition))
        }
        _ => return Err(Unread::Format),
    };
    Ok(ByType { format: format.to_owned(), named })
}

pub(super) fn write_request(request: &CredentialRequest, configuration: &SupportedCredential) -> Value {
    let mut members = Map::new();
    match &request.requested {
        Requested::Identifier(identifier) => {
            members.insert("credential_identifier".to_owned(), identifier.as_str().into());
        }
        Requested::Configuration(_) | Requested::AnyOf(_) => {
            let format = match configuration.format.as_str() {
                SD_JWT_VC_NOW => SD_JWT_VC,
                format => format,
            };
            members.insert("format".to_owned(), format.into());
            let named = [
                ("vct", configuration.vct.as_ref().map(|vct| json!(vct))),
                ("doctype", configuration.doctype.as_ref().map(|doctype| json!(doctype))),
                ("credential_definition", configuration.credential_definition.clone()),
            ];
            members.extend(named.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))));
        }
    }
    members.extend(proof::write(request.proofs.as_ref()).map(|proof| ("proof".to_owned(), proof)));
    Value::Object(members)
}
