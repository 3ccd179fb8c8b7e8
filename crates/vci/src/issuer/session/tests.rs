//! Whatever happens to a session, in whatever order: the promises that hold.

use std::time::Duration;

use proptest::prelude::*;

use super::*;

const START: UnixTime = UnixTime::from_secs(1_750_000_000);
const ALLOWED: u32 = 3;

fn fresh() -> Session {
    let dataset = |number: usize| Dataset {
        configuration_id: format!("c{number}"),
        identifier: format!("c{number}#1"),
        deferral: Deferral::default(),
        claims: Some(Map::new()),
    };
    let lock = TxCodeLock { hint: TxCode::default(), sealed: String::new(), allowed: ALLOWED };
    Session {
        issuer: "https://issuer.example".to_owned(),
        reference: None,
        created_at: START,
        offer_ends: START + Duration::from_secs(600),
        tx_code: Some(lock),
        grants: OfferGrants::default(),
        subject: None,
        datasets: vec![dataset(0), dataset(1)],
        state: State::Offered { retrieved: false, wrong_tx_codes: 0 },
        events: Vec::new(),
    }
}

fn grant(datasets: Vec<usize>) -> Grant {
    let token_ends = START + Duration::from_secs(1800);
    Grant {
        datasets,
        by_identifier: false,
        client_id: None,
        jkt: None,
        token_ends,
        instance: None,
        code: None,
        holder_key: None,
        refresh: None,
    }
}

fn approved(code: &str, now: UnixTime) -> Happening {
    let approved = Approved {
        code: code.to_owned(),
        code_ends: now + Duration::from_secs(60),
        client_id: "wallet".to_owned(),
        redirect_uri: None,
        code_challenge: String::new(),
        jkt: None,
        instance: None,
        datasets: vec![0, 1],
        by_identifier: false,
        holder_key: None,
    };
    Happening::Approved { approved: Box::new(approved), subject: "erika".to_owned(), claims: BTreeMap::new() }
}

fn renewed(generation: u32, now: UnixTime) -> Refresh {
    Refresh { generation, since: now, ends: START + Duration::from_secs(86_400) }
}

fn happening() -> impl Strategy<Value = Happening> {
    let told = prop_oneof![
        Just(NotificationEvent::CredentialAccepted),
        Just(NotificationEvent::CredentialFailure),
        Just(NotificationEvent::CredentialDeleted),
    ];
    prop_oneof![
        Just(Happening::Retrieved),
        Just(Happening::WrongTxCode),
        prop_oneof![Just(vec![0, 1]), Just(vec![1])].prop_map(|sets| Happening::Redeemed(grant(sets))),
        (0_usize..3, 1_u32..4).prop_map(|(dataset, copies)| Happening::Issued { dataset, copies }),
        (0_usize..4, told).prop_map(|(response, event)| Happening::Notified { response, event }),
        Just(Happening::Refused("why".to_owned())),
        (0_u64..600).prop_map(|later| approved("code", START + Duration::from_secs(later))),
        Just(Happening::Denied),
        prop_oneof![Just(None), Just(Some(renewed(0, START)))]
            .prop_map(|refresh| Happening::CodeRedeemed(Grant { refresh, ..grant(vec![0, 1]) })),
        (1_u32..4).prop_map(|generation| Happening::Refreshed {
            token_ends: START + Duration::from_secs(7200),
            refresh: renewed(generation, START),
        }),
        Just(Happening::Revoked("used twice")),
        Just(Happening::Cancelled),
        (0_usize..3).prop_map(|dataset| Happening::Promised(Promise::new(
            dataset,
            Vec::new(),
            START,
            Duration::from_secs(5),
            START + Duration::from_secs(3600),
        ))),
        (0_usize..3).prop_map(|promise| Happening::Ready { promise, claims: None }),
        (0_usize..3).prop_map(|promise| Happening::Broken { promise, reason: "no".to_owned() }),
        (0_usize..3, 1_u32..4).prop_map(|(promise, copies)| Happening::Kept { promise, copies }),
    ]
}

proptest! {
    #[test]
    fn promises(story in proptest::collection::vec((happening(), 0_u64..120), 0..40)) {
        let mut session = fresh();
        let mut now = START;
        let (mut redeemed, mut issued_to) = (0, [0_usize; 3]);
        for (happening, later) in story {
            now = now + Duration::from_secs(later);
            let before = session.clone();
            let Ok((after, effect)) = session.clone().on(happening.clone(), now) else { continue };
            match effect {
                Effect::Nothing => prop_assert_eq!(&after, &before),
                Effect::Store => prop_assert_eq!(after.events.len(), before.events.len() + 1),
            }
            match happening {
                Happening::Redeemed(_) => {
                    redeemed += 1;
                    prop_assert!(now < before.offer_ends);
                }
                Happening::CodeRedeemed(_) => {
                    redeemed += 1;
                    let State::Approved(approved) = &before.state else { panic!("{before:?}") };
                    prop_assert!(now < approved.code_ends);
                }
                // A new token fetches as often as the first.
                Happening::Refreshed { .. } => issued_to = [0; 3],
                Happening::Revoked(_) => prop_assert_eq!(after.standing(now), SessionState::Failed),
                Happening::Issued { dataset, .. } => {
                    issued_to[dataset] += 1;
                    prop_assert!(matches!(before.state, State::Granted(_)));
                }
                _ => {}
            }
            session = after;
        }
        // A code is redeemed once, a data set is issued as often as it may be, and only if it was granted.
        prop_assert!(redeemed <= 1);
        prop_assert!(issued_to.iter().all(|times| *times <= MAX_RESPONSES));
        prop_assert_eq!(issued_to[2], 0);
        if redeemed == 0 {
            prop_assert_eq!(issued_to, [0; 3]);
        }
        let sequences: Vec<u32> = session.events.iter().map(|event| event.sequence).collect();
        prop_assert_eq!(&sequences, &(1..=u32::try_from(sequences.len()).unwrap()).collect::<Vec<_>>());
        let view = session.view("id", now);
        prop_assert!(view.tx_code.unwrap().wrong <= ALLOWED);
        // What is over has no claims left; what can be renewed is not over.
        let renewable = matches!(&session.state, State::Granted(granted) if granted.grant.refresh.is_some());
        if (matches!(view.state, SessionState::Acknowledged | SessionState::Cancelled) && !renewable)
            || matches!(session.state, State::Closed { .. })
        {
            prop_assert!(session.datasets.iter().all(|dataset| dataset.claims.is_none()));
        }
        // It survives the store.
        let stored = serde_json::to_vec(&session).unwrap();
        prop_assert_eq!(serde_json::from_slice::<Session>(&stored).unwrap(), session);
    }
}

#[test]
fn nothing_of_an_offer_works_in_the_second_it_ends() {
    let ends = fresh().offer_ends;
    for happening in [Happening::Retrieved, Happening::WrongTxCode, Happening::Redeemed(grant(vec![0]))] {
        assert_eq!(fresh().on(happening, ends).unwrap_err(), Refusal::NotOffered);
    }
    assert_eq!(fresh().standing(ends), SessionState::Expired);
}

#[test]
fn a_subset_that_was_granted_is_the_whole() {
    let (session, _) = fresh().on(Happening::Redeemed(grant(vec![1])), START).unwrap();
    assert!(session.datasets[0].claims.is_none() && session.datasets[1].claims.is_some());
    let issue = |session: Session, dataset| session.on(Happening::Issued { dataset, copies: 1 }, START);
    assert_eq!(issue(session.clone(), 0).unwrap_err(), Refusal::NotCovered);
    let (session, _) = issue(session, 1).unwrap();
    assert_eq!(session.standing(START), SessionState::Issued);
}

#[test]
fn an_approval_ends_with_its_code_and_makes_room_for_another_while_the_offer_lives() {
    let (session, _) = fresh().on(approved("one", START), START).unwrap();
    assert_eq!(session.standing(START), SessionState::Approved);
    // Nobody else takes it up meanwhile, by whatever way.
    for happening in [approved("two", START), Happening::Redeemed(grant(vec![0])), Happening::Denied] {
        assert_eq!(session.clone().on(happening, START).unwrap_err(), Refusal::NotOffered);
    }
    let later = START + Duration::from_secs(60);
    let redeemed = Happening::CodeRedeemed(grant(vec![0]));
    assert_eq!(session.clone().on(redeemed, later).unwrap_err(), Refusal::NotOffered);
    let (session, _) = session.on(approved("two", later), later).unwrap();
    assert_eq!(session.subject.as_deref(), Some("erika"));
    let over = session.offer_ends;
    assert_eq!(session.standing(over), SessionState::Expired);
    assert_eq!(session.on(approved("three", over), over).unwrap_err(), Refusal::NotOffered);
}
