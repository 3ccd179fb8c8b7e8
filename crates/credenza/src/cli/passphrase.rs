//! The passphrases of wallets and key files: from the environment, or typed without being seen.

use std::io::{self, BufRead, Write as _};

use anyhow::Context as _;
use credenza::core::Secret;
use credenza::keys::file;
use credenza::wallet::vault::{Purpose, VaultError};
use rustix::termios::{LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcsetattr};

use zeroize::Zeroizing;

use super::output;

/// The character that Ctrl-C types.
const CTRL_C: u8 = 3;

const VARIABLE: &str = "CREDENZA_WALLET_PASSPHRASE";

/// The passphrase for `purpose`. A new wallet has one when the variable is set, or when `protect` asks for one: then
/// there is no wallet without it.
pub(super) fn passphrase(purpose: Purpose, protect: bool) -> Result<Option<Secret>, VaultError> {
    if let Some(given) = std::env::var(VARIABLE).ok().filter(|given| !given.is_empty()) {
        return Ok(Some(Secret::new(given)));
    }
    if purpose == Purpose::New && !protect {
        return Ok(None);
    }
    if !output::can_ask() {
        return Err(VaultError::PassphraseNeeded);
    }
    let ask = |question| hidden(question).map_err(|_| VaultError::PassphraseNeeded);
    if purpose == Purpose::Open {
        return ask("Passphrase of the wallet: ").map(Some);
    }
    twice("Passphrase for the new wallet: ").map(Some).map_err(|_| VaultError::PassphraseNeeded)
}

/// The passphrase of a key file that is there: from the environment, or asked for; `None` when nobody can be asked.
pub(super) fn of_key() -> Option<Secret> {
    match file::environment() {
        Ok(Some(given)) => Some(given),
        Ok(None) if output::can_ask() => hidden("Passphrase of the key: ").ok(),
        _ => None,
    }
}

/// The passphrase for a key file that is to be written.
pub(super) fn for_key() -> anyhow::Result<Secret> {
    if let Some(given) = file::environment()? {
        return Ok(given);
    }
    if !output::can_ask() {
        let message =
            format!("set {} or {}, or run it on a terminal", file::PASSPHRASE, file::PASSPHRASE_FILE);
        return Err(super::Usage::error(message));
    }
    twice("Passphrase for the key: ").context("no passphrase")
}

/// Asks until the same was typed twice.
fn twice(question: &str) -> io::Result<Secret> {
    loop {
        let first = hidden(question)?;
        if first.expose().is_empty() {
            eprintln!("It can't be empty.");
        } else if hidden("The same again: ")?.matches(first.expose()) {
            return Ok(first);
        } else {
            eprintln!("They differ; once more.");
        }
    }
}

/// Reads a line that is not shown while it is typed.
fn hidden(question: &str) -> io::Result<Secret> {
    let stdin = io::stdin();
    let before = tcgetattr(&stdin)?;
    let mut silent = before.clone();
    // Ctrl-C ends the line instead of the process, which would leave a terminal behind that shows nothing.
    silent.local_modes.remove(LocalModes::ECHO | LocalModes::ISIG);
    silent.special_codes[SpecialCodeIndex::VEOL] = CTRL_C;
    tcsetattr(&stdin, OptionalActions::Flush, &silent)?;
    let restore = Restore(before);
    // Asked only now: what is typed earlier is thrown away with the change of modes.
    let mut err = io::stderr().lock();
    write!(err, "{question}")?;
    err.flush()?;
    let line = read_typed(&mut stdin.lock());
    drop(restore);
    writeln!(err)?;
    let line = line?;
    if line.contains(&CTRL_C) {
        return Err(io::ErrorKind::Interrupted.into());
    }
    let typed = std::str::from_utf8(&line).map_err(|_| io::ErrorKind::InvalidData)?;
    Ok(Secret::new(typed.trim_end_matches(['\r', '\n']).to_owned()))
}

/// What was typed up to Enter or Ctrl-C.
fn read_typed(input: &mut impl BufRead) -> io::Result<Zeroizing<Vec<u8>>> {
    let mut typed = Zeroizing::new(Vec::with_capacity(256));
    loop {
        let chunk = input.fill_buf()?;
        let end = chunk.iter().position(|byte| matches!(*byte, b'\n' | CTRL_C));
        let taken = end.map_or(chunk.len(), |end| end + 1);
        typed.extend(chunk.iter().take(taken));
        let ended = end.is_some() || chunk.is_empty();
        input.consume(taken);
        if ended {
            return Ok(typed);
        }
    }
}

struct Restore(Termios);

impl Drop for Restore {
    fn drop(&mut self) {
        let _ = tcsetattr(io::stdin(), OptionalActions::Flush, &self.0);
    }
}
