//! DIDs as a source of trust.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use credenza_core::{FnHttp, SeededRandom};
use credenza_crypto::{Algorithm, Jwk, Signer, SoftwareSigner};
use credenza_trust::contract::{ask, check};
use credenza_trust::did::{Did, DidDocument, DidError, DidKeys, DidResolver, Method, Relationship, jwk};
use credenza_trust::{AnyOf, Distrust, KeyMaterial, Nobody, Purpose};
use http::Response;

use crate::NOW;

const PID: Purpose<'static> = Purpose::Issuer { credential_type: "urn:eudi:pid:1" };
const WEB: &str = "did:web:issuer.example";

fn key(seed: u64) -> Jwk {
    let signer = SoftwareSigner::generate(Algorithm::Es256, &SeededRandom::new(seed)).unwrap();
    Jwk::new(signer.public_jwk().key.clone())
}

/// A server that gives another key at each look, and counts the looks.
fn turncoat(looks: Arc<AtomicUsize>) -> DidResolver {
    DidResolver::new(Arc::new(FnHttp::new(move |_, _| {
        let look = looks.fetch_add(1, Ordering::Relaxed);
        let keys = vec![
            ("sign", key(100 + look as u64), vec![Relationship::AssertionMethod]),
            ("ask", key(200), vec![Relationship::Authentication]),
        ];
        let document = DidDocument::publish(Did::parse(WEB).unwrap(), keys);
        Ok(Response::new(document.to_value().to_string().into_bytes()))
    })))
}

fn web(resolver: DidResolver, purposes: &[Purpose<'_>]) -> DidKeys {
    DidKeys::new(resolver).trust(Did::parse(WEB).unwrap(), purposes)
}

fn named<'a>(issuer: &'a str, kid: &'a str) -> KeyMaterial<'a> {
    KeyMaterial { issuer: Some(issuer), kid: Some(kid), ..KeyMaterial::default() }
}

#[test]
fn keeps_the_promises_of_the_port() {
    let did = jwk::from_jwk(&key(1)).unwrap();
    let kid = format!("{did}#0");
    let trust = DidKeys::new(DidResolver::offline()).trust(did.clone(), &[PID, Purpose::StatusList]);
    check(&trust, &named(did.as_str(), &kid), &[PID, Purpose::StatusList], NOW);
    check(&trust, &named(did.as_str(), "#0"), &[PID, Purpose::StatusList], NOW);
    let by_kid = KeyMaterial { kid: Some(&kid), ..KeyMaterial::default() };
    check(&trust, &by_kid, &[PID, Purpose::StatusList], NOW);
    let by_issuer = KeyMaterial { issuer: Some(did.as_str()), ..KeyMaterial::default() };
    check(&trust, &by_issuer, &[PID, Purpose::StatusList], NOW);
    assert_eq!(ask(&trust, &by_issuer, PID, NOW).unwrap().key, key(1).key);

    let everybody =
        DidKeys::new(DidResolver::offline()).trust_everybody_by(Method::Jwk, &[Purpose::Verifier]);
    check(&everybody, &by_kid, &[Purpose::Verifier], NOW);
    check(&DidKeys::new(DidResolver::offline()), &by_kid, &[], NOW);
}

// Clauses: DID-V-5.3-01
#[test]
fn w06_the_relationship_goes_with_the_purpose() {
    let trust = web(turncoat(Arc::default()), &[PID, Purpose::Verifier]);
    let asked = |kid, purpose| ask(&trust, &named(WEB, kid), purpose, NOW).map(drop);
    let other = |relationship: Relationship| Err(Distrust::Did(DidError::Relationship(relationship.name())));
    assert_eq!(asked("#sign", PID), Ok(()));
    assert_eq!(asked("#ask", Purpose::Verifier), Ok(()));
    assert_eq!(asked("#ask", PID), other(Relationship::AssertionMethod));
    assert_eq!(asked("#sign", Purpose::Verifier), other(Relationship::Authentication));
    assert_eq!(asked("#gone", PID), Err(Distrust::Did(DidError::NotFound)));
    assert_eq!(asked("did:web:issuer.example?a=b#sign", PID), Err(Distrust::Unknown));
    assert_eq!(asked("sign", PID), Err(Distrust::Unknown));
}

#[test]
fn w07_one_look_for_each_decision() {
    let looks = Arc::new(AtomicUsize::new(0));
    let trust = web(turncoat(Arc::clone(&looks)), &[PID]);
    let trusted = ask(&trust, &named(WEB, "#sign"), PID, NOW).unwrap();
    assert_eq!(looks.load(Ordering::Relaxed), 1);
    assert_eq!(trusted.key, key(100).key, "the key that was looked up is the one to verify with");
    assert!(trusted.how.contains(&key(100).thumbprint_text()), "{}", trusted.how);
    // Who is not trusted is not looked up at all.
    for material in [named("did:web:other.example", "#sign"), named(WEB, "did:web:other.example#sign")] {
        assert!(ask(&trust, &material, PID, NOW).is_err());
    }
    assert!(ask(&trust, &named(WEB, "#sign"), Purpose::Verifier, NOW).is_err());
    assert_eq!(looks.load(Ordering::Relaxed), 1);
}

// Clauses: DID-V-KID-01
#[test]
fn x12_the_key_of_another_did() {
    let (ours, theirs) = (jwk::from_jwk(&key(1)).unwrap(), jwk::from_jwk(&key(2)).unwrap());
    let trust =
        DidKeys::new(DidResolver::offline()).trust(ours.clone(), &[PID]).trust(theirs.clone(), &[PID]);
    let foreign = format!("{theirs}#0");
    assert_eq!(ask(&trust, &named(ours.as_str(), &foreign), PID, NOW).unwrap_err(), Distrust::IssuerName);
    let url = "https://issuer.example";
    assert_eq!(ask(&trust, &named(url, &foreign), PID, NOW).unwrap_err(), Distrust::IssuerName);

    let chain = [vec![1, 2, 3]];
    let own = format!("{ours}#0");
    let both = KeyMaterial { x5c: Some(&chain), ..named(ours.as_str(), &own) };
    let any = AnyOf::new(vec![Arc::new(trust), Arc::new(Nobody)]);
    assert_eq!(ask(&any, &both, PID, NOW).unwrap_err(), Distrust::Mechanism);
}

#[test]
fn an_issuer_with_two_keys_has_to_name_one() {
    let resolver = DidResolver::new(Arc::new(FnHttp::new(|_, _| {
        let relationship = || vec![Relationship::AssertionMethod];
        let keys = vec![("one", key(1), relationship()), ("two", key(2), relationship())];
        let document = DidDocument::publish(Did::parse(WEB).unwrap(), keys);
        Ok(Response::new(document.to_value().to_string().into_bytes()))
    })));
    let trust = web(resolver, &[PID]);
    let by_issuer = KeyMaterial { issuer: Some(WEB), ..KeyMaterial::default() };
    assert_eq!(ask(&trust, &by_issuer, PID, NOW).unwrap_err(), Distrust::Did(DidError::NotFound));
    assert_eq!(ask(&trust, &named(WEB, "#two"), PID, NOW).unwrap().key, key(2).key);
}

#[test]
fn a_server_that_does_not_answer() {
    let http = FnHttp::new(|_, _| Err(credenza_core::HttpError::TimedOut));
    let trust = web(DidResolver::new(Arc::new(http)), &[PID]);
    assert!(matches!(ask(&trust, &named(WEB, "#sign"), PID, NOW), Err(Distrust::Unavailable(_))));
}
