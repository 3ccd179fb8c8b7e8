//! One fetch of a document.

use std::sync::Arc;
use std::time::Duration;

use credenza_core::{UnixTime, well_known};
use http::header::{ACCEPT, AGE, CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderMap, Request, Response};
use url::Url;

use super::cache::{Name, Outcome};
use super::{Inner, TypeError, read};

const JSON: &str = "application/json";

/// Fetches a document, reads it and settles the outcome.
pub(super) async fn document(inner: Arc<Inner>, name: Name) -> Outcome {
    let fetched = fetched(&inner, &name).await;
    let now = inner.clock.now();
    inner.cache.settle(&name, fetched, now, &inner.config)
}

async fn fetched(inner: &Inner, name: &Name) -> Result<(super::TypeMetadata, Option<UnixTime>), TypeError> {
    let (vct, integrity) = name;
    let first = get(inner, vct, Some(JSON)).await;
    let response = match first {
        Err(TypeError::Status(_)) if inner.config.well_known => {
            let url = Url::parse(vct).map_err(|_| TypeError::NoPlace)?;
            get(inner, well_known::insert(&url, "vct").as_str(), Some(JSON)).await?
        }
        other => other?,
    };
    let media_type = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let essence = media_type.and_then(|value| value.split(';').next()).unwrap_or_default().trim();
    if !essence.eq_ignore_ascii_case(JSON) {
        return Err(TypeError::ContentType);
    }
    let metadata = read(vct, integrity.as_ref(), response.body())?;
    // What is known by its hash does not change.
    let fresh_until = integrity.is_none().then(|| {
        let age = freshness(response.headers()).min(inner.config.max_age);
        inner.clock.now() + age
    });
    Ok((metadata, fresh_until))
}

/// The answer, when it is one.
pub(super) async fn get(
    inner: &Inner,
    address: &str,
    accept: Option<&str>,
) -> Result<Response<Vec<u8>>, TypeError> {
    let url = Url::parse(address).map_err(|_| TypeError::NoPlace)?;
    let plain = url.has_host() && url.username().is_empty() && url.password().is_none();
    if !plain || !inner.config.addresses.scheme(url.scheme()) {
        return Err(TypeError::NoPlace);
    }
    let mut request = Request::get(url.as_str());
    if let Some(accept) = accept {
        request = request.header(ACCEPT, accept);
    }
    let request = request.body(Vec::new()).map_err(|_| TypeError::NoPlace)?;
    let response = inner.http.send(request, inner.config.limits).await?;
    match response.status().as_u16() {
        200 => Ok(response),
        other => Err(TypeError::Status(other)),
    }
}

/// For how long the answer may be kept (RFC 9111 §5.2.2): not at all, unless it says so.
fn freshness(headers: &HeaderMap) -> Duration {
    let mut age = None;
    for value in headers.get_all(CACHE_CONTROL) {
        for directive in value.to_str().unwrap_or("no-store").split(',') {
            let (name, argument) = directive.split_once('=').unwrap_or((directive, ""));
            match name.trim().to_ascii_lowercase().as_str() {
                "no-store" | "no-cache" => return Duration::ZERO,
                "max-age" => {
                    let seconds = argument.trim().trim_matches('"').parse().unwrap_or(0);
                    age = Some(age.map_or(seconds, |known: u64| known.min(seconds)));
                }
                _ => {}
            }
        }
    }
    let spent = headers.get(AGE).and_then(|age| age.to_str().ok()?.trim().parse().ok()).unwrap_or(0);
    Duration::from_secs(age.unwrap_or(0).saturating_sub(spent))
}
