//! The `Authorization` header of a request for a protected resource: Bearer (RFC 6750 §2.1) and DPoP (RFC 9449 §7.1).

use http::HeaderMap;
use http::header::AUTHORIZATION;

/// No access token is longer, in bytes.
pub const MAX_ACCESS_TOKEN: usize = 8 * 1024;

/// How an access token was presented.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// Whoever bears it may use it.
    Bearer,
    /// With a proof of the key that it is bound to.
    DPoP,
}

/// An access token as it was presented. It has no meaning yet.
#[derive(Clone, Copy)]
pub struct Authorization<'a> {
    /// How.
    pub scheme: Scheme,
    /// The token.
    pub token: &'a str,
}

/// Why there is no access token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AuthorizationError {
    /// No `Authorization` header. Tokens in a query or a form are not looked for (RFC 9700 §4.3.2).
    #[error("the request has no access token in an Authorization header")]
    Missing,
    /// More than one header, another scheme, or not a token.
    #[error("the Authorization header is not one access token")]
    Malformed,
}

impl<'a> Authorization<'a> {
    /// Finds the access token of a request. The scheme is compared without regard to case (RFC 9110 §11.1).
    ///
    /// # Errors
    /// See [`AuthorizationError`].
    pub fn from_headers(headers: &'a HeaderMap) -> Result<Self, AuthorizationError> {
        let mut values = headers.get_all(AUTHORIZATION).iter();
        let value = values.next().ok_or(AuthorizationError::Missing)?;
        if values.next().is_some() {
            return Err(AuthorizationError::Malformed);
        }
        let value = value.to_str().map_err(|_| AuthorizationError::Malformed)?;
        let (scheme, token) = value.split_once(' ').ok_or(AuthorizationError::Malformed)?;
        let scheme = if scheme.eq_ignore_ascii_case("Bearer") {
            Scheme::Bearer
        } else if scheme.eq_ignore_ascii_case("DPoP") {
            Scheme::DPoP
        } else {
            return Err(AuthorizationError::Malformed);
        };
        let token = token.trim_matches(' ');
        let token68 = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/=".contains(&byte);
        if token.is_empty() || token.len() > MAX_ACCESS_TOKEN || !token.bytes().all(token68) {
            return Err(AuthorizationError::Malformed);
        }
        Ok(Self { scheme, token })
    }
}

impl std::fmt::Debug for Authorization<'_> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Authorization({:?}, …)", self.scheme)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(values: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(AUTHORIZATION, value.parse().unwrap());
        }
        headers
    }

    #[test]
    fn a22_the_scheme_is_case_insensitive() {
        for (text, scheme) in [
            ("Bearer a.b~c", Scheme::Bearer),
            ("BEARER a.b~c", Scheme::Bearer),
            ("dpop a.b~c", Scheme::DPoP),
            ("DPoP   a.b~c ", Scheme::DPoP),
        ] {
            let headers = headers(&[text]);
            let found = Authorization::from_headers(&headers).unwrap();
            assert_eq!((found.scheme, found.token), (scheme, "a.b~c"), "{text}");
        }
    }

    #[test]
    fn a24_only_one_authorization_header_counts() {
        assert_eq!(Authorization::from_headers(&headers(&[])).unwrap_err(), AuthorizationError::Missing);
        for bad in [
            &["Bearer a", "DPoP a"][..],
            &["Basic a"],
            &["Bearer"],
            &["Bearer "],
            &["Bearer a b"],
            &["Bearer a,b"],
        ] {
            assert_eq!(
                Authorization::from_headers(&headers(bad)).unwrap_err(),
                AuthorizationError::Malformed,
                "{bad:?}"
            );
        }
    }

    #[test]
    fn h07_debug_shows_no_token() {
        let headers = headers(&["Bearer canary"]);
        assert!(!format!("{:?}", Authorization::from_headers(&headers).unwrap()).contains("canary"));
    }
}
