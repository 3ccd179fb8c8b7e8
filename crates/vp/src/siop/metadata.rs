//! What a relying party says about ID tokens in its `client_metadata` (SIOPv2 §7.5; OpenID Connect Registration §2).

use credenza_crypto::Algorithm;
use serde_json::{Map, Value};

use super::{ProviderRefusal, SubjectSyntax};

/// The members of `client_metadata` that are about ID tokens. They are kept as they came, and read when one is wanted.
pub const METADATA_MEMBERS: [&str; 4] = [SYNTAXES, SIGNED, ENCRYPTED, ENCRYPTED_ENC];

const SYNTAXES: &str = "subject_syntax_types_supported";
const SIGNED: &str = "id_token_signed_response_alg";
const ENCRYPTED: &str = "id_token_encrypted_response_alg";
const ENCRYPTED_ENC: &str = "id_token_encrypted_response_enc";

/// More subject syntax types than that are not looked at.
const MAX_SYNTAXES: usize = 64;

/// The members, read.
pub(super) struct RelyingPartyMetadata {
    /// Those that are known here, in the relying party's order.
    pub(super) syntaxes: Vec<SubjectSyntax>,
    /// The algorithm that it wants; `None`: it does not say.
    pub(super) algorithm: Option<Algorithm>,
}

impl RelyingPartyMetadata {
    pub(super) fn members(syntaxes: &[SubjectSyntax], algorithm: Algorithm) -> Map<String, Value> {
        let syntaxes = syntaxes.iter().map(|syntax| Value::from(syntax.to_string())).collect();
        Map::from_iter([(SYNTAXES.to_owned(), syntaxes), (SIGNED.to_owned(), algorithm.name().into())])
    }

    pub(super) fn read(members: &Map<String, Value>) -> Result<Self, ProviderRefusal> {
        let object = |problem: &str| ProviderRefusal::MetadataObject(problem.to_owned());
        let texts = members
            .get(SYNTAXES)
            .ok_or_else(|| object("subject_syntax_types_supported is missing"))?
            .as_array()
            .filter(|texts| !texts.is_empty() && texts.len() <= MAX_SYNTAXES)
            .ok_or_else(|| object("subject_syntax_types_supported is not an array of strings"))?;
        let mut syntaxes = Vec::new();
        for text in texts {
            let text = text.as_str();
            let text =
                text.ok_or_else(|| object("subject_syntax_types_supported is not an array of strings"))?;
            syntaxes.extend(SubjectSyntax::parse(text).map_err(|problem| object(&problem.to_string()))?);
        }
        if members.contains_key(ENCRYPTED) || members.contains_key(ENCRYPTED_ENC) {
            return Err(ProviderRefusal::MetadataValue("ID tokens by themselves are not encrypted here"));
        }
        let algorithm = match members.get(SIGNED) {
            None => None,
            Some(Value::String(name)) => Some(
                Algorithm::from_name(name)
                    .ok_or(ProviderRefusal::MetadataValue("id_token_signed_response_alg"))?,
            ),
            Some(_) => return Err(object("id_token_signed_response_alg is not a string")),
        };
        Ok(Self { syntaxes, algorithm })
    }
}
