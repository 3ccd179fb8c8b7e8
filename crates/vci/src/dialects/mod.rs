//! Earlier drafts of OpenID4VCI as dialects of the one model: each translates its shapes on the wire to the messages of
//! 1.0, and back. Issuer and wallet know 1.0 alone and call the translators.
//!
//! | | draft 13 (first implementer's draft) | draft 15 (second) |
//! |---|---|---|
//! | metadata | texts at the top of a configuration, claims as an object, `vc+sd-jwt` | texts at the top |
//! | nonce | in the token response, each credential response and the error | nonce endpoint |
//! | request | `format` and the type, or an identifier; `proof` | configuration or identifier; `proof` or `proofs` |
//! | response | `credential` | `credentials` |
//! | not ready | error `issuance_pending` | error `issuance_pending` |
//!
//! A translator never mixes drafts: what a message has of two of them is refused. Encrypted requests, key attestations
//! and the batch endpoint have no counterpart here and stay with 1.0.

mod claims;
mod configuration;
mod draft13;
mod draft15;
mod proof;

use std::collections::BTreeSet;

use credenza_core::json;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::messages::credential::InvalidCredentialRequest;
use crate::messages::{
    CredentialDefinition, CredentialIssuerMetadata, CredentialRequest, CredentialResponse,
    SupportedCredential,
};

/// An earlier draft that software in the field still speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Dialect {
    /// OpenID4VCI draft 13: the first implementer's draft.
    Draft13,
    /// OpenID4VCI draft 15: the second implementer's draft.
    Draft15,
}

/// The dialects that an issuer speaks besides 1.0: none, unless said otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Dialects(BTreeSet<Dialect>);

/// A nonce for key proofs outside of the nonce endpoint's answer, as drafts before 15 have it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct EarlierNonce {
    /// The nonce of the next key proof.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub c_nonce: Option<String>,
    /// For how many seconds it is good.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub c_nonce_expires_in: Option<u64>,
}

/// What credential responses had before 1.0. `Debug` does not show the credential.
#[derive(Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct EarlierMembers {
    /// The one credential.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credential: Option<Value>,
    /// The nonce of the next request.
    #[serde(flatten)]
    pub nonce: EarlierNonce,
}

impl std::fmt::Debug for EarlierMembers {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("EarlierMembers").field("nonce", &self.nonce).finish_non_exhaustive()
    }
}

/// A credential by its format and type, as draft 13 asks for it. The format has the name of 1.0.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ByType {
    pub(crate) format: String,
    pub(crate) named: TypeName,
}

/// What a type of credential is called.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum TypeName {
    Vct(String),
    Doctype(String),
    Definition(CredentialDefinition),
}

/// Why a request in a dialect could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unread {
    Invalid(InvalidCredentialRequest),
    /// A format that the draft does not know.
    Format,
}

impl From<InvalidCredentialRequest> for Unread {
    fn from(error: InvalidCredentialRequest) -> Self {
        Self::Invalid(error)
    }
}

/// The names of the issuer's configurations of a type.
pub(crate) type Configurations<'a> = &'a dyn Fn(&ByType) -> Vec<String>;

impl FromIterator<Dialect> for Dialects {
    fn from_iter<T: IntoIterator<Item = Dialect>>(dialects: T) -> Self {
        Self(dialects.into_iter().collect())
    }
}

impl Dialects {
    /// Whether 1.0 is all there is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The dialects, the earliest first.
    pub fn iter(&self) -> impl Iterator<Item = Dialect> {
        self.0.iter().copied()
    }

    fn speaks(&self, dialect: Dialect) -> Option<Dialect> {
        self.0.contains(&dialect).then_some(dialect)
    }

    /// In which dialect a credential request is; `None`: in 1.0, or in none that is spoken here. A single `proof` with
    /// an identifier is in both; it is taken for the later one.
    pub(crate) fn of_request(&self, body: &[u8]) -> Option<Dialect> {
        if self.is_empty() {
            return None;
        }
        let members = json::parse_object(body).ok()?;
        if members.contains_key("format") {
            return self.speaks(Dialect::Draft13);
        }
        let single = members.contains_key("proof");
        single.then(|| self.speaks(Dialect::Draft15).or_else(|| self.speaks(Dialect::Draft13))).flatten()
    }

    /// In which dialect the credential was promised that a deferred request is about.
    pub(crate) fn of_deferred(&self, body: &[u8]) -> Option<Dialect> {
        if self.is_empty() {
            return None;
        }
        let members = json::parse_object(body).ok()?;
        let marked = members.get("transaction_id")?.as_str()?;
        self.0.iter().copied().find(|dialect| marked.starts_with(dialect.mark()))
    }

    /// What a transaction is called in 1.0.
    pub(crate) fn unmarked<'a>(&self, transaction_id: &'a str) -> &'a str {
        let rest = self.0.iter().find_map(|dialect| transaction_id.strip_prefix(dialect.mark()));
        rest.unwrap_or(transaction_id)
    }

    /// An authorization detail of type `openid_credential` as 1.0 has it.
    pub(crate) fn read_detail(&self, detail: &Map<String, Value>) -> Value {
        let mut detail = detail.clone();
        if self.0.contains(&Dialect::Draft13) {
            draft13::list_claims(&mut detail);
        }
        Value::Object(detail)
    }

    /// Whether token responses carry a nonce.
    pub(crate) fn nonce_with_token(&self) -> bool {
        self.0.contains(&Dialect::Draft13)
    }

    /// The metadata for wallets of these dialects: the earliest one's. `None` where there is none.
    pub(crate) fn metadata(&self, metadata: &CredentialIssuerMetadata) -> Option<Value> {
        let earliest = self.0.first()?;
        let Value::Object(mut members) = serde_json::to_value(metadata).ok()? else { return None };
        match earliest {
            Dialect::Draft13 => draft13::write_metadata(&mut members, self.0.contains(&Dialect::Draft15)),
            Dialect::Draft15 => draft15::write_metadata(&mut members),
        }
        Some(Value::Object(members))
    }
}

impl Dialect {
    /// What the names of its transactions start with.
    const fn mark(self) -> &'static str {
        match self {
            Self::Draft13 => "draft13~",
            Self::Draft15 => "draft15~",
        }
    }

    /// Reads the JSON of a credential request.
    pub(crate) fn read_request(
        self,
        bytes: &[u8],
        configurations: Configurations<'_>,
    ) -> Result<CredentialRequest, Unread> {
        let members = json::parse_object(bytes).map_err(|_| {
            InvalidCredentialRequest::Malformed("the body is not a JSON object, or repeats a member")
        })?;
        match self {
            Self::Draft13 => draft13::read_request(members, configurations),
            Self::Draft15 => draft15::read_request(members),
        }
    }

    /// A credential request as JSON: for a credential of this configuration.
    pub(crate) fn write_request(
        self,
        request: &CredentialRequest,
        configuration: &SupportedCredential,
    ) -> Value {
        match self {
            Self::Draft13 => draft13::write_request(request, configuration),
            Self::Draft15 => draft15::write_request(request),
        }
    }

    /// Whether its responses and errors carry the next nonce.
    pub(crate) const fn nonce_with_answers(self) -> bool {
        matches!(self, Self::Draft13)
    }

    /// A response in this dialect, with the next nonce where it has one.
    pub(crate) fn write_response(
        self,
        mut response: CredentialResponse,
        nonce: EarlierNonce,
    ) -> CredentialResponse {
        if let Some(transaction_id) = response.transaction_id.take() {
            response.transaction_id = Some(format!("{}{transaction_id}", self.mark()));
            response.interval = None;
        }
        response.earlier.nonce = nonce;
        if self == Self::Draft13 && response.credentials.len() == 1 {
            response.earlier.credential = response.credentials.pop().map(|issued| issued.credential);
        }
        response
    }

    /// A response of 1.0, and the nonce that came with it.
    pub(crate) fn read_response(response: CredentialResponse) -> (CredentialResponse, Option<String>) {
        let mut response = response;
        let EarlierMembers { credential, nonce } = std::mem::take(&mut response.earlier);
        if let Some(credential) = credential.filter(|_| response.credentials.is_empty()) {
            response.credentials.push(crate::messages::IssuedCredential { credential });
        }
        (response, nonce.c_nonce)
    }

    /// What the error codes of 1.0 are called in this dialect.
    pub(crate) fn error_code(self, code: &'static str) -> &'static str {
        match (self, code) {
            (_, "unknown_credential_configuration") => "unsupported_credential_type",
            (_, "unknown_credential_identifier" | "credential_request_denied") => {
                "invalid_credential_request"
            }
            (Self::Draft13, "invalid_nonce") => "invalid_proof",
            (_, code) => code,
        }
    }

    /// In which dialect issuer metadata is, which is rewritten as 1.0 has it. `None`: it was 1.0.
    pub(crate) fn read_metadata(members: &mut Map<String, Value>) -> Option<Self> {
        let dialect = configuration::dialect(members)?;
        match dialect {
            Self::Draft13 => draft13::read_metadata(members),
            Self::Draft15 => draft15::read_metadata(members),
        }
        Some(dialect)
    }
}

/// The nonce in the body of an error, as draft 13 sends it.
pub(crate) fn nonce_of_error(body: &[u8]) -> Option<String> {
    json::object_from_slice::<EarlierNonce>(body).ok()?.c_nonce
}
