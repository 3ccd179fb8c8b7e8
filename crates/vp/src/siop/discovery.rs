//! Where self-issued providers are found: static values, and metadata that they publish (SIOPv2 §6.1, §15.1).

use credenza_core::{AddressPolicy, Http, HttpError, Limits, json, well_known};
use credenza_crypto::Algorithm;
use http::header::ACCEPT;
use http::{Request, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use url::Url;

use super::{Provider, SCOPE, SUBJECT_SIGNED, SubjectSyntax};

/// What a provider says about itself. Members that are not known are ignored; `jwks_uri` is one of them, since the
/// key of a token is found by its subject (§6.1).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "each member is the parameter of that name in SIOPv2 §6.1")]
pub struct ProviderMetadata {
    pub authorization_endpoint: String,
    /// Absent in static values alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    pub response_types_supported: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vp_formats_supported: Option<Map<String, Value>>,
    pub scopes_supported: Vec<String>,
    pub subject_types_supported: Vec<String>,
    pub id_token_signing_alg_values_supported: Vec<String>,
    pub request_object_signing_alg_values_supported: Vec<String>,
    pub subject_syntax_types_supported: Vec<String>,
    /// Absent: tokens of attesters alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id_token_types_supported: Option<Vec<String>>,
}

/// Why a provider's metadata can't be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DiscoveryError {
    /// The issuer identifier is no https URL, or has a query or a fragment.
    #[error("the issuer identifier is not an https URL without query and fragment")]
    Identifier,
    /// It could not be fetched.
    #[error("the provider's metadata could not be fetched: {0}")]
    Http(#[from] HttpError),
    /// The provider answered with another status than 200.
    #[error("the provider answered with status {0} instead of metadata")]
    Status(u16),
    /// Not a JSON object with the members that are required.
    #[error("the provider's metadata is not what it has to be: {0}")]
    Malformed(String),
    /// It is another provider's.
    #[error("the metadata is that of another issuer")]
    Issuer,
}

impl ProviderMetadata {
    /// The static values of any provider on the device, for ID tokens alone (§15.1.2).
    #[must_use]
    pub fn siopv2() -> Self {
        Self::fixed("siopv2:", &["id_token"], None)
    }

    /// The static values of any provider on the device that presents too (§15.1.3).
    #[must_use]
    pub fn openid() -> Self {
        let formats = json!({ "jwt_vp": { "alg": ["ES256"] }, "jwt_vc": { "alg": ["ES256"] } });
        Self::fixed("openid:", &["vp_token", "id_token"], formats.as_object().cloned())
    }

    fn fixed(endpoint: &str, types: &[&str], vp_formats_supported: Option<Map<String, Value>>) -> Self {
        let es256 = vec![Algorithm::Es256.name().to_owned()];
        Self {
            authorization_endpoint: endpoint.to_owned(),
            issuer: None,
            response_types_supported: types.iter().map(|one| (*one).to_owned()).collect(),
            vp_formats_supported,
            scopes_supported: vec![SCOPE.to_owned()],
            subject_types_supported: vec!["pairwise".to_owned()],
            id_token_signing_alg_values_supported: es256.clone(),
            request_object_signing_alg_values_supported: es256,
            subject_syntax_types_supported: vec![SubjectSyntax::JwkThumbprint.to_string()],
            id_token_types_supported: Some(vec![SUBJECT_SIGNED.to_owned()]),
        }
    }

    /// What a wallet publishes about itself as a provider, at `/.well-known/openid-configuration` below its issuer
    /// identifier.
    ///
    /// # Errors
    /// [`DiscoveryError::Identifier`].
    pub fn of(
        provider: &Provider,
        issuer: &str,
        authorization_endpoint: &str,
        request_objects: &[Algorithm],
    ) -> Result<Self, DiscoveryError> {
        identifier(issuer, AddressPolicy::Public)?;
        let names = |algorithms: &[Algorithm]| algorithms.iter().map(|one| one.name().to_owned()).collect();
        Ok(Self {
            issuer: Some(issuer.to_owned()),
            id_token_signing_alg_values_supported: names(&provider.algorithms),
            request_object_signing_alg_values_supported: names(request_objects),
            subject_syntax_types_supported: provider.syntaxes.iter().map(ToString::to_string).collect(),
            ..Self::fixed(authorization_endpoint, &["id_token"], None)
        })
    }

    /// Fetches what a provider publishes (OpenID Connect Discovery §4), and makes sure that it is that provider's and
    /// that ID tokens can be had there. Redirects are not followed.
    ///
    /// # Errors
    /// See [`DiscoveryError`].
    pub async fn discover(
        http: &dyn Http,
        issuer: &str,
        addresses: AddressPolicy,
        limits: Limits,
    ) -> Result<Self, DiscoveryError> {
        let url = identifier(issuer, addresses)?;
        let location = well_known::append(&url, "openid-configuration");
        let request = Request::get(location.as_str()).header(ACCEPT, "application/json").body(Vec::new());
        let request = request.map_err(|_| DiscoveryError::Identifier)?;
        let response = http.send(request, Limits { redirects: 0, ..limits }).await?;
        if response.status() != StatusCode::OK {
            return Err(DiscoveryError::Status(response.status().as_u16()));
        }
        let metadata = Self::parse(response.body())?;
        // To the letter, and not what two URLs have in common (OpenID Connect Discovery §4.3).
        if metadata.issuer.as_deref() == Some(issuer) { Ok(metadata) } else { Err(DiscoveryError::Issuer) }
    }

    /// Reads metadata.
    ///
    /// # Errors
    /// [`DiscoveryError::Malformed`]: a member is missing, or is not what §6.1 demands of it.
    pub fn parse(bytes: &[u8]) -> Result<Self, DiscoveryError> {
        let malformed = |problem: &str| DiscoveryError::Malformed(problem.to_owned());
        let metadata: Self =
            json::object_from_slice(bytes).map_err(|error| DiscoveryError::Malformed(error.to_string()))?;
        Url::parse(&metadata.authorization_endpoint)
            .map_err(|_| malformed("authorization_endpoint is not a URL"))?;
        let has = |list: &[String], wanted: &str| list.iter().any(|one| one == wanted);
        if !has(&metadata.response_types_supported, "id_token") {
            return Err(malformed("response_types_supported does not have id_token"));
        }
        if !has(&metadata.scopes_supported, SCOPE) {
            return Err(malformed("scopes_supported does not have openid"));
        }
        for syntax in &metadata.subject_syntax_types_supported {
            SubjectSyntax::parse(syntax).map_err(|problem| malformed(&problem.to_string()))?;
        }
        Ok(metadata)
    }

    /// Whether tokens that their subject signs can be had there.
    #[must_use]
    pub fn is_self_issued(&self) -> bool {
        let types = self.id_token_types_supported.as_deref().unwrap_or_default();
        types.iter().any(|one| one == SUBJECT_SIGNED)
    }
}

fn identifier(issuer: &str, addresses: AddressPolicy) -> Result<Url, DiscoveryError> {
    let url = Url::parse(issuer).map_err(|_| DiscoveryError::Identifier)?;
    let scheme = url.scheme() == "https" || addresses.scheme(url.scheme());
    let plain = url.query().is_none() && url.fragment().is_none() && url.has_host();
    let anonymous = url.username().is_empty() && url.password().is_none();
    if scheme && plain && anonymous { Ok(url) } else { Err(DiscoveryError::Identifier) }
}
