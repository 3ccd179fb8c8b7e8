//! Asking inside of an authorization (OID4VCI 1.1 §6.2.1.1): the request that an authorization challenge endpoint hands
//! out, and the answer that comes back to it.

use credenza_core::{UnixTime, json};
use serde_json::{Map, Value};
use url::Url;

use super::respond::Arrival;
use super::{CreateError, DcApiCall, PresentationRequest, RespondError, Status, Verifier};
use crate::dc_api::Protocol;
use crate::messages::ResponseMode;

/// What the audience of a presentation inside of an authorization begins with; the endpoint follows. For SD-JWTs the
/// draft says that an origin follows, and shows an endpoint: here it is the endpoint for every format.
pub(crate) const INTERACTIVE: &str = "ia:";

/// A request to hand out with an authorization challenge response.
#[derive(Clone)]
pub struct CreatedInteractive {
    /// The session: only for the verifier's own side.
    pub id: String,
    /// With it, the answer is brought back.
    pub request_id: String,
    /// `openid4vp_request`.
    pub request: Map<String, Value>,
    /// From then on it can't be answered.
    pub expires_at: UnixTime,
}

/// Shows neither the session's id nor the request.
impl std::fmt::Debug for CreatedInteractive {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("CreatedInteractive").field("expires_at", &self.expires_at).finish_non_exhaustive()
    }
}

impl PresentationRequest {
    /// Asks for this inside of an authorization, encrypted.
    #[must_use]
    pub fn inside_authorization(dcql: credenza_query::DcqlQuery) -> Self {
        Self { response_mode: ResponseMode::IaPostJwt, ..Self::new(dcql) }
    }
}

impl Verifier {
    /// Begins a presentation inside of an authorization. It is bound to this authorization challenge endpoint, so that
    /// no other server can pass it on as its own (§6.2.1.5); it is signed where the verifier has a key for that. The
    /// response mode has to be [`ResponseMode::IaPost`] or [`ResponseMode::IaPostJwt`].
    ///
    /// # Errors
    /// See [`CreateError`].
    pub async fn create_for_authorization(
        &self,
        request: PresentationRequest,
        endpoint: &Url,
    ) -> Result<CreatedInteractive, CreateError> {
        if !request.response_mode.is_interactive() {
            return Err(CreateError::ResponseMode);
        }
        let signs = self.signing(request.prefix.unwrap_or(self.config.prefix)).is_some();
        let call = DcApiCall {
            origins: vec![endpoint.origin().ascii_serialization()],
            protocol: if signs { Protocol::Signed } else { Protocol::Unsigned },
            identities: Vec::new(),
        };
        let signers = self.signers(&request, &call)?;
        let (mut session, request_id) = self.begin(request, Some(&call))?;
        session.request.endpoint = Some(endpoint.to_string());
        let request = self.data(&session, &request_id, &call, &signers).await?;
        self.store_new(&session).await?;
        if let Some(event) = session.events.first() {
            self.emit(&session.id, event);
        }
        Ok(CreatedInteractive { id: session.id, request_id, request, expires_at: session.expires_at })
    }

    /// Takes the answer that the wallet has brought to the endpoint: `openid4vp_response`. The status says whether it
    /// was shown what was asked for ([`Status::Verified`]) or told that the wallet does not want to or can't
    /// ([`Status::Failed`]).
    ///
    /// # Errors
    /// See [`RespondError`].
    pub async fn respond_inside_authorization(
        &self,
        request_id: &str,
        response: &[u8],
    ) -> Result<Status, RespondError> {
        if response.len() > self.config.max_response {
            return Err(credenza_oauth::FormError::TooLarge.into());
        }
        let id = self.open_id(request_id).ok_or(RespondError::Unknown)?;
        let loaded = self.load(&id).await?.ok_or(RespondError::Unknown)?;
        if loaded.session.status(self.now()).is_final() {
            return Err(RespondError::Unknown);
        }
        let asked = &loaded.session.request;
        if asked.endpoint.is_none() {
            return Err(RespondError::ResponseMode);
        }
        let data = json::parse_object(response).map_err(|_| RespondError::ResponseMode)?;
        let response = self.returned(asked, data).await?;
        let status = if response.outcome.is_ok() { Status::Verified } else { Status::Failed };
        let arrival = Arrival { request_id, origin: None, wallet_nonce: "", signed: None };
        self.settled_with(loaded, response, arrival).await.map(|_| status)
    }
}
