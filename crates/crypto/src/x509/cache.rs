//! Paths that were validated before: the signatures of a chain that is seen again are not verified again.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use aws_lc_rs::digest;
use credenza_core::UnixTime;

use super::path::{ValidPath, validate_path};
use super::{Anchors, PathPolicy, X509Error};

/// How many paths are remembered unless the caller says otherwise.
pub const DEFAULT_CAPACITY: usize = 1024;

type Fingerprint = [u8; 32];

/// Remembers valid paths.
///
/// An entry is named by the SHA-256 of everything that the answer depends on but the time: each byte of the chain,
/// the set of anchors, the policy. So it can't outlive a change of the anchors. It holds from the latest notBefore to
/// the earliest notAfter of the path, anchor included; outside of that the path is validated anew, and fails with its
/// reason. Only success is remembered: nobody can fill the cache without a chain that is trusted.
///
/// Revocation is not looked at here; whoever checks it does so per use.
#[derive(Debug)]
pub struct ChainCache {
    capacity: usize,
    entries: Mutex<Entries>,
}

#[derive(Debug, Default)]
struct Entries {
    paths: HashMap<Fingerprint, Arc<ValidPath>>,
    /// The names in `paths`, oldest first.
    order: VecDeque<Fingerprint>,
}

impl Default for ChainCache {
    fn default() -> Self {
        Self::new(DEFAULT_CAPACITY)
    }
}

impl ChainCache {
    /// A cache of at most `capacity` paths; the oldest one makes room.
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        Self { capacity, entries: Mutex::default() }
    }

    /// As [`validate_path`], from memory where possible.
    ///
    /// # Errors
    /// See [`validate_path`].
    pub fn validate(
        &self,
        chain: &[Vec<u8>],
        anchors: &Anchors,
        now: UnixTime,
        policy: PathPolicy<'_>,
    ) -> Result<Arc<ValidPath>, X509Error> {
        let name = fingerprint(chain, anchors, policy);
        let known = self.lock().paths.get(&name).map(Arc::clone);
        if let Some(path) = known
            && (path.not_before..=path.not_after).contains(&now)
        {
            return Ok(path);
        }
        let path = Arc::new(validate_path(chain, anchors, now, policy)?);
        self.remember(name, &path);
        Ok(path)
    }

    /// How many paths are remembered.
    #[must_use]
    pub fn len(&self) -> usize {
        self.lock().paths.len()
    }

    /// Whether nothing is remembered.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn remember(&self, name: Fingerprint, path: &Arc<ValidPath>) {
        let mut entries = self.lock();
        if entries.paths.insert(name, Arc::clone(path)).is_none() {
            entries.order.push_back(name);
        }
        while entries.paths.len() > self.capacity {
            let Some(oldest) = entries.order.pop_front() else { break };
            entries.paths.remove(&oldest);
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Entries> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Lengths go in before what they measure, so that no two inputs read the same.
fn fingerprint(chain: &[Vec<u8>], anchors: &Anchors, policy: PathPolicy<'_>) -> Fingerprint {
    let mut hash = digest::Context::new(&digest::SHA256);
    let length = |bytes: &[u8]| u64::try_from(bytes.len()).unwrap_or(u64::MAX).to_be_bytes();
    hash.update(anchors.digest());
    hash.update(&[u8::from(policy.anchor_must_be_absent), u8::from(policy.extended_key_usage.is_some())]);
    let usage = policy.extended_key_usage.unwrap_or_default().as_bytes();
    hash.update(&length(usage));
    hash.update(usage);
    for certificate in chain {
        hash.update(&length(certificate));
        hash.update(certificate);
    }
    let mut name = [0; 32];
    name.copy_from_slice(hash.finish().as_ref());
    name
}
