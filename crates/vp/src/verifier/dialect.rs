//! Requests in the way of a draft: made as ones of 1.0, and translated when they leave.

use serde::Serialize;
use serde_json::{Map, Value};

use super::session::Asked;
use crate::Query;
use crate::dialects::{Dialect, DialectError, Language, Spoken, definition_to_wire, to_wire};
use crate::messages::AuthorizationRequest;
use crate::messages::request::query_of;

/// The parameters of a request, as they go over the wire.
#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum Wire {
    Current(Box<AuthorizationRequest>),
    Draft(Map<String, Value>),
}

impl Wire {
    pub(super) fn to_query(&self) -> String {
        match self {
            Self::Current(request) => request.to_query(),
            Self::Draft(members) => query_of(members),
        }
    }
}

impl Asked {
    /// The name that presentations are bound to.
    pub(super) fn audience(&self) -> &str {
        self.spoken.as_ref().map_or(&self.client_id, |spoken| &spoken.client_id)
    }

    /// A request of this session as it goes over the wire.
    pub(super) fn wire(&self, request: AuthorizationRequest) -> Result<Wire, DialectError> {
        match &self.spoken {
            None => Ok(Wire::Current(Box::new(request))),
            Some(Spoken { dialect, definition, .. }) => {
                let language =
                    if definition.is_some() { Language::PresentationExchange } else { Language::Dcql };
                Ok(Wire::Draft(self.said(*dialect, language, &request)?.0))
            }
        }
    }

    /// A request of this session in a draft.
    pub(super) fn said(
        &self,
        dialect: Dialect,
        language: Language,
        request: &AuthorizationRequest,
    ) -> Result<(Map<String, Value>, Spoken), DialectError> {
        match &self.query {
            // A link to a request object asks for nothing itself.
            Query::Definition(definition) if request.response_type.is_some() => {
                definition_to_wire(dialect, definition, request)
            }
            _ => to_wire(dialect, language, request),
        }
    }
}
