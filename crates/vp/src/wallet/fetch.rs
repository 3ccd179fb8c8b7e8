//! Fetching the request object (OID4VP 1.0 §5.10; RFC 9101 §5.2.3).

use credenza_core::id;
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{Method, Request, StatusCode};
use serde_json::{Map, Value, json};

use super::{Refusal, Wallet, address};
use crate::messages::client_metadata::sd_jwt_formats;
use crate::messages::{ClientIdPrefix, RequestUriForm, RequestUriMethod};

/// `application/` and the media type of request objects.
const MEDIA_TYPE: &str = "application/oauth-authz-req+jwt";

/// A request object, and the nonce that it must contain.
pub(super) struct Fetched {
    pub(super) jwt: String,
    pub(super) wallet_nonce: Option<String>,
}

impl Wallet {
    pub(super) async fn fetch(
        &self,
        request_uri: &str,
        method: RequestUriMethod,
    ) -> Result<Fetched, Refusal> {
        let url = address::acceptable(request_uri, self.config.addresses)
            .filter(|url| url.fragment().is_none())
            .ok_or_else(|| Refusal::Request("request_uri is not a URL that may be fetched".to_owned()))?;
        let builder = Request::builder().uri(url.as_str()).header(ACCEPT, MEDIA_TYPE);
        let (request, wallet_nonce) = match method {
            RequestUriMethod::Get => (builder.method(Method::GET).body(Vec::new()), None),
            RequestUriMethod::Post => {
                let nonce = id::unguessable(&*self.random);
                let form = RequestUriForm {
                    wallet_metadata: Some(self.metadata()),
                    wallet_nonce: Some(nonce.clone()),
                };
                let request = builder
                    .method(Method::POST)
                    .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
                    .body(form.to_body().into_bytes());
                (request, Some(nonce))
            }
        };
        let request = request.map_err(|_| Refusal::Request("request_uri is not a URL".to_owned()))?;
        let response = self.http.send(request, self.config.limits).await?;
        if response.status() != StatusCode::OK {
            return Err(Refusal::FetchStatus(response.status().as_u16()));
        }
        let content_type = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let essence = content_type.and_then(|value| value.split(';').next()).map(str::trim);
        if !essence.is_some_and(|essence| essence.eq_ignore_ascii_case(MEDIA_TYPE)) {
            return Err(Refusal::RequestObject(format!("its content type is not {MEDIA_TYPE}")));
        }
        let jwt = String::from_utf8(response.into_body())
            .map_err(|_| Refusal::RequestObject("it is not text".to_owned()))?;
        Ok(Fetched { jwt: jwt.trim().to_owned(), wallet_nonce })
    }

    /// What the wallet says about itself: what a verifier needs to make a request that it understands, and nothing
    /// that would tell wallets apart (OID4VP 1.0 §10.1, §15.7).
    fn metadata(&self) -> Map<String, Value> {
        let algorithms: Vec<_> = self.config.algorithms.iter().map(|algorithm| algorithm.name()).collect();
        let formats = sd_jwt_formats(&self.config.algorithms, &self.config.algorithms);
        let prefixes = [ClientIdPrefix::X509Hash, ClientIdPrefix::X509SanDns, ClientIdPrefix::RedirectUri];
        let members = json!({
            "vp_formats_supported": formats,
            "client_id_prefixes_supported": prefixes.map(ClientIdPrefix::as_str),
            "request_object_signing_alg_values_supported": algorithms,
            "authorization_encryption_alg_values_supported": ["ECDH-ES"],
            "authorization_encryption_enc_values_supported": ["A128GCM", "A256GCM"],
            "response_types_supported": ["vp_token"],
            "response_modes_supported": ["direct_post", "direct_post.jwt"],
        });
        match members {
            Value::Object(members) => members,
            _ => Map::new(),
        }
    }
}
