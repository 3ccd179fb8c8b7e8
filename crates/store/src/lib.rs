//! Adapters of the ports [`Store`](credenza_core::Store) (sessions) and [`Records`](credenza_core::Records) (what
//! outlives them): in memory, in an SQLite file that survives a crash, and in a PostgreSQL database that many nodes
//! share (feature `postgres`). Sessions alone can be in Redis or Valkey (feature `redis`).
//!
//! ```
//! use std::sync::Arc;
//! use credenza_core::SystemClock;
//!
//! # async fn open() -> Result<(), credenza_store::OpenError> {
//! let stores = credenza_store::open("sqlite:credenza.db", Arc::new(SystemClock)).await?;
//! # Ok(()) }
//! ```
//!
//! A new adapter is right when the module `contract` (with the feature of that name) finds no failure in it.

#[cfg(feature = "contract")]
pub mod contract;
mod error;
pub mod memory;
pub mod memory_records;
#[cfg(feature = "postgres")]
pub mod postgres;
#[cfg(feature = "redis")]
pub mod redis;
pub mod sqlite;
pub mod transfer;
pub mod url;

pub use error::OpenError;
pub use memory::MemoryStore;
pub use memory_records::MemoryRecords;
#[cfg(feature = "postgres")]
pub use postgres::{PostgresOptions, PostgresStore};
#[cfg(feature = "redis")]
pub use redis::{Loss, RedisOptions, RedisStore};
pub use sqlite::{Durability, SqliteOptions, SqliteStore};
pub use url::{ServerTime, Stores, open, open_both};
