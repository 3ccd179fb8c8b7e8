//! Beginning: a query becomes a session and a link for a wallet.

use std::time::Duration;

use credenza_core::UnixTime;
use credenza_query::DcqlQuery;
use serde::{Deserialize, Serialize};

use super::{CreateError, Verifier};
use crate::messages::{RequestUriMethod, ResponseMode, VerifierInfo};

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
#[derive(Debug, Clone, Serialize)]
pub struct CreatedRequest {
    /// The session: only for the verifier's own side.
    pub id: String,
    /// The name of the request that the wallet sees: the end of `request_uri` and `response_uri`. Another than `id`.
    pub request_id: String,
    /// What a wallet opens, from a link or a QR code.
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

impl Verifier {
    /// Begins a presentation.
    ///
    /// # Errors
    /// See [`CreateError`].
    pub async fn create(&self, request: PresentationRequest) -> Result<CreatedRequest, CreateError> {
        let _ = request;
        Err(CreateError::Signer)
    }
}
