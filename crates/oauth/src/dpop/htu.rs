//! Comparing URLs as RFC 9449 §4.3 asks: without query and fragment, after normalization.

use url::Url;

/// The URL without query and fragment, normalized (RFC 3986 §6.2.2, §6.2.3): scheme and host in lower case, no
/// default port, dot segments resolved, unreserved characters not percent-encoded, other encodings in upper case.
/// `None` for anything that is not an http or https URL with a host, or that carries credentials.
#[must_use]
pub fn normalized(url: &str) -> Option<String> {
    let mut url = Url::parse(url).ok()?;
    if !matches!(url.scheme(), "https" | "http") || !url.username().is_empty() || url.password().is_some() {
        return None;
    }
    url.host_str()?;
    url.set_query(None);
    url.set_fragment(None);
    let path = without_needless_escapes(url.path());
    url.set_path(&path);
    Some(url.into())
}

fn without_needless_escapes(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    let mut rest = path;
    while let Some((before, after)) = rest.split_once('%') {
        out.push_str(before);
        let Some((digits, tail)) = after.split_at_checked(2) else {
            out.push('%');
            rest = after;
            continue;
        };
        match u8::from_str_radix(digits, 16).ok().filter(|_| !digits.starts_with('+')) {
            Some(byte) if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) => {
                out.push(char::from(byte));
            }
            Some(_) => {
                out.push('%');
                out.push_str(&digits.to_ascii_uppercase());
            }
            None => {
                out.push('%');
                out.push_str(digits);
            }
        }
        rest = tail;
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    // Clauses: DPOP-4.3-02
    #[test]
    fn a23_equal_urls_in_other_spellings() {
        let one = normalized("https://server.example.com/token").unwrap();
        for other in [
            "HTTPS://SERVER.example.com/token",
            "https://server.example.com:443/token",
            "https://server.example.com/token?x=1#y",
            "https://server.example.com/%74oken",
            "https://server.example.com/a/../token",
        ] {
            assert_eq!(normalized(other).unwrap(), one, "{other}");
        }
        assert_eq!(normalized("https://a.example"), normalized("https://a.example/"));
        assert_eq!(normalized("https://a.example/%c3%bc"), normalized("https://a.example/%C3%BC"));
    }

    #[test]
    fn a23_different_urls_stay_different() {
        let one = normalized("https://server.example.com/token").unwrap();
        for other in [
            "http://server.example.com/token",
            "https://server.example.com:8443/token",
            "https://server.example.com/token/",
            "https://server.example.com/Token",
            "https://server.example.com/tok%2Fen",
            "https://server.example.com.evil.example/token",
        ] {
            assert_ne!(normalized(other).unwrap(), one, "{other}");
        }
        for bad in
            ["token", "/token", "https://", "https://u:p@server.example.com/token", "data:,x", "openid://x/y"]
        {
            assert_eq!(normalized(bad), None, "{bad}");
        }
    }
}
