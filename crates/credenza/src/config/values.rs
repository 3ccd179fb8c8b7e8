//! Settings of the whole service that are one value: its URL, where it listens, its admin token.

use std::net::SocketAddr;

use credenza_core::b64;
use toml::Spanned;
use url::Url;

use super::read::Reader;
use crate::http::is_loopback;

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
