//! Of several nodes that see a change of a list, one signs.

use std::sync::Arc;
use std::time::Duration;

use credenza_core::StoreError;
use credenza_vci::issuer::status::{CredentialState, PublishError, StatusLists, TURN};

use crate::status::{Nodes, assign, memory, small};
use crate::support::wait;

/// Two nodes with a list that both want to publish.
fn two() -> (Nodes, [Arc<StatusLists>; 2], String) {
    let nodes = Nodes::new();
    let records = memory();
    let [one, two] = [1, 2].map(|seed| Arc::new(nodes.node(records.clone(), seed, small())));
    let list = assign(&one, "s", 1).remove(0).uri.rsplit('/').next().unwrap().to_owned();
    (nodes, [one, two], list)
}

#[test]
fn q_one_signs_and_the_other_serves_it() {
    let (nodes, [one, two], list) = two();
    for revoked in [false, true] {
        if revoked {
            let id = wait(one.credentials(None, None, 1)).unwrap()[0].id.clone();
            wait(two.change(&id, CredentialState::Revoked)).unwrap();
        }
        let mut first = wait(one.snapshot(&list)).unwrap().unwrap();
        let mut second = wait(two.snapshot(&list)).unwrap().unwrap();
        assert!(wait(one.take_turn(&mut first)).unwrap());
        assert!(!wait(two.take_turn(&mut second)).unwrap(), "it is the other's turn");
        let published = wait(one.publish(first.encode())).unwrap();
        // The turn is over, and what was read before it is old.
        assert!(!wait(two.take_turn(&mut second)).unwrap());
        let again = wait(two.snapshot(&list)).unwrap().unwrap();
        let now = credenza_core::Clock::now(&*nodes.clock);
        assert_eq!(again.current(now), Some(published));
    }
}

#[test]
fn q_a_turn_whose_node_has_died_ends_by_itself() {
    let (nodes, [one, two], list) = two();
    let mut first = wait(one.snapshot(&list)).unwrap().unwrap();
    let mut second = wait(two.snapshot(&list)).unwrap().unwrap();
    assert!(wait(one.take_turn(&mut first)).unwrap());
    nodes.clock.advance(TURN - Duration::from_secs(1));
    assert!(!wait(two.take_turn(&mut second)).unwrap());
    nodes.clock.advance(Duration::from_secs(1));
    assert!(wait(two.take_turn(&mut second)).unwrap());
    // The first one was only slow: nothing of it is stored.
    let late = wait(one.publish(first.encode()));
    assert!(matches!(late, Err(PublishError::Store(StoreError::Unavailable(_)))), "{late:?}");
    let published = wait(two.publish(second.encode())).unwrap();
    assert_eq!(wait(one.published(&list)).unwrap(), Some(published));
}

#[test]
fn q_a_turn_under_a_clock_that_was_wrong_holds_nobody_up() {
    let (nodes, [one, two], list) = two();
    let mut first = wait(one.snapshot(&list)).unwrap().unwrap();
    nodes.clock.advance(Duration::from_secs(86_400));
    assert!(wait(one.take_turn(&mut first)).unwrap());
    nodes.clock.set(crate::support::START);
    let mut second = wait(two.snapshot(&list)).unwrap().unwrap();
    assert!(wait(two.take_turn(&mut second)).unwrap());
}
