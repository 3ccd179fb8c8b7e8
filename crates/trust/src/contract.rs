//! The promises of the Trust port, as a test that every adapter runs.

use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use credenza_core::UnixTime;

use crate::{Distrust, KeyMaterial, Purpose, Trust, Trusted};

/// All purposes, with a credential type that nobody was configured for by accident.
const PURPOSES: [Purpose<'static>; 5] = [
    Purpose::Issuer { credential_type: "urn:credenza:contract" },
    Purpose::Verifier,
    Purpose::StatusList,
    Purpose::WalletProvider,
    Purpose::IssuerMetadata,
];

/// Asks an adapter that answers without a reactor.
///
/// # Panics
/// When it waits for something that does not come by itself.
#[expect(clippy::panic, reason = "a test harness")]
pub fn ask(
    trust: &dyn Trust,
    material: &KeyMaterial<'_>,
    purpose: Purpose<'_>,
    now: UnixTime,
) -> Result<Trusted, Distrust> {
    let mut answer = trust.resolve(material, purpose, now);
    let mut context = Context::from_waker(Waker::noop());
    for _ in 0..1000 {
        if let Poll::Ready(answer) = Future::poll(Pin::new(&mut answer), &mut context) {
            return answer;
        }
    }
    panic!("the adapter waits for the outside")
}

/// Checks the promises of [`Trust`] with material that the adapter trusts for `trusted_for`, and for nothing else,
/// at the time `now`.
///
/// # Panics
/// When a promise is broken.
#[expect(clippy::panic, reason = "a test harness")]
pub fn check(trust: &dyn Trust, material: &KeyMaterial<'_>, trusted_for: &[Purpose<'_>], now: UnixTime) {
    let mut keys = Vec::new();
    for purpose in trusted_for {
        match ask(trust, material, *purpose, now) {
            Ok(trusted) => {
                assert!(!trusted.how.is_empty(), "{purpose:?} is trusted without evidence");
                keys.push(trusted.key);
            }
            Err(distrust) => panic!("{purpose:?} should be trusted: {distrust}"),
        }
    }
    assert!(keys.windows(2).all(|pair| pair.first() == pair.last()), "one material, two keys");
    for purpose in PURPOSES {
        let configured = trusted_for.iter().any(|known| known.rule() == purpose.rule());
        assert!(configured || ask(trust, material, purpose, now).is_err(), "{purpose:?} is trusted unasked");
        let nothing = KeyMaterial::default();
        assert!(ask(trust, &nothing, purpose, now).is_err(), "{purpose:?}: nobody is trusted");
        let stranger = KeyMaterial {
            kid: Some("stranger"),
            issuer: Some("https://stranger.invalid"),
            ..KeyMaterial::default()
        };
        assert!(ask(trust, &stranger, purpose, now).is_err(), "{purpose:?}: a stranger is trusted");
        let rubbish = [b"no certificate".to_vec()];
        let rubbish = KeyMaterial { x5c: Some(&rubbish), ..KeyMaterial::default() };
        assert!(ask(trust, &rubbish, purpose, now).is_err(), "{purpose:?}: rubbish is trusted");
        let empty = KeyMaterial { x5c: Some(&[]), ..KeyMaterial::default() };
        assert!(ask(trust, &empty, purpose, now).is_err(), "{purpose:?}: an empty chain is trusted");
    }
}
