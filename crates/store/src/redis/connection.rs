//! One connection that all callers share: made when needed, made anew when broken, and never used before it is known
//! which epoch the server is in.

use std::sync::Arc;
use std::time::Duration;

use credenza_core::{Epoch, StoreError};
use redis::aio::MultiplexedConnection;
use redis::{
    AsyncConnectionConfig, Client, Cmd, ErrorKind, FromRedisValue, RedisError, ServerErrorKind, cmd,
};
use tokio::sync::{Mutex, Semaphore};

use super::scripts::{COMMIT, EPOCH, GET, LIST, OTHER_EPOCH, TAKE};
use super::{GRACE, Loss, RedisOptions};
use crate::OpenError;

/// How often something that was certainly not done is tried again: on a new connection, in the epoch that is.
const TRIES: usize = 3;

const LATE: &str = "the store of sessions does not answer in time";

/// A connection, and what was learnt when it was made.
pub(super) struct Connected {
    connection: MultiplexedConnection,
    pub(super) epoch: u64,
    pub(super) commit: String,
    pub(super) take: String,
    pub(super) get: String,
    pub(super) list: String,
}

/// Why there is no answer.
enum Trouble {
    /// The server has forgotten our scripts: nothing was done.
    NoScript,
    /// The server is in another epoch: nothing was done.
    OtherEpoch,
    /// The connection is of no use any more. Nothing is known of what was asked.
    Broken(String),
    /// The server refuses, or is slow.
    Refused(String),
}

impl Trouble {
    fn explained(self) -> String {
        match self {
            Self::NoScript => "the store of sessions forgets our scripts".to_owned(),
            Self::OtherEpoch => "the store of sessions has lost what it knew, and begins anew".to_owned(),
            Self::Broken(why) | Self::Refused(why) => why,
        }
    }
}

pub(super) struct Connections {
    client: Client,
    config: AsyncConnectionConfig,
    pub(super) prefix: String,
    loss: Loss,
    first_epoch: Option<u64>,
    epoch: Epoch,
    slot: Mutex<Option<Arc<Connected>>>,
    waiting: Semaphore,
    answer_timeout: Duration,
}

/// What is asked, as far as trying again goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum What {
    /// It changes nothing.
    Read,
    /// It may have been done when the connection broke. In another epoch there is nothing to be taken.
    Take,
    /// The same; and what it says was decided by what was there in its own epoch.
    Commit,
}

impl What {
    const fn may_be_tried_again(self, after: &Trouble) -> bool {
        match after {
            Trouble::NoScript => true,
            Trouble::OtherEpoch => !matches!(self, Self::Commit),
            Trouble::Broken(_) => matches!(self, Self::Read),
            Trouble::Refused(_) => false,
        }
    }
}

impl Connections {
    pub(super) fn new(client: Client, options: &RedisOptions, epoch: Epoch) -> Self {
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(options.connect_timeout))
            .set_response_timeout(Some(options.answer_timeout));
        Self {
            client,
            config,
            prefix: options.prefix.clone(),
            loss: options.loss,
            first_epoch: options.first_epoch,
            epoch,
            slot: Mutex::new(None),
            waiting: Semaphore::new(options.queue.max(1)),
            answer_timeout: options.answer_timeout,
        }
    }

    /// The key that holds the epoch. All keys share what is in braces, so that a cluster keeps them on one node.
    pub(super) fn epoch_key(&self) -> String {
        format!("{{{}}}:epoch", self.prefix)
    }

    /// Connects once, to find out whether the server can be used.
    pub(super) async fn check(&self) -> Result<(), OpenError> {
        self.connected().await.map(drop).map_err(|reason| OpenError::Database { reason })
    }

    /// The connection by itself, and the epoch that it was made in.
    pub(super) async fn raw(&self) -> Result<(MultiplexedConnection, u64), OpenError> {
        let connected = self.connected().await.map_err(|reason| OpenError::Database { reason })?;
        Ok((connected.connection.clone(), connected.epoch))
    }

    /// Asks, within the limits. `make` is called once for each try, with the connection of that try.
    pub(super) async fn ask<T: FromRedisValue>(
        &self,
        what: What,
        make: impl Fn(&Connected) -> Cmd + Sync,
    ) -> Result<T, StoreError> {
        let Ok(_place) = self.waiting.try_acquire() else {
            return Err(StoreError::Unavailable("busy".to_owned()));
        };
        let asked = async {
            let mut tries = 1;
            loop {
                let connected = self.connected().await.map_err(StoreError::Unavailable)?;
                let mut connection = connected.connection.clone();
                let trouble = match make(&connected).query_async(&mut connection).await {
                    Ok(answer) => return Ok(answer),
                    Err(error) => trouble(&error),
                };
                if !matches!(trouble, Trouble::Refused(_)) {
                    self.forget(&connected).await;
                }
                if tries == TRIES || !what.may_be_tried_again(&trouble) {
                    return Err(StoreError::Unavailable(trouble.explained()));
                }
                tries += 1;
            }
        };
        tokio::time::timeout(self.answer_timeout, asked)
            .await
            .unwrap_or_else(|_| Err(StoreError::Unavailable(LATE.to_owned())))
    }

    async fn connected(&self) -> Result<Arc<Connected>, String> {
        let mut slot = self.slot.lock().await;
        if let Some(connected) = &*slot {
            return Ok(Arc::clone(connected));
        }
        let connected = Arc::new(self.connect().await?);
        *slot = Some(Arc::clone(&connected));
        Ok(connected)
    }

    /// Lets go of a connection, if it is still the one that is used.
    async fn forget(&self, of: &Arc<Connected>) {
        let mut slot = self.slot.lock().await;
        if slot.as_ref().is_some_and(|current| Arc::ptr_eq(current, of)) {
            *slot = None;
        }
    }

    async fn connect(&self) -> Result<Connected, String> {
        let failed = |error: RedisError| explain(&error);
        let config = self.config.clone();
        let mut connection =
            self.client.get_multiplexed_async_connection_with_config(&config).await.map_err(failed)?;
        let about: String = cmd("INFO").query_async(&mut connection).await.map_err(failed)?;
        let server = usable(&about)?;
        let mut load = async |script: &str| -> Result<String, String> {
            let script = script.replace("GRACE", &GRACE.to_string());
            let mut loading = cmd("SCRIPT");
            loading.arg("LOAD").arg(script).query_async(&mut connection).await.map_err(failed)
        };
        let (commit, take) = (load(COMMIT).await?, load(TAKE).await?);
        let (get, list, begin) = (load(GET).await?, load(LIST).await?, load(EPOCH).await?);
        let mut asking = cmd("EVALSHA");
        let first = self.first_epoch.map(|number| number.to_string()).unwrap_or_default();
        asking.arg(begin).arg(1).arg(self.epoch_key()).arg(server).arg(self.loss.name()).arg(first);
        let epoch: u64 = asking.query_async(&mut connection).await.map_err(failed)?;
        self.epoch.enter(epoch);
        Ok(Connected { connection, epoch, commit, take, get, list })
    }
}

/// The identity of the server's process; an error when it could lose records that it has acknowledged.
fn usable(about: &str) -> Result<&str, String> {
    let field =
        |name: &str| about.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).map(str::trim);
    if field("role").is_some_and(|role| role != "master") {
        return Err("it is a replica, which nothing can be written to".to_owned());
    }
    let bounded = field("maxmemory").is_some_and(|bytes| bytes != "0");
    if bounded && field("maxmemory_policy").is_some_and(|policy| policy != "noeviction") {
        return Err("it evicts keys when memory is short, and would forget what was used: \
                    set maxmemory-policy to noeviction"
            .to_owned());
    }
    field("run_id").ok_or_else(|| "it does not say which process it is (run_id)".to_owned())
}

fn trouble(error: &RedisError) -> Trouble {
    let forgotten = error.kind() == ErrorKind::Server(ServerErrorKind::NoScript);
    if forgotten {
        return Trouble::NoScript;
    }
    if error.code() == Some(OTHER_EPOCH) {
        return Trouble::OtherEpoch;
    }
    if error.is_timeout() {
        return Trouble::Refused(LATE.to_owned());
    }
    // Loading, read-only, or a promotion in between: the next caller looks again who is there.
    match error.is_io_error() || error.is_unrecoverable_error() || error.is_connection_dropped() {
        true => Trouble::Broken(explain(error)),
        false if error.kind() == ErrorKind::Server(ServerErrorKind::ReadOnly) => {
            Trouble::Broken(explain(error))
        }
        false => Trouble::Refused(explain(error)),
    }
}

/// What went wrong; replies of the server repeat no values.
fn explain(error: &RedisError) -> String {
    error.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_that_may_forget_are_refused() {
        let good = "role:master\r\nmaxmemory:0\r\nmaxmemory_policy:allkeys-lru\r\nrun_id:abc\r\n";
        assert_eq!(usable(good), Ok("abc"));
        assert_eq!(usable(&good.replace("allkeys-lru", "noeviction")), Ok("abc"));
        let evicting = usable(&good.replace("maxmemory:0", "maxmemory:1000000")).unwrap_err();
        assert!(evicting.contains("noeviction"), "{evicting}");
        assert!(usable(&good.replace("master", "slave")).unwrap_err().contains("replica"));
        assert!(usable("role:master").is_err());
    }
}
