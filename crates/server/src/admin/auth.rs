//! The gate of the admin plane: a bearer token (RFC 6750 §2.1), compared in constant time.

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, header};

use crate::admin_token::AdminToken;
use crate::problem::{Kind, Problem};

/// What opens the gate.
#[derive(Clone, Copy)]
pub(super) struct Gate(Option<AdminToken>);

impl Gate {
    pub(super) fn new(token: Option<AdminToken>) -> Self {
        Self(token)
    }

    fn opens_for(self, headers: &HeaderMap) -> bool {
        let mut values = headers.get_all(header::AUTHORIZATION).iter();
        let (Some(value), None) = (values.next(), values.next()) else { return false };
        let Some((scheme, token)) = value.to_str().ok().and_then(|value| value.split_once(' ')) else {
            return false;
        };
        scheme.eq_ignore_ascii_case("bearer") && self.0.is_some_and(|known| known.matches(token.trim()))
    }
}

/// Lets nobody through without the token.
pub(super) async fn gate(State(gate): State<Gate>, request: Request, next: Next) -> Response {
    if gate.opens_for(request.headers()) {
        return next.run(request).await;
    }
    Problem::new(Kind::Unauthorized).because("send the admin token as Authorization: Bearer").into_response()
}

#[cfg(test)]
mod tests {
    use super::*;
    use credenza_core::Secret;
    use http::HeaderValue;

    #[test]
    fn c21_the_token_alone_opens() {
        let gate = Gate::new(Some(Secret::new("sesame".into()).into()));
        let opens = |value: &'static str| {
            gate.opens_for(&HeaderMap::from_iter([(header::AUTHORIZATION, HeaderValue::from_static(value))]))
        };
        assert!(opens("Bearer sesame") && opens("bearer sesame"));
        for bad in ["", "Bearer", "Bearer ", "Bearer sesam", "Bearer sesame2", "Basic sesame", "sesame"] {
            assert!(!opens(bad), "{bad}");
        }
        assert!(!gate.opens_for(&HeaderMap::new()));
        let twice: HeaderMap = ["Bearer sesame", "Bearer x"]
            .into_iter()
            .map(|value| (header::AUTHORIZATION, HeaderValue::from_static(value)))
            .collect();
        assert!(!gate.opens_for(&twice));
    }

    #[test]
    fn c21_no_token_configured_opens_for_nobody() {
        for value in ["Bearer ", "Bearer x", "Bearer null"] {
            let headers = HeaderMap::from_iter([(header::AUTHORIZATION, HeaderValue::from_static(value))]);
            assert!(!Gate::new(None).opens_for(&headers));
        }
    }
}
