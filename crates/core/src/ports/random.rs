//! Port: randomness.

use std::sync::Mutex;

/// Fills buffers with random bytes.
pub trait Random: Send + Sync {
    /// Fills the whole buffer.
    fn fill(&self, bytes: &mut [u8]);
}

/// The operating system's generator, through aws-lc.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemRandom;

impl Random for SystemRandom {
    /// # Panics
    /// When the operating system has no randomness to give: no secret may be made then.
    #[expect(
        clippy::disallowed_methods,
        clippy::expect_used,
        reason = "this is the adapter, and it must fail closed"
    )]
    fn fill(&self, bytes: &mut [u8]) {
        aws_lc_rs::rand::fill(bytes).expect("the operating system gives randomness");
    }
}

/// A generator that gives the same bytes for the same seed (SplitMix64): for tests and replays, never for secrets.
#[derive(Debug)]
pub struct SeededRandom(Mutex<u64>);

impl SeededRandom {
    /// A generator for a seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(Mutex::new(seed))
    }
}

impl Random for SeededRandom {
    fn fill(&self, bytes: &mut [u8]) {
        let mut state = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        for chunk in bytes.chunks_mut(8) {
            *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut word = *state;
            word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            word ^= word >> 31;
            for (byte, random) in chunk.iter_mut().zip(word.to_le_bytes()) {
                *byte = random;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn take(random: &dyn Random) -> [u8; 20] {
        let mut bytes = [0; 20];
        random.fill(&mut bytes);
        bytes
    }

    /// The contract of the port: the buffer is filled, and two calls differ.
    fn contract(random: &dyn Random) {
        let (one, two) = (take(random), take(random));
        assert_ne!(one, two);
        assert_ne!(one, [0; 20]);
        random.fill(&mut []);
    }

    #[test]
    fn both_adapters_keep_the_contract() {
        contract(&SystemRandom);
        contract(&SeededRandom::new(0));
    }

    #[test]
    fn the_same_seed_gives_the_same_bytes() {
        assert_eq!(take(&SeededRandom::new(4)), take(&SeededRandom::new(4)));
        assert_ne!(take(&SeededRandom::new(4)), take(&SeededRandom::new(5)));
    }
}
