//! Members that may be left out, and are not `null` when they are there.

use serde::{Deserialize, Deserializer};

/// Reads a member that is there: `null` is a value of another type. For `#[serde(default, deserialize_with)]`.
pub(crate) fn stated<'de, D: Deserializer<'de>, T: Deserialize<'de>>(from: D) -> Result<Option<T>, D::Error> {
    T::deserialize(from).map(Some)
}
