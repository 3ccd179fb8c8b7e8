//! The section `[issuer.encryption]`: requests and responses with credentials, encrypted on top of TLS.

use std::path::PathBuf;
use std::sync::Arc;

use credenza_crypto::SoftwareDecrypter;
use credenza_vci::issuer::Encryption;
use serde::Deserialize;
use toml::Spanned;

use super::read::Reader;
use crate::keys;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Section {
    key: Spanned<PathBuf>,
    #[serde(default)]
    retired_keys: Vec<Spanned<PathBuf>>,
    #[serde(default)]
    required: bool,
}

/// What the section says; the outer `None` says that it is wrong.
pub(super) fn encryption(section: Option<&Section>, reader: &mut Reader<'_>) -> Option<Option<Encryption>> {
    let Some(section) = section else { return Some(None) };
    let key = decrypter("issuer.encryption.key", &section.key, reader);
    let retired: Option<Vec<_>> = section
        .retired_keys
        .iter()
        .map(|key| decrypter("issuer.encryption.retired_keys", key, reader))
        .collect();
    let encryption = retired?.into_iter().fold(Encryption::new(key?), Encryption::retired);
    Some(Some(if section.required { encryption.require_responses() } else { encryption }))
}

fn decrypter(
    setting: &str,
    value: &Spanned<PathBuf>,
    reader: &mut Reader<'_>,
) -> Option<Arc<dyn credenza_crypto::Decrypter>> {
    let remedy = "point it at a private JWK (EC P-256) with kid, and with alg ECDH-ES";
    let path = reader.folder.join(value.get_ref());
    let bytes = match keys::read_private(&path) {
        Ok(bytes) => bytes,
        Err(error) => {
            reader.problem(setting, value, error.to_string(), remedy);
            return None;
        }
    };
    let key = std::str::from_utf8(&bytes).ok().and_then(|jwk| SoftwareDecrypter::from_private_jwk(jwk).ok());
    match key {
        Some(key) => Some(Arc::new(key)),
        None => {
            reader.problem(setting, value, format!("{}: not a private JWK", path.display()), remedy);
            None
        }
    }
}
