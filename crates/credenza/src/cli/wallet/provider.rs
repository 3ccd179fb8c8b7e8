//! `credenza wallet provider`: somebody who vouches for this wallet, for trials with issuers that want that.

use anyhow::Context as _;
use clap::Subcommand;
use credenza::core::{Clock as _, SystemClock, SystemRandom};
use credenza::crypto::x509;
use credenza::keys;
use credenza::wallet::WalletProvider;
use serde_json::json;

use super::home::Home;
use super::{Usage, Verdict, output};

#[derive(Subcommand)]
pub(super) enum Command {
    /// Make one: a key, and a root certificate that an issuer trusts under [authorization] wallet_providers.
    New,
    /// Show its root certificate.
    Show,
}

const KEY: &str = "provider.jwk";
const ROOT: &str = "provider.pem";

/// The provider of a wallet, when it has one.
pub(super) fn of(home: &Home) -> anyhow::Result<Option<WalletProvider>> {
    let file = home.folder().join(KEY);
    if !file.exists() {
        return Ok(None);
    }
    let said = || file.display().to_string();
    let bytes = keys::read_private(&file).with_context(said)?;
    let text = std::str::from_utf8(&bytes).with_context(said)?;
    WalletProvider::from_private_jwk(text).map(Some).with_context(said)
}

pub(super) fn run(home: &Home, command: &Command, json: bool) -> anyhow::Result<Verdict> {
    let (key, root) = (home.folder().join(KEY), home.folder().join(ROOT));
    match command {
        Command::New => {
            if key.exists() {
                return Err(Usage::error(format!("there is one already: {}", key.display())));
            }
            keys::private_folder(home.folder())?;
            let (provider, der) = WalletProvider::generate(SystemClock.now(), &SystemRandom)?;
            keys::write_public(&root, x509::der_to_pem(&der).as_bytes())?;
            // The key last: when it is there, everything is.
            keys::write_private(&key, provider.to_private_jwk().expose().as_bytes())?;
        }
        Command::Show if !key.exists() => {
            return Err(Usage::error("nobody vouches for this wallet yet: credenza wallet provider new"));
        }
        Command::Show => {}
    }
    if json {
        output::json(&json!({"root": root}))?;
    } else {
        output::line(&format!(
            "Issuers that trust this root take the wallet for a good one: {}",
            root.display()
        ))?;
    }
    Ok(Verdict::Good)
}
