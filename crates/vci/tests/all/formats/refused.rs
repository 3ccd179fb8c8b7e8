//! Credentials that the wallet refuses, whatever their format.

use std::sync::Arc;

use credenza_core::{Report, b64};
use credenza_crypto::{Algorithm, SoftwareSigner};
use credenza_trust::Nobody;
use credenza_vci::issuer::OfferRequest;
use credenza_vci::wallet::{Wallet, WalletError};
use http::{Request, Response};
use serde_json::{Value, json};

use super::zoo::*;
use crate::hostile_issuer::edit;
use crate::support::*;

const METADATA: &str = "/.well-known/openid-credential-issuer/tenant";

/// What the wallet says of a credential that has come by way of `tamper`.
fn report(
    zoo: &Zoo,
    id: &str,
    change: impl FnOnce(Wallet) -> Wallet,
    tamper: impl Fn(&Request<Vec<u8>>, &mut Response<Vec<u8>>) + Send + Sync + 'static,
) -> Report {
    let offer = zoo.world.create(OfferRequest::of(id, claims(id)));
    let (wallet, keys) = zoo.world.wallet(Arc::new(zoo.world.http().tampered(tamper)));
    let wallet = change(wallet.with_trust(zoo.trust()).with_contexts(contexts()));
    let opened = wait(wallet.open(&offer.uri)).unwrap();
    match wait(ready(opened).accept()) {
        Err(WalletError::Received(report)) => {
            assert!(keys.made.lock().unwrap().is_empty(), "{id}: keys without a credential are forgotten");
            *report
        }
        other => panic!("{id}: {other:?}"),
    }
}

fn check(report: &Report) -> String {
    report.first_failure().map(|check| check.rule.id.to_owned()).unwrap_or_default()
}

fn credential(
    change: impl Fn(&mut Value) + Send + Sync + 'static,
) -> impl Fn(&Request<Vec<u8>>, &mut Response<Vec<u8>>) + Send + Sync + 'static {
    move |request, response| {
        if request.uri().path() == "/tenant/credential" {
            edit(response, |json| change(&mut json["credentials"][0]["credential"]));
        }
    }
}

/// Another text of the same length, with a bit of its end changed: there the signature is.
fn flipped(text: &str) -> String {
    let mut bytes = b64::decode(text).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    b64::encode(bytes)
}

// Clauses: VCI-13.5-03
#[test]
fn v09_what_was_changed_on_the_way_is_refused() {
    let zoo = Zoo::new();
    for id in ALL {
        let report = report(
            &zoo,
            id,
            |wallet| wallet,
            credential(move |credential| {
                *credential = match (id, credential.take()) {
                    ("mdl", Value::String(text)) => flipped(&text).into(),
                    (_, Value::String(text)) => {
                        let (jwt, rest) = text.split_once('~').unwrap_or((&text, ""));
                        let (signed, signature) = jwt.rsplit_once('.').unwrap();
                        let tilde = if text.contains('~') { "~" } else { "" };
                        format!("{signed}.{}{tilde}{rest}", flipped(signature)).into()
                    }
                    (_, mut document) => {
                        document["credentialSubject"]["degree"] = json!("Doctor");
                        document
                    }
                };
            }),
        );
        let failed = check(&report);
        let expected = match id {
            "sd_jwt" | "vc_sd_jwt" => "sd-jwt.",
            "mdl" => "mdoc.",
            _ => "w3c.",
        };
        assert!(failed.starts_with(expected), "{id}: {failed}");
    }
}

// Clauses: VCI-8.3-07
#[test]
fn v09_what_is_bound_to_another_key_is_refused() {
    let zoo = Zoo::new();
    for id in ALL {
        // A credential that somebody else has got, all in order.
        let token = zoo.world.redeem(&zoo.world.create(OfferRequest::of(id, claims(id))));
        let proof = zoo.world.proof(&zoo.world.key(), &zoo.world.nonce());
        let request = json!({ "credential_configuration_id": id, "proofs": { "jwt": [proof] } });
        let foreign = body(&zoo.world.credential(&token, &request))["credentials"][0]["credential"].clone();
        let report =
            report(&zoo, id, |wallet| wallet, credential(move |credential| *credential = foreign.clone()));
        assert_eq!(check(&report), "vci.received.key", "{id}");
    }
}

#[test]
fn v09_what_is_of_another_type_is_refused() {
    let zoo = Zoo::new();
    for id in ALL {
        let another = move |request: &Request<Vec<u8>>, response: &mut Response<Vec<u8>>| {
            if request.uri().path() == METADATA {
                edit(response, |json| {
                    let configuration = &mut json["credential_configurations_supported"][id];
                    match id {
                        "sd_jwt" => configuration["vct"] = json!("urn:example:other"),
                        "mdl" => configuration["doctype"] = json!("org.example.other"),
                        _ => configuration["credential_definition"]["type"][1] = json!("Other"),
                    }
                });
            }
        };
        assert_eq!(check(&report(&zoo, id, |wallet| wallet, another)), "vci.received.type", "{id}");
    }
}

#[test]
fn v09_what_is_of_another_format_is_refused() {
    let zoo = Zoo::new();
    for id in ALL {
        for (wrong, shape) in [(json!("x"), "text"), (json!({ "x": 1 }), "object"), (json!(7), "number")] {
            let report =
                report(&zoo, id, |wallet| wallet, credential(move |credential| *credential = wrong.clone()));
            assert!(!report.ok(), "{id}: {shape}");
        }
    }
    // Base64url has no padding, and an mdoc is not a whole response of a device.
    for text in ["oWdpc3N1ZXJBdXRo=", "o2d2ZXJzaW9uYzEuMA"] {
        let report =
            report(&zoo, "mdl", |wallet| wallet, credential(move |credential| *credential = json!(text)));
        assert_eq!(check(&report), "vci.received.format", "{text}");
    }
}

// Clauses: VCI-13.3-01
#[test]
fn v09_whom_nobody_trusts_is_refused() {
    let zoo = Zoo::new();
    for id in ALL {
        let report = report(&zoo, id, |wallet| wallet.with_trust(Arc::new(Nobody)), |_, _| {});
        assert_eq!(check(&report), "vci.received.trust", "{id}");
    }
    // A DID that is trusted does not make another one trusted.
    let random = credenza_core::SeededRandom::new(11);
    let stranger: Arc<SoftwareSigner> = Arc::new(did_signer(Algorithm::EdDsa, &random));
    let other = Zoo::with(|builder| {
        builder.signer_for("ldp", stranger.clone()).signer_for("vc_jwt", stranger.clone())
    });
    for id in ["ldp", "vc_jwt"] {
        let report = report(&other, id, |wallet| wallet.with_trust(zoo.trust()), |_, _| {});
        assert_eq!(check(&report), "vci.received.trust", "{id}");
    }
}

/// A wallet that trusts nobody in particular takes what is signed with the key that it brings or names.
#[test]
fn without_trust_a_credential_has_to_be_whole_at_least() {
    let zoo = Zoo::new();
    for id in ALL {
        let offer = zoo.world.create(OfferRequest::of(id, claims(id)));
        let keys = Arc::new(Keys::new(zoo.world.random.clone()));
        let wallet = Wallet::new(Arc::new(zoo.world.http()), keys)
            .with_clock(zoo.world.clock.clone())
            .with_random(zoo.world.random.clone())
            .with_contexts(contexts());
        let received = wait(ready(wait(wallet.open(&offer.uri)).unwrap()).accept()).unwrap();
        let trust = received.reports[0].find("vci.received.trust").unwrap();
        assert_eq!(trust.outcome, credenza_core::Outcome::Warned, "{id}");
    }
}

/// A context that the wallet does not know decides on the meaning of what was signed.
#[test]
fn v09_unknown_contexts_are_refused() {
    let zoo = Zoo::new();
    for id in ["ldp", "ldp_v1"] {
        let bundled = credenza_formats::w3c::data_integrity::Contexts::bundled();
        let report = report(&zoo, id, |wallet| wallet.with_contexts(bundled), |_, _| {});
        assert!(check(&report).contains("context"), "{id}: {}", check(&report));
    }
}
