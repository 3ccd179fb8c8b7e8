//! The templates, compiled into the program, and how a page is rendered from one.

use axum::response::{Html, IntoResponse, Response};
use credenza_core::UnixTime;
use http::{HeaderName, HeaderValue, StatusCode, header};
use minijinja::value::{Serde, Value};
use minijinja::{AutoEscape, Environment, UndefinedBehavior, context};
use serde::Serialize;

use crate::pages::view::Layout;

macro_rules! templates {
    ($($name:literal),* $(,)?) => {
        [$(($name, include_str!(concat!("../templates/", $name)))),*]
    };
}

const TEMPLATES: [(&str, &str); 19] = templates![
    "base.html",
    "parts.html",
    "home.html",
    "issue.html",
    "offer.html",
    "verify.html",
    "presentation.html",
    "component.html",
    "answer.html",
    "wallet.html",
    "wallet_offer.html",
    "wallet_consent.html",
    "refused.html",
    "inspect.html",
    "login.html",
    "authorize_login.html",
    "authorize_consent.html",
    "authorize_wallet.html",
    "authorize_failed.html",
];

/// All templates, ready to render.
pub(crate) struct Templates(Environment<'static>);

impl Templates {
    /// Compiles them.
    ///
    /// # Errors
    /// Never in a program whose tests have run: the templates are part of it.
    pub(crate) fn new() -> Result<Self, minijinja::Error> {
        let mut environment = Environment::new();
        environment.set_auto_escape_callback(|_| AutoEscape::Html);
        environment.set_undefined_behavior(UndefinedBehavior::Chainable);
        environment.add_filter("shorten", |text: &str, length: usize| shorten(text, length));
        environment.add_filter("clock", |at: &str| at.get(11..19).unwrap_or(at).to_owned());
        environment.add_filter("date", |at: &str| date(at));
        environment.add_filter("sentence", |text: &str| sentence(text));
        environment.add_filter("query", |text: &str| {
            url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>()
        });
        for (name, source) in TEMPLATES {
            environment.add_template(name, source)?;
        }
        Ok(Self(environment))
    }

    /// Renders a page.
    pub(crate) fn page(&self, name: &str, layout: &Layout<'_>, view: &impl Serialize) -> Response {
        match self.render(name, layout, view) {
            Ok(text) => (SAFETY, Html(text)).into_response(),
            Err(error) => {
                // The kind and the line; the values that were rendered are not in it.
                tracing::error!(template = name, kind = ?error.kind(), line = error.line(), "can't render a page");
                StatusCode::INTERNAL_SERVER_ERROR.into_response()
            }
        }
    }

    fn render(
        &self,
        name: &str,
        layout: &Layout<'_>,
        view: &impl Serialize,
    ) -> Result<String, minijinja::Error> {
        let layout = Value::from(Serde(layout));
        let view = Value::from(Serde(view));
        self.0.get_template(name)?.render(context! { ..view, ..layout })
    }
}

/// What a page may do: load our own stylesheet, script and images, talk to us, post to us. Referrers stay with us:
/// with none at all, browsers would not name the origin of a posted form either.
const SAFETY: [(HeaderName, HeaderValue); 5] = [
    (
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(
            "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; \
             form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
        ),
    ),
    (header::REFERRER_POLICY, HeaderValue::from_static("same-origin")),
    (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    (HeaderName::from_static("cross-origin-opener-policy"), HeaderValue::from_static("same-origin")),
    (
        HeaderName::from_static("permissions-policy"),
        HeaderValue::from_static("camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
    ),
];

fn shorten(text: &str, length: usize) -> String {
    if text.chars().count() <= length {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(length.saturating_sub(1)).collect();
    short.truncate(short.trim_end().len());
    short.push('…');
    short
}

/// With a capital at the start: the engines' words for errors and reports begin without one.
fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// `2026-11-24T15:04:05Z` as `2026-11-24 15:04 UTC`, for a reader without the script.
fn date(at: &str) -> String {
    match (UnixTime::from_rfc3339(at), at.get(..10), at.get(11..16)) {
        (Some(_), Some(day), Some(time)) => format!("{day} {time} UTC"),
        _ => at.to_owned(),
    }
}

#[cfg(test)]
#[path = "templates_tests.rs"]
mod tests;
