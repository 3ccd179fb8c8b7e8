//! `/api/v1/webhooks`: who is told what happens, and what they were told.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use credenza_core::{Secret, UnixTime};
use http::{Method, StatusCode, Uri};
use serde::{Deserialize, Serialize};

use super::body::Body;
use super::no_such;
use super::paging::{self, Page};
use crate::problem::{Kind, Problem};
use crate::respond::{NO_STORE, json};
use crate::routes::Routes;
use crate::service::Service;
use crate::stated::stated;
use crate::webhooks::{
    Change, Delivery, Include, RegisterError, ReplayError, State as DeliveryState, Webhook, Webhooks,
};

pub(super) fn routes(routes: &mut Routes) {
    let (get, post) = (Method::GET, Method::POST);
    routes.on(post.clone(), "/api/v1/webhooks", create);
    routes.on(get.clone(), "/api/v1/webhooks", list);
    routes.on(get.clone(), "/api/v1/webhooks/{id}", show);
    routes.on(Method::PATCH, "/api/v1/webhooks/{id}", change);
    routes.on(Method::DELETE, "/api/v1/webhooks/{id}", delete);
    routes.on(post.clone(), "/api/v1/webhooks/{id}/secret", rotate);
    routes.on(post.clone(), "/api/v1/webhooks/{id}/test", test);
    routes.on(get.clone(), "/api/v1/webhooks/{id}/deliveries", deliveries);
    routes.on(get, "/api/v1/webhooks/{id}/deliveries/{delivery}", delivery);
    routes.on(post, "/api/v1/webhooks/{id}/deliveries/{delivery}/replay", replay);
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Create {
    url: String,
    #[serde(default, deserialize_with = "stated")]
    events: Option<Vec<String>>,
    #[serde(default, deserialize_with = "stated")]
    include: Option<Include>,
    #[serde(default, deserialize_with = "stated")]
    enabled: Option<bool>,
    #[serde(default, deserialize_with = "stated")]
    description: Option<String>,
}

/// For how long the old secret signs, too, unless said otherwise: a day.
const OVERLAP: u64 = 24 * 3600;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rotate {
    #[serde(default, deserialize_with = "stated")]
    overlap: Option<u64>,
}

/// A webhook, without its secrets.
#[derive(Serialize)]
struct View<'a> {
    id: &'a str,
    url: &'a str,
    events: &'a [String],
    include: Include,
    enabled: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    created_at: UnixTime,
    /// Told once.
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<&'a Secret>,
    #[serde(skip_serializing_if = "Option::is_none")]
    old_secret_until: Option<UnixTime>,
}

impl<'a> From<&'a Webhook> for View<'a> {
    fn from(webhook: &'a Webhook) -> Self {
        Self {
            id: &webhook.id,
            url: &webhook.url,
            events: &webhook.events,
            include: webhook.include,
            enabled: webhook.enabled,
            description: webhook.description.as_deref(),
            created_at: webhook.created_at,
            secret: None,
            old_secret_until: None,
        }
    }
}

fn webhooks(service: &Service) -> Result<&Arc<Webhooks>, Problem> {
    service.webhooks.as_ref().ok_or_else(|| no_such("webhook"))
}

/// `POST /api/v1/webhooks`
async fn create(
    State(service): State<Arc<Service>>,
    Body(Create { url, events, include, enabled, description }): Body<Create>,
) -> Result<Response, Problem> {
    let change = Change { url: None, events, include, enabled, description };
    let (webhook, secret) = webhooks(&service)?.register.create(url, change).await?;
    Ok(json(StatusCode::CREATED, &View { secret: Some(&secret), ..View::from(&webhook) }))
}

/// `GET /api/v1/webhooks`
async fn list(State(service): State<Arc<Service>>, uri: Uri) -> Result<Response, Problem> {
    let page = Page::of(&uri, &[])?;
    let all = webhooks(&service)?.register.reload().await?;
    let after = all.iter().filter(|one| page.after().is_none_or(|after| one.id.as_str() > after));
    let found: Vec<_> = after.take(page.limit()).map(|one| (one.id.clone(), View::from(one))).collect();
    Ok(paging::answer(&service, &uri, &page, "webhooks", found))
}

/// `GET /api/v1/webhooks/{id}`
async fn show(State(service): State<Arc<Service>>, Path(id): Path<String>) -> Result<Response, Problem> {
    let webhook = find(&service, &id).await?;
    Ok(json(StatusCode::OK, &View::from(&webhook)))
}

async fn find(service: &Service, id: &str) -> Result<Webhook, Problem> {
    webhooks(service)?.register.get(id).await?.ok_or_else(|| no_such("webhook"))
}

/// `PATCH /api/v1/webhooks/{id}`
async fn change(
    State(service): State<Arc<Service>>,
    Path(id): Path<String>,
    Body(change): Body<Change>,
) -> Result<Response, Problem> {
    let webhook = webhooks(&service)?.register.change(&id, change).await?;
    Ok(json(StatusCode::OK, &View::from(&webhook)))
}

/// `DELETE /api/v1/webhooks/{id}`
async fn delete(State(service): State<Arc<Service>>, Path(id): Path<String>) -> Result<Response, Problem> {
    let webhooks = webhooks(&service)?;
    if !webhooks.register.remove(&id).await? {
        return Err(no_such("webhook"));
    }
    while webhooks.forget_all(&id).await? {}
    Ok((StatusCode::NO_CONTENT, [NO_STORE]).into_response())
}

/// `POST /api/v1/webhooks/{id}/secret`
async fn rotate(
    State(service): State<Arc<Service>>,
    Path(id): Path<String>,
    Body(Rotate { overlap }): Body<Rotate>,
) -> Result<Response, Problem> {
    let overlap = Duration::from_secs(overlap.unwrap_or(OVERLAP));
    let (webhook, secret, until) = webhooks(&service)?.register.rotate(&id, overlap).await?;
    let view = View { secret: Some(&secret), old_secret_until: Some(until), ..View::from(&webhook) };
    Ok(json(StatusCode::OK, &view))
}

/// `POST /api/v1/webhooks/{id}/test`
async fn test(State(service): State<Arc<Service>>, Path(id): Path<String>) -> Result<Response, Problem> {
    let webhook = find(&service, &id).await?;
    let delivery = webhooks(&service)?.test(&webhook).await?;
    let delivery = delivery.ok_or_else(|| Problem::new(Kind::Unavailable))?;
    Ok(json(StatusCode::ACCEPTED, &delivery))
}

/// `GET /api/v1/webhooks/{id}/deliveries`
async fn deliveries(
    State(service): State<Arc<Service>>,
    Path(id): Path<String>,
    uri: Uri,
) -> Result<Response, Problem> {
    let page = Page::of(&uri, &["state"])?;
    let state: Option<DeliveryState> = page.filter("state")?;
    find(&service, &id).await?;
    let (deliveries, webhook) = (&webhooks(&service)?.deliveries, id.as_str());
    let wanted = |one: &Delivery| state.is_none_or(|state| one.state == state);
    let found = page
        .collect(
            |after, limit| async move {
                let found = deliveries.list(webhook, after.as_deref(), limit).await?;
                Ok(found.into_iter().map(|one| (one.id.clone(), one)).collect())
            },
            wanted,
        )
        .await?;
    Ok(paging::answer(&service, &uri, &page, "deliveries", found))
}

/// `GET /api/v1/webhooks/{id}/deliveries/{delivery}`
async fn delivery(
    State(service): State<Arc<Service>>,
    Path((id, delivery)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let found = webhooks(&service)?.deliveries.get(&id, &delivery).await?;
    Ok(json(StatusCode::OK, &found.ok_or_else(|| no_such("delivery"))?))
}

/// `POST /api/v1/webhooks/{id}/deliveries/{delivery}/replay`
async fn replay(
    State(service): State<Arc<Service>>,
    Path((id, delivery)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let webhooks = webhooks(&service)?;
    let delivery = webhooks.deliveries.replay(&id, &delivery).await?;
    webhooks.wake();
    Ok(json(StatusCode::ACCEPTED, &delivery))
}

impl From<RegisterError> for Problem {
    fn from(error: RegisterError) -> Self {
        let at = match error {
            RegisterError::Store(credenza_core::StoreError::Conflict(_)) => {
                return Self::new(Kind::Conflict).because("somebody else has changed it meanwhile");
            }
            RegisterError::Store(error) => return error.into(),
            RegisterError::NotFound => return no_such("webhook"),
            RegisterError::TooMany => return Self::new(Kind::Conflict).because(error.to_string()),
            RegisterError::Url(_) => "/url",
            RegisterError::Events => "/events",
            RegisterError::Description => "/description",
            RegisterError::Overlap => "/overlap",
        };
        Self::new(Kind::Unprocessable).because(error.to_string()).at(at)
    }
}

impl From<ReplayError> for Problem {
    fn from(error: ReplayError) -> Self {
        match error {
            ReplayError::Store(error) => error.into(),
            ReplayError::NotFound => no_such("delivery"),
            ReplayError::Pending => Self::new(Kind::Conflict).because(error.to_string()),
        }
    }
}
