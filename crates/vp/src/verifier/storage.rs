//! Sessions in the store: sealed, named by ids that wallets can't follow, changed by version.

use credenza_core::{Event, Key, StoreError, UnixTime, Write, b64};

use zeroize::Zeroizing;

use super::Verifier;
use super::session::{Ended, Session, Step};

/// The kind of the records.
pub(super) const KIND: &str = "presentation";
/// What the records are sealed for.
const RECORD: &str = "vp.session";
/// What request ids are sealed for.
const REQUEST_ID: &str = "vp.request";
/// So often a change is tried again when others are faster.
const ATTEMPTS: usize = 16;

/// A session and the version of its record.
pub(super) struct Loaded {
    pub(super) session: Session,
    version: u64,
}

/// Why a step was not taken.
#[derive(Debug)]
pub(super) enum StepError {
    /// There is no such session (any more).
    Unknown,
    /// Its state does not let it.
    Ended,
    Store(StoreError),
}

impl From<StoreError> for StepError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<Ended> for StepError {
    fn from(_: Ended) -> Self {
        Self::Ended
    }
}

impl Verifier {
    pub(super) fn now(&self) -> UnixTime {
        self.ports.clock.now()
    }

    /// The name that the wallet gets for a session.
    pub(super) fn seal_id(&self, id: &str, expires: UnixTime) -> Result<String, StoreError> {
        let id = b64::decode(id).unwrap_or_default();
        let sealed = self.ports.sealer.seal(&*self.ports.random, REQUEST_ID, expires, &id);
        if sealed.is_empty() { Err(no_key()) } else { Ok(sealed) }
    }

    /// The session behind the name that the wallet has; `None` when it is not ours or too old.
    pub(super) fn open_id(&self, request_id: &str) -> Option<String> {
        let id = self.ports.sealer.open(REQUEST_ID, self.now(), request_id).ok()?;
        Some(b64::encode(id))
    }

    pub(super) async fn store_new(&self, session: &Session) -> Result<(), StoreError> {
        let (value, expires) = self.seal(session)?;
        let mut writes = vec![Write::Insert { key: key(&session.id), value, expires }];
        writes.extend(session.events.iter().filter_map(|event| self.ports.events.outbox(&session.id, event)));
        self.ports.store.commit(writes).await
    }

    /// Reads a session.
    pub(super) async fn load(&self, id: &str) -> Result<Option<Loaded>, StoreError> {
        if id.len() > 64 {
            return Ok(None);
        }
        let Some(record) = self.ports.store.get(&key(id)).await? else { return Ok(None) };
        let session = self.opened(id, &record.value)?;
        Ok(session.map(|session| Loaded { session, version: record.version }))
    }

    /// The session in a record; `None` when it is not sealed by us, or was sealed under another name.
    pub(super) fn opened(&self, id: &str, value: &[u8]) -> Result<Option<Session>, StoreError> {
        let sealed = std::str::from_utf8(value).unwrap_or_default();
        let Ok(content) = self.ports.sealer.open(RECORD, self.now(), sealed) else { return Ok(None) };
        let content = Zeroizing::new(content);
        let session: Session = serde_json::from_slice(&content)
            .map_err(|_| StoreError::Unavailable("a stored session can't be read".to_owned()))?;
        // A record that was moved to another name is not that session.
        Ok((session.id == id).then_some(session))
    }

    /// Takes a step from the state that was read, or from the newer one if somebody was faster. Of many callers for
    /// whom only one can succeed, one does.
    pub(super) async fn step(&self, loaded: Loaded, step: &Step) -> Result<(), StepError> {
        let id = loaded.session.id.clone();
        let mut loaded = Some(loaded);
        for _ in 0..ATTEMPTS {
            let current = match loaded.take() {
                Some(current) => current,
                None => self.load(&id).await?.ok_or(StepError::Unknown)?,
            };
            let Some((session, event)) = current.session.on(step, self.now())? else { return Ok(()) };
            let (value, expires) = self.seal(&session)?;
            let mut writes =
                vec![Write::Replace { key: key(&id), expected: current.version, value, expires }];
            writes.extend(self.ports.events.outbox(&id, &event));
            match self.ports.store.commit(writes).await {
                Ok(()) => {
                    self.emit(&id, &event);
                    return Ok(());
                }
                Err(StoreError::Conflict(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(StepError::Store(StoreError::Unavailable("too many at once".to_owned())))
    }

    pub(super) fn emit(&self, id: &str, event: &Event) {
        self.ports.events.emit(id, event);
    }

    pub(super) async fn remove(&self, id: &str) -> Result<bool, StoreError> {
        match self.ports.store.commit(vec![Write::Remove { key: key(id) }]).await {
            Ok(()) => Ok(true),
            Err(StoreError::Conflict(_)) => Ok(false),
            Err(error) => Err(error),
        }
    }

    fn seal(&self, session: &Session) -> Result<(Vec<u8>, UnixTime), StoreError> {
        let expires = session.expires_at + self.config.retention;
        let content = serde_json::to_vec(session)
            .map_err(|_| StoreError::Unavailable("a session can't be written".to_owned()))?;
        let content = Zeroizing::new(content);
        let sealed = self.ports.sealer.seal(&*self.ports.random, RECORD, expires, &content);
        if sealed.is_empty() { Err(no_key()) } else { Ok((sealed.into_bytes(), expires)) }
    }
}

fn key(id: &str) -> Key {
    Key::new(KIND, id)
}

fn no_key() -> StoreError {
    StoreError::Unavailable("there is no key to seal with".to_owned())
}
