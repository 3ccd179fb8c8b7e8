//! Adapters of the ports [`Store`](credenza_core::Store) (sessions) and [`Records`](credenza_core::Records) (what
//! outlives them): in memory, and in an SQLite file that survives a crash.
//!
//! ```
//! use std::sync::Arc;
//! use credenza_core::SystemClock;
//!
//! let stores = credenza_store::open("memory:", Arc::new(SystemClock))?;
//! # Ok::<(), credenza_store::OpenError>(())
//! ```
//!
//! A new adapter is right when the module `contract` (with the feature of that name) finds no failure in it.

#[cfg(feature = "contract")]
pub mod contract;
mod error;
pub mod memory;
pub mod memory_records;
pub mod sqlite;
pub mod url;

pub use error::OpenError;
pub use memory::MemoryStore;
pub use memory_records::MemoryRecords;
pub use sqlite::{Durability, SqliteOptions, SqliteStore};
pub use url::{Stores, open};
