//! `/api/v1/credentials` and `/api/v1/status-lists`: what was issued, and whether it is still valid.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Response;
use credenza_core::UnixTime;
use credenza_vci::issuer::status::{ChangeError, CredentialRecord, CredentialState, ListView, Place};
use http::{StatusCode, Uri};
use serde::{Deserialize, Serialize};

use super::body::Body;
use super::no_such;
use super::paging::{self, Page};
use crate::problem::{Kind, Problem};
use crate::publisher::Publisher;
use crate::respond::json;
use crate::service::Service;
use crate::webhooks::Message;

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
pub(super) async fn list(State(service): State<Arc<Service>>, uri: Uri) -> Result<Response, Problem> {
    let page = Page::of(&uri, &["session", "status", "type"])?;
    let status: Option<CredentialState> = page.filter("status")?;
    let (session, kind) = (page.text("session"), page.text("type"));
    let publisher = publisher(&service)?;
    let wanted = |view: &View| {
        status.is_none_or(|status| view.status == status) && kind.is_none_or(|kind| view.r#type == kind)
    };
    let found = page
        .collect(
            |after, limit| async move {
                let records = publisher.lists.credentials(session, after.as_deref(), limit).await?;
                Ok(records
                    .into_iter()
                    .map(|record| (record.id.clone(), View::of(publisher, record)))
                    .collect())
            },
            wanted,
        )
        .await?;
    Ok(paging::answer(&service, &uri, &page, "credentials", found))
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
pub(super) async fn lists(State(service): State<Arc<Service>>, uri: Uri) -> Result<Response, Problem> {
    let page = Page::of(&uri, &[])?;
    let all: Vec<ListView> = publisher(&service)?.lists.lists().await?;
    let found = page.of_all(all.into_iter().map(|list| (list.id.clone(), list)).collect());
    Ok(paging::answer(&service, &uri, &page, "status_lists", found))
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
