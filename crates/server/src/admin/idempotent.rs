//! `Idempotency-Key`: a POST that is sent once more is done once, and answered alike.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};

use super::answered::{again, whole};
use super::auth::Caller;
use crate::idempotency::{Given, Idempotency, Standing};
use crate::problem::{Kind, Problem};
use crate::respond::NO_STORE;

const KEY: HeaderName = HeaderName::from_static("idempotency-key");
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// No key is longer.
const MAX_KEY: usize = 255;

/// What is done once: the place where answers are kept, and how large a request may be.
#[derive(Clone)]
pub(super) struct Once {
    pub(super) answers: Arc<Idempotency>,
    pub(super) body: usize,
}

/// Does what was not done before.
pub(super) async fn once(State(once): State<Once>, request: Request, next: Next) -> Response {
    if request.method() != Method::POST || !request.headers().contains_key(KEY) {
        return next.run(request).await;
    }
    answer(&once, request, next).await.unwrap_or_else(Problem::into_response)
}

async fn answer(once: &Once, request: Request, next: Next) -> Result<Response, Problem> {
    let named = key(request.headers())?;
    if request.uri().path().ends_with("/result") {
        let detail = "what was presented is not kept a second time: send this without Idempotency-Key";
        return Err(Problem::new(Kind::InvalidRequest).because(detail));
    }
    let caller = request.extensions().get::<Caller>().map(|caller| Arc::clone(&caller.0));
    let caller = caller.ok_or_else(|| Problem::new(Kind::Unauthorized))?;
    let target = request.uri().path_and_query().map_or("/", |target| target.as_str()).to_owned();
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, once.body).await.map_err(|_| Problem::new(Kind::TooLarge))?;
    let name = match once.answers.begin(&caller, &named, &target, &body).await? {
        Standing::New(name) => name,
        Standing::Given(given) => return Ok(replayed(given)),
        Standing::UnderWay => {
            let detail = "a request with this Idempotency-Key is being done: try again in a moment";
            return Err(Problem::new(Kind::Conflict).because(detail));
        }
        Standing::Another => {
            let detail = "another request had this Idempotency-Key";
            return Err(Problem::new(Kind::Unprocessable).because(detail));
        }
    };
    let response = next.run(Request::from_parts(parts, body.into())).await;
    if !response.status().is_success() {
        // Nothing was done, or nobody knows: whoever tries again is heard.
        once.answers.forget(&name).await?;
        return Ok(response);
    }
    let (parts, bytes) = whole(response).await.map_err(|status| Problem::new(Kind::of(status)))?;
    let content_type = parts.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let given = Given {
        status: parts.status.as_u16(),
        content_type: content_type.map(str::to_owned),
        body: String::from_utf8_lossy(&bytes).into_owned(),
    };
    if let Err(error) = once.answers.keep(name, given).await {
        tracing::warn!(%error, "an answer was not kept for a second request");
    }
    Ok(again(parts, bytes))
}

/// The key: text that can be seen, in quotes or not.
fn key(headers: &HeaderMap) -> Result<String, Problem> {
    let wrong = || {
        let detail = format!("Idempotency-Key has to be there once, with 1 to {MAX_KEY} visible characters");
        Problem::new(Kind::InvalidRequest).because(detail)
    };
    let mut values = headers.get_all(KEY).iter();
    let (Some(value), None) = (values.next(), values.next()) else { return Err(wrong()) };
    let text = value.to_str().map_err(|_| wrong())?.trim();
    let text = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text);
    let visible = text.bytes().all(|byte| byte.is_ascii_graphic());
    if text.is_empty() || text.len() > MAX_KEY || !visible { Err(wrong()) } else { Ok(text.to_owned()) }
}

fn replayed(given: Given) -> Response {
    let status = StatusCode::from_u16(given.status).unwrap_or(StatusCode::OK);
    let mut response = (status, [NO_STORE], given.body).into_response();
    let headers = response.headers_mut();
    headers.remove(header::CONTENT_TYPE);
    if let Some(value) = given.content_type.and_then(|value| HeaderValue::try_from(value).ok()) {
        headers.insert(header::CONTENT_TYPE, value);
    }
    headers.insert(REPLAYED, HeaderValue::from_static("true"));
    response
}
