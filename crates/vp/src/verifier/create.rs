//! Beginning: a query becomes a session and a link for a wallet.

use credenza_core::{UnixTime, id};
use credenza_crypto::{Curve, SoftwareDecrypter, jwt};
use serde::Serialize;

use super::identity::Signing;
use super::session::{Asked, Session, State};
use super::{CreateError, CreatedDcApi, DcApiCall, PresentationRequest, RequestedPrefix, Verifier};
use crate::dc_api::Protocol;
use crate::messages::{AuthorizationRequest, ClientId, ClientIdPrefix, RequestUriMethod};

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
        self.create_with(request, None).await.map(|(created, _)| created)
    }

    /// Begins a presentation; one that a website can ask for through the Digital Credentials API, too, when `call` says
    /// how.
    pub(super) async fn create_with(
        &self,
        request: PresentationRequest,
        call: Option<DcApiCall>,
    ) -> Result<(CreatedRequest, Option<CreatedDcApi>), CreateError> {
        if request.response_mode.is_returned() {
            return Err(CreateError::ResponseMode);
        }
        let over_dc_api = call.map(|call| (request.for_dc_api(), call));
        let (method, by_value) = (request.request_uri_method, request.by_value);
        let endpoint = request.authorization_endpoint.clone();
        let (mut session, request_id) = self.begin(request, None)?;
        let website = match over_dc_api {
            Some((request, call)) => {
                Some(self.also_over_dc_api(&mut session, &request_id, request, call).await?)
            }
            None => None,
        };
        let (request_uri, wallet_query) = self.invocation(&session, &request_id, method, by_value).await?;
        let endpoint = endpoint.as_ref().unwrap_or(&self.config.authorization_endpoint);
        let wallet_link = link(endpoint, &wallet_query);
        self.store_new(&session).await?;
        if let Some(event) = session.events.first() {
            self.emit(&session.id, event);
        }
        let created = CreatedRequest {
            id: session.id,
            request_id,
            wallet_link,
            wallet_query,
            request_uri,
            client_id: session.request.audience().to_owned(),
            expires_at: session.expires_at,
        };
        Ok((created, website))
    }

    /// A session, not stored yet, and the name that the wallet gets for it.
    pub(super) fn begin(
        &self,
        request: PresentationRequest,
        call: Option<&DcApiCall>,
    ) -> Result<(Session, String), CreateError> {
        // Without a signature the origin is the verifier's only name there (§A.2).
        let nameless = call.is_some_and(|call| call.protocol != Protocol::Signed);
        let prefix = request.prefix.unwrap_or(self.config.prefix);
        self.check(&request, prefix)?;
        let random = &*self.ports.random;
        let now = self.now();
        let expires_at = now + request.lifetime.unwrap_or(self.config.lifetime);
        let id = id::short(random);
        let request_id = self.seal_id(&id, expires_at)?;
        let client_id = if nameless {
            String::new()
        } else {
            self.client_id(prefix, &request, &request_id)?.as_str().to_owned()
        };
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
                client_id,
                // What several names have in common is what the certificate's has: metadata comes with the request.
                prefix: if nameless { RequestedPrefix::X509Hash } else { prefix },
                response_mode: request.response_mode,
                nonce: id::unguessable(random),
                // Always there: without holder binding it is what ties the answer to the request (§5.3).
                state: id::short(random),
                query: request.query,
                verifier_info: self.config.info.iter().cloned().chain(request.verifier_info).collect(),
                redirect_uri: request.redirect_uri,
                scope: request.scope,
                transactions: request.transaction_data,
                origins: call.map(|call| call.origins.clone()).unwrap_or_default(),
                protocol: call.map(|call| call.protocol),
                endpoint: None,
                id_token: request.id_token,
                spoken: None,
                decryption_key,
            },
            over_dc_api: None,
            redirect: request.redirect,
            refusals: 0,
            refusal: None,
            report: None,
            events: Vec::new(),
        };
        if let Some((dialect, language)) = request.dialect {
            let parameters = self.parameters(&session, &request_id);
            session.request.spoken = Some(session.request.said(dialect, language, &parameters)?.1);
        }
        session.events.push(session.event("presentation.created", now, None));
        Ok((session, request_id))
    }

    /// What signs requests of this prefix; `None`: they are not signed.
    pub(super) fn signing(&self, prefix: RequestedPrefix) -> Option<&Signing> {
        let identity = self.config.identities.iter().find(|identity| identity.prefix == prefix)?;
        identity.signing.as_ref()
    }

    fn client_id(
        &self,
        prefix: RequestedPrefix,
        request: &PresentationRequest,
        request_id: &str,
    ) -> Result<ClientId, CreateError> {
        if prefix == RequestedPrefix::RedirectUri {
            let place = request.redirect_uri.clone().unwrap_or_else(|| self.response_uri(request_id));
            return Ok(ClientId::new(ClientIdPrefix::RedirectUri, &place));
        }
        let named = |prefix| self.config.identities.iter().find(move |identity| identity.prefix == prefix);
        match (named(prefix), prefix) {
            (Some(identity), _) => Ok(identity.client_id.clone()),
            (None, RequestedPrefix::X509SanDns) if named(RequestedPrefix::X509Hash).is_some() => {
                Err(CreateError::DnsName)
            }
            (None, RequestedPrefix::X509SanDns | RequestedPrefix::X509Hash) => Err(CreateError::Signer),
            (None, RequestedPrefix::PreRegistered) => Err(CreateError::Identity("pre-registered")),
            (None, prefix) => Err(CreateError::Identity(prefix.as_str())),
        }
    }

    /// Where the request object is, when there is one, and the query of the link.
    async fn invocation(
        &self,
        session: &Session,
        request_id: &str,
        method: RequestUriMethod,
        by_value: bool,
    ) -> Result<(Option<String>, String), CreateError> {
        let client_id = Some(session.request.client_id.clone());
        let Some(signing) = self.signing(session.request.prefix) else {
            return Ok((None, session.request.wire(self.parameters(session, request_id))?.to_query()));
        };
        if by_value {
            let claims = session.request.wire(self.claims(session, request_id, self.now()))?;
            let jwt = jwt::sign(&*signing.signer, &signing.header, &claims).await;
            let request = Some(jwt.map_err(|_| CreateError::Key)?);
            let link = AuthorizationRequest { client_id, request, ..AuthorizationRequest::default() };
            return Ok((None, session.request.wire(link)?.to_query()));
        }
        let request_uri = self.url(&self.config.request_path, request_id);
        let by_reference = AuthorizationRequest {
            client_id,
            request_uri: Some(request_uri.clone()),
            request_uri_method: (method == RequestUriMethod::Post).then(|| "post".to_owned()),
            ..AuthorizationRequest::default()
        };
        Ok((Some(request_uri), session.request.wire(by_reference)?.to_query()))
    }
}

fn link(endpoint: &str, query: &str) -> String {
    let separator = if endpoint.contains('?') { '&' } else { '?' };
    format!("{endpoint}{separator}{query}")
}
