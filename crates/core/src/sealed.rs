//! Sealed values: state that travels with the client, readable and changeable by nobody but us.
//!
//! A nonce or a token that carries its own content, purpose and expiry costs no write when it is made; only spending
//! it does. All nodes share the key ring, so that any of them can open what another has sealed.

use std::borrow::Cow;

use aws_lc_rs::aead::{AES_256_GCM_SIV, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::digest::{SHA256, digest};
use zeroize::Zeroizing;

use crate::{Epoch, Random, UnixTime, b64};

/// Why a sealed value was not opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// Not ours, not for this purpose, or damaged. Which of them is nobody's business.
    #[error("not a value that was sealed here for this purpose")]
    Forged,
    /// Ours, and too old.
    #[error("expired")]
    Expired,
}

/// A ring of AES-256-GCM-SIV keys: seals with the first, opens with any.
///
/// GCM-SIV because nonces are random: a repeated one reveals no more than that two values were equal.
///
/// ```
/// use credenza_core::{SealError, Sealer, SystemRandom, UnixTime};
/// let sealer = Sealer::new([(1, [7; 32])]);
/// let now = UnixTime::from_secs(1_700_000_000);
/// let text = sealer.seal(&SystemRandom, "c_nonce", now, b"hello");
/// assert_eq!(sealer.open("c_nonce", now, &text), Err(SealError::Expired));
/// assert_eq!(sealer.open("dpop_nonce", UnixTime::EPOCH, &text), Err(SealError::Forged));
/// assert_eq!(sealer.open("c_nonce", UnixTime::EPOCH, &text).unwrap(), b"hello");
/// ```
pub struct Sealer {
    ring: Vec<(u8, LessSafeKey)>,
    epoch: Epoch,
}

const NONCE: usize = 12;
const EXPIRY: usize = 8;

impl Sealer {
    /// A ring of keys, each with its id; the first one seals.
    #[must_use]
    pub fn new(keys: impl IntoIterator<Item = (u8, [u8; 32])>) -> Self {
        let ring = keys
            .into_iter()
            .filter_map(|(id, key)| {
                let key = Zeroizing::new(key);
                Some((id, LessSafeKey::new(UnboundKey::new(&AES_256_GCM_SIV, key.as_slice()).ok()?)))
            })
            .collect();
        Self { ring, epoch: Epoch::default() }
    }

    /// A ring from its text: a key of 32 bytes on each line, as base64url; the first one seals. `None`: it is none.
    ///
    /// An id is the first byte of its key's SHA-256, so that a key has the same one wherever it is in the ring.
    #[must_use]
    pub fn from_text(text: &str) -> Option<Self> {
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        let key = |line| <[u8; 32]>::try_from(b64::decode(line).ok()?).ok();
        let id = |key: &[u8; 32]| digest(&SHA256, key).as_ref().first().copied().unwrap_or_default();
        let keys = lines.map(|line| key(line).map(|key| (id(&key), key))).collect::<Option<Vec<_>>>()?;
        (!keys.is_empty()).then(|| Self::new(keys))
    }

    /// Seals for the epoch of a store, and opens what was sealed in the epoch that it is in by then.
    #[must_use]
    pub fn in_epoch(self, epoch: Epoch) -> Self {
        Self { epoch, ..self }
    }

    /// A ring of one fresh key, for a single process.
    #[must_use]
    pub fn fresh(random: &dyn Random) -> Self {
        let mut key = [0; 32];
        random.fill(&mut key);
        Self::new([(0, key)])
    }

    /// Seals `content` for `purpose` until `expires` (that second excluded), as base64url.
    #[must_use]
    pub fn seal(
        &self,
        random: &dyn Random,
        purpose: &'static str,
        expires: UnixTime,
        content: &[u8],
    ) -> String {
        let Some((id, key)) = self.ring.first() else { return String::new() };
        let mut nonce = [0; NONCE];
        random.fill(&mut nonce);
        let mut body = Vec::with_capacity(EXPIRY + content.len() + 16);
        body.extend_from_slice(&expires.as_secs().to_be_bytes());
        body.extend_from_slice(content);
        let aad = Aad::from(self.bound_to(purpose));
        if key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), aad, &mut body).is_err() {
            return String::new();
        }
        let mut sealed = Vec::with_capacity(1 + NONCE + body.len());
        sealed.push(*id);
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(&body);
        b64::encode(sealed)
    }

    /// Opens what [`Sealer::seal`] has made for the same purpose.
    ///
    /// # Errors
    /// [`SealError::Forged`] for anything else, [`SealError::Expired`] from the second of expiry on.
    pub fn open(&self, purpose: &'static str, now: UnixTime, sealed: &str) -> Result<Vec<u8>, SealError> {
        let sealed = b64::decode(sealed).map_err(|_| SealError::Forged)?;
        let (id, rest) = sealed.split_first().ok_or(SealError::Forged)?;
        let (nonce, body) = rest.split_first_chunk::<NONCE>().ok_or(SealError::Forged)?;
        let aad = self.bound_to(purpose);
        // Two keys of a ring can have one id, which is a byte.
        let plain = self.ring.iter().filter(|(known, _)| known == id).find_map(|(_, key)| {
            let mut body = body.to_vec();
            let nonce = Nonce::assume_unique_for_key(*nonce);
            let length = key.open_in_place(nonce, Aad::from(&aad), &mut body).ok()?.len();
            body.truncate(length);
            Some(body)
        });
        let plain = plain.ok_or(SealError::Forged)?;
        let (expires, content) = plain.split_first_chunk::<EXPIRY>().ok_or(SealError::Forged)?;
        if now >= UnixTime::from_secs(i64::from_be_bytes(*expires)) {
            return Err(SealError::Expired);
        }
        Ok(content.to_vec())
    }

    /// What a value is sealed to: its purpose, and the epoch when there is more than one.
    fn bound_to(&self, purpose: &'static str) -> Cow<'static, [u8]> {
        match self.epoch.number() {
            0 => Cow::Borrowed(purpose.as_bytes()),
            epoch => Cow::Owned([purpose.as_bytes(), b"\0", &epoch.to_be_bytes()].concat()),
        }
    }
}

impl std::fmt::Debug for Sealer {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Sealer({} keys)", self.ring.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SeededRandom;
    use proptest::prelude::*;

    const LATER: UnixTime = UnixTime::from_secs(2_000_000_000);

    #[test]
    fn c03_purposes_and_keys_do_not_mix() {
        let random = SeededRandom::new(3);
        let old = Sealer::new([(1, [1; 32])]);
        let rotated = Sealer::new([(2, [2; 32]), (1, [1; 32])]);
        let foreign = Sealer::new([(1, [9; 32])]);
        let text = old.seal(&random, "c_nonce", LATER, b"x");
        assert_eq!(rotated.open("c_nonce", UnixTime::EPOCH, &text).unwrap(), b"x");
        assert_eq!(rotated.open("dpop_nonce", UnixTime::EPOCH, &text), Err(SealError::Forged));
        assert_eq!(foreign.open("c_nonce", UnixTime::EPOCH, &text), Err(SealError::Forged));
    }

    // Q07: a key is known before it is used, and known after it was used.
    #[test]
    fn q07_a_ring_is_rotated_in_three_steps() {
        let random = SeededRandom::new(3);
        let [old, new] = [[1_u8; 32], [2; 32]].map(b64::encode);
        let texts = [old.clone(), format!("{old}\n{new}\n"), format!("{new}\n{old}\n"), new.clone()];
        let rings = texts.each_ref().map(|text| Sealer::from_text(text).unwrap());
        let good = |by: usize, at: usize| {
            let text = rings[by].seal(&random, "c_nonce", LATER, b"x");
            rings[at].open("c_nonce", UnixTime::EPOCH, &text).is_ok()
        };
        for step in 0..3 {
            assert!(good(step, step + 1) && good(step + 1, step), "nodes at {step} and the next step");
        }
        assert!(!good(0, 3), "what the old key has sealed ends with it");
        for none in ["", "\n", "short", &format!("{old}\n?"), &old[..42]] {
            assert!(Sealer::from_text(none).is_none(), "{none:?}");
        }
    }

    #[test]
    fn keys_of_one_id_are_both_tried() {
        let random = SeededRandom::new(3);
        let ring = Sealer::new([(1, [1; 32]), (1, [2; 32])]);
        let text = Sealer::new([(1, [2; 32])]).seal(&random, "c_nonce", LATER, b"x");
        assert_eq!(ring.open("c_nonce", UnixTime::EPOCH, &text).unwrap(), b"x");
    }

    #[test]
    fn another_epoch_opens_nothing_of_the_one_before() {
        let random = SeededRandom::new(3);
        let epoch = Epoch::default();
        let plain = Sealer::new([(1, [1; 32])]);
        let bound = Sealer::new([(1, [1; 32])]).in_epoch(epoch.clone());
        let first = plain.seal(&random, "c_nonce", LATER, b"x");
        assert_eq!(bound.open("c_nonce", UnixTime::EPOCH, &first).unwrap(), b"x", "0 is no epoch");
        epoch.enter(7);
        assert_eq!(bound.open("c_nonce", UnixTime::EPOCH, &first), Err(SealError::Forged));
        let second = bound.seal(&random, "c_nonce", LATER, b"y");
        assert_eq!(bound.open("c_nonce", UnixTime::EPOCH, &second).unwrap(), b"y");
        assert_eq!(plain.open("c_nonce", UnixTime::EPOCH, &second), Err(SealError::Forged));
        epoch.enter(8);
        assert_eq!(bound.open("c_nonce", UnixTime::EPOCH, &second), Err(SealError::Forged));
    }

    proptest! {
        #[test]
        fn a_changed_byte_never_opens(content: Vec<u8>, at: prop::sample::Index, bit in 0_u8..8) {
            let sealer = Sealer::fresh(&SeededRandom::new(5));
            let text = sealer.seal(&SeededRandom::new(6), "test", LATER, &content);
            let mut bytes = b64::decode(&text).unwrap();
            let at = at.index(bytes.len());
            bytes[at] ^= 1 << bit;
            prop_assert_eq!(sealer.open("test", UnixTime::EPOCH, &b64::encode(bytes)), Err(SealError::Forged));
        }

        #[test]
        fn strangers_text_never_panics(text in ".{0,64}") {
            let sealer = Sealer::fresh(&SeededRandom::new(5));
            prop_assert_eq!(sealer.open("test", UnixTime::EPOCH, &text), Err(SealError::Forged));
        }
    }
}
