//! What can be wrong with a query, and where.

use std::fmt;

use super::query::MAX_TEXT;
use credenza_core::claims_path::PathError;

/// A DCQL query that breaks a rule: the place and the rule. It quotes nothing from the query but positions.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{at}: {problem}")]
pub struct QueryError {
    /// The place: `dcql_query.credentials[0].claims[2].path`.
    pub at: String,
    /// The rule that is broken.
    pub problem: Problem,
}

impl QueryError {
    /// The error code that a wallet answers with (OID4VP 1.0 §8.5).
    #[must_use]
    pub const fn code(&self) -> &'static str {
        "invalid_request"
    }
}

/// A rule of DCQL that a query breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// A member that is required is not there.
    #[error("is required")]
    Missing,
    /// Another JSON type was expected; `null` does not stand for an absent member.
    #[error("has to be {0}")]
    Type(&'static str),
    /// A list or text that has to have content is empty.
    #[error("must not be empty")]
    Empty,
    /// A list that is longer than this implementation accepts.
    #[error("has more than {0} elements")]
    TooMany(usize),
    /// A text that is longer than this implementation accepts.
    #[error("is longer than {MAX_TEXT} bytes")]
    TooLong,
    /// An id with other characters than letters, digits, `_` and `-`, or none (§6.1, §6.3).
    #[error("has to consist of letters, digits, '_' and '-'")]
    Identifier,
    /// An id that was there before (§6.1, §6.3).
    #[error("occurs a second time")]
    Repeated,
    /// An id in a set that nothing has (§6.1, §6.2).
    #[error("names nothing in this query")]
    UnknownReference,
    /// `claim_sets` in a credential query that has no `claims` (§6.4.1).
    #[error("must not be there without claims")]
    SetsWithoutClaims,
    /// Not a claims path pointer (§7).
    #[error("{0}")]
    Path(#[from] PathError),
    /// The path of an mdoc claim is not a namespace and a data element (§7.2).
    #[error("has to be a namespace and a data element identifier")]
    MdocPath,
    /// A claim that the query asks for twice (§6.1); only queries that are built here are refused for it.
    #[error("asks for the same claim a second time")]
    DuplicateClaim,
    /// The type constraint is the one of another format (Appendix B).
    #[error("does not fit the format")]
    OtherFormat,
}

/// A place in a query, as a chain on the stack: it becomes text only when something is wrong.
pub(super) struct At<'a> {
    parent: Option<&'a At<'a>>,
    step: Step,
}

enum Step {
    Root,
    Member(&'static str),
    Item(usize),
}

impl At<'_> {
    pub(super) fn root() -> Self {
        Self { parent: None, step: Step::Root }
    }

    pub(super) fn member(&self, name: &'static str) -> At<'_> {
        At { parent: Some(self), step: Step::Member(name) }
    }

    pub(super) fn item(&self, index: usize) -> At<'_> {
        At { parent: Some(self), step: Step::Item(index) }
    }

    pub(super) fn refuse(&self, problem: Problem) -> QueryError {
        QueryError { at: self.to_string(), problem }
    }
}

impl fmt::Display for At<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(parent) = self.parent {
            parent.fmt(out)?;
        }
        match self.step {
            Step::Root => out.write_str("dcql_query"),
            Step::Member(name) => write!(out, ".{name}"),
            Step::Item(index) => write!(out, "[{index}]"),
        }
    }
}
