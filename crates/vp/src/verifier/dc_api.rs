//! Asking through the Digital Credentials API (OID4VP 1.0 Annex A): the request for `navigator.credentials.get`, and
//! the answer that it gives.

use credenza_core::{StoreError, UnixTime};
use credenza_crypto::jws::json::{Signing as OneSignature, sign_general};
use credenza_crypto::jwt;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use url::Url;

use super::config::is_loopback;
use super::identity::VerifierIdentity;
use super::respond::Arrival;
use super::session::{Asked, Session};
use super::{CreateError, CreatedRequest, PresentationRequest, RequestedPrefix, RespondError, Verifier};
use crate::dc_api::{Call, Protocol};
use crate::messages::{Attempt, AuthorizationRequest, AuthorizationResponse, RequestUriMethod, ResponseMode};

/// No request is for more origins.
const MAX_ORIGINS: usize = 16;
/// No origin is longer, in bytes.
const MAX_ORIGIN: usize = 2048;

/// How a request goes through the API.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DcApiCall {
    /// The origins of the websites that may ask with it, as browsers write them: `https://shop.example`.
    pub origins: Vec<String>,
    /// Whether it is signed, and how often.
    #[serde(default = "signed")]
    pub protocol: Protocol,
    /// Under which names several signatures are made; empty: all that there are keys for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub identities: Vec<RequestedPrefix>,
}

const fn signed() -> Protocol {
    Protocol::Signed
}

/// A request for a website to ask with.
#[derive(Clone, Serialize)]
pub struct CreatedDcApi {
    /// The session: only for the verifier's own side.
    pub id: String,
    /// The name of the request that the website uses: with it, the answer is brought back.
    pub request_id: String,
    /// One of the `requests` of `navigator.credentials.get({ digital: { requests: […] } })`.
    pub request: Call,
    /// From then on it can't be answered.
    pub expires_at: UnixTime,
}

/// Shows neither the session's id nor the request.
impl std::fmt::Debug for CreatedDcApi {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("CreatedDcApi").field("expires_at", &self.expires_at).finish_non_exhaustive()
    }
}

impl Verifier {
    /// Begins a presentation that a website asks for through the API. The response mode has to be
    /// [`ResponseMode::DcApi`] or [`ResponseMode::DcApiJwt`].
    ///
    /// # Errors
    /// See [`CreateError`].
    pub async fn create_for_dc_api(
        &self,
        request: PresentationRequest,
        call: DcApiCall,
    ) -> Result<CreatedDcApi, CreateError> {
        if !request.response_mode.is_dc_api() {
            return Err(CreateError::ResponseMode);
        }
        check_origins(&call.origins, self.config.addresses.scheme("http"))?;
        let signers = self.signers(&request, &call)?;
        let (session, request_id) = self.begin(request, Some(&call))?;
        let data = self.data(&session, &request_id, &call, &signers).await?;
        self.store_new(&session).await?;
        if let Some(event) = session.events.first() {
            self.emit(&session.id, event);
        }
        let request = Call { protocol: call.protocol, data };
        Ok(CreatedDcApi { id: session.id, request_id, request, expires_at: session.expires_at })
    }

    /// Has a session that is not stored yet be asked through the API, too.
    pub(super) async fn also_over_dc_api(
        &self,
        session: &mut Session,
        request_id: &str,
        request: PresentationRequest,
        call: DcApiCall,
    ) -> Result<CreatedDcApi, CreateError> {
        check_origins(&call.origins, self.config.addresses.scheme("http"))?;
        let signers = self.signers(&request, &call)?;
        let (mut twin, _) = self.begin(request, Some(&call))?;
        twin.id.clone_from(&session.id);
        (twin.created_at, twin.expires_at) = (session.created_at, session.expires_at);
        let data = self.data(&twin, request_id, &call, &signers).await?;
        session.over_dc_api = Some(Box::new(twin.request));
        let request = Call { protocol: call.protocol, data };
        let (id, request_id) = (session.id.clone(), request_id.to_owned());
        Ok(CreatedDcApi { id, request_id, request, expires_at: session.expires_at })
    }

    /// Begins a presentation that a website shows: as a link for a wallet, and as a request for the browser's own dialog
    /// (`navigator.credentials.get`). It is one session with two requests, each with a nonce and a key of its own; the
    /// first right answer to either ends both. A redirect, and with it a response code, belongs to the link alone.
    ///
    /// # Errors
    /// See [`CreateError`].
    pub async fn create_for_website(
        &self,
        request: PresentationRequest,
        call: DcApiCall,
    ) -> Result<(CreatedRequest, CreatedDcApi), CreateError> {
        if !request.response_mode.is_posted() || request.dialect.is_some() || request.id_token.is_some() {
            return Err(CreateError::ResponseMode);
        }
        let (created, website) = self.create_with(request, Some(call)).await?;
        website.map(|website| (created, website)).ok_or(CreateError::ResponseMode)
    }

    pub(super) fn signers(
        &self,
        request: &PresentationRequest,
        call: &DcApiCall,
    ) -> Result<Vec<&VerifierIdentity>, CreateError> {
        let signing = |identity: &&VerifierIdentity| identity.signing.is_some();
        match call.protocol {
            Protocol::Unsigned => Ok(Vec::new()),
            Protocol::Signed => {
                let prefix = request.prefix.unwrap_or(self.config.prefix);
                let identity = self.config.identities.iter().find(|one| one.prefix == prefix).filter(signing);
                Ok(vec![identity.ok_or(CreateError::Signer)?])
            }
            Protocol::Multisigned => {
                let wanted = |identity: &&VerifierIdentity| {
                    call.identities.is_empty() || call.identities.contains(&identity.prefix)
                };
                let found: Vec<_> = self.config.identities.iter().filter(signing).filter(wanted).collect();
                let missing =
                    call.identities.iter().any(|prefix| !found.iter().any(|one| one.prefix == *prefix));
                if found.is_empty() || missing { Err(CreateError::Signer) } else { Ok(found) }
            }
        }
    }

    pub(super) async fn data(
        &self,
        session: &Session,
        request_id: &str,
        call: &DcApiCall,
        signers: &[&VerifierIdentity],
    ) -> Result<Map<String, Value>, CreateError> {
        let mut parameters = AuthorizationRequest {
            expected_origins: Some(Attempt::new(call.origins.clone())),
            iat: Some(session.created_at),
            exp: Some(session.expires_at),
            ..self.parameters(session, request_id)
        };
        let object = |parameters: &AuthorizationRequest| match serde_json::to_value(parameters) {
            Ok(Value::Object(members)) => members,
            _ => Map::new(),
        };
        let request = match (call.protocol, signers) {
            (Protocol::Signed, [VerifierIdentity { signing: Some(signing), .. }]) => {
                let jwt = jwt::sign(&*signing.signer, &signing.header, &parameters).await;
                Value::from(jwt.map_err(|_| CreateError::Key)?)
            }
            (Protocol::Multisigned, signers) => {
                parameters.client_id = None;
                // What is particular to a signature stands beside it and nowhere else (§A.3.2.2).
                let info = parameters.verifier_info.take();
                let headers: Vec<_> = signers
                    .iter()
                    .filter_map(|identity| {
                        let signing = identity.signing.as_ref()?;
                        let mut more =
                            Map::from_iter([("client_id".to_owned(), identity.client_id.as_str().into())]);
                        if let Some(info) = &info {
                            let info = serde_json::to_value(info).ok()?;
                            more.insert("verifier_info".to_owned(), info);
                        }
                        Some((&signing.signer, signing.header_with(more)))
                    })
                    .collect();
                let signatures = headers
                    .iter()
                    .map(|(signer, header)| OneSignature {
                        signer: &***signer,
                        header,
                        unprotected: Map::new(),
                    })
                    .collect();
                let payload = serde_json::to_vec(&object(&parameters)).map_err(|_| CreateError::Key)?;
                sign_general(signatures, &payload).await.map_err(|_| CreateError::Key)?
            }
            _ => {
                let unsigned = AuthorizationRequest {
                    client_id: None,
                    expected_origins: None,
                    iat: None,
                    exp: None,
                    ..parameters
                };
                return Ok(object(&unsigned));
            }
        };
        Ok(Map::from_iter([("request".to_owned(), request)]))
    }

    /// The websites that may bring the answer to a request; none when it can't be answered (any more).
    ///
    /// # Errors
    /// When the store can't be read.
    pub async fn dc_api_origins(&self, request_id: &str) -> Result<Vec<String>, StoreError> {
        let Some(id) = self.open_id(request_id) else { return Ok(Vec::new()) };
        let session = self.load(&id).await?.map(|loaded| loaded.session);
        let session = session.filter(|session| !session.status(self.now()).is_final());
        let asked = session.as_ref().and_then(Session::asked_over_dc_api);
        Ok(asked.map(|asked| asked.origins.clone()).unwrap_or_default())
    }

    /// Takes the answer that the website got from the API: `{protocol, data}`. `origin` is the website's, as the
    /// browser that brings the answer says it (its header `Origin`); `None` when the request is for one alone.
    ///
    /// # Errors
    /// See [`RespondError`].
    pub async fn respond_dc_api(
        &self,
        request_id: &str,
        origin: Option<&str>,
        body: &[u8],
    ) -> Result<(), RespondError> {
        if body.len() > self.config.max_response {
            return Err(credenza_oauth::FormError::TooLarge.into());
        }
        let id = self.open_id(request_id).ok_or(RespondError::Unknown)?;
        let loaded = self.load(&id).await?.ok_or(RespondError::Unknown)?;
        if loaded.session.status(self.now()).is_final() {
            return Err(RespondError::Unknown);
        }
        let asked = loaded.session.asked_over_dc_api().ok_or(RespondError::ResponseMode)?;
        let origin = match (origin, asked.origins.as_slice()) {
            (None, [only]) => only,
            (Some(origin), known) => known.iter().find(|one| *one == origin).ok_or(RespondError::Origin)?,
            _ => return Err(RespondError::Origin),
        };
        let origin = origin.clone();
        let call = Call::parse(body)?;
        if Some(call.protocol) != asked.protocol {
            return Err(RespondError::ResponseMode);
        }
        let response = self.returned(asked, call.data).await?;
        let arrival = Arrival { request_id, origin: Some(&origin), wallet_nonce: "", signed: None };
        self.settled_with(loaded, response, arrival).await.map(|_| ())
    }

    /// The parameters of an answer that comes as a JSON object, out of the encryption if one was asked for.
    pub(super) async fn returned(
        &self,
        asked: &Asked,
        mut data: Map<String, Value>,
    ) -> Result<AuthorizationResponse, RespondError> {
        match data.remove("response") {
            Some(Value::String(text)) => Ok(self.decrypt(asked, &text).await?.response),
            Some(_) => Err(RespondError::ResponseMode),
            // In the clear where encryption was asked for: an error at most (§A.4).
            None if asked.decryption_key.is_some() && !data.contains_key("error") => {
                Err(RespondError::ResponseMode)
            }
            None => {
                let plain = serde_json::to_vec(&data).unwrap_or_default();
                Ok(AuthorizationResponse::from_json(&plain)?)
            }
        }
    }
}

/// Origins as browsers write them: scheme, host and port of a website, or whatever an app's platform calls it.
fn check_origins(origins: &[String], loopback: bool) -> Result<(), CreateError> {
    let plain = |one: char| !one.is_control() && !one.is_whitespace();
    let right = |origin: &String| {
        let url = Url::parse(origin).ok().filter(|_| origin.len() <= MAX_ORIGIN && origin.chars().all(plain));
        url.is_some_and(|url| match url.scheme() {
            "https" => url.origin().ascii_serialization() == *origin,
            "http" => loopback && is_loopback(&url) && url.origin().ascii_serialization() == *origin,
            _ => !url.has_host(),
        })
    };
    let few = !origins.is_empty() && origins.len() <= MAX_ORIGINS;
    if few && origins.iter().all(right) { Ok(()) } else { Err(CreateError::Origins) }
}

/// A request through the API, encrypted.
impl PresentationRequest {
    /// Asks for this through the Digital Credentials API, as securely as possible.
    #[must_use]
    pub fn over_dc_api(dcql: credenza_query::DcqlQuery) -> Self {
        Self { response_mode: ResponseMode::DcApiJwt, ..Self::new(dcql) }
    }

    /// The same as it is asked through the Digital Credentials API: the answer comes back to the website.
    pub(super) fn for_dc_api(&self) -> Self {
        let encrypted = self.response_mode.is_encrypted();
        Self {
            response_mode: if encrypted { ResponseMode::DcApiJwt } else { ResponseMode::DcApi },
            request_uri_method: RequestUriMethod::Get,
            redirect: None,
            authorization_endpoint: None,
            ..self.clone()
        }
    }
}
