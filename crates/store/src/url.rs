//! From the URL in a configuration to the stores behind it.

use std::sync::Arc;

use credenza_core::{Clock, Records, Store};

use crate::{Durability, MemoryRecords, MemoryStore, OpenError, SqliteOptions, SqliteStore};

/// The two kinds of state of a service.
#[derive(Clone)]
pub struct Stores {
    /// What expires.
    pub sessions: Arc<dyn Store>,
    /// What stays.
    pub records: Arc<dyn Records>,
}

impl std::fmt::Debug for Stores {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Stores")
    }
}

/// Opens what a URL names, for sessions and for records:
///
/// * `memory:` keeps everything in this process, and forgets it when the process ends;
/// * `sqlite:PATH` keeps it in a file; `sqlite:PATH?durability=process` is faster, see [`Durability::Process`];
/// * `postgres://USER:PASSWORD@HOST/NAME` keeps it in a database that any number of nodes share; with
///   `?connections=N`, and what libpq knows (`sslmode`, `options`). Needs the feature `postgres`, and a tokio runtime.
///
/// A path is taken as written, without percent-decoding; `sqlite://PATH` is the same.
///
/// # Errors
/// [`OpenError::UnknownScheme`] and [`OpenError::Url`] when the URL is wrong, the others when the file or the database
/// is. No text has a password.
pub async fn open(url: &str, clock: Arc<dyn Clock>) -> Result<Stores, OpenError> {
    let (scheme, rest) = url.split_once(':').unwrap_or((url, ""));
    match scheme {
        "memory" if rest.is_empty() => Ok(Stores {
            sessions: Arc::new(MemoryStore::new(clock)),
            records: Arc::new(MemoryRecords::default()),
        }),
        "memory" => Err(OpenError::Url("memory: takes no path and no options".to_owned())),
        "sqlite" => {
            let (path, options) = sqlite(rest)?;
            let store = Arc::new(SqliteStore::open(path, clock, options)?);
            Ok(Stores { sessions: Arc::clone(&store) as _, records: store })
        }
        #[cfg(feature = "postgres")]
        "postgres" | "postgresql" => {
            let store = Arc::new(postgres(url, clock).await?);
            Ok(Stores { sessions: Arc::clone(&store) as _, records: store })
        }
        // The scheme alone: the rest may carry a password.
        other => Err(OpenError::UnknownScheme(other.to_owned())),
    }
}

fn sqlite(rest: &str) -> Result<(&str, SqliteOptions), OpenError> {
    let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
    let path = path.strip_prefix("//").unwrap_or(path);
    let mut options = SqliteOptions::default();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        match pair.split_once('=') {
            Some(("durability", "full")) => options.durability = Durability::Full,
            Some(("durability", "process")) => options.durability = Durability::Process,
            Some(("durability", _)) => {
                return Err(OpenError::Url("durability is full or process".to_owned()));
            }
            _ => {
                return Err(OpenError::Url(format!(
                    "sqlite: has the option durability=full|process, not {pair:?}"
                )));
            }
        }
    }
    Ok((path, options))
}

/// Our own options leave the URL, the rest is the driver's.
#[cfg(feature = "postgres")]
async fn postgres(url: &str, clock: Arc<dyn Clock>) -> Result<crate::PostgresStore, OpenError> {
    let mut options = crate::PostgresOptions::default();
    let (address, query) = url.split_once('?').unwrap_or((url, ""));
    let mut rest = Vec::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        match pair.strip_prefix("connections=") {
            Some(count) => {
                options.connections =
                    count.parse().ok().filter(|count| (1..=1000).contains(count)).ok_or_else(|| {
                        OpenError::Url("postgres: takes connections=N, from 1 to 1000".to_owned())
                    })?;
            }
            None => rest.push(pair),
        }
    }
    crate::PostgresStore::connect(&format!("{address}?{}", rest.join("&")), clock, options).await
}

#[cfg(test)]
mod tests {
    use credenza_core::SystemClock;

    use super::*;
    use crate::contract::block_on;

    fn refused(url: &str) -> OpenError {
        match block_on(open(url, Arc::new(SystemClock))) {
            Ok(_) => panic!("{url} was opened"),
            Err(error) => error,
        }
    }

    #[test]
    fn schemes() {
        assert!(block_on(open("memory:", Arc::new(SystemClock))).is_ok());
        assert_eq!(refused("mysql://user:secret@host/db"), OpenError::UnknownScheme("mysql".to_owned()));
        let text = refused("redis:").to_string();
        assert!(text.contains("memory:") && text.contains("sqlite:PATH"), "{text}");
        assert!(matches!(refused(""), OpenError::UnknownScheme(_)));
        assert!(matches!(refused("memory:x"), OpenError::Url(_)));
        assert!(matches!(refused("sqlite:"), OpenError::Url(_)));
        assert!(matches!(refused("sqlite::memory:"), OpenError::Url(_)));
        assert!(matches!(refused("sqlite:x.db?durability=never"), OpenError::Url(_)));
        assert!(matches!(refused("sqlite:x.db?cache=shared"), OpenError::Url(_)));
    }

    #[test]
    fn options() {
        assert_eq!(sqlite("/var/c.db").unwrap(), ("/var/c.db", SqliteOptions::default()));
        assert_eq!(sqlite("///var/c.db").unwrap().0, "/var/c.db");
        assert_eq!(sqlite("c.db?durability=process").unwrap().1.durability, Durability::Process);
        assert_eq!(sqlite("c.db?durability=full").unwrap().1.durability, Durability::Full);
    }

    #[test]
    fn a_file_is_opened() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}?durability=process", folder.path().join("c.db").display());
        assert!(block_on(open(&url, Arc::new(SystemClock))).is_ok());
    }
}
