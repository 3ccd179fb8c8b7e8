//! The section `[tls]`: TLS of the service's own.

use std::fs;
use std::path::PathBuf;

use credenza_server::{Tls, TlsError};
use serde::Deserialize;
use toml::Spanned;

use super::read::Reader;
use crate::keys;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Section {
    certificate: Spanned<PathBuf>,
    key: Spanned<PathBuf>,
}

/// What the section says; the outer `None` says that it is wrong.
pub(super) fn tls(section: Option<&Section>, reader: &mut Reader<'_>) -> Option<Option<Tls>> {
    let Some(Section { certificate, key }) = section else { return Some(None) };
    let chain_file = reader.folder.join(certificate.get_ref());
    let chain = fs::read(&chain_file);
    let remedy = "name a PEM file with the service's certificate, and after it those that lead to a root";
    if let Err(error) = &chain {
        reader.problem("tls.certificate", certificate, format!("{}: {error}", chain_file.display()), remedy);
    }
    let key_file = reader.folder.join(key.get_ref());
    let private = keys::read_private(&key_file);
    let key_remedy = "name a PEM file with the private key of the certificate; only its owner may read it";
    if let Err(error) = &private {
        reader.problem("tls.key", key, error.to_string(), key_remedy);
    }
    match Tls::from_pem(&chain.ok()?, &private.ok()?) {
        Ok(tls) => Some(Some(tls)),
        Err(TlsError::Key) => {
            reader.problem("tls.key", key, format!("{}: {}", key_file.display(), TlsError::Key), key_remedy);
            None
        }
        Err(error) => {
            reader.problem(
                "tls.certificate",
                certificate,
                format!("{}: {error}", chain_file.display()),
                remedy,
            );
            None
        }
    }
}
