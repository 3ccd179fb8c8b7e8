//! Sessions in Redis or Valkey: any number of nodes share one server.

mod connection;
mod scripts;
pub(crate) mod transfer;

use std::sync::Arc;
use std::time::Duration;

use credenza_core::{Answer, Clock, Epoch, Key, Record, Store, StoreError, UnixTime, Write};
use redis::{Client, Cmd, cmd};

use self::connection::{Connected, Connections, What};
use crate::{OpenError, ServerTime};

/// For how many seconds longer than it is good the server keeps a record: it must outlast the difference between the
/// clocks of the nodes.
const GRACE: u32 = 300;

/// What the server's process keeps when it ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Loss {
    /// Perhaps not all: whenever the server is another process than before (a restart, a promoted replica), a new epoch
    /// begins, and nothing of the one before is accepted.
    #[default]
    Possible,
    /// All of it (`appendonly yes` and `appendfsync always`, and no promotion of replicas): sessions go on after a
    /// restart. A server that was emptied begins a new epoch nevertheless.
    None,
}

impl Loss {
    const fn name(self) -> &'static str {
        match self {
            Self::Possible => "",
            Self::None => "always",
        }
    }
}

/// How a server is used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RedisOptions {
    /// What all keys begin with: services that share a server need one each.
    pub prefix: String,
    /// What the server keeps when it ends.
    pub loss: Loss,
    /// The epoch of a server that knows of none yet; without it a new one. For stores that are moved.
    pub first_epoch: Option<u64>,
    /// How many callers may wait for an answer; one more is told [`StoreError::Unavailable`] at once.
    pub queue: usize,
    /// How long a connection may take to be made.
    pub connect_timeout: Duration,
    /// How long an answer may take.
    pub answer_timeout: Duration,
}

impl Default for RedisOptions {
    /// `credenza`, losses possible, 4096 waiting callers, two seconds to connect, five to answer.
    fn default() -> Self {
        Self {
            prefix: "credenza".to_owned(),
            loss: Loss::Possible,
            first_epoch: None,
            queue: 4096,
            connect_timeout: Duration::from_secs(2),
            answer_timeout: Duration::from_secs(5),
        }
    }
}

/// Sessions in Redis (6.2 or later) or Valkey.
///
/// Reads are one round trip, and so are commits and takes: scripts that the server runs one at a time. Records expire in the
/// server by themselves; whether one is good is decided by the clock of the service all the same.
///
/// All keys of one epoch have its number in them, see [`Epoch`]: where the server may have lost what it acknowledged,
/// everything from before is absent, hence refused, and nothing is accepted twice.
pub struct RedisStore {
    clock: Arc<dyn Clock>,
    epoch: Epoch,
    connections: Connections,
}

impl RedisStore {
    /// Connects to the server of a URL: `redis://USER:PASSWORD@HOST:PORT/DATABASE`, or `rediss://` over TLS with the
    /// roots of the operating system. Needs to be called, and the store used, inside of a tokio runtime.
    ///
    /// # Errors
    /// The URL is wrong, the server can't be reached, is a replica, or evicts keys. None of the texts has the password.
    pub async fn connect(
        url: &str,
        clock: Arc<dyn Clock>,
        options: &RedisOptions,
    ) -> Result<Self, OpenError> {
        // The parser's text can have parts of the URL.
        let client =
            Client::open(url).map_err(|_| OpenError::Url("it is no URL of a Redis server".to_owned()))?;
        let epoch = Epoch::default();
        let connections = Connections::new(client, options, epoch.clone());
        connections.check().await?;
        Ok(Self { clock, epoch, connections })
    }

    /// The epoch that the server is in, as far as this node knows: for the [`Sealer`](credenza_core::Sealer) beside it.
    #[must_use]
    pub fn epoch(&self) -> Epoch {
        self.epoch.clone()
    }

    async fn time(&self) -> Result<Duration, StoreError> {
        let (seconds, micros): (u64, u64) = self.connections.ask(What::Read, |_| cmd("TIME")).await?;
        Ok(Duration::from_secs(seconds).saturating_add(Duration::from_micros(micros)))
    }

    /// What the names of a kind's records begin with. The kind's length keeps the border between kind and id in its place.
    fn of_kind(&self, epoch: u64, kind: &str) -> String {
        format!("{{{}}}:{epoch}:{}:{kind}:", self.connections.prefix, kind.len())
    }

    fn name(&self, epoch: u64, key: &Key) -> String {
        self.of_kind(epoch, key.kind) + &key.id
    }

    /// Record, names and ends: the keys of one write.
    fn keys(&self, epoch: u64, key: &Key) -> [String; 3] {
        let prefix = &self.connections.prefix;
        let [names, ends] = ["names", "ends"].map(|what| format!("{{{prefix}}}:{epoch}:{what}:{}", key.kind));
        [self.name(epoch, key), names, ends]
    }

    async fn read(&self, key: &Key) -> Result<Option<Record>, StoreError> {
        let asked = |connected: &Connected| {
            let mut get = cmd("EVALSHA");
            get.arg(&connected.get).arg(2).arg(self.connections.epoch_key());
            get.arg(self.name(connected.epoch, key)).arg(connected.epoch);
            get
        };
        let found: Option<Vec<u8>> = self.connections.ask(What::Read, asked).await?;
        self.good(found)
    }

    async fn taken(&self, key: &Key) -> Result<Option<Record>, StoreError> {
        let asked = |connected: &Connected| {
            let mut take = cmd("EVALSHA");
            take.arg(&connected.take).arg(4).arg(self.connections.epoch_key());
            take.arg(&self.keys(connected.epoch, key)).arg(connected.epoch).arg(&key.id);
            take
        };
        let found: Option<Vec<u8>> = self.connections.ask(What::Take, asked).await?;
        self.good(found)
    }

    async fn write(&self, writes: &[Write]) -> Result<(), StoreError> {
        if writes.is_empty() {
            return Ok(());
        }
        let now = self.clock.now().as_secs();
        let asked = |connected: &Connected| {
            let mut commit = cmd("EVALSHA");
            commit.arg(&connected.commit).arg(3 * writes.len() + 1).arg(self.connections.epoch_key());
            for write in writes {
                commit.arg(&self.keys(connected.epoch, write.key()));
            }
            commit.arg(connected.epoch).arg(now);
            for write in writes {
                arguments(&mut commit, write);
                commit.arg(&write.key().id);
            }
            commit
        };
        let conflict: i64 = self.connections.ask(What::Commit, asked).await?;
        match usize::try_from(conflict) {
            Ok(number) => Err(StoreError::Conflict(number)),
            Err(_) => Ok(()),
        }
    }

    async fn listed(
        &self,
        kind: &'static str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<(String, Record)>, StoreError> {
        let asked = |connected: &Connected| {
            let [_, names, _] = self.keys(connected.epoch, &Key::new(kind, ""));
            let from = after.map_or_else(|| "-".to_owned(), |id| format!("({id}"));
            let mut list = cmd("EVALSHA");
            list.arg(&connected.list).arg(2).arg(self.connections.epoch_key()).arg(names);
            list.arg(connected.epoch).arg(from).arg(limit);
            list.arg(self.of_kind(connected.epoch, kind)).arg(self.clock.now().as_secs());
            list
        };
        let found: Vec<(String, Vec<u8>)> = self.connections.ask(What::Read, asked).await?;
        found.into_iter().map(|(id, text)| Ok((id, record(&text).ok_or_else(damaged)?))).collect()
    }

    fn good(&self, found: Option<Vec<u8>>) -> Result<Option<Record>, StoreError> {
        let Some(found) = found else { return Ok(None) };
        let record = record(&found).ok_or_else(damaged)?;
        Ok(Some(record).filter(|record| self.clock.now() < record.expires))
    }
}

/// The arguments of a write, but for its id.
fn arguments(commit: &mut Cmd, write: &Write) {
    match write {
        Write::Insert { value, expires, .. } => {
            commit.arg("insert").arg(0).arg(1).arg(expires.as_secs()).arg(text(1, *expires, value));
        }
        Write::Replace { expected, value, expires, .. } => {
            let next = expected.saturating_add(1);
            commit.arg("replace").arg(*expected).arg(next);
            commit.arg(expires.as_secs()).arg(text(next, *expires, value));
        }
        Write::Remove { .. } => {
            commit.arg("remove").arg(0).arg(0).arg(0).arg("");
        }
    }
}

fn damaged() -> StoreError {
    StoreError::Unavailable("a record is damaged".to_owned())
}

fn text(version: u64, expires: UnixTime, value: &[u8]) -> Vec<u8> {
    let mut text = format!("{version}:{}:", expires.as_secs()).into_bytes();
    text.extend_from_slice(value);
    text
}

fn record(text: &[u8]) -> Option<Record> {
    let mut parts = text.splitn(3, |byte| *byte == b':');
    let mut next = || parts.next();
    let (version, expires, value) = (next()?, next()?, next()?);
    let number = |part| std::str::from_utf8(part).ok();
    Some(Record {
        version: number(version)?.parse().ok()?,
        expires: UnixTime::from_secs(number(expires)?.parse().ok()?),
        value: value.to_vec(),
    })
}

impl Store for RedisStore {
    fn get<'a>(&'a self, key: &'a Key) -> Answer<'a, Result<Option<Record>, StoreError>> {
        Answer::later(self.read(key))
    }

    fn commit(&self, writes: Vec<Write>) -> Answer<'_, Result<(), StoreError>> {
        Answer::later(async move { self.write(&writes).await })
    }

    fn take<'a>(&'a self, key: &'a Key) -> Answer<'a, Result<Option<Record>, StoreError>> {
        Answer::later(self.taken(key))
    }

    fn list<'a>(
        &'a self,
        kind: &'static str,
        after: Option<&'a str>,
        limit: usize,
    ) -> Answer<'a, Result<Vec<(String, Record)>, StoreError>> {
        Answer::later(self.listed(kind, after, limit))
    }

    /// Nothing is left to be done: the server does it.
    fn sweep(&self, _limit: usize) -> Answer<'_, Result<usize, StoreError>> {
        Answer::ready(Ok(0))
    }
}

impl ServerTime for RedisStore {
    fn server_time(&self) -> Answer<'_, Result<Duration, StoreError>> {
        Answer::later(self.time())
    }
}

impl std::fmt::Debug for RedisStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RedisStore")
    }
}
