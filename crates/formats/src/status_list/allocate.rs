//! Which index a new credential gets: unpredictable, and never the same twice.
//!
//! An index must not tell when a credential was issued, or next to which other one (Token Status List §12.5, HAIP
//! §6.1); it must not be given twice (§13.3). Drawing at random and looking whether the index is free needs a look-up
//! and a retry, and both get slower and more contended as the list fills. Here the indices are the image of 0, 1, 2, …
//! under a [`Permutation`] that only the issuer can compute. What remains to be made unique is a counter:
//!
//! - The store keeps one number per list: how many places are taken. A node adds the size of a block to it in one
//!   atomic step, and has got a [`Lease`] of that block. Two nodes never get the same block.
//! - In the node, the threads take their places from the block ([`Allocator`]).
//! - A node that crashes, and an issuance that fails, leave holes. A place that was taken is never given back.
//!
//! The secret of the permutation has to stay the same for the life of the list, and has to be kept like a key: who has
//! it can put the credentials of the list into the order of their issuance.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use credenza_crypto::hash::HmacKey;

/// No secret may be shorter, in bytes.
pub const MIN_SECRET: usize = 32;

/// No list has more places than this. (A list of 2^32 entries of 1 bit is 512 MiB.)
pub const MAX_CAPACITY: u64 = 1 << 32;

/// Rounds of the Feistel network: as many as FF1 has (NIST SP 800-38G §5.1), because on small domains the four of the
/// classical proof are not enough. The number is even, so that the halves end where they began.
const ROUNDS: u8 = 10;

/// Why there is no such permutation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PermutationError {
    /// Shorter than [`MIN_SECRET`].
    #[error("the secret has less than {MIN_SECRET} bytes")]
    Secret,
    /// Zero, or more than [`MAX_CAPACITY`].
    #[error("a list has between one and {MAX_CAPACITY} places")]
    Capacity,
}

/// A permutation of 0 to `capacity` - 1 that can't be predicted without its secret.
///
/// It is a Feistel network with HMAC-SHA-256 as its round function, over the smallest power of two that holds the
/// capacity; a value that falls outside is sent through it again until one falls inside ("cycle walking"), which takes
/// less than two passes on average.
///
/// ```
/// use credenza_formats::status_list::Permutation;
///
/// let indices = Permutation::new(&[7; 32], "https://issuer.example/status/1", 1000)?;
/// let mut all: Vec<_> = (0..1000).filter_map(|n| indices.index(n)).collect();
/// all.sort();
/// assert!(all.into_iter().eq(0..1000));
/// assert_eq!(indices.index(1000), None);
/// # Ok::<_, credenza_formats::status_list::allocate::PermutationError>(())
/// ```
#[derive(Clone)]
pub struct Permutation {
    key: HmacKey,
    capacity: u64,
    /// Widths of the two halves, in bits; they are equal, or the right one is one bit wider.
    left: u32,
    right: u32,
}

impl Permutation {
    /// The permutation of one list. Lists that share a secret have unrelated permutations, by their URIs.
    ///
    /// # Errors
    /// [`PermutationError`]
    pub fn new(secret: &[u8], uri: &str, capacity: u64) -> Result<Self, PermutationError> {
        if secret.len() < MIN_SECRET {
            return Err(PermutationError::Secret);
        }
        if capacity == 0 || capacity > MAX_CAPACITY {
            return Err(PermutationError::Capacity);
        }
        let mut label = b"status list index permutation\0".to_vec();
        label.extend_from_slice(&capacity.to_be_bytes());
        label.extend_from_slice(uri.as_bytes());
        let key = HmacKey::new(&HmacKey::new(secret).mac(&label));
        let width = (u64::BITS - (capacity - 1).leading_zeros()).max(2);
        let left = width / 2;
        Ok(Self { key, capacity, left, right: width - left })
    }

    /// The index of the `n`-th allocation, counted from 0. `None` says that the list is full.
    #[must_use]
    pub fn index(&self, n: u64) -> Option<u64> {
        if n >= self.capacity {
            return None;
        }
        // The walk ends: it is on a cycle that `n`, which is inside, is on too.
        let mut index = self.pass(n);
        while index >= self.capacity {
            index = self.pass(index);
        }
        Some(index)
    }

    /// How many places there are.
    #[must_use]
    pub const fn capacity(&self) -> u64 {
        self.capacity
    }

    /// Once through the network.
    fn pass(&self, value: u64) -> u64 {
        let mut left = value >> self.right;
        let mut right = value & mask(self.right);
        for round in 0..ROUNDS {
            let width = if round % 2 == 0 { self.left } else { self.right };
            (left, right) = (right, (left ^ self.round(round, right)) & mask(width));
        }
        (left << self.right) | right
    }

    fn round(&self, round: u8, half: u64) -> u64 {
        let mut message = [round; 9];
        if let Some(rest) = message.last_chunk_mut() {
            *rest = half.to_be_bytes();
        }
        let [a, b, c, d, e, f, g, h, ..] = self.key.mac(&message);
        u64::from_be_bytes([a, b, c, d, e, f, g, h])
    }
}

const fn mask(width: u32) -> u64 {
    (1 << width) - 1
}

/// Shows no key.
impl fmt::Debug for Permutation {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Permutation(of {})", self.capacity)
    }
}

/// Places that belong to one node: `start` and what follows, up to and without `end`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lease {
    /// The first place.
    pub start: u64,
    /// The first place that does not belong to it.
    pub end: u64,
}

impl Lease {
    /// The block after the `taken` places that are gone: at most `size`, fewer at the end of the list, none when it is
    /// full. Store [`end`](Self::end) as the new `taken`, provided that it still is what was read, in one atomic step;
    /// only then is the lease good.
    #[must_use]
    pub fn after(taken: u64, size: u64, capacity: u64) -> Option<Self> {
        let end = taken.saturating_add(size).min(capacity);
        (taken < end).then_some(Self { start: taken, end })
    }

    /// How many places it has.
    #[must_use]
    pub const fn len(self) -> u64 {
        self.end.saturating_sub(self.start)
    }

    /// Whether it has none.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// Its first place, which it has no longer then.
    fn take(&mut self) -> Option<u64> {
        let place = self.start;
        (place < self.end).then(|| {
            self.start += 1;
            place
        })
    }
}

/// The indices of one list, on one node: leases go in, indices come out, from any thread.
///
/// ```
/// use credenza_formats::status_list::{Allocator, Lease, Permutation};
///
/// let allocator = Allocator::new(Permutation::new(&[7; 32], "https://issuer.example/status/1", 1000)?);
/// assert_eq!(allocator.take(), None);
/// // A lease is due. The store says that 40 places are taken, and is told, atomically, that now it is 60.
/// let lease = Lease::after(40, 20, allocator.capacity()).unwrap();
/// assert_eq!(lease.end, 60);
/// allocator.add(lease);
/// assert!(allocator.take().is_some());
/// # Ok::<_, credenza_formats::status_list::allocate::PermutationError>(())
/// ```
#[derive(Debug)]
pub struct Allocator {
    permutation: Permutation,
    leases: Mutex<VecDeque<Lease>>,
}

impl Allocator {
    /// An allocator without a lease.
    #[must_use]
    pub const fn new(permutation: Permutation) -> Self {
        Self { permutation, leases: Mutex::new(VecDeque::new()) }
    }

    /// Adds a lease that this node has got. Several that were got at the same time are used one after the other.
    pub fn add(&self, lease: Lease) {
        self.leases().push_back(lease);
    }

    /// One index, for good. `None` says that the next lease is due.
    #[must_use = "the index is gone, whether it is used or not"]
    pub fn take(&self) -> Option<u64> {
        let place = {
            let mut leases = self.leases();
            loop {
                let lease = leases.front_mut()?;
                if let Some(place) = lease.take() {
                    break place;
                }
                leases.pop_front();
            }
        };
        self.permutation.index(place)
    }

    /// How many indices can be taken before the next lease is due: to get it in time.
    #[must_use]
    pub fn remaining(&self) -> u64 {
        self.leases().iter().copied().map(Lease::len).sum()
    }

    /// How many places the list has.
    #[must_use]
    pub const fn capacity(&self) -> u64 {
        self.permutation.capacity()
    }

    fn leases(&self) -> MutexGuard<'_, VecDeque<Lease>> {
        self.leases.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
