//! `/api/v1/audit`, and what writes it.

use std::sync::Arc;

use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use http::{Method, StatusCode, Uri};

use super::answered::{again, id_in, whole};
use super::auth::Caller;
use super::no_such;
use super::paging::{self, Page};
use crate::audit::{Audit, Entry};
use crate::problem::Problem;
use crate::service::Service;

/// Writes down who has changed what. The change is done by then: an entry that can't be kept is told to the log.
pub(super) async fn audit(State(audit): State<Option<Arc<Audit>>>, request: Request, next: Next) -> Response {
    let extensions = request.extensions();
    let Some(Caller(token)) = extensions.get::<Caller>().cloned() else { return next.run(request).await };
    let route = extensions.get::<MatchedPath>().map_or("", MatchedPath::as_str).to_owned();
    let method = request.method().clone();
    if method == Method::GET || reads_alone(&route) {
        return next.run(request).await;
    }
    let named = object(&route, request.uri().path());
    let mut response = next.run(request).await;
    let mut object = named;
    if object.is_none() && response.status() == StatusCode::CREATED {
        let (parts, bytes) = match whole(response).await {
            Ok(whole) => whole,
            Err(status) => return status.into_response(),
        };
        object = id_in(&bytes);
        response = again(parts, bytes);
    }
    let status = response.status().as_u16();
    let route = route.find("/api/").and_then(|start| route.get(start..)).unwrap_or(&route);
    let action = format!("{method} {route}");
    tracing::info!(token = &*token, action, object = told(route, object.as_deref()), status, "audit");
    if let Some(audit) = audit
        && let Err(error) = audit.note(&token, action, object, status).await
    {
        tracing::error!(%error, "an entry of the audit log could not be kept");
    }
    response
}

/// What the log may know of the object: ids of sessions are for their makers alone.
fn told<'a>(route: &str, object: Option<&'a str>) -> Option<&'a str> {
    let session = ["/offers", "/presentations", "/deferred"].iter().any(|part| route.contains(part));
    object.filter(|_| !session)
}

/// Whether a POST changes nothing.
fn reads_alone(route: &str) -> bool {
    route.ends_with("/api/v1/inspect") || route.ends_with("/api/v1/validate")
}

/// What stands in a path for what varies in its route.
fn object(route: &str, path: &str) -> Option<String> {
    let varies = |(part, _): &(&str, &str)| part.starts_with('{');
    let parts: Vec<_> =
        route.split('/').zip(path.split('/')).filter(varies).map(|(_, value)| value).collect();
    (!parts.is_empty()).then(|| parts.join("/"))
}

/// `GET /api/v1/audit`
pub(super) async fn list(State(service): State<Arc<Service>>, uri: Uri) -> Result<Response, Problem> {
    let page = Page::of(&uri, &["token", "object"])?;
    let (token, object) = (page.text("token"), page.text("object"));
    let audit = service.audit.as_ref().ok_or_else(|| no_such("audit log"))?;
    let wanted = |entry: &Entry| object.is_none() || entry.object.as_deref() == object;
    let found = page
        .collect(
            |after, limit| async move {
                let found = audit.list(token, after.as_deref(), limit).await?;
                Ok(found.into_iter().map(|entry| (entry.id.clone(), entry)).collect())
            },
            wanted,
        )
        .await?;
    Ok(paging::answer(&service, &uri, &page, "entries", found))
}

#[cfg(test)]
mod tests {
    use super::object;

    #[test]
    fn the_object_is_what_varies() {
        let of = |route, path| object(route, path);
        assert_eq!(of("/api/v1/offers/{id}", "/api/v1/offers/abc").as_deref(), Some("abc"));
        let route = "/base/api/v1/webhooks/{id}/deliveries/{delivery}/replay";
        assert_eq!(of(route, "/base/api/v1/webhooks/a/deliveries/b/replay").as_deref(), Some("a/b"));
        assert_eq!(of("/api/v1/offers", "/api/v1/offers"), None);
    }
}
