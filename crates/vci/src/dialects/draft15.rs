//! OpenID4VCI draft 15: 1.0, with texts at the top of a configuration, a single `proof` besides `proofs`, and "not yet"
//! as an error.

use serde_json::{Map, Value};

use super::{Unread, configuration, proof};
use crate::messages::CredentialRequest;
use crate::messages::credential::{InvalidCredentialRequest, Requested, response_encryption};

pub(super) fn write_metadata(members: &mut Map<String, Value>) {
    configuration::without_encryption(members);
    configuration::each(members, |configuration| {
        configuration::texts_to_the_top(configuration);
        configuration::only_provable_by_jwt(configuration)
    });
}

pub(super) fn read_metadata(members: &mut Map<String, Value>) {
    configuration::each(members, |configuration| {
        configuration::texts_below(configuration);
        configuration::complete(configuration);
        true
    });
}

pub(super) fn read_request(mut members: Map<String, Value>) -> Result<CredentialRequest, Unread> {
    use InvalidCredentialRequest::Malformed;
    let mut text = |name: &str| match members.remove(name) {
        None => Ok(None),
        Some(Value::String(value)) => Ok(Some(value)),
        Some(_) => Err(Malformed("an identifier is not a string")),
    };
    let requested = match (text("credential_configuration_id")?, text("credential_identifier")?) {
        (Some(id), None) => Requested::AnyOf(vec![id]),
        (None, Some(id)) => Requested::Identifier(id),
        _ => {
            return Err(
                Malformed("one of credential_configuration_id and credential_identifier is needed").into()
            );
        }
    };
    let proofs = proof::read(&mut members)?;
    Ok(CredentialRequest { requested, proofs, response_encryption: response_encryption(&mut members)? })
}

pub(super) fn write_request(request: &CredentialRequest) -> Value {
    let mut value = request.to_value();
    if let (Some(single), Some(members)) = (proof::write(request.proofs.as_ref()), value.as_object_mut()) {
        members.remove("proofs");
        members.insert("proof".to_owned(), single);
    }
    value
}
