//! Signing in elsewhere: the trip from our login page and back.
//!
//! A trip is a record of the store, under a name that nobody can guess. It ends once, in the browser in which it began:
//! whoever is led to the end of somebody else's trip, or to the end of a trip for the second time, signs in nowhere.

use std::sync::Arc;

use axum::extract::{Path, Request, State};
use axum::response::{IntoResponse, Response};
use credenza_core::{Key, StoreError, id};
use credenza_vci::issuer::{Failure, Interaction};
use http::{HeaderMap, Method, StatusCode, Uri, header};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::guest::{Guest, LIVES, Posted};
use super::{back, refuse, refused, unavailable, waiting};
use crate::routes::Routes;
use crate::service::Service;
use crate::sign_in::{Destination, ElsewhereError, Returned, SignInElsewhere, Trip, WalletLinks};
use crate::users::{SignInError, User};

const TRIP: &str = "server.sign_in_trip";
const PERSON: &str = "server.signed_in";

/// Somebody who is away.
#[derive(Serialize, Deserialize)]
pub(super) struct Away {
    way: String,
    pub(super) interaction: String,
    /// The browser.
    guest: String,
    kept: Value,
    /// Where a wallet is asked.
    pub(super) links: Option<WalletLinks>,
}

pub(super) fn routes(path: &str, routes: &mut Routes) {
    routes.at_root(Method::GET, &format!("{path}/with/{{way}}"), leave);
    routes.at_root(Method::GET, &format!("{path}/back/{{way}}"), come_back);
    routes.at_root(Method::POST, &format!("{path}/fail"), fail);
    routes.at_root(Method::GET, &format!("{path}/wallet/{{state}}"), waiting::show);
    routes.at_root(Method::POST, &format!("{path}/wallet/{{state}}"), waiting::go_on);
    routes.at_root(Method::GET, &format!("{path}/wallet/{{state}}/events"), waiting::events);
}

pub(super) fn way<'a>(service: &'a Service, name: &str) -> Option<&'a Arc<dyn SignInElsewhere>> {
    service.elsewhere.iter().find(|it| it.way() == name)
}

fn parameter(uri: &Uri, name: &str) -> String {
    let query = uri.query().unwrap_or_default().as_bytes();
    let found =
        url::form_urlencoded::parse(query).find_map(|(known, value)| (known == name).then_some(value));
    found.unwrap_or_default().into_owned()
}

/// `GET …/with/{way}`: somebody leaves. A link, and no form: browsers would hold every redirect after a form against
/// `form-action`, and nobody knows where a provider leads to.
async fn leave(
    State(service): State<Arc<Service>>,
    Path(name): Path<String>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let Some(way) = way(&service, &name) else { return StatusCode::NOT_FOUND.into_response() };
    let interaction = match service.issuer.interaction(&parameter(&uri, "interaction")).await {
        Ok(interaction) => interaction,
        Err(error) => return refused(&service, error),
    };
    let guest = Guest::of(&service, &headers);
    let at = &service.issuer.endpoints().authorization;
    let trip = Trip { state: id::unguessable(&*service.random), back: format!("{at}/back/{}", way.way()) };
    let departure = match way.begin(&trip).await {
        Ok(departure) => departure,
        Err(error) => return failed(&service, guest, &interaction.handle, &error).await,
    };
    let (to, links) = match departure.to {
        Destination::Browser(url) => (url.to_string(), None),
        Destination::Wallet(links) => (format!("{}/wallet/{}", at.path(), trip.state), Some(links)),
    };
    let away = Away {
        way: way.way().to_owned(),
        interaction: interaction.handle,
        guest: guest.id.clone(),
        kept: departure.kept,
        links,
    };
    let value = serde_json::to_vec(&away).unwrap_or_default();
    let until = service.clock.now() + LIVES;
    if let Err(error) = service.store.insert(Key::new(TRIP, trip.state), value, until).await {
        return no_store(&error);
    }
    guest.answer((StatusCode::SEE_OTHER, [(header::LOCATION, to)]).into_response())
}

/// A trip that has begun in this browser.
pub(super) async fn trip(service: &Service, guest: &Guest, state: &str) -> Result<Away, Response> {
    let over = || {
        refuse(
            service,
            StatusCode::BAD_REQUEST,
            "Nobody is signing in here: it was done before, or too long ago, or it began in another browser. \
             Go back to your wallet, and start again.",
        )
    };
    // No name of ours is longer, and no store takes one that is.
    if state.is_empty() || state.len() > 64 {
        return Err(over());
    }
    let record = service.store.get(&Key::new(TRIP, state)).await.map_err(|error| no_store(&error))?;
    let away = record.and_then(|record| serde_json::from_slice::<Away>(&record.value).ok());
    away.filter(|away| away.guest == guest.id).ok_or_else(over)
}

/// `GET …/back/{way}`: somebody is back.
async fn come_back(
    State(service): State<Arc<Service>>,
    Path(name): Path<String>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let guest = Guest::of(&service, &headers);
    let state = parameter(&uri, "state");
    let away = match trip(&service, &guest, &state).await {
        // Each way has an address of its own, so that one can't answer for another (RFC 9700 §4.4.2).
        Ok(away) if away.way == name => away,
        Ok(_) => return refuse(&service, StatusCode::BAD_REQUEST, "This answer belongs to something else."),
        Err(refusal) => return refusal,
    };
    let mut url = service.issuer.endpoints().authorization.clone();
    url.set_path(&format!("{}/back/{name}", url.path()));
    url.set_query(uri.query());
    arrive(&service, guest, &state, &away, Some(&url)).await
}

/// Ends a trip, once.
pub(super) async fn arrive(
    service: &Arc<Service>,
    guest: Guest,
    state: &str,
    away: &Away,
    url: Option<&url::Url>,
) -> Response {
    let Some(way) = way(service, &away.way) else { return StatusCode::NOT_FOUND.into_response() };
    match service.store.take(&Key::new(TRIP, state)).await {
        Ok(Some(_)) => {}
        Ok(None) => {
            return refuse(service, StatusCode::BAD_REQUEST, "This answer was used before.");
        }
        Err(error) => return no_store(&error),
    }
    match way.finish(Returned { state, kept: &away.kept, url }).await {
        Ok(user) => enter(service, guest, &away.interaction, user).await,
        Err(error) => failed(service, guest, &away.interaction, &error).await,
    }
}

async fn enter(service: &Arc<Service>, guest: Guest, interaction: &str, user: User) -> Response {
    // Whoever is known here by name and password keeps that name to themselves.
    if let Some(users) = &service.users {
        match users.find(&user.subject).await {
            Ok(None) => {}
            Ok(Some(_)) => {
                let error = ElsewhereError::Refused("the subject is a name that a user here has".to_owned());
                return failed(service, guest, interaction, &error).await;
            }
            Err(error) => return unavailable(service, &error),
        }
    }
    // A session of its own, never the one from before: nobody can plant one (A31).
    let entered = Guest::start_elsewhere(service, user.subject.clone());
    let value = serde_json::to_vec(&user).unwrap_or_default();
    let key = Key::new(PERSON, entered.id.clone());
    match service.store.insert(key, value, service.clock.now() + LIVES).await {
        Ok(()) => entered.redirect(service, interaction),
        Err(error) => no_store(&error),
    }
}

/// What is known about somebody who has signed in elsewhere.
pub(super) async fn remembered(service: &Service, guest: &Guest) -> Result<Option<User>, SignInError> {
    let record = service.store.get(&Key::new(PERSON, guest.id.clone())).await;
    let record = record.map_err(|error| SignInError::Unavailable(error.to_string()))?;
    Ok(record.and_then(|record| serde_json::from_slice(&record.value).ok()))
}

#[derive(Serialize)]
struct FailedView<'a> {
    at: &'a str,
    interaction: &'a str,
    message: &'static str,
    reason: &'static str,
}

const UNAVAILABLE: &str = "unavailable";

/// Nobody has signed in: whoever was refused goes back to the wallet, everybody else can try again.
async fn failed(service: &Arc<Service>, guest: Guest, interaction: &str, error: &ElsewhereError) -> Response {
    tracing::warn!(%error, "somebody could not sign in elsewhere to agree to an issuance");
    let (status, reason, message) = match error {
        ElsewhereError::Denied => {
            let url = service.issuer.deny(interaction).await;
            return url.map_or_else(|error| refused(service, error), |url| back(&url));
        }
        ElsewhereError::Unavailable(_) => (
            StatusCode::SERVICE_UNAVAILABLE,
            UNAVAILABLE,
            "Those who know you can't be asked at the moment. Try again in a while, or go back to your wallet.",
        ),
        ElsewhereError::Refused(_) => (
            StatusCode::BAD_REQUEST,
            "error",
            "What came back does not show who you are. Try again, or go back to your wallet.",
        ),
    };
    let interaction: Interaction = match service.issuer.interaction(interaction).await {
        Ok(interaction) => interaction,
        Err(error) => return refused(service, error),
    };
    let at = service.issuer.endpoints().authorization.path();
    let view = FailedView { at, interaction: &interaction.handle, message, reason };
    let mut page = guest.page(service, "authorize_failed.html", &view);
    *page.status_mut() = status;
    super::leading_to(page, &interaction.redirect_uri)
}

/// `POST …/fail`: the wallet is told that nobody could sign in.
async fn fail(State(service): State<Arc<Service>>, request: Request) -> Result<Response, Response> {
    let posted = Posted::read(request, &service).await?;
    let failure = if posted.get("reason") == UNAVAILABLE { Failure::Unavailable } else { Failure::Error };
    let url = service.issuer.give_up(posted.get("interaction"), failure).await;
    Ok(url.map_or_else(|error| refused(&service, error), |url| back(&url)))
}

pub(super) fn no_store(error: &StoreError) -> Response {
    tracing::error!(%error, "the authorization endpoint can't reach its store");
    StatusCode::SERVICE_UNAVAILABLE.into_response()
}
