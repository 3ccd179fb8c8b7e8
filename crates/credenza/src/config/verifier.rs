//! `[verifier]`: its key, whose credentials it accepts, and how it asks.

use std::fs;
use std::path::PathBuf;

use credenza_crypto::x509;
use credenza_trust::did::Did;
use serde::Deserialize;
use toml::Spanned;

use super::read::Reader;
use super::{client_ids, wallets};
use credenza_vp::verifier::RequestedPrefix;

/// `[verifier]`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Section {
    pub(super) key: Spanned<PathBuf>,
    #[serde(default)]
    pub(super) chain: Option<Spanned<PathBuf>>,
    pub(super) trusted_issuers: Spanned<Vec<String>>,
    #[serde(default)]
    pub(super) accept_unfetched_status: bool,
    #[serde(default)]
    pub(super) holder_dids_over_http: bool,
    #[serde(default)]
    pub(super) client_id_prefix: Option<Spanned<RequestedPrefix>>,
    #[serde(default)]
    pub(super) client_ids: client_ids::Section,
    #[serde(default)]
    pub(super) info: Vec<client_ids::Info>,
    #[serde(default)]
    pub(super) redirects: Vec<Spanned<String>>,
    #[serde(default)]
    pub(super) websites: Vec<Spanned<String>>,
    #[serde(default)]
    pub(super) wallets: Vec<wallets::Wallet>,
    #[serde(default)]
    pub(super) lifetime: Option<Spanned<u64>>,
    #[serde(default)]
    pub(super) retention: Option<Spanned<u64>>,
}

impl Reader<'_> {
    pub(super) fn trusted(&mut self, value: &Spanned<Vec<String>>) -> Option<(Vec<Vec<u8>>, Vec<Did>)> {
        let setting = "verifier.trusted_issuers";
        let (mut anchors, mut dids) = (Vec::new(), Vec::new());
        let mut good = true;
        for file in value.get_ref() {
            if file.starts_with("did:") {
                match Did::parse(file) {
                    Ok(did) => dids.push(did),
                    Err(error) => {
                        good = false;
                        let remedy = "write the DID alone, without a path and without the name of a key";
                        self.problem(setting, value, error.to_string(), remedy);
                    }
                }
                continue;
            }
            let path = self.folder.join(file);
            let read = fs::read_to_string(&path).map_err(|error| error.to_string());
            match read.and_then(|pem| x509::pem_to_der_chain(&pem).map_err(|error| error.to_string())) {
                Ok(certificates) => anchors.extend(certificates),
                Err(error) => {
                    good = false;
                    let remedy = "name PEM files with the root certificates of issuers whose credentials you accept, or DIDs";
                    self.problem(setting, value, format!("{}: {error}", path.display()), remedy);
                }
            }
        }
        good.then_some((anchors, dids))
    }
}
