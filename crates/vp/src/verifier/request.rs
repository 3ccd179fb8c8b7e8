//! What a verifier is asked to ask for.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::Query;
use crate::dialects::{Dialect, Language};
use crate::messages::{ClientIdPrefix, RequestUriMethod, ResponseMode, TransactionData, VerifierInfo};
use crate::siop::IdTokenRequest;

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
    /// By a DID; signed.
    DecentralizedIdentifier,
    /// By an attestation; signed.
    VerifierAttestation,
    /// As an entity of a federation; signed.
    OpenidFederation,
    /// By a name that wallets know beforehand.
    PreRegistered,
}

impl RequestedPrefix {
    /// The prefix as it is written; empty for a name that wallets know beforehand.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::X509Hash => ClientIdPrefix::X509Hash,
            Self::X509SanDns => ClientIdPrefix::X509SanDns,
            Self::RedirectUri => ClientIdPrefix::RedirectUri,
            Self::DecentralizedIdentifier => ClientIdPrefix::DecentralizedIdentifier,
            Self::VerifierAttestation => ClientIdPrefix::VerifierAttestation,
            Self::OpenidFederation => ClientIdPrefix::OpenidFederation,
            Self::PreRegistered => ClientIdPrefix::PreRegistered,
        }
        .as_str()
    }
}

/// What is asked for, and how. Only the query is needed: [`PresentationRequest::new`].
#[derive(Debug, Clone)]
pub struct PresentationRequest {
    /// What is asked for. A definition of Presentation Exchange needs a dialect that has them.
    pub query: Query,
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
    /// What the person is to authorise by presenting.
    pub transaction_data: Vec<TransactionData>,
    /// A name that wallets know the query by: sent in its place (OID4VP 1.0 §5.5).
    pub scope: Option<String>,
    /// Whether a signed request is all in the link, and not fetched: for wallets that can't fetch.
    pub by_value: bool,
    /// Where the browser brings the answer in the response modes `fragment` and `query`, below an allowed prefix. The
    /// page there posts what it got, as a form, to [`Verifier::respond`](crate::Verifier::respond).
    pub redirect_uri: Option<String>,
    /// An ID token that the holder issues itself, beside the presentations (OID4VP 1.0, Appendix C). Its key and those
    /// of the presentations may differ, and nothing says that they are one person's (SIOPv2 §2.2.1).
    pub id_token: Option<IdTokenRequest>,
    /// The draft before 1.0 that the wallet speaks, and the language of the query in it; `None`: 1.0. The answer is judged
    /// by the rules of 1.0 all the same, and against the query as it was given.
    pub dialect: Option<(Dialect, Language)>,
}

impl PresentationRequest {
    /// Asks for this, as securely as possible: signed, encrypted, fetched by GET.
    #[must_use]
    pub fn new(query: impl Into<Query>) -> Self {
        Self {
            query: query.into(),
            response_mode: ResponseMode::DirectPostJwt,
            prefix: None,
            request_uri_method: RequestUriMethod::Get,
            authorization_endpoint: None,
            redirect: None,
            lifetime: None,
            correlation_id: None,
            verifier_info: Vec::new(),
            transaction_data: Vec::new(),
            scope: None,
            by_value: false,
            redirect_uri: None,
            id_token: None,
            dialect: None,
        }
    }
}
