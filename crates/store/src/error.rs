//! Why a store could not be opened.

use std::path::PathBuf;

/// Why a store could not be opened. Meant for the operator who wrote the configuration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The file can't be made, read or locked.
    #[error("cannot open {}: {reason}", path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// What the operating system or SQLite said.
        reason: String,
    },
    /// The file is an SQLite database, but not one of ours.
    #[error("{} is a database of another program", path.display())]
    Foreign {
        /// Which file.
        path: PathBuf,
    },
    /// The file was written by a later release, whose tables this one does not know.
    #[error(
        "{} has schema {found}, this release knows schemas up to {known}: use the release that wrote it, or a later one",
        path.display()
    )]
    Newer {
        /// Which file.
        path: PathBuf,
        /// The schema's number in the file.
        found: i64,
        /// The last number that this release knows.
        known: i64,
    },
    /// The database can't be reached or does not let us in.
    #[error("cannot use the database: {reason}")]
    Database {
        /// What the network or the database said.
        reason: String,
    },
    /// The database was used by a later release, whose tables this one does not know.
    #[error(
        "the database has schema {found}, this release knows schemas up to {known}: use the release that made it, or a later one"
    )]
    NewerDatabase {
        /// The schema's number in the database.
        found: i64,
        /// The last number that this release knows.
        known: i64,
    },
    /// The store's URL has a scheme that no adapter serves.
    #[error(
        "no store is called {0:?}: there are memory:, sqlite:PATH and, where they are built in, postgres:// and, for sessions, redis://"
    )]
    UnknownScheme(String),
    /// The store's URL has no path, or an option that the adapter does not know.
    #[error("the store's URL is wrong: {0}")]
    Url(String),
}
