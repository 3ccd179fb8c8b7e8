//! The page that waits for a wallet: a link for this device, a QR code for another one, and what happens there.

use std::sync::Arc;

use axum::extract::{Path, Request, State};
use axum::response::{IntoResponse, Response};
use credenza_vp::verifier::{SessionError, Status};
use http::{HeaderMap, StatusCode};
use serde::Serialize;

use super::elsewhere::{arrive, trip, way};
use super::guest::{Guest, Posted};
use crate::admin::{self, Naming, Session};
use crate::pages::view::Markup;
use crate::qr;
use crate::service::Service;
use crate::sign_in::PresentationSignIn;
use crate::stopping::Stopping;

#[derive(Serialize)]
struct WaitingView<'a> {
    at: &'a str,
    interaction: &'a str,
    issuer: &'a str,
    label: &'a str,
    way: &'static str,
    state: &'a str,
    link: &'a str,
    qr: Option<Markup>,
    expires: String,
    version: usize,
    opened: bool,
    verified: bool,
    ended: bool,
    failure: Option<&'static str>,
}

/// `GET …/wallet/{state}`
pub(super) async fn show(
    State(service): State<Arc<Service>>,
    Path(state): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Response> {
    let guest = Guest::of(&service, &headers);
    let away = trip(&service, &guest, &state).await?;
    let (Some(links), Some(way)) = (&away.links, way(&service, PresentationSignIn::WAY)) else {
        return Err(StatusCode::NOT_FOUND.into_response());
    };
    let mut view = WaitingView {
        at: service.issuer.endpoints().authorization.path(),
        interaction: &away.interaction,
        issuer: &service.issuer_name,
        label: way.label(),
        way: way.way(),
        state: &state,
        link: &links.same_device,
        qr: None,
        expires: links.expires.to_rfc3339(),
        version: 0,
        opened: false,
        verified: false,
        ended: service.clock.now() >= links.expires,
        failure: None,
    };
    if let Some((link, session)) = &links.other_device {
        let seen = match service.verifier.session(session).await {
            Ok(seen) => seen,
            Err(SessionError::Store(error)) => return Err(super::elsewhere::no_store(&error)),
            Err(_) => return Err(StatusCode::NOT_FOUND.into_response()),
        };
        view.qr = Some(Markup(qr::svg(link).unwrap_or_default()));
        view.version = seen.events.len();
        view.opened = seen.status == Status::Retrieved;
        view.verified = seen.status == Status::Verified;
        view.failure = match seen.status {
            Status::Failed => Some("The wallet's owner said no."),
            Status::Rejected => Some("What was shown was not accepted."),
            Status::Expired => Some("Nobody answered in time."),
            Status::Cancelled => Some("The request was called off."),
            _ => None,
        };
        view.ended = view.verified || view.failure.is_some();
    } else if view.ended {
        view.failure = Some("Nobody answered in time.");
    }
    Ok(guest.page(&service, "authorize_wallet.html", &view))
}

/// `POST …/wallet/{state}`: the wallet on another device has answered, and the person goes on here.
pub(super) async fn go_on(
    State(service): State<Arc<Service>>,
    Path(state): Path<String>,
    request: Request,
) -> Result<Response, Response> {
    let posted = Posted::read(request, &service).await?;
    let away = trip(&service, &posted.guest, &state).await?;
    Ok(arrive(&service, posted.guest, &state, &away, None).await)
}

/// `GET …/wallet/{state}/events`
pub(super) async fn events(
    State(service): State<Arc<Service>>,
    Path(state): Path<String>,
    headers: HeaderMap,
    stopping: Stopping,
) -> Result<Response, Response> {
    let guest = Guest::of(&service, &headers);
    let away = trip(&service, &guest, &state).await?;
    let session = away.links.and_then(|links| links.other_device).map(|(_, session)| session);
    let session = session.ok_or_else(|| StatusCode::NOT_FOUND.into_response())?;
    let stream = admin::stream(&service, Session::Presentation(session), Naming::Change, &headers, stopping);
    Ok(stream.await.into_response())
}
