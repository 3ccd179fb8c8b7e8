//! Beginning: a query becomes a session and a link for a wallet.

use std::time::Duration;

use credenza_core::{UnixTime, id};
use credenza_crypto::{ContentEncryption, Curve, Decrypter as _, JwkSet, SoftwareDecrypter};
use credenza_query::DcqlQuery;
use credenza_query::dcql::Format;
use serde::{Deserialize, Serialize};
use url::Url;

use super::config::{MAX_LIFETIME, is_loopback};
use super::session::{Asked, Session, State};
use super::{CreateError, Verifier, redirect};
use crate::messages::client_metadata::sd_jwt_formats;
use crate::messages::{
    Attempt, AuthorizationRequest, ClientId, ClientIdPrefix, ClientMetadata, RequestUriMethod, ResponseMode,
    VerifierInfo,
};

/// What responses may be encrypted with (HAIP 1.0 §5 wants both).
pub(super) const CONTENT_ENCRYPTIONS: [ContentEncryption; 2] =
    [ContentEncryption::A128Gcm, ContentEncryption::A256Gcm];

/// No correlation id is longer.
const MAX_CORRELATION_ID: usize = 256;

/// How the verifier names itself to the wallet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RequestedPrefix {
    /// By the hash of its certificate; signed.
    #[default]
    X509Hash,
    /// By its DNS name, which its certificate has; signed.
    X509SanDns,
    /// By the place of the answer; unsigned.
    RedirectUri,
}

/// What is asked for, and how. Only the query is needed: [`PresentationRequest::new`].
#[derive(Debug, Clone)]
pub struct PresentationRequest {
    /// What is asked for.
    pub dcql: DcqlQuery,
    /// How the answer comes back; encrypted unless said otherwise.
    pub response_mode: ResponseMode,
    /// How the verifier names itself; `None`: as configured.
    pub prefix: Option<RequestedPrefix>,
    /// How the wallet is asked to fetch the request object.
    pub request_uri_method: RequestUriMethod,
    /// The wallet's authorization endpoint: an own scheme (`openid4vp://`) or an https URL; `None`: as configured.
    pub authorization_endpoint: Option<String>,
    /// Where the person's browser goes after the answer, when wallet and browser are on one device. `{RESPONSE_CODE}`
    /// is replaced by a fresh code, which is added as the parameter `response_code` when there is no such place. It
    /// has to lie below a configured prefix. With it, the result is only handed out against that code.
    pub redirect: Option<String>,
    /// How long it can be answered; `None`: as configured.
    pub lifetime: Option<Duration>,
    /// The caller's own name for the transaction: kept and shown, never sent to the wallet.
    pub correlation_id: Option<String>,
    /// Attestations about the verifier, passed on as they are.
    pub verifier_info: Vec<VerifierInfo>,
}

impl PresentationRequest {
    /// Asks for this, as securely as possible: signed, encrypted, fetched by GET.
    #[must_use]
    pub fn new(dcql: DcqlQuery) -> Self {
        Self {
            dcql,
            response_mode: ResponseMode::DirectPostJwt,
            prefix: None,
            request_uri_method: RequestUriMethod::Get,
            authorization_endpoint: None,
            redirect: None,
            lifetime: None,
            correlation_id: None,
            verifier_info: Vec::new(),
        }
    }
}

/// A request that waits for a wallet.
#[derive(Clone, Serialize)]
pub struct CreatedRequest {
    /// The session: only for the verifier's own side.
    pub id: String,
    /// The name of the request that the wallet sees: the end of `request_uri` and `response_uri`. Another than `id`.
    pub request_id: String,
    /// What a wallet opens, from a link or a QR code (`uri` in JSON, as for an offer).
    #[serde(rename = "uri")]
    pub wallet_link: String,
    /// The query of that link, to be appended to any wallet's authorization endpoint.
    pub wallet_query: String,
    /// Where the request object is; none for an unsigned request, which is all in the link.
    pub request_uri: Option<String>,
    /// The client identifier.
    pub client_id: String,
    /// From then on it can't be answered.
    pub expires_at: UnixTime,
}

/// Shows neither the session's id nor the link.
impl std::fmt::Debug for CreatedRequest {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("CreatedRequest")
            .field("client_id", &self.client_id)
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}

impl Verifier {
    /// Begins a presentation.
    ///
    /// # Errors
    /// See [`CreateError`].
    pub async fn create(&self, request: PresentationRequest) -> Result<CreatedRequest, CreateError> {
        let prefix = request.prefix.unwrap_or(self.config.prefix);
        self.check(&request, prefix)?;
        let random = &*self.ports.random;
        let now = self.now();
        let expires_at = now + request.lifetime.unwrap_or(self.config.lifetime);
        let id = id::short(random);
        let request_id = self.seal_id(&id, expires_at)?;
        let client_id = self.client_id(prefix, &request_id)?;
        let decryption_key = if request.response_mode.is_encrypted() {
            let key = SoftwareDecrypter::generate(Curve::P256, random).map_err(|_| CreateError::Key)?;
            Some(key.to_private_jwk())
        } else {
            None
        };
        let mut session = Session {
            id,
            state: State::Created,
            created_at: now,
            expires_at,
            correlation_id: request.correlation_id,
            request: Asked {
                client_id: client_id.as_str().to_owned(),
                prefix,
                response_mode: request.response_mode,
                nonce: id::unguessable(random),
                // Always there: without holder binding it is what ties the answer to the request (§5.3).
                state: id::short(random),
                dcql: request.dcql,
                verifier_info: request.verifier_info,
                decryption_key,
            },
            redirect: request.redirect,
            refusals: 0,
            refusal: None,
            report: None,
            events: Vec::new(),
        };
        session.events.push(session.event("presentation.created", now, None));
        let (request_uri, wallet_query) = self.invocation(&session, &request_id, request.request_uri_method);
        let endpoint = request.authorization_endpoint.as_ref().unwrap_or(&self.config.authorization_endpoint);
        let wallet_link = link(endpoint, &wallet_query);
        self.store_new(&session).await?;
        if let Some(event) = session.events.first() {
            self.emit(&session.id, event);
        }
        Ok(CreatedRequest {
            id: session.id,
            request_id,
            wallet_link,
            wallet_query,
            request_uri,
            client_id: session.request.client_id,
            expires_at,
        })
    }

    fn check(&self, request: &PresentationRequest, prefix: RequestedPrefix) -> Result<(), CreateError> {
        if request.response_mode == ResponseMode::Unsupported {
            return Err(CreateError::ResponseMode);
        }
        if prefix == RequestedPrefix::RedirectUri && request.request_uri_method == RequestUriMethod::Post {
            return Err(CreateError::Method);
        }
        if request.dcql.duplicate_claim().is_some() {
            return Err(CreateError::DuplicateClaim);
        }
        let unknown = request.dcql.credentials().iter().find(|one| one.format != Format::SdJwtVc);
        if let Some(unknown) = unknown {
            return Err(CreateError::Format(unknown.format.as_str().to_owned()));
        }
        if request.correlation_id.as_ref().is_some_and(|id| id.len() > MAX_CORRELATION_ID) {
            return Err(CreateError::TooLong("the correlation id"));
        }
        if let Some(template) = &request.redirect
            && !redirect::is_allowed(template, &self.config.redirect_prefixes)
        {
            return Err(CreateError::Redirect);
        }
        if let Some(endpoint) = &request.authorization_endpoint
            && !is_endpoint(endpoint)
        {
            return Err(CreateError::AuthorizationEndpoint);
        }
        let lifetime = request.lifetime.unwrap_or(self.config.lifetime);
        if lifetime < Duration::from_secs(1) || lifetime > MAX_LIFETIME {
            return Err(CreateError::Lifetime);
        }
        Ok(())
    }

    fn client_id(&self, prefix: RequestedPrefix, request_id: &str) -> Result<ClientId, CreateError> {
        match prefix {
            RequestedPrefix::RedirectUri => {
                Ok(ClientId::new(ClientIdPrefix::RedirectUri, &self.response_uri(request_id)))
            }
            RequestedPrefix::X509Hash => {
                self.config.identity.as_ref().map(|it| it.x509_hash.clone()).ok_or(CreateError::Signer)
            }
            RequestedPrefix::X509SanDns => {
                let identity = self.config.identity.as_ref().ok_or(CreateError::Signer)?;
                identity.x509_san_dns.clone().ok_or(CreateError::DnsName)
            }
        }
    }

    /// Where the request object is, when there is one, and the query of the link.
    fn invocation(
        &self,
        session: &Session,
        request_id: &str,
        method: RequestUriMethod,
    ) -> (Option<String>, String) {
        if session.request.prefix == RequestedPrefix::RedirectUri {
            return (None, self.parameters(session, request_id).to_query());
        }
        let request_uri = self.url(&self.config.request_path, request_id);
        let by_reference = AuthorizationRequest {
            client_id: Some(session.request.client_id.clone()),
            request_uri: Some(request_uri.clone()),
            request_uri_method: (method == RequestUriMethod::Post).then(|| "post".to_owned()),
            ..AuthorizationRequest::default()
        };
        (Some(request_uri), by_reference.to_query())
    }

    pub(super) fn response_uri(&self, request_id: &str) -> String {
        self.url(&self.config.response_path, request_id)
    }

    fn url(&self, path: &str, request_id: &str) -> String {
        format!("{}{path}{request_id}", self.config.base.as_str().trim_end_matches('/'))
    }

    /// The parameters of the request, the same by value and in a request object (OID4VP 1.0 §5).
    pub(super) fn parameters(&self, session: &Session, request_id: &str) -> AuthorizationRequest {
        let asked = &session.request;
        let key = asked.decryption_key.as_ref();
        let key = key.and_then(|key| SoftwareDecrypter::from_private_jwk(key.expose()).ok());
        let encrypted = asked.response_mode.is_encrypted();
        let info = &asked.verifier_info;
        AuthorizationRequest {
            client_id: Some(asked.client_id.clone()),
            response_type: Some("vp_token".to_owned()),
            response_mode: Some(asked.response_mode),
            response_uri: Some(self.response_uri(request_id)),
            nonce: Some(asked.nonce.clone()),
            state: Some(asked.state.clone()),
            dcql_query: Some(Attempt::new(asked.dcql.clone())),
            client_metadata: Some(Attempt::new(ClientMetadata {
                jwks: key.map(|key| JwkSet { keys: vec![key.public_jwk().clone()] }),
                vp_formats_supported: Some(sd_jwt_formats(
                    &self.config.policy.algorithms,
                    &self.config.policy.holder_algorithms,
                )),
                encrypted_response_enc_values_supported: encrypted
                    .then(|| CONTENT_ENCRYPTIONS.iter().map(|enc| enc.name().to_owned()).collect()),
            })),
            verifier_info: (!info.is_empty()).then(|| Attempt::new(info.clone())),
            ..AuthorizationRequest::default()
        }
    }
}

fn link(endpoint: &str, query: &str) -> String {
    let separator = if endpoint.contains('?') { '&' } else { '?' };
    format!("{endpoint}{separator}{query}")
}

/// An own scheme or https, and no fragment that would hide the query.
fn is_endpoint(endpoint: &str) -> bool {
    Url::parse(endpoint).is_ok_and(|url| {
        let scheme = match url.scheme() {
            "https" => true,
            "http" => is_loopback(&url),
            scheme => redirect::is_own_scheme(scheme),
        };
        scheme && url.fragment().is_none()
    })
}
