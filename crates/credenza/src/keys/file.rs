//! Private keys in files: a JWK, or PEM as other tools write it, in the clear or under a passphrase.

use std::env;
use std::path::{Path, PathBuf};

use credenza_core::{Random, Secret, json};
use credenza_crypto::{Jwk, JwkSet, Signer as _, SoftwareSigner};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use zeroize::Zeroizing;

use super::passphrase::{Hardness, LockError, Locked};
use super::{FileError, create_private, read_private, write_private};

/// The passphrase of key files.
pub const PASSPHRASE: &str = "CREDENZA_KEY_PASSPHRASE";

/// A file with the passphrase of key files in its first line, as secret stores hand them to services.
pub const PASSPHRASE_FILE: &str = "CREDENZA_KEY_PASSPHRASE_FILE";

/// What a key file is sealed for.
const PURPOSE: &str = "key.file";

/// Why a key file can't be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    /// The file can't be read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// Something else is in it.
    #[error("{0}: not a private JWK, nor a private key in PEM, of a type that is supported")]
    NotAKey(PathBuf),
    /// It has a passphrase, and none was given.
    #[error("{0} is protected by a passphrase: set {PASSPHRASE} or {PASSPHRASE_FILE}")]
    PassphraseNeeded(PathBuf),
    /// It is another passphrase.
    #[error("{0}: the passphrase is another one")]
    WrongPassphrase(PathBuf),
    /// It was changed.
    #[error("{0} is damaged")]
    Damaged(PathBuf),
}

/// A key under a passphrase. The public part is there for those who do not have the passphrase.
#[derive(Serialize, Deserialize)]
#[serde(tag = "protection", rename_all = "lowercase")]
enum Protected {
    Passphrase {
        public: Value,
        #[serde(flatten)]
        locked: Locked,
    },
}

/// The passphrase that the environment has for key files.
///
/// # Errors
/// The file that it names can't be read, or everybody can.
pub fn environment() -> Result<Option<Secret>, FileError> {
    from_environment(PASSPHRASE, PASSPHRASE_FILE)
}

/// A secret from a variable, or from the file that another one names.
pub(super) fn from_environment(variable: &str, file: &str) -> Result<Option<Secret>, FileError> {
    if let Some(secret) = env::var(variable).ok().filter(|given| !given.is_empty()) {
        return Ok(Some(Secret::new(secret)));
    }
    let path = env::var_os(file).filter(|path| !path.is_empty());
    path.map(|path| first_line(Path::new(&path))).transpose()
}

/// The secret in the first line of a file.
pub(super) fn first_line(path: &Path) -> Result<Secret, FileError> {
    let bytes = read_private(path)?;
    let first = bytes.split(|byte| matches!(byte, b'\n' | b'\r')).next().unwrap_or_default();
    Ok(Secret::new(String::from_utf8_lossy(first).into_owned()))
}

/// Whether the file is under a passphrase.
///
/// # Errors
/// See [`KeyFileError`].
pub fn is_protected(path: &Path) -> Result<bool, KeyFileError> {
    Ok(protected(&read_private(path)?).is_some())
}

/// The private JWK of a file; `passphrase` is asked when the file has one.
///
/// # Errors
/// See [`KeyFileError`].
pub fn read_jwk(path: &Path, passphrase: impl FnOnce() -> Option<Secret>) -> Result<Secret, KeyFileError> {
    let bytes = read_private(path)?;
    if let Some(Protected::Passphrase { public, locked }) = protected(&bytes) {
        let passphrase = passphrase().ok_or_else(|| KeyFileError::PassphraseNeeded(path.to_owned()))?;
        let jwk = locked.open(PURPOSE, &passphrase).map_err(|error| match error {
            LockError::WrongPassphrase => KeyFileError::WrongPassphrase(path.to_owned()),
            LockError::Damaged => KeyFileError::Damaged(path.to_owned()),
        })?;
        // What is readable without the passphrase is what is in it.
        let same = public_part(&jwk).is_some_and(|own| own.to_value() == public);
        return text(&jwk).filter(|_| same).ok_or_else(|| KeyFileError::Damaged(path.to_owned()));
    }
    let not_a_key = || KeyFileError::NotAKey(path.to_owned());
    let found = text(&bytes).ok_or_else(not_a_key)?;
    if found.expose().trim_start().starts_with("-----BEGIN") {
        return Ok(SoftwareSigner::from_pem(found.expose()).map_err(|_| not_a_key())?.to_private_jwk());
    }
    public_part(&bytes).ok_or_else(not_a_key)?;
    Ok(found)
}

/// The key of a file, to sign with.
///
/// # Errors
/// See [`KeyFileError`].
pub fn read_signer(
    path: &Path,
    passphrase: impl FnOnce() -> Option<Secret>,
) -> Result<SoftwareSigner, KeyFileError> {
    let jwk = read_jwk(path, passphrase)?;
    SoftwareSigner::from_private_jwk(jwk.expose()).map_err(|_| KeyFileError::NotAKey(path.to_owned()))
}

/// The public keys of a file: of a private key (no passphrase is needed), of a public JWK, or of a JWK Set.
///
/// # Errors
/// See [`KeyFileError`]; files with public keys alone may be readable by everybody.
pub fn read_public(path: &Path) -> Result<Vec<Jwk>, KeyFileError> {
    let bytes = Zeroizing::new(std::fs::read(path).map_err(FileError::at(path))?);
    if let Some(keys) = public_keys(&bytes) {
        return Ok(keys);
    }
    let bytes = read_private(path)?;
    if let Some(Protected::Passphrase { public, .. }) = protected(&bytes) {
        let public = Jwk::from_value(&public).map_err(|_| KeyFileError::Damaged(path.to_owned()))?;
        return Ok(vec![public]);
    }
    let jwk = read_jwk(path, || None)?;
    let public = public_part(jwk.expose().as_bytes());
    Ok(vec![public.ok_or_else(|| KeyFileError::NotAKey(path.to_owned()))?])
}

/// Writes a private JWK to a file that is not there yet.
///
/// # Errors
/// See [`KeyFileError`].
pub fn create(
    path: &Path,
    jwk: &Secret,
    passphrase: Option<&Secret>,
    random: &dyn Random,
) -> Result<(), KeyFileError> {
    Ok(create_private(path, &content(path, jwk, passphrase, random)?)?)
}

/// Writes a private JWK in the place of the one that is there.
///
/// # Errors
/// See [`KeyFileError`].
pub fn replace(
    path: &Path,
    jwk: &Secret,
    passphrase: Option<&Secret>,
    random: &dyn Random,
) -> Result<(), KeyFileError> {
    Ok(write_private(path, &content(path, jwk, passphrase, random)?)?)
}

fn content(
    path: &Path,
    jwk: &Secret,
    passphrase: Option<&Secret>,
    random: &dyn Random,
) -> Result<Zeroizing<Vec<u8>>, KeyFileError> {
    let damaged = || KeyFileError::Damaged(path.to_owned());
    let Some(passphrase) = passphrase else {
        return Ok(Zeroizing::new(jwk.expose().as_bytes().to_vec()));
    };
    let public =
        public_part(jwk.expose().as_bytes()).ok_or_else(|| KeyFileError::NotAKey(path.to_owned()))?;
    let plain = jwk.expose().as_bytes();
    let locked =
        Locked::seal(plain, PURPOSE, passphrase, random, Hardness::default()).map_err(|_| damaged())?;
    let file = Protected::Passphrase { public: public.to_value(), locked };
    serde_json::to_vec_pretty(&file).map(Zeroizing::new).map_err(|_| damaged())
}

fn protected(bytes: &[u8]) -> Option<Protected> {
    serde_json::from_slice(bytes).ok()
}

/// The public part of a private JWK.
fn public_part(jwk: &[u8]) -> Option<Jwk> {
    let mut members = json::parse_object(jwk).ok()?;
    members.remove("d").filter(Value::is_string)?;
    Jwk::from_value(&Value::Object(members)).ok()
}

fn public_keys(bytes: &[u8]) -> Option<Vec<Jwk>> {
    let value = json::parse(bytes).ok()?;
    if value.get("keys").is_some() {
        return JwkSet::from_value(&value).ok().map(|set| set.keys);
    }
    Jwk::from_value(&value).ok().map(|key| vec![key])
}

fn text(bytes: &[u8]) -> Option<Secret> {
    std::str::from_utf8(bytes).ok().map(|text| Secret::new(text.to_owned()))
}

/// The certificates of a key as PEM, leaf first.
#[must_use]
pub fn chain_pem(signer: &SoftwareSigner) -> String {
    signer.x5c().iter().map(|certificate| credenza_crypto::x509::der_to_pem(certificate)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use credenza_core::SystemRandom;
    use credenza_crypto::Algorithm;
    use std::fs;

    fn word(word: &str) -> Option<Secret> {
        Some(Secret::new(word.to_owned()))
    }

    // Clauses: VP-5.9.3-29
    #[test]
    fn a_key_under_a_passphrase() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key.json");
        let signer = SoftwareSigner::generate(Algorithm::Es384, &SystemRandom).unwrap().with_kid("one");
        let jwk = signer.to_private_jwk();
        create(&path, &jwk, word("right").as_ref(), &SystemRandom).unwrap();
        let written = fs::read_to_string(&path).unwrap();
        let private: Value = serde_json::from_str(jwk.expose()).unwrap();
        assert!(!written.contains(private["d"].as_str().unwrap()));
        assert!(is_protected(&path).unwrap());
        assert_eq!(read_public(&path).unwrap()[0], *signer.public_jwk(), "without the passphrase");
        assert!(read_jwk(&path, || word("right")).unwrap().matches(jwk.expose()));
        assert!(matches!(read_signer(&path, || word("wrong")), Err(KeyFileError::WrongPassphrase(_))));
        assert!(matches!(read_signer(&path, || None), Err(KeyFileError::PassphraseNeeded(_))));
        assert!(create(&path, &jwk, None, &SystemRandom).is_err(), "nothing is overwritten");

        let other = SoftwareSigner::generate(Algorithm::Es384, &SystemRandom).unwrap().with_kid("one");
        let mut changed: Value = serde_json::from_str(&written).unwrap();
        changed["public"] = other.public_jwk().to_value();
        fs::write(&path, changed.to_string()).unwrap();
        assert!(matches!(read_signer(&path, || word("right")), Err(KeyFileError::Damaged(_))));

        replace(&path, &jwk, None, &SystemRandom).unwrap();
        assert!(read_signer(&path, || None).is_ok());
        assert!(!is_protected(&path).unwrap());
    }

    #[test]
    fn other_files_are_no_keys() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key.json");
        let public = SoftwareSigner::generate(Algorithm::Es256, &SystemRandom).unwrap();
        for content in
            ["", "{}", "text", "-----BEGIN PRIVATE KEY-----", &public.public_jwk().to_value().to_string()]
        {
            write_private(&path, content.as_bytes()).unwrap();
            assert!(matches!(read_signer(&path, || None), Err(KeyFileError::NotAKey(_))), "{content}");
        }
        assert_eq!(read_public(&path).unwrap().len(), 1, "the last was a public key");
    }
}
