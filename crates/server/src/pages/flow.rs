//! A flow: the browser that has started a session, known by a sealed cookie that is sent to that session's page alone.
//!
//! It shows the transaction code, and the claims of a presentation, to that browser and to nobody who has only the
//! link of the page.

use std::time::Duration;

use axum::response::Response;
use credenza_core::UnixTime;
use http::{HeaderMap, header};
use serde::{Deserialize, Serialize};

use super::cookie::{self, SameSite};
use crate::service::Service;

const PURPOSE: &str = "server.page_flow";
const NAME: &str = "credenza-flow";

/// How long after the end of a request its page still shows what came of it.
const LOOK_BACK: Duration = Duration::from_secs(60 * 60);

/// What the browser remembers for us.
#[derive(Serialize, Deserialize)]
pub(super) struct Flow {
    /// The session.
    pub(super) id: String,
    /// What was asked for, or is offered.
    pub(super) name: String,
    /// The transaction code of an offer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) tx_code: Option<String>,
    /// Whether the wallet is on the same device and brings the browser back.
    #[serde(default)]
    pub(super) same_device: bool,
}

impl Flow {
    /// Lets the answer give the flow to the browser, for the page at `path`.
    pub(super) fn give(&self, service: &Service, path: &str, expires: UnixTime, response: &mut Response) {
        let until = expires + LOOK_BACK;
        let content = serde_json::to_vec(self).unwrap_or_default();
        let sealed = service.sealer.seal(&*service.random, PURPOSE, until, &content);
        let path = format!("{}{path}", service.base_path);
        let lives = until.since(service.clock.now());
        // Lax: a wallet in another tab or app leads back here.
        if let Some(cookie) = cookie::set(service, NAME, &sealed, &path, SameSite::Lax, lives) {
            response.headers_mut().append(header::SET_COOKIE, cookie);
        }
    }

    /// The flow that the browser has brought.
    pub(super) fn brought(service: &Service, headers: &HeaderMap) -> Option<Self> {
        let content = service.sealer.open(PURPOSE, service.clock.now(), cookie::get(headers, NAME)?).ok()?;
        serde_json::from_slice(&content).ok()
    }

    /// The flow of this very session.
    pub(super) fn of(service: &Service, headers: &HeaderMap, id: &str) -> Option<Self> {
        Self::brought(service, headers).filter(|flow| flow.id == id)
    }
}
