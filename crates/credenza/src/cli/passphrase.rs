//! The passphrase of a wallet: from the environment, or typed without being seen.

use std::io::{self, BufRead as _, Write as _};

use credenza::core::Secret;
use credenza::wallet::vault::Purpose;
use rustix::termios::{LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcsetattr};

use super::output;

/// The character that Ctrl-C types.
const CTRL_C: u8 = 3;

const VARIABLE: &str = "CREDENZA_WALLET_PASSPHRASE";

/// The passphrase for `purpose`. A new wallet has one when the variable is set, or when `protect` asks for one.
pub(super) fn passphrase(purpose: Purpose, protect: bool) -> Option<Secret> {
    if let Some(given) = std::env::var(VARIABLE).ok().filter(|given| !given.is_empty()) {
        return Some(Secret::new(given));
    }
    let needed = purpose == Purpose::Open || protect;
    if !needed || !output::can_ask() {
        return None;
    }
    match purpose {
        Purpose::Open => hidden("Passphrase of the wallet: ").ok(),
        Purpose::New => loop {
            let first = hidden("Passphrase for the new wallet: ").ok()?;
            if first.expose().is_empty() {
                return None;
            }
            if hidden("The same again: ").ok()?.matches(first.expose()) {
                return Some(first);
            }
            eprintln!("They differ; once more.");
        },
    }
}

/// Reads a line that is not shown while it is typed.
fn hidden(question: &str) -> io::Result<Secret> {
    let mut err = io::stderr().lock();
    write!(err, "{question}")?;
    err.flush()?;
    let stdin = io::stdin();
    let before = tcgetattr(&stdin)?;
    let mut silent = before.clone();
    // Ctrl-C ends the line instead of the process, which would leave a terminal behind that shows nothing.
    silent.local_modes.remove(LocalModes::ECHO | LocalModes::ISIG);
    silent.special_codes[SpecialCodeIndex::VEOL] = CTRL_C;
    tcsetattr(&stdin, OptionalActions::Flush, &silent)?;
    let restore = Restore(before);
    let mut line = String::new();
    let read = stdin.lock().read_line(&mut line);
    drop(restore);
    writeln!(err)?;
    read?;
    if line.contains(char::from(CTRL_C)) {
        return Err(io::ErrorKind::Interrupted.into());
    }
    let typed = Secret::new(line.trim_end_matches(['\r', '\n']).to_owned());
    drop(Secret::new(line));
    Ok(typed)
}

struct Restore(Termios);

impl Drop for Restore {
    fn drop(&mut self) {
        let _ = tcsetattr(io::stdin(), OptionalActions::Flush, &self.0);
    }
}
