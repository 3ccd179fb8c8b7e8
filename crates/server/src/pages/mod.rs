//! The pages: issue, verify, wallet (demo only) and inspect, rendered on the server.
//!
//! A page works without its script; the script adds copying and live status. Nothing inline, nothing from elsewhere:
//! the content security policy forbids both. The handlers call the engines themselves: no admin token ever reaches a
//! browser. Every POST carries a token of the visitor's session and must come from our own origin.

pub(crate) mod answer;
mod assets;
pub(crate) mod authorize;
mod claims_form;
mod component;
mod cookie;
mod flow;
mod home;
mod inspect;
mod issue;
mod issued;
mod login;
mod own_page;
mod posted;
mod signing_in;
pub(crate) mod templates;
mod verify;
pub(crate) mod view;
mod visitor;
mod wallet;

use axum::response::Response;
use http::{Method, StatusCode};
use serde::Serialize;

pub use authorize::AutomaticLogin;

use crate::routes::Routes;
use crate::service::{Pages, Service};
use view::{Layout, PARTS};

/// What the pages are made of; the pages of the authorization endpoint need it, too, where there are no others.
pub(crate) fn assets(routes: &mut Routes) {
    routes.on(Method::GET, "/assets/{name}", home::asset);
}

pub(crate) fn routes(service: &Service, routes: &mut Routes) {
    let (get, post) = (Method::GET, Method::POST);
    routes.on(get.clone(), "/", home::home);
    routes.on(get.clone(), "/issue", issue::form);
    routes.on(post.clone(), "/issue", issue::create);
    routes.on(get.clone(), "/issue/{id}", issue::show);
    routes.on(get.clone(), "/issue/{id}/events", issue::events);
    if service.status.is_some() {
        routes.on(post.clone(), "/issue/{id}/status", issued::change);
    }
    routes.on(get.clone(), "/verify", verify::form);
    routes.on(post.clone(), "/verify", verify::create);
    routes.on(get.clone(), "/verify/component", component::form);
    routes.on(post.clone(), "/verify/component", component::create);
    routes.on(get.clone(), "/verify/component/{id}", component::show);
    routes.on(get.clone(), "/verify/{id}", verify::show);
    routes.on(get.clone(), "/verify/{id}/events", verify::events);
    routes.on(get.clone(), "/done/{flow}", verify::done);
    if service.inspect.is_some() {
        routes.on(get.clone(), "/inspect", inspect::form);
        routes.on(post.clone(), "/inspect", inspect::inspect);
    }
    if service.wallet.is_some() {
        routes.on(get.clone(), "/wallet", wallet::overview);
        routes.on(post.clone(), "/wallet/open", wallet::open);
        routes.on(get.clone(), "/wallet/shown/{id}", wallet::shown);
        routes.on(post.clone(), signing_in::START, signing_in::start);
        routes.on(get.clone(), signing_in::BACK, signing_in::back);
        routes.on(post.clone(), "/wallet/accept", wallet::accept);
        routes.on(post.clone(), "/wallet/present", wallet::present);
        routes.on(post.clone(), "/wallet/decline", wallet::decline);
        routes.on(post.clone(), "/wallet/remove", wallet::remove);
    }
    if service.pages == Pages::SignIn {
        routes.on(get, "/login", login::form);
        routes.on(post.clone(), "/login", login::sign_in);
        routes.on(post, "/logout", login::sign_out);
    }
}

/// A page that says why there is no other.
pub(crate) fn refuse(service: &Service, status: StatusCode, message: &str) -> Response {
    #[derive(Serialize)]
    struct View<'a> {
        title: &'static str,
        message: &'a str,
        back: &'static str,
    }
    let title = match status {
        StatusCode::NOT_FOUND => "There is nothing here",
        StatusCode::FORBIDDEN => "This form can't be used",
        _ if status.is_server_error() => "That did not work",
        _ => "That can't be done",
    };
    let layout = Layout {
        base: &service.base_path,
        host: service.base.host_str().unwrap_or_default(),
        nav: PARTS.iter().filter(|part| visitor::has(service, part.path)).collect(),
        here: "",
        demo: service.wallet.is_some(),
        signed_in: false,
        csrf: String::new(),
    };
    let mut page = service.templates.page("refused.html", &layout, &View { title, message, back: "/" });
    *page.status_mut() = status;
    page
}
