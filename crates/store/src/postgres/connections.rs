//! A few connections that all callers share: made when needed, made anew when broken.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use credenza_core::StoreError;
use rustls::{ClientConfig, RootCertStore};
use tokio::sync::{Mutex, Semaphore};
use tokio::time::timeout;
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, Config, Error, Row};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::PostgresOptions;
use super::schema::{self, Schema};
use super::statements::{Parameter, Prepared, Which};
use crate::OpenError;

/// How often a statement that the database undid for the sake of another one (a deadlock) is tried again.
const TRIES: usize = 4;

/// Why there is no answer.
pub(super) enum Trouble {
    /// The write with this number needs another state than there is.
    Conflict(usize),
    /// The database can't be reached, is slow, or is broken.
    Unavailable(String),
}

impl From<Trouble> for StoreError {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Conflict(number) => Self::Conflict(number),
            Trouble::Unavailable(why) => Self::Unavailable(why),
        }
    }
}

pub(super) struct Connections {
    config: Config,
    /// Without a time limit: for migrations.
    patient: Config,
    tls: MakeRustlsConnect,
    connect_timeout: Duration,
    answer_timeout: Duration,
    slots: Box<[Mutex<Option<Arc<Prepared>>>]>,
    next: AtomicUsize,
    waiting: Semaphore,
}

impl Connections {
    pub(super) fn new(mut config: Config, options: &PostgresOptions) -> Result<Self, OpenError> {
        if config.get_dbname().is_none() {
            return Err(OpenError::Url("postgres: needs the name of a database".to_owned()));
        }
        config.connect_timeout(options.connect_timeout);
        if config.get_application_name().is_none() {
            config.application_name("credenza");
        }
        // A caller that has given up must not leave a statement behind that is done later. Plans are made once, and
        // never compiled: all statements are tiny.
        let limit = options.answer_timeout.as_millis();
        let own = config.get_options().unwrap_or_default().to_owned();
        let mut patient = config.clone();
        patient.options(format!("{own} -c statement_timeout=0"));
        config.options(format!(
            "-c statement_timeout={limit} -c jit=off -c plan_cache_mode=force_generic_plan {own}"
        ));
        Ok(Self {
            config,
            patient,
            tls: MakeRustlsConnect::new(trusting_the_system()?),
            connect_timeout: options.connect_timeout,
            answer_timeout: options.answer_timeout,
            slots: (0..options.connections.max(1)).map(|_| Mutex::new(None)).collect(),
            next: AtomicUsize::new(0),
            waiting: Semaphore::new(options.queue.max(1)),
        })
    }

    /// Brings the tables up to date, on a connection of its own that may take its time.
    pub(super) async fn migrate(&self) -> Result<(), OpenError> {
        let failed = |why: String| OpenError::Database { reason: why };
        let mut client = self.client().await?;
        match schema::migrate(&mut client).await {
            Ok(Schema::Current) => Ok(()),
            Ok(Schema::Newer { found, known }) => Err(OpenError::NewerDatabase { found, known }),
            Err(error) => Err(failed(explain(&error))),
        }
    }

    /// A connection of its own that may take its time.
    pub(super) async fn client(&self) -> Result<Client, OpenError> {
        self.connect(&self.patient).await.map_err(|reason| OpenError::Database { reason })
    }

    /// Does a statement, within the limits.
    pub(super) async fn ask(&self, which: Which, parameters: &[Parameter<'_>]) -> Result<Vec<Row>, Trouble> {
        let Ok(_place) = self.waiting.try_acquire() else {
            return Err(Trouble::Unavailable("busy".to_owned()));
        };
        let answered = timeout(self.answer_timeout, async {
            let mut tries = 1;
            loop {
                let connection = self.connection().await?;
                match connection.client.query(which(&connection), parameters).await {
                    Err(error) if tries < TRIES && was_undone(&error) => tries += 1,
                    answer => return answer.map_err(|error| trouble(&error)),
                }
            }
        });
        answered
            .await
            .unwrap_or_else(|_| Err(Trouble::Unavailable("the database does not answer in time".to_owned())))
    }

    async fn connection(&self) -> Result<Arc<Prepared>, Trouble> {
        let number = self.next.fetch_add(1, Ordering::Relaxed) % self.slots.len();
        let Some(slot) = self.slots.get(number) else {
            return Err(Trouble::Unavailable("no connections".to_owned()));
        };
        let mut slot = slot.lock().await;
        if let Some(connection) = slot.as_ref().filter(|connection| !connection.is_closed()) {
            return Ok(Arc::clone(connection));
        }
        let client = self.connect(&self.config).await.map_err(Trouble::Unavailable)?;
        let connection = Arc::new(Prepared::new(client).await.map_err(|error| trouble(&error))?);
        *slot = Some(Arc::clone(&connection));
        Ok(connection)
    }

    async fn connect(&self, config: &Config) -> Result<Client, String> {
        // The time limit of the configuration is for each address, and ends before the greeting.
        let connected = timeout(self.connect_timeout, config.connect(self.tls.clone())).await;
        let (client, connection) = connected
            .map_err(|_| "the database does not greet in time".to_owned())?
            .map_err(|error| explain(&error))?;
        // Ends with the client, or breaks it, which the next caller sees.
        tokio::spawn(connection);
        Ok(client)
    }
}

/// TLS with the roots of the operating system; unreadable ones among them are left out, as everywhere.
fn trusting_the_system() -> Result<ClientConfig, OpenError> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map(|builder| builder.with_root_certificates(roots).with_no_client_auth())
        .map_err(|error| OpenError::Database { reason: error.to_string() })
}

/// Whether nothing was done, and trying again can help.
fn was_undone(error: &Error) -> bool {
    [&SqlState::T_R_DEADLOCK_DETECTED, &SqlState::T_R_SERIALIZATION_FAILURE]
        .into_iter()
        .any(|state| error.code() == Some(state))
}

fn trouble(error: &Error) -> Trouble {
    let conflict = error
        .as_db_error()
        .filter(|error| error.code().code() == schema::CONFLICT)
        .and_then(|error| error.detail()?.parse().ok());
    match conflict {
        Some(number) => Trouble::Conflict(number),
        None => Trouble::Unavailable(explain(error)),
    }
}

/// What went wrong, without the values of a statement: a detail of the database can have some.
pub(super) fn explain(error: &Error) -> String {
    match error.as_db_error() {
        Some(error) => format!("{} ({})", error.message(), error.code().code()),
        None => match std::error::Error::source(error) {
            Some(source) => format!("{error}: {source}"),
            None => error.to_string(),
        },
    }
}
