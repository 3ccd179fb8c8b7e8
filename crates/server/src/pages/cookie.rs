//! Cookies: sealed by us, out of reach of scripts, sent to us alone.

use std::time::Duration;

use http::{HeaderMap, HeaderValue, header};

use crate::service::Service;

/// With what kinds of navigation a cookie is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SameSite {
    /// From our own pages alone.
    Strict,
    /// Also when a link elsewhere leads here: for coming back from a wallet. Never with a POST from elsewhere.
    Lax,
}

/// The value of the cookie `name`, when the request has one.
pub(super) fn get<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find_map(|(known, value)| (known == name).then_some(value))
}

/// The header that sets a cookie. `value` is base64url of our own making.
pub(super) fn set(
    service: &Service,
    name: &str,
    value: &str,
    path: &str,
    same_site: SameSite,
    lives: Duration,
) -> Option<HeaderValue> {
    let same_site = match same_site {
        SameSite::Strict => "Strict",
        SameSite::Lax => "Lax",
    };
    let secure = if service.base.scheme() == "https" { "; Secure" } else { "" };
    let lives = lives.as_secs();
    let text =
        format!("{name}={value}; Path={path}; Max-Age={lives}; HttpOnly; SameSite={same_site}{secure}");
    HeaderValue::from_str(&text).ok()
}
