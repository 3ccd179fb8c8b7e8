//! One fetch of a list: request, answer, key, verification.

use std::borrow::Cow;
use std::sync::Arc;

use credenza_core::{Report, UnixTime};
use http::header::{ACCEPT, ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_TYPE};
use http::{HeaderMap, Request, Response};

use super::{Inner, Known, ListName, ListSigner};
use crate::status_list::token::{Expected, Form, cwt, jwt};
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
    let fetched = request(inner, name, report).await?;
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

async fn request(inner: &Inner, name: &ListName, report: &mut Report) -> Option<Fetched> {
    let limits = inner.config.limits;
    let accept = match name.form {
        Some(form) => form.media_type().to_owned(),
        None => format!("{}, {};q=0.9", Form::Jwt.media_type(), Form::Cwt.media_type()),
    };
    let request =
        Request::get(&name.uri).header(ACCEPT, accept).header(ACCEPT_ENCODING, "gzip").body(Vec::new());
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
    let Some(form) = form(response.headers()).filter(|form| name.form.is_none_or(|wanted| wanted == *form))
    else {
        report.fail(&rules::CONTENT_TYPE, "the content type is not one that was asked for");
        return None;
    };
    report.pass(&rules::CONTENT_TYPE);
    let body = match decoded(response, limits.body) {
        Ok(body) => body,
        Err(why) => {
            report.fail(&rules::PARSE, why);
            return None;
        }
    };
    if form == Form::Cwt {
        return Some(Fetched::Cwt(body));
    }
    let token = String::from_utf8(body).ok();
    if token.is_none() {
        report.fail(&rules::PARSE, "it is not text");
    }
    token.map(Fetched::Jwt)
}

/// By the content type, when it is given once; its parameters are not looked at.
fn form(headers: &HeaderMap) -> Option<Form> {
    let mut values = headers.get_all(CONTENT_TYPE).iter();
    let value = values.next().filter(|_| values.next().is_none())?.to_str().ok()?;
    let found = value.split(';').next().unwrap_or_default().trim();
    [Form::Jwt, Form::Cwt].into_iter().find(|form| found.eq_ignore_ascii_case(form.media_type()))
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
