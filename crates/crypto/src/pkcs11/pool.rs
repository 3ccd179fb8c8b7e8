//! A bounded pool of threads, each with a session of its own: signatures wait for a token without blocking others.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use futures_channel::oneshot;

use super::Pkcs11Error;
use super::token::{Access, Connection, is_lost};
use crate::Algorithm;

/// More signatures than this do not wait.
const QUEUE: usize = 1024;

type Signature = Result<Vec<u8>, Pkcs11Error>;

struct Job {
    message: Vec<u8>,
    answer: oneshot::Sender<Signature>,
}

/// The threads; they end when it is dropped and what was waiting is signed.
pub(super) struct Pool(SyncSender<Job>);

impl Pool {
    /// Starts `sessions` threads; the first has a session already.
    pub(super) fn start(
        access: &Access,
        algorithm: Algorithm,
        first: Connection,
        sessions: usize,
    ) -> Result<Self, Pkcs11Error> {
        let (jobs, waiting) = sync_channel(QUEUE);
        let waiting = Arc::new(Mutex::new(waiting));
        let refused = Arc::new(AtomicBool::new(false));
        let mut connection = Some(first);
        for _ in 0..sessions.max(1) {
            let worker = Worker {
                access: access.clone(),
                algorithm,
                connection: connection.take(),
                refused: Arc::clone(&refused),
            };
            let waiting = Arc::clone(&waiting);
            thread::Builder::new()
                .name("pkcs11".to_owned())
                .spawn(move || worker.run(&waiting))
                .map_err(|_| Pkcs11Error::Threads)?;
        }
        Ok(Self(jobs))
    }

    /// Signs on one of the threads.
    pub(super) async fn sign(&self, message: Vec<u8>) -> Signature {
        let (answer, answered) = oneshot::channel();
        self.0.try_send(Job { message, answer }).map_err(|error| match error {
            TrySendError::Full(_) => Pkcs11Error::Busy,
            TrySendError::Disconnected(_) => Pkcs11Error::Threads,
        })?;
        answered.await.unwrap_or(Err(Pkcs11Error::Threads))
    }
}

struct Worker {
    access: Access,
    algorithm: Algorithm,
    connection: Option<Connection>,
    /// The PIN was refused once; a second try could lock the token.
    refused: Arc<AtomicBool>,
}

impl Worker {
    fn run(mut self, waiting: &Mutex<Receiver<Job>>) {
        loop {
            let job = waiting.lock().unwrap_or_else(PoisonError::into_inner).recv();
            let Ok(Job { message, answer }) = job else { return };
            // Nobody may be waiting any more.
            if !answer.is_canceled() {
                let _ = answer.send(self.sign(&message));
            }
        }
    }

    fn sign(&mut self, message: &[u8]) -> Signature {
        if let Some(connection) = &self.connection {
            match connection.sign(self.algorithm, message) {
                Ok(signature) => return Ok(signature),
                Err(error) if is_lost(&error) => self.connection = None,
                Err(error) => return Err(error.into()),
            }
        }
        let connection = self.connect()?;
        let signature = connection.sign(self.algorithm, message)?;
        self.connection = Some(connection);
        Ok(signature)
    }

    fn connect(&self) -> Result<Connection, Pkcs11Error> {
        if self.refused.load(Ordering::Acquire) {
            return Err(Pkcs11Error::WrongPin);
        }
        let connected = self.access.connect();
        if matches!(connected, Err(Pkcs11Error::WrongPin)) {
            self.refused.store(true, Ordering::Release);
        }
        connected
    }
}
