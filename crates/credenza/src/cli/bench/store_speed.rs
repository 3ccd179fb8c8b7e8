//! What the stores add to their servers: the same statement through the store, and by the driver alone, in turns.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use credenza::core::{Clock as _, Key, Random as _, SystemClock, SystemRandom, b64};
use credenza::store::{Stores, open_both};
use redis::{Client as Redis, aio::MultiplexedConnection, cmd};
use serde::Serialize;
use tokio_postgres::{Client, NoTls, Statement};

use super::measure::Times;

/// As large as a session.
const VALUE: [u8; 1000] = [7; 1000];

/// In the table of sessions, where everything of ours ends by itself.
const KIND: &str = "bench";
const LIFETIME: Duration = Duration::from_secs(600);

/// One operation.
#[derive(Debug, Serialize)]
pub(super) struct Operation {
    pub(super) name: String,
    pub(super) ours_microseconds: f64,
    pub(super) raw_microseconds: f64,
    pub(super) ratio: f64,
}

impl Operation {
    fn new(name: String, [ours, raw]: &[Times; 2]) -> Self {
        let (ours, raw) = (ours.median(), raw.median());
        Self { name, ours_microseconds: ours, raw_microseconds: raw, ratio: ours / raw }
    }
}

/// The server without us.
enum Raw {
    Postgres { client: Client, get: Statement, insert: Statement, take: Statement },
    Redis(MultiplexedConnection),
}

/// Nothing where there is no server: SQLite is a library in the same process.
pub(super) async fn measure(
    database: &str,
    sessions: Option<&str>,
    rounds: u32,
) -> anyhow::Result<Vec<Operation>> {
    let url = sessions.unwrap_or(database);
    let (name, raw) = match url.split_once(':').map(|(scheme, _)| scheme) {
        Some("postgres" | "postgresql") => ("PostgreSQL", Raw::postgres(url).await?),
        Some("redis" | "rediss") => ("Redis", Raw::redis(url).await?),
        _ => return Ok(Vec::new()),
    };
    let stores = open_both(database, sessions, Arc::new(SystemClock)).await?;
    let kept = id();
    write(&stores, kept.clone()).await?;
    raw.insert(&kept_by_raw(&kept)).await?;
    let [mut get, mut insert, mut take] = <[[Times; 2]; 3]>::default();
    for _ in 0..rounds {
        let key = Key::new(KIND, kept.clone());
        get[0]
            .run(async || {
                let found = stores.sessions.get(&key).await?.context("it is gone")?;
                anyhow::ensure!(found.value == VALUE, "another value");
                Ok(())
            })
            .await?;
        get[1].run(async || raw.get(&kept_by_raw(&kept)).await).await?;
        insert[0].run(async || write(&stores, id()).await).await?;
        insert[1].run(async || raw.insert(&id()).await).await?;
        take[0]
            .run(async || {
                let id = id();
                write(&stores, id.clone()).await?;
                let key = Key::new(KIND, id);
                stores.sessions.take(&key).await?.context("it is gone").map(drop)
            })
            .await?;
        take[1]
            .run(async || {
                let id = id();
                raw.insert(&id).await?;
                raw.take(&id).await
            })
            .await?;
    }
    let named = |what: &str| format!("{name}: {what}");
    Ok(vec![
        Operation::new(named("read"), &get),
        Operation::new(named("insert"), &insert),
        Operation::new(named("insert and take"), &take),
    ])
}

fn id() -> String {
    let mut bytes = [0; 16];
    SystemRandom.fill(&mut bytes);
    b64::encode(bytes)
}

fn kept_by_raw(id: &str) -> String {
    format!("{id}-raw")
}

async fn write(stores: &Stores, id: String) -> anyhow::Result<()> {
    let expires = SystemClock.now() + LIFETIME;
    Ok(stores.sessions.insert(Key::new(KIND, id), VALUE.to_vec(), expires).await?)
}

impl Raw {
    async fn postgres(url: &str) -> anyhow::Result<Self> {
        let (client, connection) = tokio_postgres::connect(url, NoTls).await.context("without TLS")?;
        tokio::spawn(connection);
        let own = "credenza_sessions";
        let get = client
            .prepare(&format!(
                "SELECT version, expires, value FROM {own} WHERE kind = $1 AND id = $2 AND expires > $3"
            ))
            .await?;
        let insert = client
            .prepare(&format!(
                "INSERT INTO {own} (kind, id, version, expires, value) VALUES ($1, $2, 1, $3, $4)"
            ))
            .await?;
        let take = client
            .prepare(&format!(
                "DELETE FROM {own} WHERE kind = $1 AND id = $2 AND expires > $3 RETURNING version, expires, value"
            ))
            .await?;
        Ok(Self::Postgres { client, get, insert, take })
    }

    async fn redis(url: &str) -> anyhow::Result<Self> {
        let address = url.split_once('?').map_or(url, |(address, _)| address);
        Ok(Self::Redis(Redis::open(address)?.get_multiplexed_async_connection().await?))
    }

    async fn get(&self, id: &str) -> anyhow::Result<()> {
        match self {
            Self::Postgres { client, get, .. } => {
                let now = SystemClock.now().as_secs();
                let rows = client.query(get, &[&KIND, &id.as_bytes(), &now]).await?;
                let value: Vec<u8> = rows.first().context("it is gone")?.try_get(2)?;
                anyhow::ensure!(value == VALUE, "another value");
            }
            Self::Redis(connection) => {
                let value: Vec<u8> = cmd("GET").arg(id).query_async(&mut connection.clone()).await?;
                anyhow::ensure!(value == VALUE, "another value");
            }
        }
        Ok(())
    }

    async fn insert(&self, id: &str) -> anyhow::Result<()> {
        match self {
            Self::Postgres { client, insert, .. } => {
                let expires = (SystemClock.now() + LIFETIME).as_secs();
                client.execute(insert, &[&KIND, &id.as_bytes(), &expires, &&VALUE[..]]).await?;
            }
            Self::Redis(connection) => {
                let mut set = cmd("SET");
                set.arg(id).arg(&VALUE[..]).arg("NX").arg("EX").arg(LIFETIME.as_secs());
                let () = set.query_async(&mut connection.clone()).await?;
            }
        }
        Ok(())
    }

    async fn take(&self, id: &str) -> anyhow::Result<()> {
        match self {
            Self::Postgres { client, take, .. } => {
                let now = SystemClock.now().as_secs();
                let rows = client.query(take, &[&KIND, &id.as_bytes(), &now]).await?;
                anyhow::ensure!(rows.len() == 1, "it is gone");
            }
            Self::Redis(connection) => {
                let value: Vec<u8> = cmd("GETDEL").arg(id).query_async(&mut connection.clone()).await?;
                anyhow::ensure!(value == VALUE, "another value");
            }
        }
        Ok(())
    }
}
