//! Where a wallet keeps its credentials: sealed files in a folder, or memory.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use credenza_core::{Random, Sealer, Secret, UnixTime, b64};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::keys::passphrase::{Hardness, LockError, Locked};
use crate::keys::{self, FileError};

/// Keeps named pieces of text that nobody else may read.
pub trait Vault: Send + Sync {
    /// The names, sorted.
    ///
    /// # Errors
    /// See [`VaultError`].
    fn names(&self) -> Result<Vec<String>, VaultError>;

    /// The text of that name.
    ///
    /// # Errors
    /// See [`VaultError`].
    fn read(&self, name: &str) -> Result<Option<Secret>, VaultError>;

    /// Writes a text. When it returns, the text is safe.
    ///
    /// # Errors
    /// See [`VaultError`].
    fn write(&self, name: &str, content: &Secret) -> Result<(), VaultError>;

    /// Removes a text; `false` when there is none.
    ///
    /// # Errors
    /// See [`VaultError`].
    fn remove(&self, name: &str) -> Result<bool, VaultError>;
}

/// Why the vault stays shut.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// A file can't be read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// The wallet has a passphrase, or shall have one, and none was given.
    #[error(
        "this wallet is protected by a passphrase: set CREDENZA_WALLET_PASSPHRASE, or run it on a terminal"
    )]
    PassphraseNeeded,
    /// It is another passphrase.
    #[error("the passphrase is not the one of this wallet")]
    WrongPassphrase,
    /// What is in the file was not written by this wallet.
    #[error("{0} is damaged, or belongs to another wallet")]
    Damaged(PathBuf),
    /// Another process holds the wallet.
    #[error("another process is using this wallet; wait until it has ended")]
    Busy,
}

const KEY_FILE: &str = "wallet.key";
const FOLDER: &str = "credentials";
const ENDING: &str = "sealed";
const CONTENT: &str = "wallet.content";
const WRAPPED: &str = "wallet.key";

/// Sealed values of a wallet do not expire.
const NEVER: UnixTime = UnixTime::from_secs(i64::MAX);

/// A folder with one sealed file for each text, and the key beside it: plain with rights for the owner alone, or
/// sealed under a passphrase.
pub struct FolderVault<R> {
    folder: PathBuf,
    sealer: Sealer,
    random: R,
    // Held until the process ends.
    _lock: File,
}

/// Holds the content and its name, so that files can't be swapped.
#[derive(Serialize, Deserialize)]
struct Content {
    name: String,
    content: Secret,
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "protection", rename_all = "lowercase")]
enum KeyFile {
    /// By the rights of the file alone.
    Rights { key: Secret },
    /// By a passphrase.
    Passphrase(Locked),
}

impl<R: Random> FolderVault<R> {
    /// Opens the vault in `folder`, or makes one. `passphrase` is asked for when one is needed; for a new vault it
    /// is asked too, and `None` means protection by the rights of the files.
    ///
    /// # Errors
    /// See [`VaultError`].
    pub fn open(
        folder: &Path,
        random: R,
        passphrase: impl FnOnce(Purpose) -> Result<Option<Secret>, VaultError>,
    ) -> Result<Self, VaultError> {
        Self::open_with(folder, random, passphrase, Hardness::default())
    }

    fn open_with(
        folder: &Path,
        random: R,
        passphrase: impl FnOnce(Purpose) -> Result<Option<Secret>, VaultError>,
        hardness: Hardness,
    ) -> Result<Self, VaultError> {
        keys::private_folder(&folder.join(FOLDER))?;
        let lock = lock(&folder.join("lock"))?;
        let key_file = folder.join(KEY_FILE);
        let key = if key_file.exists() {
            let bytes = keys::read_private(&key_file)?;
            let file = serde_json::from_slice(&bytes).map_err(|_| VaultError::Damaged(key_file.clone()))?;
            unwrap(&file, passphrase)?.ok_or(VaultError::Damaged(key_file))?
        } else {
            let mut key = Zeroizing::new([0; 32]);
            random.fill(key.as_mut_slice());
            let file = wrap(&key, passphrase(Purpose::New)?, &random, hardness)
                .ok_or_else(|| VaultError::Damaged(key_file.clone()))?;
            let text = Zeroizing::new(serde_json::to_vec_pretty(&file).unwrap_or_default());
            keys::write_private(&key_file, &text)?;
            key
        };
        let sealer = Sealer::new([(0, *key)]);
        Ok(Self { folder: folder.join(FOLDER), sealer, random, _lock: lock })
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.{ENDING}"))
    }
}

/// What a passphrase is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// To protect a new wallet.
    New,
    /// To open the wallet.
    Open,
}

impl<R: Random> Vault for FolderVault<R> {
    fn names(&self) -> Result<Vec<String>, VaultError> {
        let failed = |error| FileError::Io { path: self.folder.clone(), error };
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.folder).map_err(failed)? {
            let path = entry.map_err(failed)?.path();
            if path.extension().is_some_and(|ending| ending == ENDING) {
                names.extend(path.file_stem().and_then(|name| name.to_str()).map(str::to_owned));
            }
        }
        names.sort_unstable();
        Ok(names)
    }

    fn read(&self, name: &str) -> Result<Option<Secret>, VaultError> {
        // A name is also typed by people: it must not lead out of the folder.
        if !is_name(name) || !self.path(name).exists() {
            return Ok(None);
        }
        let path = self.path(name);
        let sealed = keys::read_private(&path)?;
        let plain = std::str::from_utf8(&sealed)
            .ok()
            .and_then(|sealed| self.sealer.open(CONTENT, UnixTime::EPOCH, sealed).ok())
            .map(Zeroizing::new);
        plain
            .and_then(|plain| serde_json::from_slice::<Content>(&plain).ok())
            .filter(|content| content.name == name)
            .map(|content| Some(content.content))
            .ok_or(VaultError::Damaged(path))
    }

    fn write(&self, name: &str, content: &Secret) -> Result<(), VaultError> {
        let path = self.path(name);
        let content = Content { name: name.to_owned(), content: content.clone() };
        let plain = Zeroizing::new(serde_json::to_vec(&content).unwrap_or_default());
        let sealed = self.sealer.seal(&self.random, CONTENT, NEVER, &plain);
        if !is_name(name) || sealed.is_empty() {
            return Err(VaultError::Damaged(path));
        }
        Ok(keys::write_private(&path, sealed.as_bytes())?)
    }

    fn remove(&self, name: &str) -> Result<bool, VaultError> {
        let path = self.path(name);
        if !is_name(name) || !path.exists() {
            return Ok(false);
        }
        fs::remove_file(&path).map_err(|error| FileError::Io { path, error })?;
        Ok(true)
    }
}

/// A vault that is gone with the process: for a demonstration and for tests.
#[derive(Default)]
pub struct MemoryVault(Mutex<BTreeMap<String, Secret>>);

impl MemoryVault {
    fn entries(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, Secret>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Vault for MemoryVault {
    fn names(&self) -> Result<Vec<String>, VaultError> {
        Ok(self.entries().keys().cloned().collect())
    }

    fn read(&self, name: &str) -> Result<Option<Secret>, VaultError> {
        Ok(self.entries().get(name).cloned())
    }

    fn write(&self, name: &str, content: &Secret) -> Result<(), VaultError> {
        self.entries().insert(name.to_owned(), content.clone());
        Ok(())
    }

    fn remove(&self, name: &str) -> Result<bool, VaultError> {
        Ok(self.entries().remove(name).is_some())
    }
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
}

fn lock(path: &Path) -> Result<File, VaultError> {
    let failed = |error| FileError::Io { path: path.to_owned(), error };
    let file = File::create(path).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(fs::TryLockError::WouldBlock) => Err(VaultError::Busy),
        Err(fs::TryLockError::Error(error)) => Err(failed(error).into()),
    }
}

fn wrap(
    key: &[u8; 32],
    passphrase: Option<Secret>,
    random: &dyn Random,
    hardness: Hardness,
) -> Option<KeyFile> {
    let Some(passphrase) = passphrase else {
        return Some(KeyFile::Rights { key: Secret::new(b64::encode(key)) });
    };
    Locked::seal(key, WRAPPED, &passphrase, random, hardness).ok().map(KeyFile::Passphrase)
}

/// The key; `None` when the file is damaged.
fn unwrap(
    file: &KeyFile,
    passphrase: impl FnOnce(Purpose) -> Result<Option<Secret>, VaultError>,
) -> Result<Option<Zeroizing<[u8; 32]>>, VaultError> {
    let bytes = match file {
        KeyFile::Rights { key } => b64::decode(key.expose()).ok().map(Zeroizing::new),
        KeyFile::Passphrase(locked) => {
            let passphrase = passphrase(Purpose::Open)?.ok_or(VaultError::PassphraseNeeded)?;
            match locked.open(WRAPPED, &passphrase) {
                Ok(key) => Some(key),
                Err(LockError::WrongPassphrase) => return Err(VaultError::WrongPassphrase),
                Err(LockError::Damaged) => None,
            }
        }
    };
    Ok(bytes.and_then(|bytes| <[u8; 32]>::try_from(bytes.as_slice()).ok()).map(Zeroizing::new))
}

#[cfg(test)]
mod tests {
    use super::*;
    use credenza_core::SystemRandom;

    const EASY: Hardness = Hardness { memory_kib: 64, passes: 1, lanes: 1 };

    fn none(_: Purpose) -> Result<Option<Secret>, VaultError> {
        Ok(None)
    }

    fn open(folder: &Path) -> FolderVault<SystemRandom> {
        FolderVault::open(folder, SystemRandom, none).unwrap()
    }

    /// What every vault promises.
    fn contract(vault: &dyn Vault) {
        assert!(vault.names().unwrap().is_empty());
        assert!(vault.read("a").unwrap().is_none());
        assert!(!vault.remove("a").unwrap());
        for (name, text) in [("b", "two"), ("a", "one"), ("b", "three")] {
            vault.write(name, &Secret::new(text.to_owned())).unwrap();
        }
        assert_eq!(vault.names().unwrap(), ["a", "b"]);
        assert!(vault.read("b").unwrap().unwrap().matches("three"));
        assert!(vault.remove("b").unwrap());
        assert!(vault.read("b").unwrap().is_none());
    }

    #[test]
    fn both_adapters_keep_the_contract() {
        contract(&MemoryVault::default());
        contract(&open(tempfile::tempdir().unwrap().path()));
    }

    // Clauses: VCI-13.10-02
    #[test]
    fn what_was_written_is_there_after_a_restart_and_unreadable_for_others() {
        let folder = tempfile::tempdir().unwrap();
        open(folder.path()).write("a", &Secret::new("canary".to_owned())).unwrap();
        assert!(open(folder.path()).read("a").unwrap().unwrap().matches("canary"));
        let file = fs::read_to_string(folder.path().join("credentials/a.sealed")).unwrap();
        assert!(!file.contains("canary"));
    }

    #[test]
    fn files_cannot_be_swapped_or_changed() {
        let folder = tempfile::tempdir().unwrap();
        let vault = open(folder.path());
        vault.write("a", &Secret::new("x".to_owned())).unwrap();
        fs::copy(vault.path("a"), vault.path("b")).unwrap();
        assert!(matches!(vault.read("b"), Err(VaultError::Damaged(_))));
        fs::write(vault.path("a"), "garbage").unwrap();
        assert!(matches!(vault.read("a"), Err(VaultError::Damaged(_))));
    }

    #[test]
    fn names_lead_nowhere_else() {
        let folder = tempfile::tempdir().unwrap();
        let vault = open(folder.path());
        assert!(vault.read("../wallet").unwrap().is_none());
        assert!(!vault.remove("../../x").unwrap());
        assert!(vault.write("../x", &Secret::new(String::new())).is_err());
    }

    #[test]
    fn one_process_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let first = open(folder.path());
        assert!(matches!(FolderVault::open(folder.path(), SystemRandom, none), Err(VaultError::Busy)));
        drop(first);
        open(folder.path());
    }

    #[test]
    fn a_passphrase_opens_and_another_does_not() {
        let folder = tempfile::tempdir().unwrap();
        let open = |passphrase: Option<&str>| {
            let passphrase = passphrase.map(|word| Secret::new(word.to_owned()));
            FolderVault::open_with(folder.path(), SystemRandom, |_| Ok(passphrase), EASY)
        };
        open(Some("correct")).unwrap().write("a", &Secret::new("x".to_owned())).unwrap();
        assert!(open(Some("correct")).unwrap().read("a").unwrap().unwrap().matches("x"));
        assert!(matches!(open(Some("wrong")), Err(VaultError::WrongPassphrase)));
        assert!(matches!(open(None), Err(VaultError::PassphraseNeeded)));
        let file = fs::read_to_string(folder.path().join(KEY_FILE)).unwrap();
        assert!(file.contains("argon2") || file.contains("passphrase"), "{file}");
    }
}
