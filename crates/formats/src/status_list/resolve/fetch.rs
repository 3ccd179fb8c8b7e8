//! One fetch of a list: request, answer, key, verification.

use std::borrow::Cow;
use std::sync::Arc;

use credenza_core::{Report, UnixTime};
use http::header::{ACCEPT, ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_TYPE};
use http::{HeaderMap, Request, Response};

use super::{Inner, Known, ListName, ListSigner};
use crate::status_list::token::{Expected, cwt, jwt};
use crate::status_list::{StatusList, encode, rules};

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
        Some(list) => Ok(Known { cached: inner.config.cache.admit(Arc::new(list), fetched_at), report }),
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
    let fetched = request(inner, &name.uri, report).await?;
    let max = inner.config.limits.body;
    let unverified = match &fetched {
        Fetched::Jwt(token) => Unverified::Jwt(jwt::Unverified::read(token, max, report)?),
        Fetched::Cwt(token) => Unverified::Cwt(cwt::Unverified::read(token, max, report)?),
    };
    let now = inner.clock.now();
    let signer = ListSigner {
        clues: match &unverified {
            Unverified::Jwt(token) => token.clues(),
            Unverified::Cwt(token) => token.clues(),
        },
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
    match unverified {
        Unverified::Jwt(token) => token.verify(&key, &expected, report),
        Unverified::Cwt(token) => token.verify(&key, &expected, report),
    }
}

enum Fetched {
    Jwt(String),
    Cwt(Vec<u8>),
}

enum Unverified<'a> {
    Jwt(jwt::Unverified<'a>),
    Cwt(cwt::Unverified<'a>),
}

async fn request(inner: &Inner, uri: &str, report: &mut Report) -> Option<Fetched> {
    let limits = inner.config.limits;
    let request = Request::get(uri)
        .header(ACCEPT, format!("{}, {};q=0.9", jwt::MEDIA_TYPE, cwt::MEDIA_TYPE))
        .header(ACCEPT_ENCODING, "gzip")
        .body(Vec::new());
    let Ok(request) = request else {
        report.fail(&rules::FETCH, "the address is none that can be asked");
        return None;
    };
    let response = match inner.http.send(request, limits).await {
        Ok(response) => response,
        Err(error) => {
            report.fail(&rules::FETCH, error.to_string());
            return None;
        }
    };
    let success = response.status().is_success();
    if !report.check(&rules::FETCH, success, || format!("answered with {}", response.status().as_u16())) {
        return None;
    }
    let found = media_type(response.headers()).unwrap_or_default();
    let is_jwt = found.eq_ignore_ascii_case(jwt::MEDIA_TYPE);
    let known = is_jwt || found.eq_ignore_ascii_case(cwt::MEDIA_TYPE);
    let unknown = || format!("it is neither {} nor {}", jwt::MEDIA_TYPE, cwt::MEDIA_TYPE);
    if !report.check(&rules::CONTENT_TYPE, known, unknown) {
        return None;
    }
    let body = match decoded(response, limits.body) {
        Ok(body) => body,
        Err(why) => {
            report.fail(&rules::PARSE, why);
            return None;
        }
    };
    if !is_jwt {
        return Some(Fetched::Cwt(body));
    }
    let token = String::from_utf8(body).ok();
    if token.is_none() {
        report.fail(&rules::PARSE, "it is not text");
    }
    token.map(Fetched::Jwt)
}

/// The type without its parameters, when it is given once.
fn media_type(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(CONTENT_TYPE).iter();
    let value = values.next().filter(|_| values.next().is_none())?.to_str().ok()?;
    Some(value.split(';').next().unwrap_or_default().trim())
}

/// The body without its content encoding, never more than `max` bytes.
fn decoded(response: Response<Vec<u8>>, max: usize) -> Result<Vec<u8>, Cow<'static, str>> {
    let (head, body) = response.into_parts();
    let mut encodings = head.headers.get_all(CONTENT_ENCODING).iter();
    let body = match (encodings.next(), encodings.next()) {
        (None, _) => body,
        (Some(one), None) if one.as_bytes().eq_ignore_ascii_case(b"identity") => body,
        (Some(one), None) if one.as_bytes().eq_ignore_ascii_case(b"gzip") => {
            encode::gunzip(&body, max).map_err(|error| error.to_string())?
        }
        _ => return Err("it has a content encoding that was not asked for".into()),
    };
    if body.len() > max { Err("it is longer than a token may be".into()) } else { Ok(body) }
}
