//! Secrets of webhooks and what they sign: HMAC-SHA256 over id, time and body, in the style of Standard Webhooks.

use std::time::Duration;

use credenza_core::{Random, Sealer, Secret, UnixTime, b64};
use credenza_crypto::hash::HmacKey;
use serde::{Deserialize, Serialize};

const PURPOSE: &str = "server.webhook.secret";
const PREFIX: &str = "whsec_";
/// Bytes of a secret.
const LENGTH: usize = 32;

/// A secret as it is kept.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Kept {
    sealed: String,
    /// Nothing is signed with it any more from then on; `None`: it is the present one.
    pub(super) until: Option<UnixTime>,
}

impl Kept {
    /// A new secret: as the receiver gets it, and as it is kept. `None`: there is no key to seal it with.
    pub(super) fn new(sealer: &Sealer, random: &dyn Random) -> Option<(Secret, Self)> {
        let mut bytes = [0; LENGTH];
        random.fill(&mut bytes);
        // A webhook lives until somebody removes it.
        let ever = UnixTime::from_secs(i64::MAX);
        let sealed = sealer.seal(random, PURPOSE, ever, &bytes);
        let shown = Secret::new(format!("{PREFIX}{}", b64::encode_std(bytes)));
        (!sealed.is_empty()).then_some((shown, Self { sealed, until: None }))
    }

    fn open(&self, sealer: &Sealer, now: UnixTime) -> Option<HmacKey> {
        if self.until.is_some_and(|until| now >= until) {
            return None;
        }
        sealer.open(PURPOSE, now, &self.sealed).ok().map(|bytes| HmacKey::new(&bytes))
    }
}

/// Has the present secret sign for `overlap` more, beside the new one; drops those that have ended.
pub(super) fn rotate(secrets: &mut Vec<Kept>, new: Kept, overlap: Duration, now: UnixTime) -> UnixTime {
    let ends = now + overlap;
    for secret in secrets.iter_mut() {
        secret.until = Some(secret.until.map_or(ends, |until| until.min(ends)));
    }
    secrets.retain(|secret| secret.until.is_some_and(|until| now < until));
    secrets.insert(0, new);
    ends
}

/// The value of `webhook-signature`: one for each secret in force. `None`: there is none that can be read.
pub(super) fn sign(secrets: &[Kept], sealer: &Sealer, id: &str, at: UnixTime, body: &[u8]) -> Option<String> {
    let mut signed = format!("{id}.{}.", at.as_secs()).into_bytes();
    signed.extend_from_slice(body);
    let signatures: Vec<String> = secrets
        .iter()
        .filter_map(|secret| secret.open(sealer, at))
        .map(|key| format!("v1,{}", b64::encode_std(key.mac(&signed))))
        .collect();
    (!signatures.is_empty()).then(|| signatures.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use credenza_core::SeededRandom;

    const NOW: UnixTime = UnixTime::from_secs(1_614_265_330);

    #[test]
    fn the_signature_is_that_of_standard_webhooks() {
        let (random, sealer) = (SeededRandom::new(3), Sealer::new([(1, [7; 32])]));
        // The example of the specification's test vectors: secret, id, time, body and signature.
        let bytes = b64::decode_std("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let sealed = sealer.seal(&random, PURPOSE, UnixTime::from_secs(i64::MAX), &bytes);
        let secrets = [Kept { sealed, until: None }];
        let signature =
            sign(&secrets, &sealer, "msg_p5jXN8AQM9LWM0D4loKWxJek", NOW, br#"{"test": 2432232314}"#);
        assert_eq!(signature.unwrap(), "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
        assert_eq!(sign(&secrets, &Sealer::new([(1, [8; 32])]), "x", NOW, b""), None, "another key ring");
    }

    #[test]
    fn both_secrets_sign_while_receivers_change_over() {
        let (random, sealer) = (SeededRandom::new(3), Sealer::new([(1, [7; 32])]));
        let (shown, first) = Kept::new(&sealer, &random).unwrap();
        assert!(shown.expose().starts_with(PREFIX));
        let mut secrets = vec![first];
        let count = |secrets: &[Kept], at| sign(secrets, &sealer, "m", at, b"x").unwrap().split(' ').count();
        assert_eq!(count(&secrets, NOW), 1);
        let (_, second) = Kept::new(&sealer, &random).unwrap();
        let ends = rotate(&mut secrets, second, Duration::from_secs(60), NOW);
        assert_eq!(ends, NOW + Duration::from_secs(60));
        assert_eq!((count(&secrets, NOW), count(&secrets, ends)), (2, 1));
        let (_, third) = Kept::new(&sealer, &random).unwrap();
        rotate(&mut secrets, third, Duration::ZERO, NOW);
        assert_eq!(
            (count(&secrets, NOW), secrets.len()),
            (1, 1),
            "without an overlap the old ones end at once"
        );
    }
}
