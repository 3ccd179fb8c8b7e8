//! The files of keys and their certificates, and of what their authority has revoked.

use std::fs;
use std::path::PathBuf;

use credenza_crypto::{Certificate, Signer as _, x509};
use toml::Spanned;

use super::read::Reader;
use crate::keys::service_key::ServiceKey;

impl Reader<'_> {
    /// The certificates of a key that has them in a file of their own.
    pub(super) fn chain(&mut self, value: Option<&Spanned<PathBuf>>) -> Option<Vec<Vec<u8>>> {
        let Some(value) = value else { return Some(Vec::new()) };
        let path = self.folder.join(value.get_ref());
        let read = fs::read_to_string(&path).map_err(|error| error.to_string());
        match read.and_then(|pem| x509::pem_to_der_chain(&pem).map_err(|error| error.to_string())) {
            Ok(chain) => Some(chain),
            Err(error) => {
                let remedy = "name a PEM file with the key's certificates, leaf first, without the root";
                self.problem("chain", value, format!("{}: {error}", path.display()), remedy);
                None
            }
        }
    }

    /// The file with the revocation list: it is read when somebody asks, and has to be one now.
    pub(super) fn revocation_list(&mut self, value: Option<&Spanned<PathBuf>>) -> Option<Option<PathBuf>> {
        let Some(value) = value else { return Some(None) };
        let path = self.folder.join(value.get_ref());
        if path.is_file() {
            return Some(Some(path));
        }
        let remedy = "name the file that `credenza ca crl` writes";
        self.problem("issuer.revocation_list", value, format!("there is no file {}", path.display()), remedy);
        None
    }

    pub(super) fn key(
        &mut self,
        setting: &str,
        value: &Spanned<PathBuf>,
        chain: Option<&Spanned<PathBuf>>,
    ) -> Option<ServiceKey> {
        let chain = self.chain(chain)?;
        let signer = match ServiceKey::open(value.get_ref(), &self.folder, chain) {
            Ok(signer) => signer,
            Err(error) => {
                let remedy = "name the file of a private JWK with its certificates in x5c, as `credenza ca issue` writes \
                              it, or a pkcs11: URI";
                self.problem(setting, value, error.to_string(), remedy);
                return None;
            }
        };
        let fault = match signer.x5c().first().map(|leaf| Certificate::parse(leaf)) {
            None => Some("it has no certificates (x5c)".to_owned()),
            Some(Err(error)) => Some(error.to_string()),
            Some(Ok(leaf)) if leaf.key != signer.public_jwk().key => {
                Some("its first certificate is another key's".to_owned())
            }
            Some(Ok(leaf)) if leaf.not_after < self.clock.now() => {
                Some(format!("its certificate has expired on {}", leaf.not_after))
            }
            Some(Ok(leaf)) if leaf.not_before > self.clock.now() => {
                Some(format!("its certificate is not valid before {}", leaf.not_before))
            }
            Some(Ok(_)) => None,
        };
        match fault {
            Some(fault) => {
                let remedy = "put the certificates into x5c, or name a PEM file with them as `chain`: leaf first, without the root";
                self.problem(setting, value, format!("{}: {fault}", value.get_ref().display()), remedy);
                None
            }
            None => Some(signer),
        }
    }
}
