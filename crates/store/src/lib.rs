//! Adapters of the [`Store`](credenza_core::Store) port: in memory, and in an SQLite file that survives a crash.
//!
//! ```
//! use std::sync::Arc;
//! use credenza_core::SystemClock;
//!
//! let store = credenza_store::open("memory:", Arc::new(SystemClock))?;
//! # Ok::<(), credenza_store::OpenError>(())
//! ```
//!
//! A new adapter is right when the module `contract` (with the feature of that name) finds no failure in it.

#[cfg(feature = "contract")]
pub mod contract;
mod error;
pub mod memory;
pub mod sqlite;
pub mod url;

pub use error::OpenError;
pub use memory::MemoryStore;
pub use sqlite::{Durability, SqliteOptions, SqliteStore};
pub use url::open;
