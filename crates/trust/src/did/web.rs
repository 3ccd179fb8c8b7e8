//! `did:web`: a document on a web server.

use url::{Host, Url};

use super::{Did, DidError};

/// The name of the method.
pub const METHOD: &str = "web";

/// The media types of documents, for `Accept`.
pub(super) const ACCEPT: &str = "application/did+json, application/did+ld+json, application/json";

/// Where the document of a `did:web` is: colons are slashes, `%3A` is the colon before a port, and without a path it
/// is in `/.well-known`.
///
/// It is https, but for `localhost`, where nobody has a certificate: whether that is asked at all is up to the
/// address policy of whoever fetches. Addresses in place of names are refused, and so is whatever would change on its
/// way into the URL.
///
/// # Errors
/// [`DidError::Method`] for another method, else [`DidError::Syntax`].
pub fn location(did: &Did) -> Result<Url, DidError> {
    if did.method() != METHOD {
        return Err(DidError::Method);
    }
    let mut segments = did.id().split(':');
    let authority = segments.next().unwrap_or_default();
    let (host, port) = match authority.split_once('%') {
        None => (authority, None),
        Some((host, port)) => {
            let port = port.strip_prefix("3A").or_else(|| port.strip_prefix("3a")).and_then(number);
            (host, Some(port.ok_or(DidError::Syntax("the port is not %3A and a number"))?))
        }
    };
    let mut path = String::new();
    for segment in segments {
        if segment.is_empty() || is_hidden(segment) {
            return Err(DidError::Syntax("a part of the path that is none, or hides something"));
        }
        path.push('/');
        path.push_str(segment);
    }
    if path.is_empty() {
        path.push_str("/.well-known");
    }
    path.push_str("/did.json");
    let scheme = if host == "localhost" { "http" } else { "https" };
    let port = port.map_or_else(String::new, |port| format!(":{port}"));
    let url: Url = format!("{scheme}://{host}{port}{path}")
        .parse()
        .map_err(|_| DidError::Syntax("the host is not the name of one"))?;
    let named = matches!(url.host(), Some(Host::Domain(name)) if name.eq_ignore_ascii_case(host));
    if !named || !host.split('.').all(is_label) || url.path() != path {
        return Err(DidError::Syntax("the host is not the name of one"));
    }
    Ok(url)
}

/// A part of a host's name (RFC 1123 §2.1).
fn is_label(label: &str) -> bool {
    !label.is_empty()
        && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        && !label.starts_with('-')
        && !label.ends_with('-')
}

/// A port as people write it: without leading zeros, and not nought.
fn number(text: &str) -> Option<u16> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0');
    text.parse().ok().filter(|_| plain)
}

/// Percent-encoded separators and dots, which servers take for the real ones, and names that lead upwards.
fn is_hidden(segment: &str) -> bool {
    let lower = segment.to_ascii_lowercase();
    matches!(segment, "." | "..")
        || ["%2e", "%2f", "%5c", "%00", "%25"].iter().any(|code| lower.contains(code))
}
