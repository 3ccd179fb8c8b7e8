//! Places, the register and the lists of an issuer: on one node and on several, over memory and SQLite.

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use credenza_core::{Clock as _, FixedClock, Records, Report, SeededRandom};
use credenza_crypto::{Algorithm, Signer as _, SoftwareSigner};
use credenza_formats::status_list::bitstring::{BitstringEntry, BitstringList, MIN_ENTRIES};
use credenza_formats::status_list::token::{Expected, cwt, jwt};
use credenza_formats::status_list::{Status, StatusBits, StatusList, StatusReference};
use credenza_formats::w3c::binding::KeyOf;
use credenza_formats::w3c::{Moment, jwt as vc_jwt};
use credenza_store::{MemoryRecords, SqliteOptions, SqliteStore};
use credenza_vci::issuer::status::{
    BitstringPurpose, ChangeError, CredentialState, Place, Published, StatusLists, StatusPolicy,
    StatusPolicyError, StatusPorts,
};
use credenza_vci::issuer::{CredentialConfiguration, IssuanceContext, StatusSource};
use serde_json::Value;

use crate::support::{ISSUER, START, World, pid, wait};

const HOUR: Duration = Duration::from_secs(3600);

pub(crate) struct Nodes {
    pub(crate) clock: Arc<FixedClock>,
    pub(crate) signer: Arc<SoftwareSigner>,
}

impl Nodes {
    pub(crate) fn new() -> Self {
        let signer = SoftwareSigner::generate(Algorithm::Es256, &SeededRandom::new(9)).unwrap();
        Self { clock: Arc::new(FixedClock::at(START)), signer: Arc::new(signer.with_kid("status")) }
    }

    /// A node with a randomness of its own.
    pub(crate) fn node(&self, records: Arc<dyn Records>, seed: u64, policy: StatusPolicy) -> StatusLists {
        let ports = StatusPorts {
            records,
            signer: self.signer.clone(),
            clock: self.clock.clone(),
            random: Arc::new(SeededRandom::new(seed)),
        };
        StatusLists::new(ISSUER, ports, policy).unwrap()
    }

    pub(crate) fn verify(&self, uri: &str, published: &Published) -> StatusList {
        let mut report = Report::new("list");
        let now = self.clock.now();
        let key = &self.signer.public_jwk().key;
        let token = jwt::Unverified::read(&published.jwt, 1 << 24, &mut report).unwrap();
        let by_jwt = token.verify(key, &Expected::of(uri, now), &mut report).expect("a good list");
        let bytes = published.cwt();
        let token = cwt::Unverified::read(&bytes, 1 << 24, &mut report).unwrap();
        let by_cwt = token.verify(key, &Expected::of(uri, now), &mut report).expect("a good list");
        assert!(report.ok(), "{report}");
        assert_eq!(by_jwt.statuses.as_bytes(), by_cwt.statuses.as_bytes());
        assert_eq!((by_jwt.ttl, by_jwt.expires_at), (by_cwt.ttl, by_cwt.expires_at));
        by_jwt
    }
}

pub(crate) fn memory() -> Arc<dyn Records> {
    Arc::new(MemoryRecords::default())
}

fn sqlite(path: &Path, clock: &Arc<FixedClock>) -> Arc<dyn Records> {
    Arc::new(SqliteStore::open(path, clock.clone(), SqliteOptions::default()).unwrap())
}

pub(crate) fn small() -> StatusPolicy {
    StatusPolicy { capacity: 1024, lease: 16, ..StatusPolicy::default() }
}

pub(crate) fn assign_as(
    node: &StatusLists,
    configuration: &CredentialConfiguration,
    session: &str,
    copies: usize,
) -> Vec<Value> {
    let context = IssuanceContext {
        session,
        credential: "",
        reference: None,
        subject: None,
        configuration,
        offered: None,
    };
    wait(node.assign(&context, copies, START + HOUR)).unwrap()
}

pub(crate) fn assign(node: &StatusLists, session: &str, copies: usize) -> Vec<StatusReference> {
    let statuses = assign_as(node, &pid(), session, copies);
    statuses.iter().map(|status| StatusReference::from_status(status).unwrap().unwrap()).collect()
}

fn status(nodes: &Nodes, node: &StatusLists, reference: &StatusReference) -> Status {
    let list = reference.uri.rsplit('/').next().unwrap();
    let published = wait(node.republish(list)).unwrap().unwrap();
    nodes.verify(&reference.uri, &published).lookup(reference.idx).unwrap()
}

// Clauses: TSL-13.2-01, TSL-13.2-02, TSL-13.3-03, TSL-13.3-04, HAIP-6.1-11
#[test]
fn l05_fifty_at_once_on_two_nodes_never_get_the_same_place() {
    let folder = tempfile::tempdir().unwrap();
    let nodes = Nodes::new();
    let file = folder.path().join("c.db");
    let both = [1, 2].map(|seed| nodes.node(sqlite(&file, &nodes.clock), seed, small()));
    let got: Vec<Vec<StatusReference>> = std::thread::scope(|scope| {
        let both = &both;
        let threads: Vec<_> = (0..50_usize)
            .map(|number| {
                scope.spawn(move || {
                    let node = &both[number % 2];
                    (0..10).flat_map(|_| assign(node, &format!("session-{number}"), 5)).collect()
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let all: Vec<_> = got.into_iter().flatten().collect();
    let unique: HashSet<_> = all.iter().cloned().collect();
    assert_eq!((all.len(), unique.len()), (2500, 2500));
    assert!(all.iter().all(|reference| reference.idx < 1024));
    let lists: HashSet<_> = all.iter().map(|reference| reference.uri.clone()).collect();
    assert!(lists.len() >= 3, "the lists were full, and the next ones were begun");
    // Both nodes know the same lists and the same register.
    assert_eq!(wait(both[0].lists()).unwrap(), wait(both[1].lists()).unwrap());
    let mut register = wait(both[0].credentials(None, None, 1000)).unwrap();
    assert_eq!(register.len(), 500);
    let places: HashSet<Place> = register.drain(..).flat_map(|record| record.places).collect();
    assert_eq!(places.len(), 2500);
}

#[test]
fn l05_a_node_that_dies_takes_its_lease_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let nodes = Nodes::new();
    let file = folder.path().join("c.db");
    let mut seen = HashSet::new();
    for life in 0..20 {
        let node = nodes.node(sqlite(&file, &nodes.clock), life, small());
        for reference in assign(&node, "s", 3) {
            assert!(seen.insert(reference), "life {life}");
        }
    }
    assert_eq!(seen.len(), 60);
    assert_eq!(wait(nodes.node(sqlite(&file, &nodes.clock), 99, small()).lists()).unwrap()[0].taken, 320);
}

// Clauses: HAIP-6.1-11
#[test]
fn p06_places_do_not_tell_the_order_of_issuance() {
    let nodes = Nodes::new();
    let node = nodes.node(memory(), 1, StatusPolicy { capacity: 1 << 16, ..small() });
    let got: Vec<u64> = assign(&node, "s", 200).iter().map(|reference| reference.idx).collect();
    let close = got.windows(2).filter(|pair| pair[0].abs_diff(pair[1]) < 256).count();
    assert!(close < 10, "{close} of 199 are near the one before");
    let rising = got.windows(2).filter(|pair| pair[0] < pair[1]).count();
    assert!((60..140).contains(&rising), "{rising}");
    // Another list scatters them in another way.
    let other = nodes.node(memory(), 2, StatusPolicy { capacity: 1 << 16, ..small() });
    let others: Vec<u64> = assign(&other, "s", 200).iter().map(|reference| reference.idx).collect();
    assert_ne!(got, others);
}

// Clauses: TSL-4.1-01, TSL-5.1-05, TSL-5.2-06, TSL-7-03, TSL-7.1-01, TSL-13.3-02
#[test]
fn l01_suspended_restored_revoked_for_all_copies_and_nobody_else() {
    let nodes = Nodes::new();
    let node = nodes.node(memory(), 1, small());
    let copies = assign(&node, "s", 3);
    let other = assign(&node, "t", 1).remove(0);
    let id = wait(node.credentials(Some("s"), None, 9)).unwrap()[0].id.clone();
    for (state, says) in [
        (CredentialState::Suspended, Status::Suspended),
        (CredentialState::Valid, Status::Valid),
        (CredentialState::Suspended, Status::Suspended),
        (CredentialState::Revoked, Status::Invalid),
    ] {
        nodes.clock.advance(Duration::from_secs(1));
        let changed = wait(node.change(&id, state)).unwrap();
        assert_eq!((changed.state, changed.changed_at), (state, Some(nodes.clock.now())));
        assert_eq!(wait(node.credential(&id)).unwrap().unwrap(), changed);
        for copy in &copies {
            assert_eq!(status(&nodes, &node, copy), says);
        }
        assert_eq!(status(&nodes, &node, &other), Status::Valid);
    }
    for state in [CredentialState::Valid, CredentialState::Suspended] {
        assert_eq!(wait(node.change(&id, state)), Err(ChangeError::Final));
    }
    // Again is a success, and changes nothing.
    let before = wait(node.credential(&id)).unwrap().unwrap();
    nodes.clock.advance(HOUR);
    assert_eq!(wait(node.change(&id, CredentialState::Revoked)).unwrap(), before);
    assert_eq!(wait(node.change("nobody", CredentialState::Revoked)), Err(ChangeError::NotFound));
}

// Clauses: TSL-7-03
#[test]
fn one_bit_knows_no_suspension() {
    let nodes = Nodes::new();
    let node = nodes.node(memory(), 1, StatusPolicy { bits: StatusBits::One, ..small() });
    let copy = assign(&node, "s", 1).remove(0);
    let id = wait(node.credentials(Some("s"), None, 9)).unwrap()[0].id.clone();
    let refused = wait(node.change(&id, CredentialState::Suspended));
    assert_eq!(refused, Err(ChangeError::TooFewBits(StatusBits::One)));
    assert_eq!(wait(node.credential(&id)).unwrap().unwrap().state, CredentialState::Valid);
    wait(node.change(&id, CredentialState::Revoked)).unwrap();
    assert_eq!(status(&nodes, &node, &copy), Status::Invalid);
}

#[test]
fn q_no_change_is_lost_when_many_meet_in_one_chunk() {
    let folder = tempfile::tempdir().unwrap();
    let nodes = Nodes::new();
    let file = folder.path().join("c.db");
    let both = [1, 2].map(|seed| nodes.node(sqlite(&file, &nodes.clock), seed, small()));
    let copies: Vec<_> = (0..40).flat_map(|number| assign(&both[0], &format!("s{number}"), 2)).collect();
    let ids: Vec<_> =
        wait(both[0].credentials(None, None, 99)).unwrap().into_iter().map(|record| record.id).collect();
    assert_eq!(ids.len(), 40);
    std::thread::scope(|scope| {
        for (number, part) in ids.chunks(10).enumerate() {
            let node = &both[number % 2];
            scope.spawn(move || {
                for id in part {
                    wait(node.change(id, CredentialState::Revoked)).unwrap();
                }
            });
        }
    });
    let revoked = copies.iter().all(|copy| status(&nodes, &both[1], copy) == Status::Invalid);
    assert!(revoked, "every place of every credential");
    let list = copies[0].uri.rsplit('/').next().unwrap();
    let published = wait(both[0].republish(list)).unwrap().unwrap();
    let marked = nodes.verify(&copies[0].uri, &published).statuses.iter().filter(|it| !it.is_valid()).count();
    assert_eq!(marked, 80, "and of nobody else");
}

// Clauses: TSL-5.1-07, TSL-5.1-09, TSL-5.1-11, TSL-5.2-07, TSL-5.2-09, TSL-5.2-11, TSL-5.2-13, TSL-13.7-02
#[test]
fn all_nodes_serve_one_token_and_sign_it_anew_in_time() {
    let nodes = Nodes::new();
    let records = memory();
    let (one, two) = (nodes.node(records.clone(), 1, small()), nodes.node(records, 2, small()));
    let copy = assign(&one, "s", 1).remove(0);
    let list = copy.uri.rsplit('/').next().unwrap();
    let first = wait(one.republish(list)).unwrap().unwrap();
    let verified = nodes.verify(&copy.uri, &first);
    assert_eq!(verified.issued_at, START);
    assert_eq!(verified.expires_at, Some(START + small().validity));
    assert_eq!(verified.ttl, Some(small().ttl));
    assert_eq!(verified.aggregation_uri.as_deref(), Some(one.aggregation_uri()));
    nodes.clock.advance(HOUR);
    assert_eq!(wait(two.republish(list)).unwrap().unwrap(), first, "nothing has changed");
    // Half of its life is over.
    nodes.clock.set(START + small().validity / 2);
    let second = wait(two.republish(list)).unwrap().unwrap();
    assert_eq!(second.issued_at, nodes.clock.now());
    assert_eq!(wait(one.republish(list)).unwrap().unwrap(), second);
    // A node whose clock is behind does not publish a list that seems older.
    nodes.clock.set(START + HOUR);
    let id = wait(one.credentials(None, None, 1)).unwrap()[0].id.clone();
    wait(one.change(&id, CredentialState::Revoked)).unwrap();
    let third = wait(one.republish(list)).unwrap().unwrap();
    assert_eq!(third.issued_at, second.issued_at);
    assert_eq!(wait(one.republish("nothing")).unwrap(), None);
    assert!(first.is_good(START) && !first.is_good(first.expires_at));
}

#[test]
fn q_of_two_that_publish_at_once_one_wins() {
    let nodes = Nodes::new();
    let records = memory();
    let (one, two) = (nodes.node(records.clone(), 1, small()), nodes.node(records, 2, small()));
    let copy = assign(&one, "s", 1).remove(0);
    let list = copy.uri.rsplit('/').next().unwrap();
    let before = wait(one.snapshot(list)).unwrap().unwrap();
    let id = wait(one.credentials(None, None, 1)).unwrap()[0].id.clone();
    wait(two.change(&id, CredentialState::Revoked)).unwrap();
    let after = wait(two.snapshot(list)).unwrap().unwrap();
    let newer = wait(two.publish(after.encode())).unwrap();
    let answered = wait(one.publish(before.encode())).unwrap();
    assert_eq!(answered, newer, "the older statuses do not replace the newer ones");
    assert_eq!(status(&nodes, &one, &copy), Status::Invalid);
}

// Clauses: TSL-9.3-01
#[test]
fn other_settings_begin_another_list_and_old_credentials_keep_theirs() {
    let nodes = Nodes::new();
    let records = memory();
    let old = nodes.node(records.clone(), 1, StatusPolicy { bits: StatusBits::One, ..small() });
    let before = assign(&old, "s", 1).remove(0);
    let new = nodes.node(records, 2, StatusPolicy { bits: StatusBits::Eight, ..small() });
    let after = assign(&new, "t", 1).remove(0);
    assert_ne!(before.uri, after.uri);
    let lists = wait(new.lists()).unwrap();
    assert_eq!(lists.iter().map(|list| list.bits).collect::<HashSet<_>>(), HashSet::from([1, 8]));
    let aggregation = wait(new.aggregation()).unwrap().status_lists;
    assert_eq!(HashSet::from_iter(aggregation), HashSet::from([before.uri.clone(), after.uri]));
    let id = wait(new.credentials(Some("s"), None, 9)).unwrap()[0].id.clone();
    wait(new.change(&id, CredentialState::Revoked)).unwrap();
    assert_eq!(status(&nodes, &new, &before), Status::Invalid);
}

// Clauses: TSL-4.1-01
#[test]
fn every_width_is_published() {
    for bits in [StatusBits::One, StatusBits::Two, StatusBits::Four, StatusBits::Eight] {
        let nodes = Nodes::new();
        let node = nodes.node(memory(), 1, StatusPolicy { bits, capacity: 100_000, ..small() });
        let copies = assign(&node, "s", 30);
        let id = wait(node.credentials(None, None, 1)).unwrap()[0].id.clone();
        wait(node.change(&id, CredentialState::Revoked)).unwrap();
        let published = wait(node.republish(copies[0].uri.rsplit('/').next().unwrap())).unwrap().unwrap();
        let list = nodes.verify(&copies[0].uri, &published);
        assert_eq!(list.statuses.bits(), bits);
        let marked: HashSet<u64> =
            (0..list.statuses.len()).filter(|index| list.lookup(*index) == Ok(Status::Invalid)).collect();
        assert_eq!(marked, copies.iter().map(|copy| copy.idx).collect());
    }
}

#[test]
fn w3c_credentials_have_bitstring_status_lists() {
    let nodes = Nodes::new();
    let policy = StatusPolicy { bitstring: true, capacity: MIN_ENTRIES, ..small() };
    let node = nodes.node(memory(), 1, policy);
    let degree: CredentialConfiguration = serde_json::from_value(serde_json::json!({
        "id": "degree", "format": "vc+jwt",
        "credential_definition": {"type": ["VerifiableCredential", "Degree"]},
    }))
    .unwrap();
    let copies = assign_as(&node, &degree, "s", 2);
    let id = wait(node.credentials(Some("s"), None, 9)).unwrap()[0].id.clone();
    for (state, revoked, suspended) in
        [(CredentialState::Valid, 0, 0), (CredentialState::Suspended, 0, 1), (CredentialState::Revoked, 1, 0)]
    {
        wait(node.change(&id, state)).unwrap();
        for entry in copies.iter().flat_map(|copy| BitstringEntry::all_of(copy).unwrap()) {
            let (of, purpose) = entry.list.rsplit_once('/').unwrap();
            let published = wait(node.republish(of.rsplit('/').next().unwrap())).unwrap().unwrap();
            let purpose = BitstringPurpose::ALL.into_iter().find(|known| known.name() == purpose).unwrap();
            let mut report = Report::new("list");
            let parsed = vc_jwt::VcJwt::read(published.bitstring(purpose).unwrap(), &mut report).unwrap();
            let moment = Moment { now: nodes.clock.now(), leeway: Duration::ZERO };
            let key = &nodes.signer.public_jwk().key;
            let verified =
                vc_jwt::verify(parsed, KeyOf::known(key), &vc_jwt::Expected::at(moment), &mut report);
            let document = verified.unwrap_or_else(|| panic!("{report}")).credential.into_document();
            assert_eq!(document["id"], entry.list.as_str());
            let found = BitstringList::read(&document["credentialSubject"]).unwrap().check(&entry).unwrap();
            let wanted = if purpose == BitstringPurpose::Revocation { revoked } else { suspended };
            assert_eq!(found.value, wanted, "{state:?} {purpose:?}");
        }
    }
}

#[test]
fn the_register_is_paged_by_session_and_by_time_and_has_no_claims() {
    let nodes = Nodes::new();
    let node = nodes.node(memory(), 1, small());
    for number in 0..7 {
        nodes.clock.advance(Duration::from_secs(1));
        assign(&node, if number % 2 == 0 { "even" } else { "odd" }, 1);
    }
    let all = wait(node.credentials(None, None, 99)).unwrap();
    assert!(all.windows(2).all(|pair| pair[0].issued_at < pair[1].issued_at));
    let page = wait(node.credentials(None, Some(&all[2].id), 2)).unwrap();
    assert_eq!(page, all[3..5]);
    assert_eq!(wait(node.credentials(Some("odd"), None, 99)).unwrap().len(), 3);
    assert_eq!(wait(node.credentials(Some("nobody"), None, 99)).unwrap(), []);
    let text = serde_json::to_value(&all[0]).unwrap();
    let mut names: Vec<_> = text.as_object().unwrap().keys().map(String::as_str).collect();
    names.sort_unstable();
    let known =
        ["credential_configuration_id", "expires_at", "id", "issued_at", "places", "session", "state"];
    assert_eq!(names, known);
}

// Clauses: TSL-9.1-02
#[test]
fn what_is_issued_is_in_the_register() {
    let nodes = Nodes::new();
    let node = Arc::new(nodes.node(memory(), 1, small()));
    let world = World::with(|builder| builder.status_source(node.clone()));
    let offer = world.offer();
    let token = world.redeem(&offer);
    let answer = world.credential(&token, &world.request());
    assert_eq!(answer.status(), 200);
    let register = wait(node.credentials(Some(&offer.id), None, 9)).unwrap();
    let [record] = register.as_slice() else { panic!("{register:?}") };
    assert_eq!((record.credential_configuration_id.as_str(), record.places.len()), ("pid", 1));
    assert!(record.expires_at > record.issued_at);
    let metadata: Value = serde_json::from_slice(&world.issuer.authorization_server_metadata()).unwrap();
    assert_eq!(metadata["status_list_aggregation_endpoint"], node.aggregation_uri());
}

#[test]
fn policies_that_can_not_be() {
    let nodes = Nodes::new();
    let refused = |policy| {
        let ports = StatusPorts {
            records: memory(),
            signer: nodes.signer.clone(),
            clock: nodes.clock.clone(),
            random: Arc::new(SeededRandom::new(1)),
        };
        StatusLists::new(ISSUER, ports, policy).unwrap_err()
    };
    let policy = StatusPolicy::default();
    assert_eq!(refused(StatusPolicy { capacity: 1000, ..policy }), StatusPolicyError::Capacity);
    assert_eq!(refused(StatusPolicy { capacity: 1 << 27, ..policy }), StatusPolicyError::Capacity);
    assert_eq!(refused(StatusPolicy { lease: 0, ..policy }), StatusPolicyError::Lease);
    assert_eq!(refused(StatusPolicy { lease: 1 << 19, ..policy }), StatusPolicyError::Lease);
    assert_eq!(refused(StatusPolicy { ttl: Duration::ZERO, ..policy }), StatusPolicyError::Times);
    assert_eq!(refused(StatusPolicy { ttl: HOUR * 13, ..policy }), StatusPolicyError::Times);
}
