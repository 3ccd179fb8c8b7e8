//! Definitions of Presentation Exchange, for wallets of drafts before 1.0: read, and asked with where there are any.

use credenza_query::presentation_exchange::PresentationDefinition;
use credenza_vp::dialects::{Dialect, Language};
use serde_json::Value;

use super::queries;
use crate::problem::{Kind, Problem};
use crate::query_register::Asks;

/// Reads a definition, with a problem that leads to what is wrong in it.
pub(super) fn parse(definition: &Value) -> Result<Asks, Problem> {
    match PresentationDefinition::parse(definition) {
        Ok(definition) => Ok(Asks::PresentationDefinition(Box::new(definition))),
        Err(error) => {
            Err(Problem::new(Kind::Unprocessable).because(error.to_string()).at(queries::pointer(&error.at)))
        }
    }
}

/// Whether what is asked for can be asked for in this dialect.
pub(super) fn check(
    asks: &Asks,
    dialect: Option<Dialect>,
    language: Option<Language>,
) -> Result<(), Problem> {
    let refuse = |why: &str, at: &str| Err(Problem::new(Kind::Unprocessable).because(why).at(at));
    match asks {
        Asks::PresentationDefinition(_) if dialect.is_none() => {
            refuse("1.0 has no presentation definitions: name a dialect", "/dialect")
        }
        Asks::PresentationDefinition(_) if language == Some(Language::Dcql) => {
            refuse("a presentation definition is not sent as DCQL", "/query_language")
        }
        _ => Ok(()),
    }
}
