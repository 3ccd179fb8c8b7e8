//! Status lists for verifiers: Token Status List §8.1, §9, and Bitstring Status List §2.2.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use credenza_formats::status_list::history::{self, Asked};
use credenza_formats::status_list::token::{cwt, jwt};
use credenza_vci::issuer::status::BitstringPurpose;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header};

use super::{JSON, any_origin};
use crate::media_type;
use crate::publisher::{Publisher, Rendered};
use crate::respond::content_type;
use crate::routes::Routes;
use crate::service::Service;

const VC_JWT: &str = "application/vc+jwt";

const VARY: (HeaderName, HeaderValue) = (header::VARY, HeaderValue::from_static("accept, accept-encoding"));

pub(super) fn routes(service: &Service, routes: &mut Routes) {
    let Some(publisher) = &service.status else { return };
    let Ok(at) = url::Url::parse(publisher.lists.aggregation_uri()) else { return };
    routes.at_root(Method::GET, at.path(), aggregation);
    routes.at_root(Method::GET, &format!("{}/{{list}}", at.path()), list);
    routes.at_root(Method::GET, &format!("{}/{{list}}/{{purpose}}", at.path()), bitstring);
}

/// All lists (Token Status List §9).
async fn aggregation(State(service): State<Arc<Service>>) -> Response {
    let Some(publisher) = &service.status else { return StatusCode::NOT_FOUND.into_response() };
    let body = match publisher.lists.aggregation().await {
        Ok(aggregation) => serde_json::to_vec(&aggregation).unwrap_or_default(),
        Err(error) => {
            tracing::warn!(%error, "the store failed");
            return StatusCode::SERVICE_UNAVAILABLE.into_response();
        }
    };
    any_origin(([content_type(JSON), a_while(publisher)], body).into_response())
}

/// A list, in the form that is asked for (Token Status List §8.1, §8.2).
async fn list(
    State(service): State<Arc<Service>>,
    Path(list): Path<String>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    // No history is kept: it would tell when which credential was revoked (§12.7).
    match history::asked(uri.query()) {
        Asked::Now => {}
        Asked::At(_) => return any_origin(StatusCode::NOT_IMPLEMENTED.into_response()),
        Asked::Malformed => return any_origin(StatusCode::BAD_REQUEST.into_response()),
    }
    serve(&service, &list, |rendered| Some(token(rendered, &headers))).await
}

fn token(rendered: &Rendered, headers: &HeaderMap) -> Response {
    if media_type::prefers(headers, cwt::MEDIA_TYPE, jwt::MEDIA_TYPE) {
        return ([content_type(cwt::MEDIA_TYPE), VARY], rendered.cwt.clone()).into_response();
    }
    let form = [content_type(jwt::MEDIA_TYPE), VARY];
    if accepts_gzip(headers) {
        let encoded = [(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"))];
        return (form, encoded, rendered.jwt_gzip.clone()).into_response();
    }
    (form, rendered.jwt.clone()).into_response()
}

/// The same list as a credential, for one purpose.
async fn bitstring(
    State(service): State<Arc<Service>>,
    Path((list, purpose)): Path<(String, String)>,
) -> Response {
    let Some(purpose) = BitstringPurpose::ALL.into_iter().find(|known| known.name() == purpose) else {
        return any_origin(StatusCode::NOT_FOUND.into_response());
    };
    let answer = |body: Bytes| ([content_type(VC_JWT)], body).into_response();
    serve(&service, &list, |rendered| rendered.bitstring(purpose).map(answer)).await
}

async fn serve(service: &Service, list: &str, shape: impl FnOnce(&Rendered) -> Option<Response>) -> Response {
    let Some(publisher) = &service.status else { return StatusCode::NOT_FOUND.into_response() };
    let response = match publisher.get(list).await {
        Ok(Some(rendered)) => shape(&rendered).map(|mut response| {
            let (name, value) = a_while(publisher);
            response.headers_mut().insert(name, value);
            response
        }),
        Ok(None) => None,
        Err(error) => {
            tracing::warn!(%error, "a status list can't be published");
            Some(StatusCode::SERVICE_UNAVAILABLE.into_response())
        }
    };
    any_origin(response.unwrap_or_else(|| StatusCode::NOT_FOUND.into_response()))
}

/// What HTTP may keep, verifiers may keep too; but each cache on the way adds to the age, so that half of it must do.
fn a_while(publisher: &Publisher) -> (HeaderName, HeaderValue) {
    let seconds = publisher.lists.policy().ttl.as_secs() / 2;
    let value = HeaderValue::from_str(&format!("public, max-age={seconds}"));
    (header::CACHE_CONTROL, value.unwrap_or(HeaderValue::from_static("no-cache")))
}

/// Whether `Accept-Encoding` names gzip without forbidding it.
fn accepts_gzip(headers: &HeaderMap) -> bool {
    let values = headers.get_all(header::ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|coding| {
        let mut parts = coding.split(';').map(str::trim);
        let is_gzip = parts.next().is_some_and(|name| name.eq_ignore_ascii_case("gzip"));
        let zero = |weight: &str| {
            weight
                .strip_prefix("q=")
                .and_then(|weight| weight.parse::<f32>().ok())
                .is_some_and(|it| it <= 0.0)
        };
        is_gzip && !parts.any(zero)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gzip_where_it_is_wanted() {
        let accepts = |value: &'static str| {
            let value = HeaderValue::from_static(value);
            accepts_gzip(&HeaderMap::from_iter([(header::ACCEPT_ENCODING, value)]))
        };
        assert!(accepts("gzip") && accepts("br, GZIP;q=0.5") && accepts("gzip;q=1.0, *;q=0"));
        assert!(!accepts("br") && !accepts("gzip;q=0") && !accepts("gzip; q=0.000") && !accepts(""));
        assert!(!accepts_gzip(&HeaderMap::new()));
    }
}
