//! What is kept for the page that shows a presentation, and the token that leads there.

use credenza_core::{Key, StoreError, UnixTime};
use credenza_vp::verifier::{CreatedDcApi, CreatedRequest};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::service::Service;

/// What tokens are sealed for: they open nothing else, and nothing else opens a page.
const TOKEN: &str = "server.web_token";
/// What the records are sealed for.
const RECORD: &str = "server.web_page";
const KIND: &str = "server.web_page";

/// A presentation as a website shows it.
#[derive(Serialize, Deserialize)]
pub(crate) struct Page {
    /// The session: it does not leave the service.
    pub(crate) id: String,
    /// Whose scripts may read.
    pub(crate) origins: Vec<String>,
    /// For a QR code, and for a wallet on the same device.
    pub(crate) link: String,
    request_id: String,
    /// One of the `requests` of `navigator.credentials.get`.
    request: Value,
}

/// A request for `navigator.credentials.get`, and where the answer is brought.
#[derive(Serialize)]
pub(crate) struct Asked {
    request: Value,
    response_url: String,
}

impl Page {
    pub(crate) fn new(link: &CreatedRequest, website: CreatedDcApi, origins: Vec<String>) -> Self {
        let CreatedDcApi { id, request_id, request, .. } = website;
        let request = serde_json::to_value(request).unwrap_or_default();
        Self { id, origins, link: link.wallet_link.clone(), request_id, request }
    }

    pub(crate) fn asked(&self, service: &Service) -> Asked {
        Asked { request: self.request.clone(), response_url: response_url(service, &self.request_id) }
    }
}

/// Where a website brings what the Digital Credentials API has given it.
pub(crate) fn response_url(service: &Service, request_id: &str) -> String {
    service.url(&format!("/openid4vp/dc-api/{request_id}"))
}

/// Keeps a page for as long as its presentation can be answered.
pub(crate) async fn keep(service: &Service, page: &Page, expires: UnixTime) -> Result<(), StoreError> {
    let content = serde_json::to_vec(page).unwrap_or_default();
    let sealed = service.sealer.seal(&*service.random, RECORD, expires, &content);
    service.store.insert(Key::new(KIND, &page.id), sealed.into_bytes(), expires).await
}

/// The token of a presentation's page.
pub(crate) fn token(service: &Service, id: &str, expires: UnixTime) -> String {
    service.sealer.seal(&*service.random, TOKEN, expires, id.as_bytes())
}

/// The URL that a token is brought to.
pub(crate) fn url(service: &Service, token: &str) -> String {
    service.url(&format!("/web/presentations/{token}"))
}

/// The page behind a token; `None` when it is none of ours, or too old.
pub(crate) async fn find(service: &Service, token: &str) -> Result<Option<Page>, StoreError> {
    let now = service.clock.now();
    let id = service.sealer.open(TOKEN, now, token).ok().and_then(|id| String::from_utf8(id).ok());
    let Some(id) = id else { return Ok(None) };
    let Some(record) = service.store.get(&Key::new(KIND, &id)).await? else { return Ok(None) };
    let sealed = std::str::from_utf8(&record.value).unwrap_or_default();
    let page = service.sealer.open(RECORD, now, sealed).ok();
    let page: Option<Page> = page.and_then(|content| serde_json::from_slice(&content).ok());
    Ok(page.filter(|page| page.id == id))
}
