//! The gate of the admin plane: a bearer token (RFC 6750 §2.1), compared in constant time, and what it is for.

use std::sync::Arc;

use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, Method, header};

use crate::access::{Access, Role};
use crate::problem::{Kind, Problem};
use crate::service::Service;

/// What opens the gate.
#[derive(Clone)]
pub(super) struct Gate(Arc<[Access]>);

/// Who has come through: the name of the token.
#[derive(Clone)]
pub(super) struct Caller(pub(super) Arc<str>);

impl Gate {
    pub(super) fn new(access: &[Access]) -> Self {
        Self(access.into())
    }

    fn opens_for(&self, headers: &HeaderMap) -> Option<&Access> {
        let mut values = headers.get_all(header::AUTHORIZATION).iter();
        let (Some(value), None) = (values.next(), values.next()) else { return None };
        let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
        let found = Service::whose(&self.0, token.trim());
        found.filter(|_| scheme.eq_ignore_ascii_case("bearer"))
    }
}

/// One of which roles a route needs, the first of which is told; empty: any. What nobody has thought of needs `admin`.
pub(super) fn needs(method: &Method, route: &str) -> &'static [Role] {
    let Some((_, below)) = route.split_once("/api/v1/") else { return &[Role::Admin] };
    let reads = method == Method::GET;
    match below.split('/').next().unwrap_or_default() {
        "offers" | "deferred" | "credentials" | "status-lists" => &[Role::Issue],
        "presentations" => &[Role::Verify],
        "credential-types" if reads => &[Role::Issue, Role::Verify],
        "queries" if reads => &[Role::Verify, Role::Issue],
        "inspect" | "validate" => &[],
        _ => &[Role::Admin],
    }
}

/// Lets nobody through without a token that is for this.
pub(super) async fn gate(State(gate): State<Gate>, mut request: Request, next: Next) -> Response {
    let Some(access) = gate.opens_for(request.headers()) else {
        let problem = Problem::new(Kind::Unauthorized);
        return problem.because("send the admin token as Authorization: Bearer").into_response();
    };
    let route = request.extensions().get::<MatchedPath>().map_or("", MatchedPath::as_str);
    let needed = needs(request.method(), route);
    if !needed.is_empty() && !needed.iter().any(|role| access.may(*role)) {
        let role = needed.first().map_or("admin", |role| role.name());
        let detail = format!("this needs the role `{role}`, which the token `{}` does not have", access.name);
        tracing::warn!(token = access.name, route, role, "a token is not for this");
        return Problem::new(Kind::Forbidden).because(detail).into_response();
    }
    let caller = Caller(access.name.as_str().into());
    request.extensions_mut().insert(caller);
    next.run(request).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use credenza_core::Secret;
    use http::HeaderValue;

    fn gate(token: &str) -> Gate {
        let token = Secret::new(token.to_owned()).into();
        Gate::new(&[Access { name: "admin".into(), token, roles: vec![Role::Admin] }])
    }

    #[test]
    fn c21_the_token_alone_opens() {
        let gate = gate("sesame");
        let opens = |value: &'static str| {
            let headers = HeaderMap::from_iter([(header::AUTHORIZATION, HeaderValue::from_static(value))]);
            gate.opens_for(&headers).is_some()
        };
        assert!(opens("Bearer sesame") && opens("bearer sesame"));
        for bad in ["", "Bearer", "Bearer ", "Bearer sesam", "Bearer sesame2", "Basic sesame", "sesame"] {
            assert!(!opens(bad), "{bad}");
        }
        assert!(gate.opens_for(&HeaderMap::new()).is_none());
        let twice: HeaderMap = ["Bearer sesame", "Bearer x"]
            .into_iter()
            .map(|value| (header::AUTHORIZATION, HeaderValue::from_static(value)))
            .collect();
        assert!(gate.opens_for(&twice).is_none());
    }

    #[test]
    fn c21_no_token_configured_opens_for_nobody() {
        for value in ["Bearer ", "Bearer x", "Bearer null"] {
            let headers = HeaderMap::from_iter([(header::AUTHORIZATION, HeaderValue::from_static(value))]);
            assert!(Gate::new(&[]).opens_for(&headers).is_none());
        }
    }

    #[test]
    fn what_nobody_has_thought_of_needs_the_highest_role() {
        for (method, route) in [
            (Method::GET, "/metrics"),
            (Method::GET, "/api/v1/audit"),
            (Method::POST, "/base/api/v1/webhooks"),
            (Method::PUT, "/api/v1/queries/{id}"),
            (Method::DELETE, "/api/v1/credential-types/{id}"),
            (Method::GET, "/api/v1/something-new"),
            (Method::GET, ""),
        ] {
            assert_eq!(needs(&method, route), [Role::Admin], "{route}");
        }
        assert_eq!(needs(&Method::PATCH, "/base/api/v1/credentials/{id}"), [Role::Issue]);
        assert_eq!(needs(&Method::POST, "/api/v1/presentations"), [Role::Verify]);
    }
}
