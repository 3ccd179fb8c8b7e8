//! OpenID4VP before 1.0, translated to and from the messages of 1.0: drafts 18 and 20, drafts 23 and 24.
//!
//! A verifier chooses the dialect of a request; a wallet recognises it by what the request has. Inside there is one model:
//! a [`Spoken`] keeps what has to be known to answer, or to read the answer, in the same dialect. The checks of 1.0 apply
//! to what was translated, whatever the draft asked for.
//!
//! What can't be said in both is refused and never guessed: `x509_san_uri` for one.
//!
//! Definitions of Presentation Exchange are not translated for a wallet: it matches them as they are. Holders of mdocs
//! sign what ISO/IEC TS 18013-7 Annex B says, and the nonce that the wallet adds for it is in the encrypted response.

mod draft_18_20;
mod draft_23_24;
mod formats;
mod request;
mod response;

use credenza_query::dcql::QueryError;
use credenza_query::presentation_exchange::{DefinitionError, PresentationDefinition, Untranslatable};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

pub(crate) use request::members;
pub use request::{Asking, Received, definition_to_wire, detect, from_wire, to_wire};
pub use response::ResponseError;
pub(crate) use response::format_of;

use crate::messages::ClientId;
use crate::query::formats_of;

/// A draft before 1.0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Dialect {
    /// Draft 18, the second implementer's draft.
    Draft18,
    /// Draft 20.
    Draft20,
    /// Draft 23, the third implementer's draft.
    Draft23,
    /// Draft 24.
    Draft24,
}

/// Which language a query is in, on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Language {
    /// Presentation Exchange: all drafts.
    PresentationExchange,
    /// DCQL: drafts 23 and 24. Software of draft 20 has it too, as text in the request and in the response.
    Dcql,
}

/// What has to be known of a request in a dialect, to answer it or to read the answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spoken {
    /// The draft.
    pub dialect: Dialect,
    /// The client identifier as that draft has it: what presentations are bound to.
    pub client_id: String,
    /// The definition, where the query is one; none: it is DCQL.
    pub definition: Option<Definition>,
    /// Whether the query is JSON within a string; the `vp_token` is one then, too.
    #[serde(default)]
    pub as_text: bool,
}

impl Spoken {
    /// A request in that draft, of this client identifier.
    #[must_use]
    pub const fn new(dialect: Dialect, client_id: String) -> Self {
        Self { dialect, client_id, definition: None, as_text: false }
    }
}

/// The ids of a presentation definition, and what they are inside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Definition {
    /// Its id.
    pub id: String,
    /// For each credential query, in order, its input descriptor. In a wallet: for each answer. Where a verifier asks
    /// with the definition itself: for each input descriptor, each format that it accepts.
    pub descriptors: Vec<Descriptor>,
}

impl Definition {
    /// A definition that nothing has answered yet.
    #[must_use]
    pub fn of(definition: &PresentationDefinition) -> Self {
        Self { id: definition.id.clone(), descriptors: Vec::new() }
    }

    /// A definition that is sent as it is: everything that may answer it.
    #[must_use]
    pub fn asking(definition: &PresentationDefinition) -> Self {
        let accepted = definition.input_descriptors.iter().flat_map(|one| {
            formats_of(definition, one).into_iter().map(|format| Descriptor {
                query_id: one.id.clone(),
                id: one.id.clone(),
                format: format.as_str().to_owned(),
            })
        });
        Self { id: definition.id.clone(), descriptors: accepted.collect() }
    }
}

/// An input descriptor, and the credential query that stands for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Descriptor {
    /// The id of the credential query.
    pub query_id: String,
    /// The id of the input descriptor.
    pub id: String,
    /// The format, by the name of 1.0.
    pub format: String,
}

/// Why a request can't be said in a dialect, or is not understood in it. The wire code is `invalid_request`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DialectError {
    /// The definition breaks a rule.
    #[error(transparent)]
    Definition(#[from] DefinitionError),
    /// The query breaks a rule.
    #[error(transparent)]
    Query(#[from] QueryError),
    /// The query can't be said in the other language.
    #[error("the query can't be translated: {0}")]
    Untranslatable(#[from] Untranslatable),
    /// A client identifier that has no equal.
    #[error("the draft has no such client identifier")]
    ClientId,
    /// A parameter has not the form that it has to have.
    #[error("{0} is malformed")]
    Malformed(&'static str),
    /// The response is to be signed.
    #[error("signed responses are not supported")]
    SignedResponse,
    /// An mdoc, and the answer is not encrypted: there is no place for what its holder adds to the nonce.
    #[error("answers with an mdoc have to be encrypted in the draft")]
    Mdoc,
    /// Something that the draft does not have.
    #[error("the draft has no {0}")]
    Absent(&'static str),
}

impl Dialect {
    /// Whether `client_id_scheme` says how a client identifier is to be understood; later its prefix does.
    #[must_use]
    pub const fn has_scheme(self) -> bool {
        matches!(self, Self::Draft18 | Self::Draft20)
    }

    /// Whether it has DCQL.
    #[must_use]
    pub const fn has_dcql(self) -> bool {
        matches!(self, Self::Draft23 | Self::Draft24)
    }

    /// Whether request objects need no type of their own.
    #[must_use]
    pub const fn is_untyped(self) -> bool {
        !matches!(self, Self::Draft24)
    }

    /// What SD-JWT VCs are called.
    #[must_use]
    pub const fn sd_jwt(self) -> &'static str {
        if self.has_scheme() { "vc+sd-jwt" } else { "dc+sd-jwt" }
    }

    fn client_to_wire(self, client_id: &ClientId) -> Result<(String, Option<&'static str>), DialectError> {
        if self.has_scheme() {
            let (id, scheme) = draft_18_20::client_to_wire(self, client_id)?;
            Ok((id, Some(scheme)))
        } else {
            Ok((draft_23_24::client_to_wire(client_id)?, None))
        }
    }

    fn client_from_wire(self, members: &Map<String, Value>) -> Result<ClientId, DialectError> {
        let text = |name: &str| members.get(name).and_then(Value::as_str);
        let client_id = text("client_id").ok_or(DialectError::ClientId)?;
        if self.has_scheme() {
            draft_18_20::client_from_wire(client_id, text("client_id_scheme"))
        } else {
            draft_23_24::client_from_wire(client_id)
        }
    }
}
