//! The credential offer (§4.1.1).

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use super::{PRE_AUTHORIZED_CODE, object, optional_object, why};

/// A description of the transaction code has at most this many characters (§4.1.1).
pub const MAX_TX_CODE_DESCRIPTION: usize = 300;

/// An offer of more credentials is refused.
pub const MAX_OFFERED: usize = 100;

/// An invitation to fetch credentials. Nothing in it can be trusted (§13.5); unknown members are ignored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CredentialOffer {
    /// The issuer's identifier.
    pub credential_issuer: String,
    /// What is offered: at least one, each once.
    pub credential_configuration_ids: Vec<String>,
    /// How the wallet can get it; empty means that the authorization server's metadata says so.
    #[serde(default, skip_serializing_if = "Grants::is_empty", deserialize_with = "object")]
    pub grants: Grants,
}

/// The grants of an offer. Types that are not known are ignored.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Grants {
    /// By a browser.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "optional_object")]
    pub authorization_code: Option<AuthorizationCodeGrant>,
    /// By a code in the offer.
    #[serde(
        rename = "urn:ietf:params:oauth:grant-type:pre-authorized_code",
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "optional_object"
    )]
    pub pre_authorized_code: Option<PreAuthorizedCodeGrant>,
}

impl Grants {
    fn is_empty(&self) -> bool {
        self.authorization_code.is_none() && self.pre_authorized_code.is_none()
    }
}

/// Parameters of the authorization code grant.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct AuthorizationCodeGrant {
    /// To be repeated in the authorization request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issuer_state: Option<String>,
    /// Which of several authorization servers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authorization_server: Option<String>,
}

/// Parameters of the pre-authorized code grant.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PreAuthorizedCodeGrant {
    /// The code: whoever has it, and the transaction code where there is one, gets the credentials.
    #[serde(rename = "pre-authorized_code")]
    pub pre_authorized_code: String,
    /// Present, even if empty, when a transaction code is needed.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "optional_object")]
    pub tx_code: Option<TxCode>,
    /// Which of several authorization servers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authorization_server: Option<String>,
}

impl std::fmt::Debug for PreAuthorizedCodeGrant {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("PreAuthorizedCodeGrant").field("tx_code", &self.tx_code).finish_non_exhaustive()
    }
}

/// What the transaction code looks like, and how to get it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct TxCode {
    /// Its characters.
    #[serde(default, skip_serializing_if = "InputMode::is_default")]
    pub input_mode: InputMode,
    /// How many.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub length: Option<u32>,
    /// For the holder: where it comes from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

/// The characters of a transaction code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum InputMode {
    /// Digits only.
    #[default]
    Numeric,
    /// Anything.
    Text,
}

impl InputMode {
    fn is_default(&self) -> bool {
        *self == Self::Numeric
    }
}

/// Why an offer was not accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidOffer {
    /// Not a link with an offer.
    #[error("not a credential offer: {0}")]
    Link(&'static str),
    /// Not JSON, or a member is missing or has the wrong type.
    #[error("the offer is malformed: {0}")]
    Malformed(String),
    /// A member breaks a rule of the specification.
    #[error("the offer is not valid: {0}")]
    Invalid(&'static str),
}

impl CredentialOffer {
    /// Reads an offer and checks what the specification says about it.
    ///
    /// # Errors
    /// See [`InvalidOffer`].
    pub fn parse(bytes: &[u8]) -> Result<Self, InvalidOffer> {
        let offer: Self = credenza_core::json::object_from_slice(bytes)
            .map_err(|error| InvalidOffer::Malformed(why(&error)))?;
        offer.check()?;
        Ok(offer)
    }

    /// Checks what the types alone do not.
    ///
    /// # Errors
    /// [`InvalidOffer::Invalid`].
    pub fn check(&self) -> Result<(), InvalidOffer> {
        let ids = &self.credential_configuration_ids;
        if ids.is_empty() {
            return Err(InvalidOffer::Invalid("it offers nothing"));
        }
        if ids.len() > MAX_OFFERED {
            return Err(InvalidOffer::Invalid("it offers too many credentials"));
        }
        if ids.iter().any(String::is_empty) || ids.iter().collect::<HashSet<_>>().len() != ids.len() {
            return Err(InvalidOffer::Invalid("a credential is offered twice, or has no name"));
        }
        if self.credential_issuer.is_empty() {
            return Err(InvalidOffer::Invalid("it names no issuer"));
        }
        if let Some(grant) = &self.grants.authorization_code
            && grant.issuer_state.as_deref().is_some_and(|state| state.trim().is_empty())
        {
            return Err(InvalidOffer::Invalid("its issuer_state is blank"));
        }
        if let Some(grant) = &self.grants.pre_authorized_code {
            if grant.pre_authorized_code.trim().is_empty() {
                return Err(InvalidOffer::Invalid("its pre-authorized code is blank"));
            }
            let description = grant.tx_code.as_ref().and_then(|tx_code| tx_code.description.as_deref());
            if description.is_some_and(|text| text.chars().count() > MAX_TX_CODE_DESCRIPTION) {
                return Err(InvalidOffer::Invalid("the description of the transaction code is too long"));
            }
        }
        Ok(())
    }

    /// The pre-authorized code grant, when it is offered.
    #[must_use]
    pub fn pre_authorized(&self) -> Option<&PreAuthorizedCodeGrant> {
        self.grants.pre_authorized_code.as_ref()
    }

    /// The types of the grants that are offered.
    #[must_use]
    pub fn grant_types(&self) -> Vec<&'static str> {
        let mut types = Vec::new();
        if self.grants.pre_authorized_code.is_some() {
            types.push(PRE_AUTHORIZED_CODE);
        }
        if self.grants.authorization_code.is_some() {
            types.push("authorization_code");
        }
        types
    }
}
