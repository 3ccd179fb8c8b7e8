//! The section `[http]`: requests that the service sends.

use std::fs;
use std::path::PathBuf;

use credenza_crypto::x509;
use serde::Deserialize;
use toml::Spanned;

use super::read::Reader;
use crate::http::Outgoing;

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(super) struct Section {
    #[serde(default)]
    trusted_roots: Vec<Spanned<PathBuf>>,
    #[serde(default)]
    internal_hosts: Vec<String>,
}

pub(super) fn outgoing(section: &Section, reader: &mut Reader<'_>) -> Option<Outgoing> {
    let roots: Vec<_> = section.trusted_roots.iter().map(|file| roots(file, reader)).collect();
    let roots = roots.into_iter().collect::<Option<Vec<_>>>()?.concat();
    Some(Outgoing { roots, internal_hosts: section.internal_hosts.clone() })
}

fn roots(file: &Spanned<PathBuf>, reader: &mut Reader<'_>) -> Option<Vec<Vec<u8>>> {
    let path = reader.folder.join(file.get_ref());
    let read = fs::read_to_string(&path).map_err(|error| error.to_string());
    match read.and_then(|pem| x509::pem_to_der_chain(&pem).map_err(|error| error.to_string())) {
        Ok(certificates) => Some(certificates),
        Err(error) => {
            let remedy = "name PEM files with root certificates of servers that the service asks over https";
            reader.problem("http.trusted_roots", file, format!("{}: {error}", path.display()), remedy);
            None
        }
    }
}
