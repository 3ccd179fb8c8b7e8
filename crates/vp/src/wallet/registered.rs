//! Verifiers that are known beforehand (OID4VP 1.0 §5.9.2).

use credenza_crypto::JwkSet;
use url::Url;

use crate::messages::ClientMetadata;

/// A verifier that was registered with the wallet.
#[derive(Debug, Clone, Default)]
pub struct RegisteredVerifier {
    /// Its client identifier, which starts with no client id prefix that OpenID4VP defines.
    pub client_id: String,
    /// What the person knows it by.
    pub name: String,
    /// The keys that it signs requests with. With none, its requests are not signed.
    pub request_keys: JwkSet,
    /// What a request would otherwise say in `client_metadata`, which it must not then (§8.5, `invalid_client`).
    pub metadata: ClientMetadata,
    /// The `response_uri` and `redirect_uri` values that it may use, to the letter. One that ends with `/*` stands for
    /// all that are below it.
    pub uris: Vec<String>,
}

/// Whether an address is one of those that were registered.
pub(super) fn allows(known: &[String], uri: &str) -> bool {
    known.iter().any(|known| match known.strip_suffix('*').filter(|below| below.ends_with('/')) {
        Some(below) => is_below(below, uri),
        None => known == uri,
    })
}

/// As a browser reads it, so that no `..` leads elsewhere: same scheme, host and port, and a path below.
fn is_below(below: &str, uri: &str) -> bool {
    let (Ok(below), Ok(uri)) = (Url::parse(below), Url::parse(uri)) else { return false };
    below.origin() == uri.origin()
        && below.host().is_some()
        && uri.username().is_empty()
        && uri.password().is_none()
        && uri.path().starts_with(below.path())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn to_the_letter_or_below() {
        let known = ["https://shop.example/answer".to_owned(), "https://shop.example/vp/*".to_owned()];
        for fine in
            ["https://shop.example/answer", "https://shop.example/vp/1", "https://shop.example/vp/a/b?c"]
        {
            assert!(allows(&known, fine), "{fine}");
        }
        for wrong in [
            "https://shop.example/answer/",
            "https://shop.example/vp",
            "https://shop.example/vp/../other",
            "https://shop.example/vp/%2e%2e/other",
            "https://shop.example:444/vp/1",
            "http://shop.example/vp/1",
            "https://shop.example@evil.example/vp/1",
            "https://user@shop.example/vp/1",
            "https://evil.example/vp/1",
            "vp/1",
        ] {
            assert!(!allows(&known, wrong), "{wrong}");
        }
        // Only what is below a path: a host can't be left open.
        assert!(!allows(&["https://shop.example*".to_owned()], "https://shop.example.evil.example"));
        assert!(!allows(&[], "https://shop.example/answer"));
    }
}
