//! `/api/v1/queries`: what can be asked for by name.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use credenza_query::DcqlQuery;
use http::{StatusCode, Uri};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::body::Body;
use super::paging::{self, Page};
use super::{definition, no_such};
use crate::problem::{Kind, Problem};
use crate::query_register::{Asks, QueryRefused, StoredQuery};
use crate::respond::{NO_STORE, json};
use crate::service::Service;
use crate::stated::stated;

/// No id is longer, and no scope.
const MAX_NAME: usize = 128;

/// No text for people is longer.
const MAX_TEXT: usize = 1024;

/// A query, and where it comes from.
#[derive(Serialize)]
struct View {
    #[serde(flatten)]
    query: StoredQuery,
    origin: &'static str,
}

impl View {
    fn of(service: &Service, query: StoredQuery) -> Self {
        let origin = if service.queries.is_preset(&query.id) { "preset" } else { "api" };
        Self { query, origin }
    }
}

/// `GET /api/v1/queries`
pub(super) async fn list(State(service): State<Arc<Service>>, uri: Uri) -> Result<Response, Problem> {
    let page = Page::of(&uri, &[])?;
    let queries = service.queries.all().await?;
    let views = queries.into_iter().map(|query| (query.id.clone(), View::of(&service, query))).collect();
    Ok(paging::answer(&service, &uri, &page, "queries", page.of_all(views)))
}

/// `GET /api/v1/queries/{id}`
pub(super) async fn show(
    State(service): State<Arc<Service>>,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let query = service.queries.find(&id).await?.ok_or_else(|| no_such("query"))?;
    Ok(json(StatusCode::OK, &View::of(&service, query)))
}

/// A query as it is sent. What [`View`] adds is ignored, so that an answer can be changed and sent back.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PutQuery {
    #[serde(default, deserialize_with = "stated")]
    id: Option<String>,
    #[serde(default, deserialize_with = "stated")]
    name: Option<String>,
    #[serde(default, deserialize_with = "stated")]
    explains: Option<String>,
    #[serde(default, deserialize_with = "stated")]
    dcql_query: Option<Value>,
    #[serde(default, deserialize_with = "stated")]
    presentation_definition: Option<Value>,
    #[serde(default, deserialize_with = "stated")]
    scope: Option<String>,
    #[serde(default, rename = "origin", deserialize_with = "stated")]
    _origin: Option<Origin>,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Origin {
    Preset,
    Api,
}

/// `PUT /api/v1/queries/{id}`
pub(super) async fn put(
    State(service): State<Arc<Service>>,
    Path(id): Path<String>,
    Body(sent): Body<PutQuery>,
) -> Result<Response, Problem> {
    let query = read(&service, id, sent)?;
    let new = service.queries.put(query.clone()).await?;
    let status = if new { StatusCode::CREATED } else { StatusCode::OK };
    Ok(json(status, &View::of(&service, query)))
}

/// `DELETE /api/v1/queries/{id}`
pub(super) async fn delete(
    State(service): State<Arc<Service>>,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    service.queries.remove(&id).await?;
    Ok((StatusCode::NO_CONTENT, [NO_STORE]).into_response())
}

fn read(service: &Service, id: String, sent: PutQuery) -> Result<StoredQuery, Problem> {
    let refuse = |why: &str, at: &str| Err(Problem::new(Kind::Unprocessable).because(why).at(at));
    if !is_name(&id, b"-_.") {
        return refuse("an id is made of letters, digits, and - _ . between them", "/id");
    }
    if sent.id.is_some_and(|inside| inside != id) {
        return refuse("its id is not the one at the end of the path", "/id");
    }
    if let Some(scope) = &sent.scope
        && (!is_name(scope, b"-_.:/") || scope == "openid")
    {
        return refuse("a scope is one word of letters, digits, and - _ . : /, and not openid", "/scope");
    }
    for (text, at) in [(&sent.name, "/name"), (&sent.explains, "/explains")] {
        if text.as_ref().is_some_and(|text| text.len() > MAX_TEXT) {
            return refuse("the text is too long", at);
        }
    }
    let asks = match (&sent.dcql_query, &sent.presentation_definition) {
        (Some(dcql), None) => Asks::DcqlQuery(parse(dcql)?),
        (None, Some(definition)) if sent.scope.is_none() => definition::parse(definition)?,
        (None, Some(_)) => return refuse("drafts that have definitions have no names for them", "/scope"),
        (None, None) => {
            return Err(Problem::new(Kind::InvalidRequest)
                .because("one of dcql_query and presentation_definition is needed")
                .at("/dcql_query"));
        }
        (Some(_), Some(_)) => {
            return refuse("it asks in one language, and not in two", "/presentation_definition");
        }
    };
    service.verifier.check_query(&asks.clone().into())?;
    let name = sent.name.unwrap_or_else(|| id.clone());
    Ok(StoredQuery { id, name, explains: sent.explains.unwrap_or_default(), asks, scope: sent.scope })
}

/// A short word of ASCII that needs no escaping anywhere.
fn is_name(text: &str, more: &[u8]) -> bool {
    let known = |byte: u8| byte.is_ascii_alphanumeric() || more.contains(&byte);
    !text.is_empty() && text.len() <= MAX_NAME && text.bytes().all(known)
}

/// Reads a query, with a problem that leads to what is wrong in it.
pub(super) fn parse(query: &Value) -> Result<DcqlQuery, Problem> {
    DcqlQuery::parse(query)
        .map_err(|error| Problem::new(Kind::Unprocessable).because(error.to_string()).at(pointer(&error.at)))
}

/// `dcql_query.credentials[0].id` as a JSON Pointer. Keys in it are those of DCQL, which need no escaping.
pub(super) fn pointer(at: &str) -> String {
    let mut pointer = String::with_capacity(at.len() + 1);
    for part in at.split(['.', '[']) {
        pointer.push('/');
        pointer.push_str(part.trim_end_matches(']'));
    }
    pointer
}

impl From<QueryRefused> for Problem {
    fn from(refused: QueryRefused) -> Self {
        let why = refused.to_string();
        match refused {
            QueryRefused::Store(error) => error.into(),
            QueryRefused::NotFound => no_such("query"),
            QueryRefused::NoStore => Self::new(Kind::MethodNotAllowed).because(why),
            QueryRefused::Preset | QueryRefused::Full => Self::new(Kind::Conflict).because(why),
            QueryRefused::Scope(_) => Self::new(Kind::Conflict).because(why).at("/scope"),
        }
    }
}
