//! The cache of validated paths: it answers as validation would, always.

use std::sync::Arc;
use std::time::Duration;

use credenza_crypto::x509::{Anchors, ChainCache, PathPolicy, X509Error};

use crate::support::NOW;
use crate::x509_path::{DAY, pki};

const POLICY: PathPolicy<'_> = PathPolicy { extended_key_usage: None, anchor_must_be_absent: true };

fn anchors(of: &[&crate::x509_path::Pki]) -> Anchors {
    let anchors: Vec<Vec<u8>> = of.iter().map(|pki| pki.root.certificate().to_vec()).collect();
    Anchors::new(&anchors).unwrap()
}

#[test]
fn the_second_time_is_from_memory() {
    let (cache, pki) = (ChainCache::default(), pki(1));
    let anchors = anchors(&[&pki]);
    let one = cache.validate(&pki.chain, &anchors, NOW, POLICY).unwrap();
    let two = cache.validate(&pki.chain, &anchors, NOW + DAY, POLICY).unwrap();
    assert!(Arc::ptr_eq(&one, &two));
    assert_eq!(cache.len(), 1);
}

#[test]
fn x03_never_beyond_validity() {
    let (cache, pki) = (ChainCache::default(), pki(1));
    let anchors = anchors(&[&pki]);
    cache.validate(&pki.chain, &anchors, NOW, POLICY).unwrap();
    assert!(cache.validate(&pki.chain, &anchors, NOW + DAY * 30, POLICY).is_ok());
    for time in [NOW + DAY * 30 + Duration::from_secs(1), NOW - Duration::from_secs(1)] {
        let error = cache.validate(&pki.chain, &anchors, time, POLICY).unwrap_err();
        assert!(matches!(error, X509Error::Untrusted(_)));
    }
    // A clock that was set back finds the path valid again.
    assert!(cache.validate(&pki.chain, &anchors, NOW, POLICY).is_ok());
}

#[test]
fn x13_never_beyond_a_change_of_anchors() {
    let (cache, one, two) = (ChainCache::default(), pki(1), pki(2));
    cache.validate(&one.chain, &anchors(&[&one]), NOW, POLICY).unwrap();
    assert!(cache.validate(&one.chain, &anchors(&[&two]), NOW, POLICY).is_err());
    assert!(cache.validate(&one.chain, &anchors(&[]), NOW, POLICY).is_err());
    let path = cache.validate(&one.chain, &anchors(&[&two, &one]), NOW, POLICY).unwrap();
    assert_eq!(path.anchor, 1);
    let path = cache.validate(&one.chain, &anchors(&[&one, &two]), NOW, POLICY).unwrap();
    assert_eq!(path.anchor, 0);
}

#[test]
fn each_policy_has_its_own_answer() {
    let (cache, pki) = (ChainCache::default(), pki(1));
    let anchors = anchors(&[&pki]);
    let mut chain = pki.chain.clone();
    chain.push(pki.root.certificate().to_vec());
    assert!(cache.validate(&chain, &anchors, NOW, PathPolicy::default()).is_ok());
    assert!(cache.validate(&chain, &anchors, NOW, POLICY).is_err());
    let policy = PathPolicy { extended_key_usage: Some("1.0.18013.5.1.6"), ..PathPolicy::default() };
    assert!(cache.validate(&chain, &anchors, NOW, policy).is_err());
    let mut cut = pki.chain.clone();
    cut[0].pop();
    assert!(cache.validate(&cut, &anchors, NOW, PathPolicy::default()).is_err());
}

#[test]
fn it_is_bounded_and_failures_leave_nothing() {
    let cache = ChainCache::new(3);
    let all: Vec<_> = (1..=5).map(pki).collect();
    let anchors = anchors(&all.iter().collect::<Vec<_>>());
    for pki in &all {
        cache.validate(&pki.chain, &anchors, NOW, POLICY).unwrap();
        assert!(cache.validate(&pki.chain[..1], &anchors, NOW, POLICY).is_err());
    }
    assert_eq!(cache.len(), 3);
    assert!(!cache.is_empty());
    assert!(ChainCache::new(0).validate(&all[0].chain, &anchors, NOW, POLICY).is_ok());
}
