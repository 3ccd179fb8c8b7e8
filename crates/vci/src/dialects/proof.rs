//! The single key proof of the drafts before 1.0.

use serde_json::{Map, Value, json};

use crate::messages::Proofs;
use crate::messages::credential::InvalidCredentialRequest;

/// Reads `proof` or `proofs`, whichever there is.
pub(super) fn read(members: &mut Map<String, Value>) -> Result<Option<Proofs>, InvalidCredentialRequest> {
    use InvalidCredentialRequest::{Malformed, Proofs as Bad};
    let mut proof = match (members.remove("proof"), members.remove("proofs")) {
        (None, None) => return Ok(None),
        (Some(_), Some(_)) => return Err(Malformed("proof and proofs exclude each other")),
        (None, Some(Value::Object(proofs))) => return Proofs::read(proofs).map(Some),
        (None, Some(_)) => return Err(Malformed("proofs is not an object")),
        (Some(Value::Object(proof)), None) => proof,
        (Some(_), None) => return Err(Bad("proof is not an object")),
    };
    let Some(Value::String(kind)) = proof.remove("proof_type") else {
        return Err(Bad("proof has no proof_type"));
    };
    match (kind.as_str(), proof.remove(&kind)) {
        ("jwt", Some(Value::String(jwt))) => Ok(Some(Proofs::Jwt(vec![jwt]))),
        ("jwt", _) => Err(Bad("a proof that is a JWT is not a string")),
        _ => Ok(Some(Proofs::Other(kind))),
    }
}

/// `proof` for one JWT; `None` for what only 1.0 has.
pub(super) fn write(proofs: Option<&Proofs>) -> Option<Value> {
    match proofs {
        Some(Proofs::Jwt(proofs)) => match proofs.as_slice() {
            [jwt] => Some(json!({ "proof_type": "jwt", "jwt": jwt })),
            _ => None,
        },
        _ => None,
    }
}
