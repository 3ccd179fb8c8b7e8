//! One fetch of a list: request, answer, key, verification.

use std::borrow::Cow;
use std::sync::Arc;

use credenza_core::{Report, UnixTime};
use http::header::{ACCEPT, ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_TYPE};
use http::{HeaderMap, Request};

use super::{Inner, Known, ListName, ListSigner};
use crate::status_list::token::{Expected, jwt};
use crate::status_list::{InflateError, StatusList, encode, rules};

/// Fetches a list, verifies it and settles the outcome.
pub(super) async fn fetch(
    inner: Arc<Inner>,
    name: ListName,
    newest: Option<UnixTime>,
) -> Result<Known, Arc<Report>> {
    let mut report = Report::new("status list");
    let list = obtain(&inner, &name, newest, &mut report).await;
    let fetched_at = inner.clock.now();
    let report = Arc::new(report);
    let outcome = match list {
        Some(list) => {
            Ok(Known { cached: inner.config.cache.admit(Arc::new(list), fetched_at), report })
        }
        None => Err(report),
    };
    inner.settle(&name, outcome)
}

async fn obtain(
    inner: &Inner,
    name: &ListName,
    newest: Option<UnixTime>,
    report: &mut Report,
) -> Option<StatusList> {
    let token = request(inner, &name.uri, report).await?;
    let unverified = jwt::Unverified::read(&token, inner.config.limits.body, report)?;
    let now = inner.clock.now();
    let signer = ListSigner {
        header: unverified.header(),
        issuer: unverified.issuer(),
        uri: &name.uri,
        credential_issuer: &name.credential_issuer,
    };
    let key = match inner.keys.find(signer, now).await {
        Ok(key) => key,
        Err(reason) => {
            report.fail(&rules::KEY, reason);
            return None;
        }
    };
    report.pass(&rules::KEY);
    let expected = Expected {
        leeway: inner.config.leeway,
        algorithms: &inner.config.algorithms,
        max_age: inner.config.max_age,
        not_before: newest,
        max_list: inner.config.max_list,
        ..Expected::of(&name.uri, now)
    };
    unverified.verify(&key, &expected, report)
}

async fn request(inner: &Inner, uri: &str, report: &mut Report) -> Option<String> {
    let limits = inner.config.limits;
    let mut fail = |rule, why: Cow<'static, str>| {
        report.fail(rule, why);
        None
    };
    let request = Request::get(uri)
        .header(ACCEPT, jwt::MEDIA_TYPE)
        .header(ACCEPT_ENCODING, "gzip")
        .body(Vec::new());
    let Ok(request) = request else {
        return fail(&rules::FETCH, "the address is none that can be asked".into());
    };
    let response = match inner.http.send(request, limits).await {
        Ok(response) => response,
        Err(error) => return fail(&rules::FETCH, error.to_string().into()),
    };
    if !response.status().is_success() {
        return fail(&rules::FETCH, format!("answered with status {}", response.status().as_u16()).into());
    }
    if media_type(response.headers()).is_none_or(|found| !found.eq_ignore_ascii_case(jwt::MEDIA_TYPE)) {
        return fail(&rules::CONTENT_TYPE, format!("the content type is not {}", jwt::MEDIA_TYPE).into());
    }
    let token = match decoded(&response, limits.body).map(|body| body.map(String::from_utf8)) {
        Some(Ok(Ok(token))) => token,
        Some(Ok(Err(_))) => return fail(&rules::PARSE, "it is not text".into()),
        Some(Err(error)) => return fail(&rules::FETCH, error.to_string().into()),
        None => return fail(&rules::FETCH, "it has a content encoding that was not asked for".into()),
    };
    report.pass(&rules::FETCH);
    report.pass(&rules::CONTENT_TYPE);
    Some(token)
}

/// The type without its parameters, when it is given once.
fn media_type(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(CONTENT_TYPE).iter();
    let value = values.next().filter(|_| values.next().is_none())?.to_str().ok()?;
    Some(value.split(';').next().unwrap_or_default().trim())
}

/// The body without its content encoding, never more than `max` bytes; `None` for an encoding that is not known.
fn decoded(response: &http::Response<Vec<u8>>, max: usize) -> Option<Result<Vec<u8>, InflateError>> {
    let mut encodings = response.headers().get_all(CONTENT_ENCODING).iter();
    match (encodings.next(), encodings.next()) {
        (None, _) => Some(Ok(response.body().clone())),
        (Some(encoding), None) if encoding.as_bytes().eq_ignore_ascii_case(b"identity") => {
            Some(Ok(response.body().clone()))
        }
        (Some(encoding), None) if encoding.as_bytes().eq_ignore_ascii_case(b"gzip") => {
            Some(encode::gunzip(response.body(), max))
        }
        _ => None,
    }
}
