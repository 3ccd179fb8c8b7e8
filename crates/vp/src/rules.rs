//! The checks of this crate, by name.

use credenza_core::Rule;

/// All of them.
pub const ALL: [&Rule; 0] = [];
