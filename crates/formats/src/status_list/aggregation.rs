//! The list of an issuer's lists (Token Status List §9), for verifiers that fetch before they are asked.

use credenza_core::json;
use serde::{Deserialize, Serialize};

use super::reference;

/// The media type of an aggregation.
pub const MEDIA_TYPE: &str = "application/json";

/// An aggregation names no more lists than this.
pub const MAX_LISTS: usize = 10_000;

/// The addresses of lists (Token Status List §9.3).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Aggregation {
    /// `status_lists`
    pub status_lists: Vec<String>,
}

/// The text is not an aggregation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a status list aggregation")]
pub struct NotAnAggregation;

impl Aggregation {
    /// Reads an aggregation. Whatever is not a URI in it is left out: one bad entry does not spoil the others (§9).
    ///
    /// # Errors
    /// Not a JSON object with an array of strings `status_lists`, or more than [`MAX_LISTS`] of them.
    pub fn parse(text: &[u8]) -> Result<Self, NotAnAggregation> {
        let mut aggregation: Self = json::from_slice(text).map_err(|_| NotAnAggregation)?;
        if aggregation.status_lists.len() > MAX_LISTS {
            return Err(NotAnAggregation);
        }
        aggregation.status_lists.retain(|uri| reference::is_uri(uri));
        Ok(aggregation)
    }
}
