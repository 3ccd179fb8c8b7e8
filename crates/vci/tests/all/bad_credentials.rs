//! Credentials that were not asked for, or are not what they should be.

use std::sync::Arc;
use std::time::Duration;

use credenza_crypto::{IdentifiedBy, SoftwareSigner};
use credenza_formats::sd_jwt::{self, Concealment, Issuance, Profile};
use credenza_vci::issuer::SessionState;
use credenza_vci::wallet::{Policy, Wallet, WalletError};
use serde_json::{Value, json};

use crate::hostile_issuer::{accept, at, edit};
use crate::support::*;

/// A credential that the issuer would never make, signed with its own key.
fn forged(
    world: &World,
    signer: &SoftwareSigner,
    change: impl FnOnce(&mut Value),
    holder: Option<&SoftwareSigner>,
) -> String {
    let now = world.now();
    let mut claims = json!({ "iss": ISSUER, "vct": VCT, "iat": now, "exp": now + Duration::from_secs(3600), "given_name": "Mallory" });
    change(&mut claims);
    let header = sd_jwt::header(signer, IdentifiedBy::X5c);
    let issuance = Issuance {
        header: &header,
        claims: claims.as_object().unwrap(),
        concealment: &Concealment::nothing(),
        holder: holder.map(credenza_crypto::Signer::public_jwk),
        profile: Profile::Credential,
    };
    wait(sd_jwt::issue(signer, &issuance, &*world.random)).unwrap()
}

// Clauses: VCI-13.5-03, VCI-8.3-07
#[test]
fn v09_credentials_that_were_not_asked_for_are_refused_and_reported() {
    let world = World::new();
    let stranger = world.key();
    let mut bad: Vec<(&str, Value, &str)> = vec![
        ("not a string", json!({ "a": 1 }), "vci.received.format"),
        ("not an SD-JWT", json!("x"), "sd-jwt.parse"),
        (
            "another type",
            json!(forged(&world, &world.signer, |claims| claims["vct"] = "urn:x".into(), Some(&stranger))),
            "vci.received.type",
        ),
        ("another's key", json!(forged(&world, &world.signer, |_| {}, Some(&stranger))), "vci.received.key"),
        ("no key", json!(forged(&world, &world.signer, |_| {}, None)), "vci.received.key"),
        (
            "another issuer's certificate",
            json!(forged(
                &World::over(world.clock.clone(), world.store.clone(), |b| b
                    .random(Arc::new(credenza_core::SeededRandom::new(9)))),
                &world.key(),
                |_| {},
                None
            )),
            "vci.received.trust",
        ),
    ];
    let expired = forged(
        &world,
        &world.signer,
        |claims| claims["exp"] = json!(world.now() - Duration::from_secs(3600)),
        Some(&stranger),
    );
    bad.push(("expired", json!(expired), "sd-jwt"));
    let good = forged(&world, &world.signer, |_| {}, Some(&stranger));
    let (jwt, _) = good.split_once('~').unwrap();
    let broken = format!("{}A~", jwt.get(..jwt.len() - 2).unwrap());
    bad.push(("a broken signature", json!(broken), "sd-jwt"));
    for (why, credential, rule) in bad {
        let tamper = at("/tenant/credential", move |response| {
            let credential = credential.clone();
            edit(response, move |json| json["credentials"][0]["credential"] = credential);
        });
        let (result, state, kept) = accept(&world, tamper);
        let Err(WalletError::Received(report)) = result else { panic!("{why}: {result:?}") };
        let failure = report.first_failure().unwrap();
        assert!(failure.rule.id.starts_with(rule), "{why}: {report}");
        assert!(!report.to_string().contains("Mallory"), "{why}");
        // The issuer hears of it, and keys without a credential are forgotten.
        assert_eq!((state, kept), (SessionState::Failed, 0), "{why}");
    }
}

#[test]
fn v09_one_credential_for_each_key_and_no_more() {
    let world = World::new();
    let doubled = || {
        at("/tenant/credential", |response| {
            edit(response, |json| {
                let first = json["credentials"][0].clone();
                json["credentials"].as_array_mut().unwrap().push(first);
            });
        })
    };
    let (result, _, _) = accept(&world, doubled());
    let Err(WalletError::Received(report)) = result else { panic!("{result:?}") };
    assert_eq!(report.first_failure().unwrap().rule.id, "vci.received.count");
    // Two keys, and twice the credential for the first of them.
    let offer = world.offer();
    let repeated = at("/tenant/credential", |response| {
        edit(response, |json| json["credentials"][1] = json["credentials"][0].clone());
    });
    let (wallet, _) = world.wallet(Arc::new(world.http().tampered(repeated)));
    let wallet = wallet.with_policy(Policy { copies: 2, ..Policy::default() });
    let result = wait(ready(wait(wallet.open(&offer.uri)).unwrap()).accept());
    let Err(WalletError::Received(report)) = result else { panic!("{result:?}") };
    assert_eq!(report.first_failure().unwrap().rule.id, "vci.received.key");
    // Fewer than asked for is the issuer's right.
    let offer = world.offer();
    let fewer = at("/tenant/credential", |response| {
        edit(response, |json| drop(json["credentials"].as_array_mut().unwrap().pop()));
    });
    let (wallet, keys) = world.wallet(Arc::new(world.http().tampered(fewer)));
    let wallet = wallet.with_policy(Policy { copies: 3, ..Policy::default() });
    let received = wait(ready(wait(wallet.open(&offer.uri)).unwrap()).accept()).unwrap();
    assert_eq!((received.credentials.len(), keys.made.lock().unwrap().len()), (2, 2));
}

#[test]
fn v09_without_trust_the_report_says_so() {
    let world = World::new();
    let offer = world.offer();
    let wallet = Wallet::new(Arc::new(world.http()), Arc::new(Keys::new(world.random.clone())))
        .with_clock(world.clock.clone());
    let received = wait(ready(wait(wallet.open(&offer.uri)).unwrap()).accept()).unwrap();
    let check = received.reports[0].find("vci.received.trust").unwrap();
    assert_eq!(check.outcome, credenza_core::Outcome::Warned);
}
