//! Pages of lists: `limit` and `after`, the same for all of them, and where the next page is.

use std::future::Future;

use axum::response::{IntoResponse as _, Response};
use credenza_core::StoreError;
use http::{HeaderValue, StatusCode, Uri, header};
use serde::Serialize;
use serde::de::{DeserializeOwned, IntoDeserializer as _};
use serde_json::{Map, Value};

use crate::problem::{Kind, Problem};
use crate::respond::json;
use crate::service::Service;

/// A page has so many items unless it is asked for another number, and never more than the second.
const PAGE: usize = 50;
const MAX_PAGE: usize = 1000;

/// So many items are read in one go: of sessions, each can be large.
const BATCH: usize = 100;

/// So many items are looked at for one page, whatever a filter lets through.
const MAX_LOOKED_AT: usize = 5000;

/// What is asked for.
pub(super) struct Page {
    limit: usize,
    after: Option<String>,
    filters: Vec<(String, String)>,
}

/// Items, each with its id, and where to go on.
pub(super) struct Found<T> {
    items: Vec<(String, T)>,
    next: Option<String>,
}

impl Page {
    /// Reads the query of a URL, which may have these filters beside `limit` and `after`.
    pub(super) fn of(uri: &Uri, known: &[&str]) -> Result<Self, Problem> {
        let wrong = |detail: String| Problem::new(Kind::InvalidRequest).because(detail);
        let mut page = Self { limit: PAGE, after: None, filters: Vec::new() };
        let mut seen: Vec<String> = Vec::new();
        for (name, value) in url::form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()) {
            if seen.contains(&name.to_string()) {
                return Err(wrong(format!("{name} is there twice")));
            }
            seen.push(name.to_string());
            match &*name {
                "limit" => {
                    let limit = value.parse().ok().filter(|limit| (1..=MAX_PAGE).contains(limit));
                    page.limit =
                        limit.ok_or_else(|| wrong(format!("limit has to be between 1 and {MAX_PAGE}")))?;
                }
                "after" => page.after = Some(value.into_owned()),
                name if known.contains(&name) => page.filters.push((name.to_owned(), value.into_owned())),
                name => {
                    let others = known.iter().map(|known| format!(", {known}")).collect::<String>();
                    return Err(wrong(format!("there is no {name} here, but limit, after{others}")));
                }
            }
        }
        Ok(page)
    }

    pub(super) fn limit(&self) -> usize {
        self.limit
    }

    pub(super) fn after(&self) -> Option<&str> {
        self.after.as_deref()
    }

    /// The value of a filter, as one of the names of a type.
    pub(super) fn filter<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, Problem> {
        let Some(value) = self.text(name) else { return Ok(None) };
        let read = T::deserialize(value.into_deserializer());
        read.map(Some).map_err(|error: serde::de::value::Error| {
            Problem::new(Kind::InvalidRequest).because(format!("{name}: {error}"))
        })
    }

    /// The value of a filter.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.filters.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The page of a list that is there as a whole: in the order of the ids.
    pub(super) fn of_all<T>(&self, mut all: Vec<(String, T)>) -> Vec<(String, T)> {
        all.retain(|(id, _)| self.after().is_none_or(|after| id.as_str() > after));
        all.sort_by(|(one, _), (other, _)| one.cmp(other));
        all.truncate(self.limit);
        all
    }

    /// Collects what a filter lets through, a batch after the other.
    pub(super) async fn collect<T, F: Future<Output = Result<Vec<(String, T)>, StoreError>>>(
        &self,
        read: impl Fn(Option<String>, usize) -> F,
        wanted: impl Fn(&T) -> bool,
    ) -> Result<Found<T>, StoreError> {
        let mut items = Vec::new();
        let mut after = self.after.clone();
        let mut looked_at = 0;
        let size = self.limit.min(BATCH);
        loop {
            let batch = read(after.clone(), size).await?;
            let more = batch.len() == size;
            looked_at += batch.len();
            for (id, item) in batch {
                after = Some(id.clone());
                if wanted(&item) {
                    items.push((id, item));
                    if items.len() == self.limit {
                        return Ok(Found { items, next: after });
                    }
                }
            }
            if !more || looked_at >= MAX_LOOKED_AT {
                return Ok(Found { items, next: after.filter(|_| more) });
            }
        }
    }
}

impl<T> From<(Vec<(String, T)>, usize)> for Found<T> {
    /// All of a batch: where it is full, there may be more.
    fn from((items, limit): (Vec<(String, T)>, usize)) -> Self {
        let next = items.last().filter(|_| items.len() == limit).map(|(id, _)| id.clone());
        Self { items, next }
    }
}

/// The page, under the name of what is listed, with the id that the next one begins after, and a link to it (RFC 8288).
pub(super) fn answer<T: Serialize>(
    service: &Service,
    uri: &Uri,
    page: &Page,
    name: &str,
    found: impl IntoFound<T>,
) -> Response {
    let Found { items, next } = found.into_found(page.limit);
    let mut body = Map::new();
    let items = items.iter().map(|(_, item)| serde_json::to_value(item).unwrap_or_default()).collect();
    body.insert(name.to_owned(), Value::Array(items));
    let link = next.as_ref().and_then(|next| link(service, uri, page, next));
    if let Some(next) = next {
        body.insert("next".to_owned(), Value::String(next));
    }
    let mut response = json(StatusCode::OK, &body).into_response();
    if let Some(link) = link {
        response.headers_mut().insert(header::LINK, link);
    }
    response
}

/// What a list is made of.
pub(super) trait IntoFound<T> {
    fn into_found(self, limit: usize) -> Found<T>;
}

impl<T> IntoFound<T> for Found<T> {
    fn into_found(self, _: usize) -> Found<T> {
        self
    }
}

impl<T> IntoFound<T> for Vec<(String, T)> {
    fn into_found(self, limit: usize) -> Found<T> {
        (self, limit).into()
    }
}

fn link(service: &Service, uri: &Uri, page: &Page, next: &str) -> Option<HeaderValue> {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    for (name, value) in &page.filters {
        query.append_pair(name, value);
    }
    let query = query.append_pair("limit", &page.limit.to_string()).append_pair("after", next).finish();
    let path = uri.path().strip_prefix(service.base_path.as_str()).unwrap_or(uri.path());
    HeaderValue::try_from(format!("<{}?{query}>; rel=\"next\"", service.url(path))).ok()
}
