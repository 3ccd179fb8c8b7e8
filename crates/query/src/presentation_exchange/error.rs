//! What can be wrong with a presentation definition, and where.

use std::fmt;

use super::pattern::MAX_PATTERN;
use super::read::MAX_TEXT;

/// A presentation definition that breaks a rule: the place and the rule. It quotes nothing but names of members.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{at}: {defect}")]
pub struct DefinitionError {
    /// The place: `presentation_definition.input_descriptors[0].constraints.fields[2].path`.
    pub at: String,
    /// The rule that is broken.
    pub defect: Defect,
}

impl DefinitionError {
    /// The error code that a wallet answers with (OpenID4VP draft 24 §8.5).
    #[must_use]
    pub const fn code(&self) -> &'static str {
        "invalid_request"
    }

    /// The same, seen from one level further out.
    #[must_use]
    pub(super) fn within(self, step: impl fmt::Display) -> Self {
        let separator = if self.at.is_empty() || self.at.starts_with('[') { "" } else { "." };
        Self { at: format!("{step}{separator}{}", self.at), ..self }
    }
}

impl From<Defect> for DefinitionError {
    fn from(defect: Defect) -> Self {
        Self { at: String::new(), defect }
    }
}

/// A rule of Presentation Exchange that a definition breaks, or a limit of this implementation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Defect {
    /// A member that is required is not there.
    #[error("is required")]
    Missing,
    /// Another JSON type or value was expected.
    #[error("has to be {0}")]
    Expected(&'static str),
    /// A list that has to have content is empty.
    #[error("must not be empty")]
    Empty,
    /// A list that is longer than this implementation accepts.
    #[error("has more than {0} elements")]
    TooMany(usize),
    /// A text that is longer than this implementation accepts.
    #[error("is longer than {MAX_TEXT} bytes")]
    TooLong,
    /// Something is inside of something inside of something, too often.
    #[error("is nested more than {0} times")]
    TooDeep(usize),
    /// An id that was there before.
    #[error("occurs a second time")]
    Repeated,
    /// A group that no input descriptor belongs to.
    #[error("is no group of an input descriptor")]
    UnknownGroup,
    /// Both `from` and `from_nested`, or neither.
    #[error("has to have either from or from_nested")]
    Source,
    /// More are to be picked than there are, or fewer than are to be picked at least.
    #[error("asks for a number that can't be reached")]
    Number,
    /// `schema` of Presentation Exchange 1.0, which says what the credential is: without it the rest means something else.
    #[error("is of Presentation Exchange 1.0, which is not supported")]
    EarlierVersion,
    /// A JSONPath with something that is not supported here.
    #[error("is not a JSONPath of names, indices and wildcards")]
    JsonPath,
    /// A predicate without the filter that it is about.
    #[error("needs a filter")]
    PredicateWithoutFilter,
    /// An assertion of JSON Schema that is not supported: not to look at it would be to accept what is not meant.
    #[error("is an assertion that is not supported")]
    Assertion,
    /// A regular expression that is malformed, too large, or can't be matched in linear time.
    #[error("is not a regular expression of at most {MAX_PATTERN} bytes that can be matched in linear time")]
    Pattern,
    /// A reference to something else than a definition in the same filter.
    #[error("is not a reference to a definition in the same filter")]
    Reference,
}
