//! Where the state of the service is, and the ring of keys that seals what travels with clients.

use std::path::PathBuf;

use credenza_core::{Sealer, Secret};
use toml::Spanned;

use super::expand::expand;
use super::read::Reader;
use crate::keys;

impl Reader<'_> {
    pub(super) fn database(&mut self, value: &Spanned<String>) -> Option<Secret> {
        let remedy = "write \"sqlite:FILE\" or \"postgres://USER:PASSWORD@HOST/NAME\"; \"memory:\" forgets everything \
                      when the service stops";
        let text = self.expanded("database", value)?;
        let url = self.database_url(&text);
        if url.is_none() {
            self.problem("database", value, "not a store that is known", remedy);
        }
        url
    }

    /// Where sessions are, when that is not the database.
    pub(super) fn sessions(&mut self, value: Option<&Spanned<String>>) -> Option<Option<Secret>> {
        let remedy = "write \"redis://USER:PASSWORD@HOST:PORT\", or \"rediss://\" over TLS; without it sessions are in \
                      the database";
        let Some(value) = value else { return Some(None) };
        let text = self.expanded("sessions", value)?;
        let url = match text.split_once("://") {
            Some(("redis" | "rediss", _)) => Some(Secret::new(text)),
            _ => self.database_url(&text),
        };
        if url.is_none() {
            self.problem("sessions", value, "not a store that is known", remedy);
        }
        url.map(Some)
    }

    /// With what it takes from the environment and from files.
    fn expanded(&mut self, setting: &str, value: &Spanned<String>) -> Option<String> {
        match expand(value.get_ref(), &self.folder) {
            Ok(text) => Some(text),
            Err(problem) => {
                let remedy = "${NAME} is an environment variable, and ${file:PATH} a file";
                self.problem(setting, value, problem, remedy);
                None
            }
        }
    }

    fn database_url(&self, url: &str) -> Option<Secret> {
        match url.split_once(':') {
            Some(("memory", "") | ("postgres" | "postgresql", _)) => Some(Secret::new(url.to_owned())),
            Some(("sqlite", file)) if !file.is_empty() => {
                let path = self.folder.join(file.strip_prefix("//").unwrap_or(file));
                Some(Secret::new(format!("sqlite:{}", path.display())))
            }
            _ => None,
        }
    }

    pub(super) fn sealer(&mut self, value: &Spanned<PathBuf>) -> Option<Sealer> {
        let path = self.folder.join(value.get_ref());
        let bytes = match keys::read_private(&path) {
            Ok(bytes) => bytes,
            Err(error) => {
                let remedy = "point it at the file that `credenza init` has written";
                self.problem("sealing_key", value, error.to_string(), remedy);
                return None;
            }
        };
        let ring = std::str::from_utf8(&bytes).ok().and_then(Sealer::from_text);
        if ring.is_none() {
            let remedy =
                "each line holds 32 random bytes as base64url, which are 43 characters; the first one seals";
            self.problem("sealing_key", value, "not a sealing key", remedy);
        }
        ring
    }
}
