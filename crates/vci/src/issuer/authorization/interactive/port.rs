//! Port: a credential that is presented inside of an authorization.

use std::sync::Arc;

use credenza_core::Answer;
use serde_json::{Map, Value};
use url::Url;

use crate::issuer::Approval;

/// Interactive Authorization (OID4VCI 1.1 §6): authorization without a browser, where the wallet is able to.
#[derive(Clone, Default)]
pub struct InteractiveAuthorization {
    /// Who asks for a credential, where one says who the holder is. Without it the endpoint leads to the browser.
    pub presentation: Option<Arc<dyn PresentationInside>>,
}

impl std::fmt::Debug for InteractiveAuthorization {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "InteractiveAuthorization(presentation: {})", self.presentation.is_some())
    }
}

/// Port: a verifier that asks for a credential inside of an authorization, and says who has answered.
///
/// Its promises: what it lets pass was made for the request that it has handed out, and for the endpoint (§6.2.1.5), by
/// the holder of the credential; and no request is answered twice.
pub trait PresentationInside: Send + Sync {
    /// A new request, with a nonce of its own, bound to this authorization challenge endpoint.
    fn ask<'a>(&'a self, endpoint: &'a Url) -> Answer<'a, Result<PresentationAsked, PresentationFailure>>;

    /// Who has answered; `kept` is what came with the request, `response` the JSON of `openid4vp_response`.
    fn judge<'a>(
        &'a self,
        kept: &'a str,
        response: &'a [u8],
    ) -> Answer<'a, Result<Approval, PresentationFailure>>;
}

/// A request that was made.
#[derive(Debug, Clone, PartialEq)]
pub struct PresentationAsked {
    /// `openid4vp_request`.
    pub request: Map<String, Value>,
    /// What leads to it when it is answered; no wallet sees it.
    pub kept: String,
}

/// Why nobody is known by a presentation.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PresentationFailure {
    /// The wallet does not want to, or has nothing that fits.
    #[error("nothing was presented")]
    Declined,
    /// The request was answered before.
    #[error("the request was answered before")]
    Before,
    /// What was presented was not accepted. The text is for the wallet's developer, without personal data.
    #[error("what was presented was not accepted: {0}")]
    Refused(String),
    /// The verifier can't work. The text is for the log.
    #[error("the verifier can't work: {0}")]
    Unavailable(String),
}
