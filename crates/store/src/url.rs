//! From the URL in a configuration to the stores behind it.

use std::sync::Arc;
use std::time::Duration;

use credenza_core::{Answer, Clock, Epoch, Records, Store, StoreError};

use crate::{Durability, MemoryRecords, MemoryStore, OpenError, SqliteOptions, SqliteStore};

/// The two kinds of state of a service.
#[derive(Clone)]
pub struct Stores {
    /// What expires.
    pub sessions: Arc<dyn Store>,
    /// What stays.
    pub records: Arc<dyn Records>,
    /// The epoch of the sessions, which what is sealed is bound to.
    pub epoch: Epoch,
    /// The clock of the server that all nodes share: the database's, or else that of the sessions. `None`: there is none,
    /// and one machine has all.
    pub time: Option<Arc<dyn ServerTime>>,
}

/// A store on a server that has a clock.
pub trait ServerTime: Send + Sync {
    /// How long it is there since 1970-01-01T00:00:00Z.
    fn server_time(&self) -> Answer<'_, Result<Duration, StoreError>>;
}

impl Stores {
    fn of<S: Store + Records + 'static>(store: S) -> Self {
        let store = Arc::new(store);
        Self { sessions: Arc::clone(&store) as _, records: store, epoch: Epoch::default(), time: None }
    }
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
            epoch: Epoch::default(),
            time: None,
        }),
        "memory" => Err(OpenError::Url("memory: takes no path and no options".to_owned())),
        "sqlite" => {
            let (path, options) = sqlite(rest)?;
            Ok(Stores::of(SqliteStore::open(path, clock, options)?))
        }
        #[cfg(feature = "postgres")]
        "postgres" | "postgresql" => {
            let store = Arc::new(postgres(url, clock).await?);
            let (sessions, records) = (Arc::clone(&store) as _, Arc::clone(&store) as _);
            Ok(Stores { sessions, records, epoch: Epoch::default(), time: Some(store) })
        }
        "redis" | "rediss" => Err(OpenError::Url(
            "Redis keeps sessions alone: records need sqlite:PATH or postgres://".to_owned(),
        )),
        // The scheme alone: the rest may carry a password.
        other => Err(OpenError::UnknownScheme(other.to_owned())),
    }
}

/// Opens what two URLs name: `database` for the records, and `sessions`, when there is one, for the sessions. That can be
/// `redis://USER:PASSWORD@HOST:PORT/DATABASE` (`rediss://` over TLS; feature `redis`) with the options `prefix=NAME`, for
/// services that share a server, and `durability=always`, see [`Loss::None`](crate::Loss::None); or any URL of [`open`].
///
/// # Errors
/// Those of [`open`].
pub async fn open_both(
    database: &str,
    sessions: Option<&str>,
    clock: Arc<dyn Clock>,
) -> Result<Stores, OpenError> {
    let stores = open(database, Arc::clone(&clock)).await?;
    let Some(url) = sessions else { return Ok(stores) };
    #[cfg(feature = "redis")]
    if matches!(url.split_once(':'), Some(("redis" | "rediss", _))) {
        let (url, options) = redis(url)?;
        let store = Arc::new(crate::RedisStore::connect(&url, clock, &options).await?);
        let (epoch, time) = (store.epoch(), stores.time.or_else(|| Some(Arc::clone(&store) as _)));
        return Ok(Stores { sessions: store, epoch, time, ..stores });
    }
    let Stores { sessions, epoch, time, .. } = open(url, clock).await?;
    Ok(Stores { sessions, epoch, time: stores.time.or(time), ..stores })
}

/// Our own options leave the URL.
#[cfg(feature = "redis")]
pub(crate) fn redis(url: &str) -> Result<(String, crate::RedisOptions), OpenError> {
    let mut options = crate::RedisOptions::default();
    let (address, query) = url.split_once('?').unwrap_or((url, ""));
    let plain = |name: &str| {
        !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        match pair.split_once('=') {
            Some(("prefix", name)) if plain(name) => name.clone_into(&mut options.prefix),
            Some(("prefix", _)) => {
                return Err(OpenError::Url("redis: takes a prefix of letters, digits and -".to_owned()));
            }
            Some(("durability", "always")) => options.loss = crate::Loss::None,
            _ => {
                return Err(OpenError::Url(
                    "redis: has the options prefix=NAME and durability=always".to_owned(),
                ));
            }
        }
    }
    Ok((address.to_owned(), options))
}

pub(crate) fn sqlite(rest: &str) -> Result<(&str, SqliteOptions), OpenError> {
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
pub(crate) async fn postgres(url: &str, clock: Arc<dyn Clock>) -> Result<crate::PostgresStore, OpenError> {
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
        let text = refused("mysql:").to_string();
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

    #[cfg(feature = "redis")]
    #[test]
    fn redis_is_for_sessions() {
        let text = refused("redis://user:hunter2@host").to_string();
        assert!(text.contains("sessions alone") && !text.contains("hunter2"), "{text}");
        let (url, options) = redis("rediss://host/2?prefix=a-1&durability=always").unwrap();
        assert_eq!((&*url, &*options.prefix, options.loss), ("rediss://host/2", "a-1", crate::Loss::None));
        assert_eq!(redis("redis://host").unwrap().1, crate::RedisOptions::default());
        for wrong in ["prefix=", "prefix={a}", "durability=never", "hunter2=hunter2"] {
            let text = redis(&format!("redis://host?{wrong}")).unwrap_err().to_string();
            assert!(!text.contains("hunter2"), "{text}");
        }
    }

    #[test]
    fn sessions_can_be_elsewhere() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("c.db").display());
        let both = |sessions| block_on(open_both("memory:", sessions, Arc::new(SystemClock)));
        assert!(both(None).is_ok() && both(Some(&*url)).is_ok());
        assert!(matches!(both(Some("mysql:")), Err(OpenError::UnknownScheme(_))));
    }

    #[test]
    fn a_file_is_opened() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}?durability=process", folder.path().join("c.db").display());
        assert!(block_on(open(&url, Arc::new(SystemClock))).is_ok());
    }
}
