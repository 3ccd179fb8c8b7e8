//! The wallet plane: the paths that metadata and request objects lead to.

mod authorization;
mod identity;
mod issuance;
mod presentation;
mod status_lists;

use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode, Uri, header};

use crate::media_type;
use crate::respond::oauth_error;
use crate::routes::Routes;
use crate::service::Service;

pub(crate) const FORM: &str = "application/x-www-form-urlencoded";
pub(crate) const JSON: &str = "application/json";
pub(crate) const JWT: &str = "application/jwt";

pub(crate) fn routes(service: &Service, routes: &mut Routes) {
    issuance::routes(service, routes);
    authorization::routes(service, routes);
    presentation::routes(routes);
    identity::routes(service, routes);
    status_lists::routes(service, routes);
}

/// A request that no engine needs to see.
enum Malformed {
    /// The body is of another type than the endpoint reads.
    MediaType(&'static str),
    /// An access token in the query: URLs end up in logs and histories (RFC 9700 §4.3.2).
    TokenInQuery,
}

impl IntoResponse for Malformed {
    fn into_response(self) -> Response {
        let (status, description) = match self {
            Self::MediaType(expected) => {
                (StatusCode::UNSUPPORTED_MEDIA_TYPE, format!("Content-Type must be {expected}"))
            }
            Self::TokenInQuery => {
                (StatusCode::BAD_REQUEST, "the access token belongs in the Authorization header".to_owned())
            }
        };
        oauth_error(status, "invalid_request", &description)
    }
}

fn expect_type(headers: &HeaderMap, media_type: &'static str) -> Result<(), Malformed> {
    if media_type::is(headers, media_type) { Ok(()) } else { Err(Malformed::MediaType(media_type)) }
}

fn expect_one_of(headers: &HeaderMap, media_types: [&'static str; 2]) -> Result<(), Malformed> {
    let [first, _] = media_types;
    let known = media_types.iter().any(|media_type| media_type::is(headers, media_type));
    if known { Ok(()) } else { Err(Malformed::MediaType(first)) }
}

fn no_token_in_query(uri: &Uri) -> Result<(), Malformed> {
    let query = uri.query().unwrap_or_default();
    match url::form_urlencoded::parse(query.as_bytes()).any(|(name, _)| name == "access_token") {
        true => Err(Malformed::TokenInQuery),
        false => Ok(()),
    }
}

/// Turns the engines' response into the server's.
fn whole(response: http::Response<Vec<u8>>) -> Response {
    response.map(Into::into)
}

/// Lets browsers of any origin read it.
fn any_origin(mut response: Response) -> Response {
    let (name, value) = crate::respond::ANY_ORIGIN;
    debug_assert!(!response.headers().contains_key(header::ACCESS_CONTROL_ALLOW_CREDENTIALS));
    response.headers_mut().insert(name, value);
    response
}
