//! Where metadata lives: well-known URLs made from an identifier.

use url::Url;

/// Inserts `/.well-known/NAME` between host and path (OID4VCI 1.0 §12.2.2, RFC 8414 §3.1).
///
/// A single trailing slash of the identifier's path is dropped, as RFC 8414 asks. Query and fragment are dropped.
///
/// ```
/// use credenza_core::well_known::insert;
/// let issuer = "https://issuer.example/tenant".parse().unwrap();
/// assert_eq!(insert(&issuer, "openid-credential-issuer").as_str(),
///            "https://issuer.example/.well-known/openid-credential-issuer/tenant");
/// ```
#[must_use]
pub fn insert(identifier: &Url, name: &str) -> Url {
    let path = identifier.path();
    let path = path.strip_suffix('/').unwrap_or(path);
    let mut url = identifier.clone();
    url.set_path(&format!("/.well-known/{name}{path}"));
    url.set_query(None);
    url.set_fragment(None);
    url
}

/// Appends `/.well-known/NAME` after the path, as OpenID Connect Discovery and the drafts before OID4VCI 1.0 do.
#[must_use]
pub fn append(identifier: &Url, name: &str) -> Url {
    let path = identifier.path();
    let path = path.strip_suffix('/').unwrap_or(path);
    let mut url = identifier.clone();
    url.set_path(&format!("{path}/.well-known/{name}"));
    url.set_query(None);
    url.set_fragment(None);
    url
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn appended_for_the_older_ones() {
        let issuer = "https://issuer.example/tenant/".parse().unwrap();
        assert_eq!(
            append(&issuer, "openid-credential-issuer").as_str(),
            "https://issuer.example/tenant/.well-known/openid-credential-issuer"
        );
    }
}
