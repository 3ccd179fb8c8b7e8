//! Secrets under a passphrase: the one scheme for the key of a wallet and for the keys in files.

use argon2::{Algorithm, Argon2, Params, Version};
use credenza_core::{Random, Sealer, Secret, UnixTime, b64};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

/// What is sealed under a passphrase does not expire.
const NEVER: UnixTime = UnixTime::from_secs(i64::MAX);

/// How hard a passphrase is to guess.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hardness {
    /// Memory for one guess, in KiB.
    pub memory_kib: u32,
    /// How often the memory is gone through.
    pub passes: u32,
    /// How many processors can help.
    pub lanes: u32,
}

impl Default for Hardness {
    /// 64 MiB of memory, three passes (RFC 9106 §4, second recommended option).
    fn default() -> Self {
        Self { memory_kib: 64 * 1024, passes: 3, lanes: 4 }
    }
}

/// A secret that only the passphrase opens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Locked {
    hardness: Hardness,
    salt: String,
    key: String,
}

/// Why a secret stays shut.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LockError {
    /// It is another passphrase, or not what was sealed.
    #[error("the passphrase is another one")]
    WrongPassphrase,
    /// The parameters are none.
    #[error("damaged")]
    Damaged,
}

impl Locked {
    /// Seals `secret` for `purpose`: it opens for no other.
    ///
    /// # Errors
    /// [`LockError::Damaged`] for a hardness that argon2 has not.
    pub fn seal(
        secret: &[u8],
        purpose: &'static str,
        passphrase: &Secret,
        random: &dyn Random,
        hardness: Hardness,
    ) -> Result<Self, LockError> {
        let mut salt = [0; 16];
        random.fill(&mut salt);
        let derived = derive(passphrase, &salt, hardness).ok_or(LockError::Damaged)?;
        let key = Sealer::new([(0, *derived)]).seal(random, purpose, NEVER, secret);
        if key.is_empty() {
            return Err(LockError::Damaged);
        }
        Ok(Self { hardness, salt: b64::encode(salt), key })
    }

    /// Opens it.
    ///
    /// # Errors
    /// See [`LockError`].
    pub fn open(&self, purpose: &'static str, passphrase: &Secret) -> Result<Zeroizing<Vec<u8>>, LockError> {
        let salt = b64::decode(&self.salt).map_err(|_| LockError::Damaged)?;
        let derived = derive(passphrase, &salt, self.hardness).ok_or(LockError::Damaged)?;
        let opened = Sealer::new([(0, *derived)]).open(purpose, UnixTime::EPOCH, &self.key);
        opened.map(Zeroizing::new).map_err(|_| LockError::WrongPassphrase)
    }
}

fn derive(passphrase: &Secret, salt: &[u8], hardness: Hardness) -> Option<Zeroizing<[u8; 32]>> {
    let Hardness { memory_kib, passes, lanes } = hardness;
    // The file says how hard; a forged one must not take the machine's memory.
    let params = Params::new(memory_kib.min(1024 * 1024), passes.min(64), lanes.min(64), None).ok()?;
    let mut key = Zeroizing::new([0; 32]);
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(passphrase.expose().as_bytes(), salt, key.as_mut_slice())
        .ok()?;
    Some(key)
}

#[cfg(test)]
mod tests {
    use super::*;
    use credenza_core::SystemRandom;

    const EASY: Hardness = Hardness { memory_kib: 64, passes: 1, lanes: 1 };

    #[test]
    fn opens_with_its_passphrase_for_its_purpose_alone() {
        let (right, wrong) = (Secret::new("right".to_owned()), Secret::new("wrong".to_owned()));
        let locked = Locked::seal(b"canary", "one", &right, &SystemRandom, EASY).unwrap();
        assert!(!serde_json::to_string(&locked).unwrap().contains("canary"));
        assert_eq!(locked.open("one", &right).unwrap().as_slice(), b"canary");
        assert_eq!(locked.open("one", &wrong), Err(LockError::WrongPassphrase));
        assert_eq!(locked.open("another", &right), Err(LockError::WrongPassphrase));
        let nonsense = Locked { hardness: Hardness { passes: 0, ..EASY }, ..locked };
        assert_eq!(nonsense.open("one", &right), Err(LockError::Damaged));
    }
}
