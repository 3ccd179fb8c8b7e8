//! To DCQL and back, where both can say the same: whoever speaks Presentation Exchange on the wire can then do with one
//! query language inside.

mod from_dcql;
mod to_dcql;

pub use from_dcql::{descriptor_id, from_dcql};
pub use to_dcql::{Translated, to_dcql};

use crate::dcql::QueryError;

/// More combinations of credentials, or of claims of one credential, are not written out.
const MAX_COMBINATIONS: usize = 32;

/// Why something can't be said in the other language.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Untranslatable {
    /// A part of a definition or a query.
    #[error("'{id}': {what}")]
    Part {
        /// The input descriptor or credential query.
        id: String,
        /// What can't be said.
        what: &'static str,
    },
    /// The combinations are too many.
    #[error("there are more than {MAX_COMBINATIONS} combinations")]
    Combinations,
    /// What came out breaks a rule of the other language.
    #[error(transparent)]
    Query(#[from] QueryError),
}
