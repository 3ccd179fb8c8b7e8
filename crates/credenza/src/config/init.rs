//! `credenza init`: a configuration with keys, ready to serve.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use credenza_core::{Random, Secret, UnixTime, b64, id};
use credenza_crypto::hash::sha256;
use credenza_crypto::{Curve, SoftwareDecrypter};
use credenza_trust::did::DidError;
use url::Url;

use super::examples::CREDENTIAL_TYPES;
use crate::keys::did_signer::DidSigner;
use crate::keys::identity::{Identity, IdentityError};
use crate::keys::{self, FileError};
use crate::service::revocation_list;

const TEMPLATE: &str = include_str!("credenza.toml");
const FILE: &str = "credenza.toml";

/// What was written.
#[derive(Debug)]
pub struct Initialized {
    /// The configuration.
    pub file: PathBuf,
    /// The root certificate that wallets and verifiers may trust.
    pub root: PathBuf,
    /// The root certificate by which its mobile documents are known.
    pub iaca: PathBuf,
    /// The DID by which its W3C credentials are known.
    pub did: String,
    /// The admin token. It is stored as a hash only: this is the one time that it can be shown.
    pub admin_token: Secret,
}

/// Why nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum InitError {
    /// Something is there already.
    #[error("{0} exists; nothing was changed. Choose another folder with --dir, or move it away")]
    Exists(PathBuf),
    /// A file could not be written.
    #[error(transparent)]
    File(#[from] FileError),
    /// No keys.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// The issuer's key has no DID.
    #[error("the issuer's key: {0}")]
    Did(#[from] DidError),
}

/// Writes a configuration, keys and examples of credential types into `folder`.
///
/// The configuration itself comes last: when it is there, everything is.
///
/// # Errors
/// See [`InitError`]. Nothing that exists is overwritten.
pub fn init(
    folder: &Path,
    url: &Url,
    listen: &str,
    now: UnixTime,
    random: &dyn Random,
) -> Result<Initialized, InitError> {
    let path = |name: &str| folder.join(name);
    let (file, root, iaca) = (path(FILE), path("keys/root.pem"), path("keys/iaca.pem"));
    let revoked = path("keys/iaca.crl");
    let written = [
        "keys/issuer.jwk",
        "keys/verifier.jwk",
        "keys/root.jwk",
        "keys/document-signer.jwk",
        "keys/iaca.jwk",
        "keys/encryption.jwk",
        "keys/sealing.key",
    ];
    let types = path("credential-types");
    let examples = CREDENTIAL_TYPES.map(|(name, text)| (types.join(name), text));
    let others = [file.clone(), root.clone(), iaca.clone(), revoked.clone()];
    let others = others.into_iter().chain(examples.iter().map(|(path, _)| path.clone()));
    for existing in written.iter().map(|name| path(name)).chain(others) {
        if existing.exists() {
            return Err(InitError::Exists(existing));
        }
    }
    let identity = Identity::generate("Credenza", url, now, random)?;
    keys::private_folder(&path("keys"))?;
    fs::create_dir_all(&types).map_err(|error| FileError::Io { path: types, error })?;

    let secrets = [
        identity.issuer.to_private_jwk(),
        identity.verifier.to_private_jwk(),
        identity.authority.to_private_jwk(),
        identity.document_signer.to_private_jwk(),
        identity.iaca.to_private_jwk(),
        encryption_key(random)?,
        sealing_key(random),
    ];
    for (name, secret) in written.iter().zip(&secrets) {
        keys::write_private(&path(name), secret.expose().as_bytes())?;
    }
    keys::write_public(&root, identity.authority.to_pem().as_bytes())?;
    keys::write_public(&iaca, identity.iaca.to_pem().as_bytes())?;
    let none_revoked = revocation_list::empty(&identity.iaca, now).map_err(IdentityError::from)?;
    keys::write_public(&revoked, &none_revoked)?;
    for (path, text) in &examples {
        keys::write_public(path, text.as_bytes())?;
    }
    let did = DidSigner::new(Arc::new(identity.issuer))?.did().as_str().to_owned();

    let admin_token = Secret::new(id::unguessable(random));
    let text = TEMPLATE
        .replace("{url}", url.as_str().trim_end_matches('/'))
        .replace("{listen}", listen)
        .replace("{did}", &did)
        .replace("{token_sha256}", &b64::encode(sha256(admin_token.expose().as_bytes())));
    keys::write_private(&file, text.as_bytes())?;
    Ok(Initialized { file, root, iaca, did, admin_token })
}

/// Writes other stores into a configuration that [`init`] has written.
///
/// # Errors
/// The file.
pub fn name_stores(file: &Path, database: Option<&str>, sessions: Option<&str>) -> Result<(), InitError> {
    let text = fs::read_to_string(file).map_err(|error| FileError::Io { path: file.to_owned(), error })?;
    let named = |name: &str, url: &str| format!("{name} = {}", serde_json::Value::from(url));
    let lines = text.lines().map(|line| match (database, sessions) {
        (Some(url), _) if line.starts_with("database = ") => named("database", url),
        (_, Some(url)) if line.starts_with("# sessions = ") => named("sessions", url),
        _ => line.to_owned(),
    });
    let text: String = lines.map(|line| line + "\n").collect();
    Ok(keys::write_private(file, text.as_bytes())?)
}

fn encryption_key(random: &dyn Random) -> Result<Secret, IdentityError> {
    Ok(SoftwareDecrypter::generate(Curve::P256, random)?.to_private_jwk())
}

fn sealing_key(random: &dyn Random) -> Secret {
    Secret::new(id::unguessable(random))
}
