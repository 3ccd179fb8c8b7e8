//! The admin plane `/api/v1`: for the developers and operators of the service's own side.
//!
//! A caller's mistake is answered with problem details (RFC 9457) that name it, never with a 500. Everything asks for
//! the admin token, but for the description of the API and the two probes.

mod answered;
mod audit;
mod auth;
mod body;
mod credentials;
mod deferred;
mod definition;
mod events;
mod idempotent;
mod inspect;
mod links;
mod offers;
mod openapi;
mod paging;
mod presentations;
mod probes;
mod qr_code;
mod queries;
mod sessions;
mod types;
mod webhooks;
mod websites;

pub(crate) use events::{Naming, Session, offer_has_ended, stream};
pub(crate) use links::{Of, link, remember};
pub(crate) use presentations::{has_ended, parse_query};
pub(crate) use websites::for_page;

use std::sync::Arc;

use axum::middleware::from_fn_with_state;
use credenza_core::StoreError;
use http::Method;

use crate::problem::{Kind, Problem};
use crate::routes::Routes;
use crate::service::Service;

pub(crate) fn routes(service: &Service, routes: &mut Routes) {
    let (get, post, delete) = (Method::GET, Method::POST, Method::DELETE);
    let mut guarded = routes.apart();
    guarded.on(post.clone(), "/api/v1/offers", offers::create);
    guarded.on(get.clone(), "/api/v1/offers", sessions::offers);
    guarded.on(get.clone(), "/api/v1/offers/{id}", offers::show);
    guarded.on(delete.clone(), "/api/v1/offers/{id}", offers::cancel);
    guarded.on(get.clone(), "/api/v1/offers/{id}/events", offers::events);
    guarded.on(get.clone(), "/api/v1/offers/{id}/qr.svg", offers::qr);
    guarded.on(post.clone(), "/api/v1/deferred/{id}/complete", deferred::complete);
    guarded.on(post.clone(), "/api/v1/deferred/{id}/fail", deferred::fail);
    guarded.on(post.clone(), "/api/v1/presentations", presentations::create);
    guarded.on(get.clone(), "/api/v1/presentations", sessions::presentations);
    guarded.on(get.clone(), "/api/v1/presentations/{id}", presentations::show);
    guarded.on(delete.clone(), "/api/v1/presentations/{id}", presentations::delete);
    guarded.on(post.clone(), "/api/v1/presentations/{id}/cancel", presentations::cancel);
    guarded.on(post.clone(), "/api/v1/presentations/{id}/result", presentations::result);
    guarded.on(get.clone(), "/api/v1/presentations/{id}/report", presentations::report);
    guarded.on(get.clone(), "/api/v1/presentations/{id}/events", presentations::events);
    guarded.on(get.clone(), "/api/v1/presentations/{id}/qr.svg", presentations::qr);
    guarded.on(get.clone(), "/api/v1/credential-types", types::list);
    guarded.on(get.clone(), "/api/v1/credential-types/{id}", types::show);
    if service.types.is_some() {
        guarded.on(Method::PUT, "/api/v1/credential-types/{id}", types::put);
        guarded.on(delete.clone(), "/api/v1/credential-types/{id}", types::delete);
    }
    guarded.on(get.clone(), "/api/v1/queries", queries::list);
    guarded.on(get.clone(), "/api/v1/queries/{id}", queries::show);
    if service.queries.stores() {
        guarded.on(Method::PUT, "/api/v1/queries/{id}", queries::put);
        guarded.on(delete.clone(), "/api/v1/queries/{id}", queries::delete);
    }
    if service.status.is_some() {
        guarded.on(get.clone(), "/api/v1/credentials", credentials::list);
        guarded.on(get.clone(), "/api/v1/credentials/{id}", credentials::show);
        guarded.on(Method::PATCH, "/api/v1/credentials/{id}", credentials::change);
        guarded.on(get.clone(), "/api/v1/status-lists", credentials::lists);
    }
    if service.inspect.is_some() {
        guarded.on(post, "/api/v1/inspect", inspect::inspect);
    }
    if service.webhooks.is_some() {
        webhooks::routes(&mut guarded);
    }
    guarded.on(get.clone(), "/metrics", probes::metrics);
    if service.audit.is_some() {
        guarded.on(get.clone(), "/api/v1/audit", audit::list);
    }
    let gate = auth::Gate::new(&service.access);
    let once = idempotent::Once { answers: Arc::clone(&service.idempotency), body: service.limits.body };
    guarded.router = std::mem::take(&mut guarded.router)
        .route_layer(from_fn_with_state(service.audit.clone(), audit::audit))
        .route_layer(from_fn_with_state(once, idempotent::once))
        .route_layer(from_fn_with_state(gate, auth::gate));
    routes.merge(guarded);
    routes.on(get, "/openapi.json", openapi::openapi);
    probes(routes);
}

/// Whether the service lives, which the listener for the world says, too.
pub(crate) fn probes(routes: &mut Routes) {
    routes.on(Method::GET, "/healthz", probes::alive);
    routes.on(Method::GET, "/readyz", probes::ready);
}

fn no_such(what: &str) -> Problem {
    Problem::new(Kind::NotFound).because(format!("there is no {what} of this id, or no more"))
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        // The text can name a file or a host: it is for the log alone.
        tracing::warn!(%error, "the store failed");
        Self::new(Kind::Unavailable).because("the store can't be reached, try again")
    }
}
