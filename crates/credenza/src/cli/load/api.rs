//! The deployment's own API, as an issuer's or a verifier's back end uses it.

use credenza::core::{Http as _, Limits, Secret};
use credenza::http::ReqwestHttp;
use http::{Method, Request};
use serde_json::Value;
use url::Url;

/// Speaks to `/api/v1`. Errors are what is counted: the `type` of a problem, or what became of the request.
pub(super) struct Api {
    http: ReqwestHttp,
    base: String,
    token: Secret,
}

impl Api {
    pub(super) fn new(http: ReqwestHttp, url: &Url, token: Secret) -> Self {
        Self { http, base: format!("{}/api/v1", url.as_str().trim_end_matches('/')), token }
    }

    pub(super) async fn get(&self, path: &str) -> Result<Value, String> {
        self.send(Method::GET, path, Vec::new()).await
    }

    pub(super) async fn post(&self, path: &str, body: &Value) -> Result<Value, String> {
        self.send(Method::POST, path, body.to_string().into_bytes()).await
    }

    async fn send(&self, method: Method, path: &str, body: Vec<u8>) -> Result<Value, String> {
        let request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.base))
            .header("authorization", format!("Bearer {}", self.token.expose()))
            .header("content-type", "application/json")
            .body(body)
            .map_err(|_| "the token or the URL has characters that none has".to_owned())?;
        let response = self.http.send(request, Limits::default()).await.map_err(|error| error.to_string())?;
        let value: Option<Value> = serde_json::from_slice(response.body()).ok();
        if response.status().is_success() {
            return value.ok_or_else(|| "the answer of the API is not JSON".to_owned());
        }
        let problem = value.as_ref().and_then(|value| value.get("type")).and_then(Value::as_str);
        Err(problem.map_or_else(|| format!("HTTP status {}", response.status().as_u16()), str::to_owned))
    }
}
