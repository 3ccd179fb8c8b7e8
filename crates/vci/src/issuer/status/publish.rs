//! What is published: made from the statuses, signed once for all nodes.
//!
//! It takes three steps, so that the caller decides where the second one is done, which is the expensive one: read the
//! statuses ([`StatusLists::snapshot`]), compress them ([`Snapshot::encode`], on a thread on which nobody waits), sign
//! and store the result ([`StatusLists::publish`]).

use std::sync::Arc;
use std::time::Duration;

use credenza_core::{Key, RecordWrite, StoreError, UnixTime, b64};
use credenza_crypto::hash::sha256;
use credenza_crypto::{IdentifiedBy, Signer};
use credenza_formats::status_list::token::{Issuance, IssueError, cwt, jwt};
use credenza_formats::status_list::{EncodedList, Level, StatusArray};
use serde::{Deserialize, Serialize};

use super::{StatusLists, bitstring, read, turn, written};

const KIND: &str = "status.published";

/// A list as it is published: the same on every node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Published {
    /// What it was made from: a hash.
    digest: String,
    /// When it was signed.
    pub issued_at: UnixTime,
    /// When it ends.
    pub expires_at: UnixTime,
    /// As JWT.
    pub jwt: String,
    /// As CWT; base64url.
    cwt: String,
    /// As credentials of Bitstring Status Lists, where there are W3C credentials.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    bitstring: Option<bitstring::Published>,
}

impl Published {
    /// As CWT.
    #[must_use]
    pub fn cwt(&self) -> Vec<u8> {
        b64::decode(&self.cwt).unwrap_or_default()
    }

    /// As the credential of a Bitstring Status List (`vc+jwt`), if the policy wants those.
    #[must_use]
    pub fn bitstring(&self, purpose: bitstring::BitstringPurpose) -> Option<&str> {
        Some(self.bitstring.as_ref()?.of(purpose))
    }

    /// Whether it is time to sign it anew, changed or not.
    #[must_use]
    pub fn is_due(&self, now: UnixTime) -> bool {
        let half = self.expires_at.since(self.issued_at) / 2;
        now >= self.issued_at + half
    }

    /// Whether it may still be served.
    #[must_use]
    pub fn is_good(&self, now: UnixTime) -> bool {
        now < self.expires_at
    }
}

/// The statuses of a list at one moment, and what was published last.
#[derive(Debug)]
pub struct Snapshot {
    id: String,
    statuses: StatusArray,
    digest: String,
    /// The `ttl` of Bitstring Status Lists, where there are any.
    bitstring: Option<Duration>,
    before: Option<(Published, u64)>,
    /// The version of the turn in which it is published, if it is in one.
    pub(super) turn: Option<u64>,
}

/// A list that is compressed and not signed yet.
#[derive(Debug)]
pub struct Encoded {
    snapshot: Snapshot,
    list: EncodedList,
    bitstring: Option<bitstring::Encoded>,
}

/// Why a list was not published.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The signer, or a policy that can't be.
    #[error(transparent)]
    Token(#[from] IssueError),
    /// The signer.
    #[error("the list can't be signed as a credential: {0}")]
    Credential(String),
}

impl Snapshot {
    /// Which list.
    pub(super) fn id(&self) -> &str {
        &self.id
    }

    /// What was published last, if it is still right: nothing has changed, and it is not due.
    #[must_use]
    pub fn current(&self, now: UnixTime) -> Option<Published> {
        let (published, _) = self.before.as_ref()?;
        let same =
            published.digest == self.digest && published.bitstring.is_some() == self.bitstring.is_some();
        (same && !published.is_due(now)).then(|| published.clone())
    }

    /// Compresses the list: the expensive step, which waits for nothing.
    #[must_use]
    pub fn encode(self) -> Encoded {
        let list = EncodedList::new(&self.statuses, Level::default());
        let bitstring = self.bitstring.and_then(|ttl| bitstring::encode(&self.statuses, ttl));
        Encoded { snapshot: self, list, bitstring }
    }
}

fn key(id: &str) -> Key {
    Key::new(KIND, id)
}

impl StatusLists {
    /// What was published last, by whichever node. `None`: never, or there is no such list.
    ///
    /// # Errors
    /// The store.
    pub async fn published(&self, id: &str) -> Result<Option<Published>, StoreError> {
        match self.records.get(&key(id)).await? {
            Some(kept) => read(&kept.value).map(Some),
            None => Ok(None),
        }
    }

    /// Whether nothing was published since the statuses were read.
    pub(super) async fn is_last(&self, snapshot: &Snapshot) -> Result<bool, StoreError> {
        let last = self.records.get(&key(&snapshot.id)).await?.map(|kept| kept.version);
        Ok(last == snapshot.before.as_ref().map(|(_, version)| *version))
    }

    /// Reads the statuses of a list. `None`: there is no such list.
    ///
    /// # Errors
    /// The store.
    pub async fn snapshot(&self, id: &str) -> Result<Option<Snapshot>, StoreError> {
        let Some(list) = self.list(id).await? else { return Ok(None) };
        // What was published is read first: whoever publishes in between makes the commit below fail.
        let before = match self.records.get(&key(id)).await? {
            Some(kept) => Some((read(&kept.value)?, kept.version)),
            None => None,
        };
        let statuses = self.statuses(id, list.bits()?, list.capacity).await?;
        let digest = b64::encode(sha256(statuses.as_bytes()));
        let bitstring = self.policy.bitstring.then_some(self.policy.ttl);
        Ok(Some(Snapshot { id: id.to_owned(), statuses, digest, bitstring, before, turn: None }))
    }

    /// Signs and stores a list. When another node was faster, what that one has published is the answer: call again to
    /// have later changes in it.
    ///
    /// # Errors
    /// See [`PublishError`].
    pub async fn publish(&self, encoded: Encoded) -> Result<Published, PublishError> {
        let Encoded { snapshot, list, bitstring } = encoded;
        let now = self.clock.now();
        // Verifiers take no list that is older than one that they know, whatever the clocks of the nodes say.
        let before = snapshot.before.as_ref().map_or(now, |(published, _)| published.issued_at);
        let issued_at = now.max(before);
        let expires_at = issued_at + self.policy.validity;
        let uri = self.uri(&snapshot.id);
        let issuance = Issuance {
            expires_at: Some(expires_at),
            ttl: Some(self.policy.ttl),
            aggregation_uri: Some(&self.address),
            ..Issuance::new(&uri, issued_at)
        };
        let identified_by = identified_by(&*self.signer);
        let header = jwt::header(&*self.signer, identified_by);
        let bitstring = match bitstring {
            Some(encoded) => Some(self.sign_bitstrings(&uri, encoded, issued_at, expires_at).await?),
            None => None,
        };
        let published = Published {
            digest: snapshot.digest,
            issued_at,
            expires_at,
            jwt: jwt::issue(&*self.signer, &header, &issuance, &list).await?,
            cwt: b64::encode(cwt::issue(&*self.signer, identified_by, &issuance, &list).await?),
            bitstring,
        };
        let (key, value) = (key(&snapshot.id), written(&published)?);
        let write = match &snapshot.before {
            Some((_, version)) => RecordWrite::Replace { key, expected: *version, value },
            None => RecordWrite::Insert { key, group: String::new(), value },
        };
        let mut writes = vec![write];
        if let Some(version) = snapshot.turn {
            writes.push(turn::over(&snapshot.id, version)?);
        }
        match self.records.commit(writes).await {
            Ok(()) => Ok(published),
            Err(StoreError::Conflict(_)) => {
                let faster = self.published(&snapshot.id).await?;
                faster.ok_or_else(|| StoreError::Unavailable("the list is gone".to_owned()).into())
            }
            Err(error) => Err(error.into()),
        }
    }

    /// All three steps at once, on the thread that asks: for tests, and for lists that are small.
    ///
    /// # Errors
    /// See [`PublishError`].
    pub async fn republish(&self, id: &str) -> Result<Option<Arc<Published>>, PublishError> {
        let Some(snapshot) = self.snapshot(id).await? else { return Ok(None) };
        if let Some(current) = snapshot.current(self.clock.now()) {
            return Ok(Some(Arc::new(current)));
        }
        Ok(Some(Arc::new(self.publish(snapshot.encode()).await?)))
    }
}

pub(super) fn identified_by(signer: &dyn Signer) -> IdentifiedBy {
    let is_did = signer.public_jwk().kid.as_deref().is_some_and(|kid| kid.starts_with("did:"));
    if is_did || signer.x5c().is_empty() { IdentifiedBy::Kid } else { IdentifiedBy::X5c }
}
