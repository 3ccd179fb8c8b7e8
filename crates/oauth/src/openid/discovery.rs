//! The provider's metadata (OpenID Connect Discovery §4), fetched and believed when it is the provider's own.

use credenza_core::{Http, Limits, Report, json, well_known};
use http::Request;
use serde::{Deserialize, Serialize};
use url::Url;

use super::{OpenIdError, rules};
use crate::AuthorizationServerMetadata;

/// The well-known name under which it is published.
const WELL_KNOWN: &str = "openid-configuration";

/// What a provider says about itself: what every authorization server says, and a little more.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ProviderMetadata {
    /// What every authorization server says.
    #[serde(flatten)]
    pub server: AuthorizationServerMetadata,
    /// Where more is said about whoever has signed in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub userinfo_endpoint: Option<String>,
}

/// A provider whose metadata was checked.
#[derive(Debug, Clone)]
pub(super) struct Provider {
    pub(super) authorization_endpoint: Url,
    pub(super) token_endpoint: Url,
    pub(super) jwks_uri: Url,
    pub(super) userinfo_endpoint: Option<Url>,
    /// Whether it sends `iss` with its responses (RFC 9207 §3).
    pub(super) sends_iss: bool,
    /// Whether a secret goes into the form, since the header is not accepted.
    pub(super) secret_in_form: bool,
}

/// Fetches the metadata, and checks it.
pub(super) async fn discover(http: &dyn Http, issuer: &str) -> Result<Provider, OpenIdError> {
    const WHAT: &str = "metadata";
    let at = Url::parse(issuer).map_err(|_| OpenIdError::Malformed("identifier"))?;
    let url = well_known::append(&at, WELL_KNOWN);
    let request = Request::get(url.as_str())
        .header("accept", "application/json")
        .body(Vec::new())
        .map_err(|_| OpenIdError::Malformed(WHAT))?;
    let response =
        http.send(request, Limits::default()).await.map_err(|error| OpenIdError::Unreachable(WHAT, error))?;
    if response.status().as_u16() != 200 {
        return Err(OpenIdError::Failed(WHAT, response.status().as_u16()));
    }
    let metadata: ProviderMetadata =
        json::object_from_slice(response.body()).map_err(|_| OpenIdError::Malformed(WHAT))?;
    let mut report = Report::new("OpenID Provider");
    check(&metadata, (issuer, &at), &mut report).ok_or(OpenIdError::Refused(Box::new(report)))
}

fn check(metadata: &ProviderMetadata, (issuer, at): (&str, &Url), report: &mut Report) -> Option<Provider> {
    let server = &metadata.server;
    // Character by character: some identifiers end in a slash, and others do not.
    if !report.check(&rules::DISCOVERY_ISSUER, server.issuer == issuer, || "it names another issuer") {
        return None;
    }
    // Where the provider itself is known by http (this machine alone), its endpoints may be, too.
    let endpoint = |text: Option<&str>| {
        let url = Url::parse(text?).ok()?;
        let safe = url.scheme() == "https" || (url.scheme() == "http" && at.scheme() == "http");
        (safe && url.fragment().is_none()).then_some(url)
    };
    let found = (
        endpoint(server.authorization_endpoint.as_deref()),
        endpoint(server.token_endpoint.as_deref()),
        endpoint(server.jwks_uri.as_deref()),
    );
    let (Some(authorization_endpoint), Some(token_endpoint), Some(jwks_uri)) = found else {
        report.fail(&rules::DISCOVERY_ENDPOINTS, "an endpoint is missing, or not behind TLS");
        return None;
    };
    let userinfo_endpoint = endpoint(metadata.userinfo_endpoint.as_deref());
    let userinfo = userinfo_endpoint.is_some() == metadata.userinfo_endpoint.is_some();
    if !report.check(&rules::DISCOVERY_ENDPOINTS, userinfo, || "the UserInfo endpoint is not behind TLS") {
        return None;
    }
    let methods = &server.token_endpoint_auth_methods_supported;
    let accepts = |method: &str| methods.iter().any(|known| known == method);
    Some(Provider {
        authorization_endpoint,
        token_endpoint,
        jwks_uri,
        userinfo_endpoint,
        sends_iss: server.authorization_response_iss_parameter_supported == Some(true),
        // Left out it means that the header is accepted.
        secret_in_form: !accepts("client_secret_basic") && accepts("client_secret_post"),
    })
}
