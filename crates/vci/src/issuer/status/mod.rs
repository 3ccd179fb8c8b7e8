//! Revocation, the issuer's side: places in status lists, what was issued, and the lists that are published.
//!
//! Four kinds of records carry it; each change is one commit under expected versions, so that any number of nodes over
//! one database behave as one:
//! * the counter of the list that is being filled: a node adds a block to it, and has leased the places of the block;
//! * the lists, which never change: their size, and the secret that scatters the places;
//! * the credentials, with their places and their state, and without any claim;
//! * the statuses, in chunks: a chunk that was never written is "valid" throughout.
//!
//! A change of a credential's state and of its chunks is one commit. What is published is made from the chunks, and is
//! a record too, so that all nodes serve the same token.

mod allocate;
mod bitstring;
mod change;
mod chunks;
mod credential;
mod lists;
mod publish;
mod turn;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use credenza_core::{Clock, Random, Records, StoreError};
use credenza_crypto::Signer;
use credenza_formats::status_list::StatusBits;
use serde::Serialize;
use serde::de::DeserializeOwned;

use allocate::Leased;

pub use bitstring::BitstringPurpose;
pub use change::ChangeError;
pub use credential::{CredentialRecord, CredentialState, Place};
pub use lists::ListView;
pub use publish::{Encoded, PublishError, Published, Snapshot};
pub use turn::TURN;

/// How often a lost race is run again; each time somebody else has made progress.
const MAX_RACES: usize = 256;

/// How lists are made and published.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StatusPolicy {
    /// Bits for each status. One knows no suspension.
    pub bits: StatusBits,
    /// Places of a list; when they are taken, the next list begins. It hides a credential among so many others.
    pub capacity: u64,
    /// Places that a node leases at once: as many are lost when it dies.
    pub lease: u64,
    /// How long a verifier may keep a published list.
    pub ttl: Duration,
    /// How long a published list is valid. It is signed anew when half of that is over.
    pub validity: Duration,
    /// Whether lists are published as Bitstring Status Lists too: when W3C credentials are issued.
    pub bitstring: bool,
}

impl Default for StatusPolicy {
    /// Two bits, 2^20 places, 256 at once, kept for five minutes, valid for a day.
    fn default() -> Self {
        Self {
            bits: StatusBits::Two,
            capacity: 1 << 20,
            lease: 256,
            ttl: Duration::from_secs(300),
            validity: Duration::from_secs(24 * 60 * 60),
            bitstring: false,
        }
    }
}

/// Why the policy can't be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum StatusPolicyError {
    /// Too few places, or more than a verifier would inflate.
    #[error("a status list has from 1024 places up to 16 MiB of them")]
    Capacity,
    /// No place can be leased.
    #[error("a lease has at least one place, and at most a quarter of a list")]
    Lease,
    /// A time that can't be.
    #[error(
        "a list is kept for a second at least, and is valid for at least twice as long as it may be kept"
    )]
    Times,
}

/// What status lists are made with.
#[derive(Clone)]
pub struct StatusPorts {
    /// Where everything is kept.
    pub records: Arc<dyn Records>,
    /// Signs lists. Verifiers have to trust it for that.
    pub signer: Arc<dyn Signer>,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// The source of randomness.
    pub random: Arc<dyn Random>,
}

/// The status lists of an issuer, and the register of what it has issued.
pub struct StatusLists {
    records: Arc<dyn Records>,
    signer: Arc<dyn Signer>,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    policy: StatusPolicy,
    /// The address of the aggregation; those of the lists are below it.
    address: String,
    /// `iss` of what is signed, where a format has one.
    issuer: String,
    leased: Mutex<Option<Arc<Leased>>>,
}

impl StatusLists {
    /// Status lists of the issuer with this identifier, published at `{identifier}/status-lists/{list}`.
    ///
    /// # Errors
    /// See [`StatusPolicyError`].
    pub fn new(
        credential_issuer: &str,
        ports: StatusPorts,
        policy: StatusPolicy,
    ) -> Result<Self, StatusPolicyError> {
        let bytes = policy.capacity.saturating_mul(policy.bits.number().into()) / 8;
        let most = u64::try_from(credenza_formats::status_list::encode::MAX_LIST).unwrap_or(u64::MAX);
        if policy.capacity < 1024 || bytes > most {
            return Err(StatusPolicyError::Capacity);
        }
        if policy.lease == 0 || policy.lease > policy.capacity / 4 {
            return Err(StatusPolicyError::Lease);
        }
        if policy.ttl.as_secs() == 0 || policy.validity < policy.ttl * 2 {
            return Err(StatusPolicyError::Times);
        }
        let StatusPorts { records, signer, clock, random } = ports;
        let issuer = credential_issuer.trim_end_matches('/').to_owned();
        let address = format!("{issuer}/status-lists");
        Ok(Self { records, signer, clock, random, policy, address, issuer, leased: Mutex::default() })
    }

    /// The address of the aggregation (Token Status List §9).
    #[must_use]
    pub fn aggregation_uri(&self) -> &str {
        &self.address
    }

    /// The address of a list: its `sub`.
    #[must_use]
    pub fn uri(&self, list: &str) -> String {
        format!("{}/{list}", self.address)
    }

    /// How lists are made and published.
    #[must_use]
    pub const fn policy(&self) -> &StatusPolicy {
        &self.policy
    }
}

/// Reads a record's content.
fn read<T: DeserializeOwned>(value: &[u8]) -> Result<T, StoreError> {
    serde_json::from_slice(value).map_err(|_| StoreError::Unavailable("a record can't be read".to_owned()))
}

/// Writes a record's content.
fn written(value: &impl Serialize) -> Result<Vec<u8>, StoreError> {
    serde_json::to_vec(value).map_err(|error| StoreError::Unavailable(error.to_string()))
}

fn too_many_races() -> StoreError {
    StoreError::Unavailable("too many changes at once".to_owned())
}

impl std::fmt::Debug for StatusLists {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "StatusLists({})", self.address)
    }
}
