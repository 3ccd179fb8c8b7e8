//! Whoever is at the browser while a wallet waits: a session of its own, apart from the operator's, for a short time.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{FromRequest as _, Request};
use axum::response::{IntoResponse, Response};
use credenza_core::{id, secret};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde::{Deserialize, Serialize};

use crate::media_type;
use crate::pages::cookie::{self, SameSite};
use crate::pages::posted::from_us;
use crate::pages::refuse;
use crate::pages::view::Layout;
use crate::service::Service;

/// How long somebody stays signed in: as long as an interaction lives.
pub(super) const LIVES: Duration = Duration::from_secs(15 * 60);

const SESSION: &str = "server.authorize_session";
const CSRF: &str = "server.authorize_csrf";

/// Somebody at a browser.
pub(super) struct Guest {
    pub(super) id: String,
    /// Who has signed in.
    pub(super) subject: Option<String>,
    /// Whether they did it elsewhere, so that what is known about them is remembered here.
    pub(super) elsewhere: bool,
    set_cookie: Option<HeaderValue>,
}

#[derive(Serialize, Deserialize)]
struct Sealed {
    id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    subject: Option<String>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    elsewhere: bool,
}

impl Guest {
    /// The guest of a request, known or new.
    pub(super) fn of(service: &Service, headers: &HeaderMap) -> Self {
        let now = service.clock.now();
        let brought = cookie::get(headers, name(service))
            .and_then(|text| service.sealer.open(SESSION, now, text).ok())
            .and_then(|content| serde_json::from_slice::<Sealed>(&content).ok());
        match brought {
            Some(Sealed { id, subject, elsewhere }) => Self { id, subject, elsewhere, set_cookie: None },
            None => Self::start(service, None),
        }
    }

    /// A new session.
    pub(super) fn start(service: &Service, subject: Option<String>) -> Self {
        Self::begin(service, subject, false)
    }

    /// A new session of somebody who has signed in elsewhere.
    pub(super) fn start_elsewhere(service: &Service, subject: String) -> Self {
        Self::begin(service, Some(subject), true)
    }

    fn begin(service: &Service, subject: Option<String>, elsewhere: bool) -> Self {
        let id = id::short(&*service.random);
        let content = serde_json::to_vec(&Sealed { id: id.clone(), subject: subject.clone(), elsewhere });
        let sealed = service.sealer.seal(
            &*service.random,
            SESSION,
            service.clock.now() + LIVES,
            &content.unwrap_or_default(),
        );
        // Lax: the wallet leads here, from elsewhere. A POST from elsewhere brings no cookie.
        let set_cookie = cookie::set(service, name(service), &sealed, &path(service), SameSite::Lax, LIVES);
        Self { id, subject, elsewhere, set_cookie }
    }

    /// Renders a page for this guest: nothing on it leads away but the wallet.
    pub(super) fn page(self, service: &Service, template: &str, view: &impl Serialize) -> Response {
        let expires = service.clock.now() + LIVES;
        let layout = Layout {
            base: &service.base_path,
            host: service.base.host_str().unwrap_or_default(),
            nav: Vec::new(),
            here: "",
            demo: service.wallet.is_some(),
            signed_in: false,
            csrf: service.sealer.seal(&*service.random, CSRF, expires, self.id.as_bytes()),
        };
        let response = service.templates.page(template, &layout, view);
        self.answer(response)
    }

    /// Leads to the page of an interaction.
    pub(super) fn redirect(self, service: &Service, handle: &str) -> Response {
        let handle: String = url::form_urlencoded::byte_serialize(handle.as_bytes()).collect();
        let to = format!("{}/decide?interaction={handle}", service.issuer.endpoints().authorization.path());
        self.answer((StatusCode::SEE_OTHER, [(header::LOCATION, to)]).into_response())
    }

    pub(super) fn answer(self, mut response: Response) -> Response {
        if let Some(cookie) = self.set_cookie {
            response.headers_mut().append(header::SET_COOKIE, cookie);
        }
        response
    }

    fn owns(&self, service: &Service, csrf: &str) -> bool {
        let opened = service.sealer.open(CSRF, service.clock.now(), csrf);
        opened.is_ok_and(|id| secret::equal(&id, self.id.as_bytes()))
    }
}

/// A form of these pages: from our own origin, with the guest's token (A29).
pub(super) struct Posted {
    pub(super) guest: Guest,
    fields: Vec<(String, String)>,
}

impl Posted {
    /// The first field of that name, or nothing.
    pub(super) fn get(&self, name: &str) -> &str {
        self.fields.iter().find_map(|(known, value)| (known == name).then_some(value.as_str())).unwrap_or("")
    }

    pub(super) async fn read(request: Request, service: &Arc<Service>) -> Result<Self, Response> {
        let headers = request.headers();
        let guest = Guest::of(service, headers);
        if !from_us(service, headers) {
            return Err(refuse(service, StatusCode::FORBIDDEN, "This form was sent from another site."));
        }
        if !media_type::is(headers, "application/x-www-form-urlencoded") {
            return Err(refuse(service, StatusCode::UNSUPPORTED_MEDIA_TYPE, "This is not a form."));
        }
        let body = Bytes::from_request(request, service).await.map_err(IntoResponse::into_response)?;
        let fields = url::form_urlencoded::parse(&body).into_owned().collect();
        let posted = Self { guest, fields };
        if posted.guest.owns(service, posted.get("csrf")) {
            return Ok(posted);
        }
        Err(refuse(
            service,
            StatusCode::FORBIDDEN,
            "This form has expired: go back to your wallet, and start again.",
        ))
    }
}

fn path(service: &Service) -> String {
    service.issuer.endpoints().authorization.path().to_owned()
}

/// The prefix binds the cookie to TLS.
fn name(service: &Service) -> &'static str {
    if service.base.scheme() == "https" { "__Secure-credenza-guest" } else { "credenza-guest" }
}
