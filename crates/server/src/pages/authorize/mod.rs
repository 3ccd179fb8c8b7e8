//! Signing in and agreeing: what the authorization endpoint shows to the person at the browser.
//!
//! A GET changes nothing that counts; both decisions are POSTs from our own page, by the browser that has signed in.

mod automatic;
mod elsewhere;
mod guest;
mod waiting;

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use credenza_core::Secret;
use credenza_vci::issuer::{AuthorizeError, Interaction};
use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use serde::Serialize;
use url::Url;

use super::{issue, refuse};
use crate::respond::NO_STORE;
use crate::routes::Routes;
use crate::service::Service;
use crate::users::{SignInError, User};
use guest::{Guest, Posted};

pub use automatic::AutomaticLogin;

pub(crate) fn routes(service: &Service, routes: &mut Routes) {
    let path = service.issuer.endpoints().authorization.path();
    routes.at_root(Method::GET, path, start);
    routes.at_root(Method::GET, &format!("{path}/decide"), decide);
    routes.at_root(Method::POST, &format!("{path}/login"), sign_in);
    routes.at_root(Method::POST, &format!("{path}/logout"), sign_out);
    routes.at_root(Method::POST, &format!("{path}/approve"), approve);
    routes.at_root(Method::POST, &format!("{path}/deny"), deny);
    if !service.elsewhere.is_empty() {
        elsewhere::routes(path, routes);
    }
}

#[derive(Serialize)]
struct LoginView<'a> {
    /// The path below which the forms go.
    at: &'a str,
    interaction: &'a str,
    wallet: Wallet<'a>,
    issuer: &'a str,
    problem: Option<&'static str>,
    name: &'a str,
    /// Whether name and password are asked for here.
    form: bool,
    ways: Vec<WayView<'a>>,
}

/// A way of signing in elsewhere.
#[derive(Serialize)]
struct WayView<'a> {
    way: &'static str,
    label: &'a str,
}

#[derive(Serialize)]
struct ConsentView<'a> {
    at: &'a str,
    interaction: &'a str,
    wallet: Wallet<'a>,
    issuer: &'a str,
    user: &'a str,
    credentials: Vec<String>,
}

/// The client, as a person should see it.
#[derive(Serialize)]
struct Wallet<'a> {
    name: &'a str,
    identifier: &'a str,
    /// Whether it has proven who it is, or is registered.
    known: bool,
    known_by: &'static str,
    /// Where the answer goes: a host, or the scheme of an app.
    goes_to: String,
}

/// The authorization endpoint.
async fn start(State(service): State<Arc<Service>>, uri: Uri, headers: HeaderMap) -> Response {
    match service.issuer.authorize(uri.query().unwrap_or_default()).await {
        Ok(interaction) => match automatic::decide(&service, &interaction).await {
            Some(decided) => decided,
            None => show(&service, Guest::of(&service, &headers), &interaction).await,
        },
        Err(error) => refused(&service, error),
    }
}

/// The page of an interaction that has begun.
async fn decide(State(service): State<Arc<Service>>, uri: Uri, headers: HeaderMap) -> Response {
    let query = uri.query().unwrap_or_default();
    let named = url::form_urlencoded::parse(query.as_bytes());
    let handle = named.into_iter().find_map(|(name, value)| (name == "interaction").then_some(value));
    match service.issuer.interaction(&handle.unwrap_or_default()).await {
        Ok(interaction) => show(&service, Guest::of(&service, &headers), &interaction).await,
        Err(error) => refused(&service, error),
    }
}

/// The login for whoever has not signed in, the question for whoever has.
async fn show(service: &Service, guest: Guest, interaction: &Interaction) -> Response {
    match known(service, &guest).await {
        Err(error) => unavailable(service, &error),
        Ok(None) => login(service, guest, interaction, None, ""),
        Ok(Some(user)) => {
            let credentials = interaction.configurations.iter().map(|id| {
                let configuration = service.issuer.configurations().find(|one| one.id == *id);
                configuration.map_or_else(|| id.clone(), |one| issue::name(&one).to_owned())
            });
            let view = ConsentView {
                at: service.issuer.endpoints().authorization.path(),
                interaction: &interaction.handle,
                wallet: wallet(interaction),
                issuer: &service.issuer_name,
                user: &user.name,
                credentials: credentials.collect(),
            };
            let page = guest.page(service, "authorize_consent.html", &view);
            leading_to(page, &interaction.redirect_uri)
        }
    }
}

fn login(
    service: &Service,
    guest: Guest,
    interaction: &Interaction,
    problem: Option<&'static str>,
    name: &str,
) -> Response {
    let (wallet, issuer) = (wallet(interaction), service.issuer_name.as_str());
    let at = service.issuer.endpoints().authorization.path();
    let ways = service.elsewhere.iter().map(|it| WayView { way: it.way(), label: it.label() }).collect();
    let form = service.users.is_some();
    let view = LoginView { at, interaction: &interaction.handle, wallet, issuer, problem, name, form, ways };
    let page = guest.page(service, "authorize_login.html", &view);
    leading_to(page, &interaction.redirect_uri)
}

async fn known(service: &Service, guest: &Guest) -> Result<Option<User>, SignInError> {
    if guest.elsewhere {
        return elsewhere::remembered(service, guest).await;
    }
    match (&service.users, &guest.subject) {
        (Some(users), Some(subject)) => users.find(subject).await,
        _ => Ok(None),
    }
}

fn wallet(interaction: &Interaction) -> Wallet<'_> {
    let (known, known_by) = match (interaction.authenticated, &interaction.client_name) {
        (true, _) => (true, "It has proven that it is this wallet."),
        (false, Some(_)) => (true, "It is registered here, and can't prove that it is this one."),
        (false, None) => {
            (false, "Nobody knows this wallet. Go on only if you have just started it yourself.")
        }
    };
    let goes_to = Url::parse(&interaction.redirect_uri).ok().map(|url| match url.host_str() {
        Some(host) if matches!(url.scheme(), "http" | "https") => host.to_owned(),
        _ => format!("an app on this device ({}:)", url.scheme()),
    });
    Wallet {
        name: interaction.client_name.as_deref().unwrap_or("A wallet"),
        identifier: &interaction.client_id,
        known,
        known_by,
        goes_to: goes_to.unwrap_or_default(),
    }
}

/// `POST …/login`
async fn sign_in(State(service): State<Arc<Service>>, request: Request) -> Result<Response, Response> {
    let posted = Posted::read(request, &service).await?;
    let Some(users) = &service.users else { return Err(StatusCode::NOT_FOUND.into_response()) };
    let handle = posted.get("interaction");
    let interaction = service.issuer.interaction(handle).await.map_err(|error| refused(&service, error))?;
    let name = posted.get("name").trim().to_owned();
    let password = Secret::new(posted.get("password").to_owned());
    match users.sign_in(&name, &password).await {
        // A session of its own, never the one from before: nobody can plant one (A31).
        Ok(user) => Ok(Guest::start(&service, Some(user.subject)).redirect(&service, &interaction.handle)),
        Err(SignInError::Unavailable(error)) => Err(unavailable(&service, &SignInError::Unavailable(error))),
        Err(error) => {
            tracing::warn!("somebody could not sign in to agree to an issuance");
            let problem = match error {
                SignInError::TooMany => "There were too many wrong tries. Wait a minute.",
                _ => "The name or the password is wrong.",
            };
            Ok(login(&service, posted.guest, &interaction, Some(problem), &name))
        }
    }
}

/// `POST …/logout`: somebody else wants to sign in.
async fn sign_out(State(service): State<Arc<Service>>, request: Request) -> Result<Response, Response> {
    let posted = Posted::read(request, &service).await?;
    Ok(Guest::start(&service, None).redirect(&service, posted.get("interaction")))
}

/// `POST …/approve`
async fn approve(State(service): State<Arc<Service>>, request: Request) -> Result<Response, Response> {
    let posted = Posted::read(request, &service).await?;
    let handle = posted.get("interaction").to_owned();
    let user = known(&service, &posted.guest).await.map_err(|error| unavailable(&service, &error))?;
    let Some(user) = user else { return Ok(posted.guest.redirect(&service, &handle)) };
    let url = service.issuer.approve(&handle, user.into()).await;
    Ok(url.map_or_else(|error| refused(&service, error), |url| back(&url)))
}

/// `POST …/deny`: needs nobody who has signed in.
async fn deny(State(service): State<Arc<Service>>, request: Request) -> Result<Response, Response> {
    let posted = Posted::read(request, &service).await?;
    let url = service.issuer.deny(posted.get("interaction")).await;
    Ok(url.map_or_else(|error| refused(&service, error), |url| back(&url)))
}

/// Back to the wallet: by 303, so that no form travels on (RFC 9700 §4.12).
fn back(url: &str) -> Response {
    (StatusCode::SEE_OTHER, [NO_STORE], [(header::LOCATION, url)]).into_response()
}

fn refused(service: &Service, error: AuthorizeError) -> Response {
    match error {
        AuthorizeError::Shown(reason) => refuse(service, StatusCode::BAD_REQUEST, reason),
        AuthorizeError::Redirect(url) => back(&url),
        AuthorizeError::Unavailable(error) => {
            tracing::error!(%error, "the authorization endpoint can't reach its store");
            StatusCode::SERVICE_UNAVAILABLE.into_response()
        }
    }
}

fn unavailable(service: &Service, error: &SignInError) -> Response {
    tracing::error!(%error, "nobody can sign in");
    refuse(service, StatusCode::SERVICE_UNAVAILABLE, "Signing in is not possible at the moment.")
}

/// Lets the page's forms end at the wallet: browsers hold the redirect after a form against `form-action`, too.
fn leading_to(mut page: Response, redirect_uri: &str) -> Response {
    let target = Url::parse(redirect_uri).ok().map(|url| match url.host() {
        // A policy can't name an IPv6 address.
        Some(url::Host::Ipv6(_)) | None => format!("{}:", url.scheme()),
        Some(_) if matches!(url.scheme(), "http" | "https") => url.origin().ascii_serialization(),
        Some(_) => format!("{}:", url.scheme()),
    });
    let policy = page.headers().get(header::CONTENT_SECURITY_POLICY).and_then(|policy| policy.to_str().ok());
    let wider = policy.zip(target).map(|(policy, target)| {
        policy.replace("form-action 'self'", &format!("form-action 'self' {target}"))
    });
    if let Some(policy) = wider.and_then(|policy| HeaderValue::from_str(&policy).ok()) {
        page.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    page
}
