//! A client of the service's own API, as an issuer's or a verifier's back end has one.

use anyhow::Context as _;
use credenza::core::{AddressPolicy, Http as _, Limits, Secret};
use credenza::http::ReqwestHttp;
use http::{Method, Request};
use serde_json::Value;
use url::Url;

/// Speaks to `/api/v1`.
pub(crate) struct Client {
    http: ReqwestHttp,
    base: Url,
    token: Secret,
}

impl Client {
    pub(crate) fn new(base: Url, token: Secret) -> Self {
        Self { http: ReqwestHttp::new(AddressPolicy::Loopback), base, token }
    }

    pub(crate) async fn get(&self, path: &str) -> anyhow::Result<Value> {
        self.send(Method::GET, path, Vec::new()).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> anyhow::Result<Value> {
        self.send(Method::POST, path, body.to_string().into_bytes()).await
    }

    pub(crate) async fn patch(&self, path: &str, body: &Value) -> anyhow::Result<Value> {
        self.send(Method::PATCH, path, body.to_string().into_bytes()).await
    }

    async fn send(&self, method: Method, path: &str, body: Vec<u8>) -> anyhow::Result<Value> {
        let what = format!("{method} /api/v1{path}");
        let url = self.base.join(&format!("api/v1{path}"))?;
        let request = Request::builder()
            .method(method)
            .uri(url.as_str())
            .header("authorization", format!("Bearer {}", self.token.expose()))
            .header("content-type", "application/json")
            .body(body)?;
        let response = self.http.send(request, Limits::default()).await.with_context(|| what.clone())?;
        let text = String::from_utf8_lossy(response.body()).into_owned();
        anyhow::ensure!(response.status().is_success(), "{what}: {} {text}", response.status());
        serde_json::from_str(&text).context(what)
    }
}
