//! Settings of the whole service that are one value: its URL, where it listens, its store, its secrets.

use std::net::SocketAddr;
use std::path::PathBuf;

use credenza_core::{Sealer, Secret, b64};
use toml::Spanned;
use url::Url;

use super::read::Reader;
use crate::http::is_loopback;
use crate::keys;

impl Reader<'_> {
    pub(super) fn url(&mut self, value: &Spanned<String>) -> Option<Url> {
        let remedy = "write the https URL under which wallets reach the service, such as \"https://issuer.example\"; \
                      http is accepted for localhost and 127.0.0.1 alone";
        let problem = match Url::parse(value.get_ref()) {
            Err(error) => format!("not a URL: {error}"),
            Ok(url) if url.query().is_some() || url.fragment().is_some() => {
                "has a query or a fragment".to_owned()
            }
            Ok(url) if !url.username().is_empty() => "carries a user name".to_owned(),
            Ok(url) if url.scheme() == "https" || (url.scheme() == "http" && is_loopback(&url)) => {
                return Some(url);
            }
            Ok(_) => "not https".to_owned(),
        };
        self.problem("url", value, problem, remedy);
        None
    }

    pub(super) fn listen(&mut self, value: &Spanned<String>) -> Option<SocketAddr> {
        let parsed = value.get_ref().parse().ok();
        if parsed.is_none() {
            let remedy = "write address and port, such as \"127.0.0.1:7777\" or \"[::]:7777\"";
            self.problem("listen", value, "not an address with a port", remedy);
        }
        parsed
    }

    pub(super) fn database(&mut self, value: &Spanned<String>) -> Option<Secret> {
        let remedy = "write \"sqlite:FILE\" or \"postgres://USER:PASSWORD@HOST/NAME\"; \"memory:\" forgets everything \
                      when the service stops";
        match value.get_ref().split_once(':') {
            Some(("memory", "") | ("postgres" | "postgresql", _)) => {
                Some(Secret::new(value.get_ref().clone()))
            }
            Some(("sqlite", file)) if !file.is_empty() => {
                let path = self.folder.join(file.strip_prefix("//").unwrap_or(file));
                Some(Secret::new(format!("sqlite:{}", path.display())))
            }
            _ => {
                self.problem("database", value, "not a store that is known", remedy);
                None
            }
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
        let key = std::str::from_utf8(&bytes).ok().and_then(|text| b64::decode(text.trim()).ok());
        match key.and_then(|key| <[u8; 32]>::try_from(key).ok()) {
            Some(key) => Some(Sealer::new([(0, key)])),
            None => {
                let remedy = "it holds 32 random bytes as base64url: 43 characters";
                self.problem("sealing_key", value, "not a sealing key", remedy);
                None
            }
        }
    }

    pub(super) fn admin_token(&mut self, value: &Spanned<String>) -> Option<[u8; 32]> {
        let hash = b64::decode(value.get_ref()).ok().and_then(|hash| <[u8; 32]>::try_from(hash).ok());
        if hash.is_none() {
            let remedy = "write the SHA-256 of the token as base64url: \
                          printf %s \"$TOKEN\" | openssl dgst -sha256 -binary | basenc --base64url | tr -d =";
            self.problem("admin.token_sha256", value, "not the SHA-256 of a token", remedy);
        }
        hash
    }

    pub(super) fn name(&mut self, setting: &str, value: &Spanned<String>) -> Option<String> {
        let name = value.get_ref().trim();
        if name.is_empty() {
            self.problem(setting, value, "empty", "write the name that people see in their wallet");
            return None;
        }
        Some(name.to_owned())
    }
}
