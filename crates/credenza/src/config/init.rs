//! `credenza init`: a configuration with keys, ready to serve.

use std::fs;
use std::path::{Path, PathBuf};

use credenza_core::{Random, Secret, UnixTime, b64, id};
use credenza_crypto::hash::sha256;
use url::Url;

use crate::keys::identity::{Identity, IdentityError};
use crate::keys::{self, FileError};

/// The credential type that a new service issues.
pub const CREDENTIAL_TYPE: &str = include_str!("credential-type.json");

const TEMPLATE: &str = include_str!("credenza.toml");
const FILE: &str = "credenza.toml";

/// What was written.
#[derive(Debug)]
pub struct Initialized {
    /// The configuration.
    pub file: PathBuf,
    /// The root certificate that wallets and verifiers may trust.
    pub root: PathBuf,
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
}

/// Writes a configuration, keys and an example of a credential type into `folder`.
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
    let (file, root) = (path(FILE), path("keys/root.pem"));
    let written = ["keys/issuer.jwk", "keys/verifier.jwk", "keys/root.jwk", "keys/sealing.key"];
    let example = path("credential-types/pid.json");
    for existing in written.iter().map(|name| path(name)).chain([file.clone(), root.clone(), example.clone()])
    {
        if existing.exists() {
            return Err(InitError::Exists(existing));
        }
    }
    let identity = Identity::generate("Credenza", url, now, random)?;
    keys::private_folder(&path("keys"))?;
    let types = path("credential-types");
    fs::create_dir_all(&types).map_err(|error| FileError::Io { path: types, error })?;

    let secrets = [
        identity.issuer.to_private_jwk(),
        identity.verifier.to_private_jwk(),
        identity.authority.to_private_jwk(),
        sealing_key(random),
    ];
    for (name, secret) in written.iter().zip(&secrets) {
        keys::write_private(&path(name), secret.expose().as_bytes())?;
    }
    keys::write_public(&root, identity.authority.to_pem().as_bytes())?;
    keys::write_public(&example, CREDENTIAL_TYPE.as_bytes())?;

    let admin_token = Secret::new(id::unguessable(random));
    let text = TEMPLATE
        .replace("{url}", url.as_str().trim_end_matches('/'))
        .replace("{listen}", listen)
        .replace("{token_sha256}", &b64::encode(sha256(admin_token.expose().as_bytes())));
    keys::write_private(&file, text.as_bytes())?;
    Ok(Initialized { file, root, admin_token })
}

fn sealing_key(random: &dyn Random) -> Secret {
    Secret::new(id::unguessable(random))
}
