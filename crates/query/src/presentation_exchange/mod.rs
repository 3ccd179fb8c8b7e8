//! DIF Presentation Exchange 2.0 and 2.1: what verifiers asked with before DCQL (OpenID4VP up to draft 24).
//!
//! A verifier reads or makes a [`PresentationDefinition`]; a wallet [looks for answers](PresentationDefinition::matching)
//! among the same [`Candidate`](crate::Candidate)s as for DCQL, and says with a [`PresentationSubmission`] where in the
//! `vp_token` they are; the verifier [checks](PresentationDefinition::check) both.
//!
//! Where it is stricter than the text: a filter with an assertion of JSON Schema that is not known here is refused rather
//! than half obeyed, regular expressions are those that can be matched in linear time, and JSONPath is names, indices,
//! wildcards and descendants, without scripts, slices and unions.

mod definition;
mod error;
mod explain;
mod filter;
mod json_path;
mod matching;
mod pattern;
mod read;
mod requirements;
pub mod rules;
mod submission;
mod translate;

pub use definition::{
    Field, InputDescriptor, LimitDisclosure, MAX_DESCRIPTORS, MAX_FIELDS, MAX_PATHS, Predicate,
    PresentationDefinition,
};
pub use error::{Defect, DefinitionError};
pub use explain::{FieldName, Lacking, Unmet, Why};
pub use filter::{Filter, MAX_FILTER_DEPTH, MAX_FILTER_SCHEMAS};
pub use json_path::{JsonPath, MAX_STEPS};
pub use matching::{Chosen, DescriptorMatches, Match, Matching, Mismatch, Miss};
pub use pattern::MAX_PATTERN;
pub use requirements::{Amount, MAX_NESTING, MAX_REQUIREMENTS, Source, SubmissionRequirement};
pub use submission::{
    Mapping, PresentationSubmission, Resolved, SubmissionEntry, SubmissionError, designations,
};
pub use translate::{Translated, Untranslatable, descriptor_id, from_dcql, to_dcql};
