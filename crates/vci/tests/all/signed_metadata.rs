//! Signed metadata (§12.2.3): the issuer's, and what the wallet makes of it.

use std::sync::Arc;
use std::time::Duration;

use credenza_core::b64;
use credenza_crypto::{Algorithm, Header, IdentifiedBy, JwkSet, Jws, Signer, SoftwareSigner, jwt};
use credenza_trust::{Anchor, AnyOf, PinnedKeys, Purpose, Trust, X509Anchors};
use credenza_vci::wallet::{Policy, SignedMetadataUse, Wallet, WalletError};
use serde_json::{Value, json};

use crate::support::*;

const TYP: &str = "openidvci-issuer-metadata+jwt";

fn signing() -> World {
    let random = credenza_core::SeededRandom::new(5);
    let key = SoftwareSigner::generate(Algorithm::Es256, &random).unwrap().with_kid("metadata");
    World::with(|builder| builder.metadata_signer(Arc::new(key)))
}

fn signed(world: &World) -> Arc<str> {
    wait(world.issuer.signed_metadata()).unwrap().unwrap()
}

/// The key of [`signing`].
fn key() -> SoftwareSigner {
    let random = credenza_core::SeededRandom::new(5);
    SoftwareSigner::generate(Algorithm::Es256, &random).unwrap().with_kid("metadata")
}

fn trusting(world: &World, http: Loop, how: SignedMetadataUse) -> Wallet {
    let (wallet, _) = world.wallet(Arc::new(http));
    let keys = JwkSet { keys: vec![key().public_jwk().clone()] };
    let pinned = PinnedKeys::new().with(ISSUER, keys, &[Purpose::IssuerMetadata]);
    let anchors = X509Anchors::new(&[Anchor::for_issuers(world.ca.certificate().to_vec())]).unwrap();
    let trust: Arc<dyn Trust> = Arc::new(AnyOf::new(vec![Arc::new(pinned), Arc::new(anchors)]));
    wallet.with_trust(trust).with_policy(Policy { signed_metadata: how, ..Policy::default() })
}

// Clauses: VCI-12.2.3-01, VCI-12.2.3-02, VCI-12.2.3-04, VCI-12.2.3-05, VCI-12.2.3-06, VCI-12.2.3-07, VCI-12.2.3-08, VCI-12.2.3-09, VCI-12.2.2-06,
// HAIP-4.1-04
#[test]
fn what_is_signed() {
    let world = signing();
    let text = signed(&world);
    let jws = Jws::parse(&text).unwrap();
    assert!(jws.header.has_type(TYP));
    jws.verify(&key().public_jwk().key, &[Algorithm::Es256]).unwrap();
    let claims: Value = serde_json::from_slice(&jws.payload).unwrap();
    assert_eq!((claims["sub"].as_str(), claims["iss"].as_str()), (Some(ISSUER), Some(ISSUER)));
    assert_eq!(claims["iat"], json!(world.now()));
    assert_eq!(claims["exp"], json!(world.now() + Duration::from_secs(24 * 3600)));
    let plain: Value = serde_json::from_slice(&world.issuer.metadata()).unwrap();
    for (name, value) in plain.as_object().unwrap() {
        assert_eq!(&claims[name], value, "{name}");
    }
    // It is made once, and again before it ends.
    assert_eq!(signed(&world), text);
    world.clock.advance(Duration::from_secs(12 * 3600));
    assert_ne!(signed(&world), text);
    assert!(wait(World::new().issuer.signed_metadata()).unwrap().is_none());
    // With certificates, they are in the header.
    let certified = World::new();
    let signer = certified.signer.clone();
    let world = World::with(|builder| builder.metadata_signer(signer));
    let text = signed(&world);
    assert!(Jws::parse(&text).unwrap().header.x5c().unwrap().is_some());
}

// Clauses: VCI-12.2.2-04, VCI-12.2.3-10, VCI-12.2.3-11,
// HAIP-4.1-04
#[test]
fn the_wallet_reads_what_somebody_trusted_has_signed() {
    let world = signing();
    for how in [SignedMetadataUse::WhenTrusted, SignedMetadataUse::Required, SignedMetadataUse::Never] {
        // Unsigned metadata with another name: whoever reads it knows it.
        let http = world.http().tampered(|request, response| {
            let json = response.headers().get("content-type").is_some_and(|it| it == JSON);
            if json && request.uri().path().contains("openid-credential-issuer") {
                let mut metadata = body(response);
                metadata["display"][0]["name"] = "unsigned".into();
                *response.body_mut() = metadata.to_string().into_bytes();
            }
        });
        let wallet = trusting(&world, http, how);
        let opened = wait(wallet.open(&world.offer().uri)).unwrap();
        let name = opened.summary().issuer_display[0].name.clone().unwrap();
        assert_eq!(name == "unsigned", how == SignedMetadataUse::Never, "{how:?}");
        wait(ready(opened).accept()).unwrap();
    }
    // Nobody who is trusted has signed it.
    let strangers = || {
        let random = credenza_core::SeededRandom::new(6);
        let stranger = SoftwareSigner::generate(Algorithm::Es256, &random).unwrap().with_kid("stranger");
        World::with(|builder| builder.metadata_signer(Arc::new(stranger)))
    };
    for world in [strangers(), World::new()] {
        let wallet = trusting(&world, world.http(), SignedMetadataUse::WhenTrusted);
        wait(wallet.open(&world.offer().uri)).unwrap();
        let wallet = trusting(&world, world.http(), SignedMetadataUse::Required);
        let error = wait(wallet.open(&world.offer().uri)).unwrap_err();
        assert!(matches!(error, WalletError::Untrustworthy(_)), "{error}");
    }
}

// Clauses: VCI-12.2.3-03, VCI-12.2.3-04, VCI-12.2.3-06, VCI-12.2.3-07
#[test]
fn c26_signed_metadata_that_is_wrong() {
    let open = |typ: &'static str, change: fn(&mut Value), cut: bool| {
        let world = signing();
        let good = signed(&world);
        let mut claims: Value = serde_json::from_slice(&Jws::parse(&good).unwrap().payload).unwrap();
        change(&mut claims);
        let key = key();
        let header = Header::signing(&key, typ, IdentifiedBy::Kid);
        let mut text = wait(jwt::sign(&key, &header, &claims)).unwrap();
        if cut {
            let (signed, _) = text.rsplit_once('.').unwrap();
            text = format!("{signed}.{}", b64::encode([1; 64]));
        }
        let http = world.http().tampered(move |_, response| {
            if response.headers().get("content-type").is_some_and(|it| it == "application/jwt") {
                *response.body_mut() = text.clone().into_bytes();
            }
        });
        wait(trusting(&world, http, SignedMetadataUse::WhenTrusted).open(&world.offer().uri)).map(drop)
    };
    assert!(open(TYP, |_| {}, false).is_ok());
    let cases: [(&str, Spoil); 6] = [
        ("another sub", |it| it["sub"] = "https://issuer.example".into()),
        ("no sub", |it| drop(it.as_object_mut().unwrap().remove("sub"))),
        ("no iat", |it| drop(it.as_object_mut().unwrap().remove("iat"))),
        ("expired", |it| it["exp"] = json!(START - Duration::from_secs(61))),
        ("from the future", |it| it["iat"] = json!(START + Duration::from_secs(61))),
        ("another issuer's", |it| it["credential_issuer"] = "https://issuer.example".into()),
    ];
    for (why, change) in cases {
        assert!(open(TYP, change, false).is_err(), "{why}");
    }
    assert!(open("JWT", |_| {}, false).is_err());
    assert!(open(TYP, |_| {}, true).is_err());
}
