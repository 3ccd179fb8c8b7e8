//! `/api/v1/credentials` and `/api/v1/status-lists`: what was issued, and whether it is still valid.

use std::sync::Arc;

use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::response::Response;
use credenza_core::UnixTime;
use credenza_vci::issuer::status::{ChangeError, CredentialRecord, CredentialState, ListView, Place};
use http::StatusCode;
use serde::{Deserialize, Serialize};

use super::body::Body;
use super::no_such;
use crate::problem::{Kind, Problem};
use crate::publisher::Publisher;
use crate::respond::json;
use crate::service::Service;
use crate::webhooks::Message;

/// A page has so many credentials unless it is asked for another number, and never more than the second.
const PAGE: usize = 50;
const MAX_PAGE: usize = 1000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wanted {
    #[serde(default)]
    session: Option<String>,
    #[serde(default)]
    after: Option<String>,
    #[serde(default)]
    limit: Option<usize>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Change {
    status: CredentialState,
}

/// A credential, as the API words it.
#[derive(Serialize)]
struct View {
    id: String,
    session: String,
    r#type: String,
    status: CredentialState,
    issued_at: UnixTime,
    expires_at: UnixTime,
    #[serde(skip_serializing_if = "Option::is_none")]
    changed_at: Option<UnixTime>,
    /// One for each copy.
    places: Vec<PlaceView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    published: Option<bool>,
}

#[derive(Serialize)]
struct PlaceView {
    uri: String,
    index: u64,
}

#[derive(Serialize)]
struct Page {
    credentials: Vec<View>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

impl View {
    fn of(publisher: &Publisher, record: CredentialRecord) -> Self {
        let place =
            |Place { list, index }: &Place| PlaceView { uri: publisher.lists.uri(list), index: *index };
        Self {
            places: record.places.iter().map(place).collect(),
            id: record.id,
            session: record.session,
            r#type: record.credential_configuration_id,
            status: record.state,
            issued_at: record.issued_at,
            expires_at: record.expires_at,
            changed_at: record.changed_at,
            published: None,
        }
    }
}

fn publisher(service: &Service) -> Result<&Arc<Publisher>, Problem> {
    service.status.as_ref().ok_or_else(|| no_such("status list"))
}

/// `GET /api/v1/credentials`
pub(super) async fn list(
    State(service): State<Arc<Service>>,
    wanted: Result<Query<Wanted>, QueryRejection>,
) -> Result<Response, Problem> {
    let Query(Wanted { session, after, limit }) =
        wanted.map_err(|rejection| Problem::new(Kind::InvalidRequest).because(rejection.body_text()))?;
    let limit = limit.unwrap_or(PAGE);
    if limit == 0 || limit > MAX_PAGE {
        let detail = format!("limit has to be between 1 and {MAX_PAGE}");
        return Err(Problem::new(Kind::InvalidRequest).because(detail));
    }
    let publisher = publisher(&service)?;
    let records = publisher.lists.credentials(session.as_deref(), after.as_deref(), limit).await?;
    let next = records.last().filter(|_| records.len() == limit).map(|last| last.id.clone());
    let credentials = records.into_iter().map(|record| View::of(publisher, record)).collect();
    Ok(json(StatusCode::OK, &Page { credentials, next }))
}

/// `GET /api/v1/credentials/{id}`
pub(super) async fn show(
    State(service): State<Arc<Service>>,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let publisher = publisher(&service)?;
    let record = publisher.lists.credential(&id).await?.ok_or_else(|| no_such("credential"))?;
    Ok(json(StatusCode::OK, &View::of(publisher, record)))
}

/// `PATCH /api/v1/credentials/{id}`
pub(super) async fn change(
    State(service): State<Arc<Service>>,
    Path(id): Path<String>,
    Body(Change { status }): Body<Change>,
) -> Result<Response, Problem> {
    let publisher = publisher(&service)?;
    let record = match &service.webhooks {
        None => publisher.lists.change(&id, status).await?,
        Some(webhooks) => {
            let all = webhooks.register.all().await?;
            let more = |record: &CredentialRecord, number| {
                webhooks.writes(&all, &Message::of_status(record, number))
            };
            let record = publisher.lists.change_and(&id, status, more).await?;
            webhooks.wake();
            record
        }
    };
    tracing::info!(credential = record.id, status = status.name(), "the status of a credential was set");
    let published = publisher.publish(&record).await;
    Ok(json(StatusCode::OK, &View { published: Some(published), ..View::of(publisher, record) }))
}

/// `GET /api/v1/status-lists`
pub(super) async fn lists(State(service): State<Arc<Service>>) -> Result<Response, Problem> {
    #[derive(Serialize)]
    struct Lists {
        status_lists: Vec<ListView>,
    }
    let status_lists = publisher(&service)?.lists.lists().await?;
    Ok(json(StatusCode::OK, &Lists { status_lists }))
}

impl From<ChangeError> for Problem {
    fn from(error: ChangeError) -> Self {
        match error {
            ChangeError::Store(error) => error.into(),
            ChangeError::NotFound => no_such("credential"),
            ChangeError::Final => Self::new(Kind::Conflict).because(error.to_string()),
            ChangeError::TooFewBits(_) => {
                Self::new(Kind::Unprocessable).because(error.to_string()).at("/status")
            }
        }
    }
}
