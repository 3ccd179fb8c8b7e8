//! The contract of the port `ClaimsSource`, and that it finds a source out that breaks it.

use std::sync::Mutex;

use credenza_core::Answer;
use credenza_vci::issuer::{
    ClaimsAnswer, ClaimsError, ClaimsSource, CredentialConfiguration, IssuanceContext, OfferedClaims,
    TableClaims,
};
use serde_json::{Map, Value, json};

use crate::support::wait;

/// A session, and what the source has to answer for it: none where it knows nothing.
struct Case {
    session: &'static str,
    reference: Option<&'static str>,
    subject: Option<&'static str>,
    offered: Option<Map<String, Value>>,
    expected: Option<Map<String, Value>>,
}

fn person(name: &str) -> Map<String, Value> {
    Map::from_iter([("given_name".to_owned(), json!(name))])
}

/// The promises of the port; the name of the first that is broken.
fn contract(source: &dyn ClaimsSource, cases: &[Case]) -> Result<(), &'static str> {
    let configuration = CredentialConfiguration::sd_jwt_vc("pid", "urn:eudi:pid:1");
    let ask = |case: &Case| {
        let (session, offered) = (case.session, case.offered.as_ref());
        wait(source.claims(&IssuanceContext {
            session,
            credential: "pid#1",
            reference: case.reference,
            subject: case.subject,
            configuration: &configuration,
            offered,
        }))
    };
    let right = |case: &Case, answer: Result<ClaimsAnswer, ClaimsError>| match (&case.expected, answer) {
        (Some(expected), Ok(ClaimsAnswer::Claims(claims))) => claims == *expected,
        (None, Err(ClaimsError::Denied)) => true,
        _ => false,
    };
    // Each in turn, then all of them again in another order: repeated, and between others.
    for case in cases {
        if !right(case, ask(case)) {
            return Err(if case.expected.is_some() { "the claims" } else { "nothing made up" });
        }
    }
    for case in cases.iter().rev().chain(cases) {
        if !right(case, ask(case)) {
            return Err("answers alike");
        }
    }
    std::thread::scope(|scope| {
        let asked: Vec<_> =
            cases.iter().map(|case| scope.spawn(move || (0..200).all(|_| right(case, ask(case))))).collect();
        let all = asked.into_iter().all(|thread| thread.join().unwrap_or(false));
        if all { Ok(()) } else { Err("sessions do not mix") }
    })
}

fn offered_cases() -> Vec<Case> {
    let case = |session, offered: Option<Map<String, Value>>| {
        let (expected, reference, subject) = (offered.clone(), None, None);
        Case { session, reference, subject, offered, expected }
    };
    vec![case("a", Some(person("Ada"))), case("b", Some(person("Grace"))), case("c", None)]
}

#[test]
fn c28_offered_claims_keep_the_contract() {
    assert_eq!(contract(&OfferedClaims, &offered_cases()), Ok(()));
}

#[test]
fn c28_a_table_keeps_the_contract() {
    let table = TableClaims::from_csv("who,given_name\nada,Ada\ncase-7,Grace\n").unwrap();
    let case = |session, subject, reference, offered, expected: Option<&str>| Case {
        session,
        reference,
        subject,
        offered,
        expected: expected.map(person),
    };
    let cases = [
        case("a", Some("ada"), None, None, Some("Ada")),
        case("b", None, Some("case-7"), None, Some("Grace")),
        // Who has signed in counts, whatever the offer is called.
        case("c", Some("mallory"), Some("case-7"), None, None),
        case("d", None, Some("ada"), Some(person("Hedy")), Some("Hedy")),
        case("e", None, None, None, None),
    ];
    assert_eq!(contract(&table, &cases), Ok(()));
}

/// Remembers what it was asked first and says that to everybody.
struct Forgetful(Mutex<Option<Map<String, Value>>>);

impl ClaimsSource for Forgetful {
    fn claims<'a>(
        &'a self,
        context: &'a IssuanceContext<'a>,
    ) -> Answer<'a, Result<ClaimsAnswer, ClaimsError>> {
        let mut first = self.0.lock().unwrap();
        let claims = first.get_or_insert_with(|| context.offered.cloned().unwrap_or_default());
        Answer::ready(Ok(ClaimsAnswer::Claims(claims.clone())))
    }
}

/// Good for one question about each session.
struct OnlyOnce(Mutex<Vec<String>>);

impl ClaimsSource for OnlyOnce {
    fn claims<'a>(
        &'a self,
        context: &'a IssuanceContext<'a>,
    ) -> Answer<'a, Result<ClaimsAnswer, ClaimsError>> {
        let mut asked = self.0.lock().unwrap();
        let known = asked.iter().any(|session| session == context.session);
        asked.push(context.session.to_owned());
        Answer::ready(match context.offered.filter(|_| !known) {
            Some(claims) => Ok(ClaimsAnswer::Claims(claims.clone())),
            None => Err(ClaimsError::Denied),
        })
    }
}

/// Makes a person up where it knows none.
struct Inventive;

impl ClaimsSource for Inventive {
    fn claims<'a>(
        &'a self,
        context: &'a IssuanceContext<'a>,
    ) -> Answer<'a, Result<ClaimsAnswer, ClaimsError>> {
        Answer::ready(Ok(ClaimsAnswer::Claims(
            context.offered.cloned().unwrap_or_else(|| person("Somebody")),
        )))
    }
}

#[test]
fn sources_that_break_the_contract_are_found_out() {
    let cases = offered_cases();
    assert_eq!(contract(&Forgetful(Mutex::new(None)), &cases), Err("the claims"));
    assert_eq!(contract(&OnlyOnce(Mutex::new(Vec::new())), &cases), Err("answers alike"));
    assert_eq!(contract(&Inventive, &cases), Err("nothing made up"));
}
