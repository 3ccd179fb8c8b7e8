//! Redirect URIs: which a client may have, when two are the same, and how a response is put onto one.

use url::{Host, Url};

/// No redirect URI is longer, in bytes.
pub const MAX_REDIRECT_URI: usize = 2048;

/// Why a redirect URI can't be used, whoever's it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RedirectUriError {
    /// Not an absolute URI in the characters that URIs have, or too long.
    #[error("the redirect URI is not an absolute URI")]
    Malformed,
    /// A fragment or credentials (RFC 6749 §3.1.2).
    #[error("the redirect URI has a fragment or credentials")]
    Parts,
    /// `http` to another machine, or a scheme that a browser itself acts upon (RFC 9700 §2.6).
    #[error("the redirect URI must be https, http on loopback, or have a scheme of the wallet's own")]
    Scheme,
}

/// Schemes that a browser runs, shows or sends itself: a code that goes there is lost, or runs as a script.
const NO_APP: [&str; 16] = [
    "about",
    "blob",
    "chrome",
    "data",
    "file",
    "filesystem",
    "ftp",
    "intent",
    "javascript",
    "mailto",
    "sms",
    "tel",
    "vbscript",
    "view-source",
    "ws",
    "wss",
];

/// Checks a redirect URI by itself: https, `http` on loopback (RFC 8252 §7.3), or a private-use scheme (§7.1).
///
/// # Errors
/// See [`RedirectUriError`].
pub fn check(uri: &str) -> Result<(), RedirectUriError> {
    let plain = |byte: u8| byte.is_ascii_graphic() && !b"\"<>\\^`{|}".contains(&byte);
    if uri.is_empty() || uri.len() > MAX_REDIRECT_URI || !uri.bytes().all(plain) {
        return Err(RedirectUriError::Malformed);
    }
    let url = Url::parse(uri).map_err(|_| RedirectUriError::Malformed)?;
    if uri.contains('#') || !url.username().is_empty() || url.password().is_some() {
        return Err(RedirectUriError::Parts);
    }
    match url.scheme() {
        // What is written must be what a browser goes to: no `https:/x`, no dots that are resolved away.
        "https" | "http" if !url.as_str().starts_with(uri) && !same_but_for_root(&url, uri) => {
            Err(RedirectUriError::Malformed)
        }
        "https" if url.has_host() => Ok(()),
        "http" if is_loopback(&url) => Ok(()),
        "http" | "https" => Err(RedirectUriError::Scheme),
        scheme if NO_APP.contains(&scheme) => Err(RedirectUriError::Scheme),
        _ => Ok(()),
    }
}

/// The parser writes the path `/` where there is none: before a query, that is not at the end.
fn same_but_for_root(url: &Url, uri: &str) -> bool {
    url.path() == "/"
        && uri.split_once('?').is_some_and(|(before, query)| {
            url.query() == Some(query) && url.as_str().strip_suffix(query) == Some(&format!("{before}/?"))
        })
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

/// Whether the redirect URI of a request is the registered one: character by character, but for the port of a
/// loopback address, which an app can't know before (RFC 9700 §4.1.3, RFC 8252 §7.3).
#[must_use]
pub fn matches(registered: &str, asked: &str) -> bool {
    if registered == asked {
        return true;
    }
    match (loopback_without_port(registered), loopback_without_port(asked)) {
        (Some(registered), Some(asked)) => registered == asked,
        _ => false,
    }
}

/// Host and the rest of an `http` loopback URI, as they are written, without the port.
fn loopback_without_port(uri: &str) -> Option<(&str, &str)> {
    check(uri).ok()?;
    let rest = uri.strip_prefix("http://")?;
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, rest) = rest.split_at_checked(end)?;
    let port_at = match authority.rfind(']') {
        Some(bracket) => authority.get(bracket..)?.find(':').map(|colon| bracket + colon),
        None => authority.find(':'),
    };
    Some((port_at.and_then(|at| authority.get(..at)).unwrap_or(authority), rest))
}

/// The URI with parameters added to its query; what it had stays as it was (RFC 6749 §3.1.2).
#[must_use]
pub fn with_parameters(uri: &str, parameters: &[(&str, &str)]) -> String {
    let joint = match uri.split_once('?') {
        None => "?",
        Some((_, query)) if query.is_empty() || query.ends_with('&') => "",
        Some(_) => "&",
    };
    format!("{uri}{joint}{}", crate::form::encode(parameters))
}

#[cfg(test)]
mod tests {
    use super::*;

    // Clauses: OABCP-5.6-05, OABCP-7.1.3-01
    #[test]
    fn a10_what_a_redirect_uri_may_be() {
        for good in [
            "https://wallet.example/cb",
            "https://wallet.example",
            "https://wallet.example?x=1",
            "https://wallet.example/cb?dummy1=lorem&dummy2=ipsum",
            "http://127.0.0.1:4711/cb",
            "http://[::1]/cb",
            "http://localhost:1/",
            "com.example.wallet:/cb",
            "eudi-openid4ci://authorize",
        ] {
            assert_eq!(check(good), Ok(()), "{good}");
        }
        for (bad, why) in [
            ("", RedirectUriError::Malformed),
            ("/cb", RedirectUriError::Malformed),
            ("https:wallet.example", RedirectUriError::Malformed),
            ("https:///wallet.example", RedirectUriError::Malformed),
            ("https://wallet.example/a/../b", RedirectUriError::Malformed),
            ("https://wallet.example\\@evil.example/", RedirectUriError::Malformed),
            ("https://wället.example/", RedirectUriError::Malformed),
            ("https://wallet.example/\r\nLocation: x", RedirectUriError::Malformed),
            ("https://wallet.example/#x", RedirectUriError::Parts),
            ("https://wallet.example@evil.example/", RedirectUriError::Parts),
            ("http://wallet.example/cb", RedirectUriError::Scheme),
            ("http://localhost.evil.example/cb", RedirectUriError::Scheme),
            ("http://127.0.0.1.evil.example/cb", RedirectUriError::Scheme),
            ("javascript:alert(1)", RedirectUriError::Scheme),
            ("data:text/html,x", RedirectUriError::Scheme),
        ] {
            assert_eq!(check(bad), Err(why), "{bad}");
        }
    }

    // Clauses: OABCP-5.1-01, OABCP-7.1.3-01, OABCP-7.1.3-02
    #[test]
    fn a10_exactly_the_registered_one() {
        let registered = "https://wallet.example/cb";
        assert!(matches(registered, registered));
        for other in [
            "https://wallet.example/cb/",
            "https://wallet.example/cb/../cb",
            "https://wallet.example/CB",
            "https://WALLET.example/cb",
            "https://wallet.example:443/cb",
            "https://wallet.example/cb?x=1",
            "https://wallet.example/cb%2f",
            "https://wallet.example.evil.example/cb",
            "https://evil.example/https://wallet.example/cb",
            "http://wallet.example/cb",
            "https://wallet.example/cbx",
            "https://wallet.example",
        ] {
            assert!(!matches(registered, other), "{other}");
        }
        assert!(matches("http://127.0.0.1/cb", "http://127.0.0.1:4711/cb"));
        assert!(matches("http://[::1]:1/cb", "http://[::1]:2/cb"));
        assert!(!matches("http://127.0.0.1/cb", "http://localhost:4711/cb"));
        assert!(!matches("http://127.0.0.1/cb", "http://127.0.0.1:4711/other"));
        assert!(!matches("http://127.0.0.1/cb", "http://127.0.0.1:4711@evil.example/cb"));
        assert!(!matches("http://127.0.0.1/cb", "https://127.0.0.1/cb"));
    }

    #[test]
    fn as_050_a_query_is_kept() {
        let added = |uri| with_parameters(uri, &[("code", "a b"), ("state", "<\r\n>")]);
        assert_eq!(added("https://w.example/cb"), "https://w.example/cb?code=a+b&state=%3C%0D%0A%3E");
        assert_eq!(
            added("https://w.example/?a=%20b"),
            "https://w.example/?a=%20b&code=a+b&state=%3C%0D%0A%3E"
        );
        assert_eq!(added("app:/cb?"), "app:/cb?code=a+b&state=%3C%0D%0A%3E");
    }
}
