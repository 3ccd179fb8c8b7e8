//! `[[verifier.wallets]]`: wallets that sign their responses, in earlier drafts, and their keys (JARM §2.4).

use std::fs;
use std::path::{Path, PathBuf};

use credenza_crypto::JwkSet;
use credenza_vp::verifier::KnownWallet;
use serde::Deserialize;
use toml::Spanned;

use super::read::Reader;

/// What was agreed with a wallet.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wallet {
    issuer: Spanned<String>,
    jwks: Spanned<PathBuf>,
}

/// The wallets, each of another name and with a key at least.
pub(super) fn known(wallets: &[Wallet], reader: &mut Reader<'_>) -> Option<Vec<KnownWallet>> {
    let mut all: Vec<KnownWallet> = Vec::with_capacity(wallets.len());
    for wallet in wallets {
        let issuer = wallet.issuer.get_ref();
        if issuer.is_empty() || all.iter().any(|known| known.issuer == *issuer) {
            let remedy = "write what the wallet has as iss in its responses, each wallet once";
            reader.problem("verifier.wallets.issuer", &wallet.issuer, "empty, or there already", remedy);
            return None;
        }
        let path = reader.folder.join(wallet.jwks.get_ref());
        match key_set(&path) {
            Ok(keys) => all.push(KnownWallet { issuer: issuer.clone(), keys }),
            Err(error) => {
                let remedy = "name the file with the wallet's public keys, a JWK set";
                let problem = format!("{}: {error}", path.display());
                reader.problem("verifier.wallets.jwks", &wallet.jwks, problem, remedy);
                return None;
            }
        }
    }
    Some(all)
}

fn key_set(path: &Path) -> Result<JwkSet, String> {
    let text = fs::read(path).map_err(|error| error.to_string())?;
    let set = credenza_core::json::parse(&text).map_err(|error| error.to_string())?;
    let set = JwkSet::from_value(&set).map_err(|error| error.to_string())?;
    if set.keys.is_empty() { Err("there is no key in it that can be used".to_owned()) } else { Ok(set) }
}
