//! Indices for new credentials: rows L13 and L15 of the attack catalogue.

use std::collections::HashSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use credenza_formats::status_list::allocate::{MAX_CAPACITY, PermutationError};
use credenza_formats::status_list::{Allocator, Lease, Permutation};
use proptest::prelude::*;

const URI: &str = "https://issuer.example/statuslists/1";
const SECRET: [u8; 32] = [7; 32];

fn permutation(capacity: u64) -> Permutation {
    Permutation::new(&SECRET, URI, capacity).unwrap()
}

fn indices(permutation: &Permutation, count: u64) -> Vec<u64> {
    (0..count).map(|n| permutation.index(n).unwrap()).collect()
}

// Clauses: TSL-13.3-03, TSL-13.3-04, TSL-13.2-01, TSL-13.2-02
#[test]
fn l13_every_index_once() {
    for capacity in (1..70).chain([127, 128, 129, 1000, 4096, 5000]) {
        let permutation = permutation(capacity);
        let mut all = indices(&permutation, capacity);
        all.sort_unstable();
        assert!(all.into_iter().eq(0..capacity), "{capacity}");
        assert_eq!(permutation.index(capacity), None);
        assert_eq!(permutation.index(u64::MAX), None);
    }
}

// Clauses: TSL-13.3-03, TSL-13.3-04
#[test]
fn l13_two_nodes_and_many_threads() {
    const EACH_NODE: u64 = 20_000;
    const BLOCK: u64 = 37;
    let capacity = 2 * EACH_NODE + 100_000;
    let store = AtomicU64::new(0);
    let lease = || {
        let taken = store.load(Ordering::SeqCst);
        let lease = Lease::after(taken, BLOCK, capacity).unwrap();
        store.compare_exchange(taken, lease.end, Ordering::SeqCst, Ordering::SeqCst).is_ok().then_some(lease)
    };
    let given = Mutex::new(Vec::new());
    let nodes = [(); 2].map(|()| (Allocator::new(permutation(capacity)), AtomicU64::new(0)));
    thread::scope(|scope| {
        for (allocator, issued) in &nodes {
            for _ in 0..64 {
                scope.spawn(|| {
                    let mut mine = Vec::new();
                    while issued.fetch_add(1, Ordering::SeqCst) < EACH_NODE {
                        let index = loop {
                            if let Some(index) = allocator.take() {
                                break index;
                            }
                            lease().into_iter().for_each(|lease| allocator.add(lease));
                        };
                        mine.push(index);
                    }
                    given.lock().unwrap().extend(mine);
                });
            }
        }
    });
    let given = given.into_inner().unwrap();
    assert_eq!(given.len() as u64, 2 * EACH_NODE);
    let different: HashSet<_> = given.iter().collect();
    assert_eq!(different.len(), given.len(), "no index twice");
    assert!(given.iter().all(|index| *index < capacity));
}

#[test]
fn l13_leases() {
    assert_eq!(Lease::after(0, 10, 25), Some(Lease { start: 0, end: 10 }));
    assert_eq!(Lease::after(20, 10, 25), Some(Lease { start: 20, end: 25 }));
    assert_eq!(Lease::after(25, 10, 25), None);
    assert_eq!(Lease::after(26, 10, 25), None);
    assert_eq!(Lease::after(0, 0, 25), None);
    assert_eq!(Lease::after(u64::MAX - 1, 10, u64::MAX), Some(Lease { start: u64::MAX - 1, end: u64::MAX }));
    let lease = Lease { start: 3, end: 5 };
    assert_eq!((lease.len(), lease.is_empty()), (2, false));
    let allocator = Allocator::new(permutation(100));
    assert_eq!((allocator.take(), allocator.remaining()), (None, 0));
    allocator.add(lease);
    allocator.add(Lease { start: 9, end: 9 });
    allocator.add(Lease { start: 7, end: 8 });
    assert_eq!(allocator.remaining(), 3);
    let expected = [3, 4, 7].map(|place| permutation(100).index(place));
    assert_eq!([allocator.take(), allocator.take(), allocator.take()], expected);
    assert_eq!((allocator.take(), allocator.remaining()), (None, 0));
    // What begins after a crash begins after the lease: the places in between are a hole, and are not given again.
    assert_eq!(Lease::after(lease.end, 2, 100), Some(Lease { start: 5, end: 7 }));
}

// Clauses: TSL-12.5.1-02
#[test]
fn l15_indices_pass_the_runs_test() {
    let capacity = 1_000_000;
    for uri in [URI, "https://issuer.example/statuslists/2", "x"] {
        let permutation = Permutation::new(&SECRET, uri, capacity).unwrap();
        let indices = indices(&permutation, 10_000);
        // Wald-Wolfowitz: how often the sequence changes sides of the median.
        let mut sorted = indices.clone();
        sorted.sort_unstable();
        let median = sorted[5000];
        let above: Vec<bool> = indices.iter().map(|index| *index >= median).collect();
        let runs = 1 + above.windows(2).filter(|pair| pair[0] != pair[1]).count();
        let (mean, deviation) = (5001.0, (5000.0_f64 * 4999.0 / 9999.0).sqrt());
        let z = (runs as f64 - mean) / deviation;
        assert!(z.abs() < 3.5, "{runs} runs");
        // Runs up and down.
        let up: Vec<bool> = indices.windows(2).map(|pair| pair[0] < pair[1]).collect();
        let runs = 1 + up.windows(2).filter(|pair| pair[0] != pair[1]).count();
        let (mean, deviation) = ((2.0 * 10_000.0 - 1.0) / 3.0, ((16.0 * 10_000.0 - 29.0) / 90.0_f64).sqrt());
        assert!(((runs as f64 - mean) / deviation).abs() < 3.5, "{runs} runs up and down");
        // All parts of the list are used alike: chi squared with 99 degrees of freedom.
        let mut parts = [0_u32; 100];
        for index in &indices {
            parts[usize::try_from(index * 100 / capacity).unwrap()] += 1;
        }
        let chi: f64 = parts.iter().map(|count| (f64::from(*count) - 100.0).powi(2) / 100.0).sum();
        assert!((55.0..160.0).contains(&chi), "chi squared {chi}");
    }
}

#[test]
fn l15_nothing_is_shared_between_lists() {
    let one = indices(&permutation(1 << 20), 1000);
    let same = |other: &Permutation| {
        one.iter().zip(indices(other, 1000)).filter(|(one, other)| **one == *other).count()
    };
    assert_eq!(
        same(&permutation(1 << 20)),
        1000,
        "a node that starts again goes on with the same permutation"
    );
    assert!(same(&Permutation::new(&SECRET, "https://issuer.example/statuslists/2", 1 << 20).unwrap()) < 5);
    assert!(same(&Permutation::new(&[8; 32], URI, 1 << 20).unwrap()) < 5);
    assert!(same(&permutation((1 << 20) - 1)) < 5);
}

#[test]
fn limits_of_a_permutation() {
    let error = |secret: &[u8], capacity| Permutation::new(secret, URI, capacity).unwrap_err();
    assert_eq!(error(&SECRET[1..], 10), PermutationError::Secret);
    assert_eq!(error(&SECRET, 0), PermutationError::Capacity);
    assert_eq!(error(&SECRET, MAX_CAPACITY + 1), PermutationError::Capacity);
    let largest = permutation(MAX_CAPACITY);
    assert!(indices(&largest, 100).iter().all(|index| *index < MAX_CAPACITY));
    assert_eq!(format!("{largest:?}"), "Permutation(of 4294967296)");
}

proptest! {
    #[test]
    fn any_capacity(capacity in 1..MAX_CAPACITY, n: u64) {
        let permutation = permutation(capacity);
        let n = n % capacity;
        let index = permutation.index(n).unwrap();
        prop_assert!(index < capacity);
        if n > 0 {
            prop_assert_ne!(permutation.index(n - 1).unwrap(), index);
        }
    }
}
