//! From a link to a request that a person can decide about.

use credenza_core::UnixTime;
use credenza_query::DcqlQuery;

use super::{ResolveError, Wallet};
use crate::messages::{ClientId, VerifierInfo};

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Who {
    /// The name to show: a DNS name, the subject of a certificate, or the host that the answer goes to.
    pub name: String,
    /// The full client identifier.
    pub client_id: ClientId,
    /// How that is known.
    pub how: HowKnown,
}

/// How it is known who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HowKnown {
    /// Signed, and somebody trusted vouches for the signer.
    Trusted(String),
    /// Signed, and nobody trusted vouches for the signer: anybody can give himself this name.
    Untrusted(String),
    /// Not signed: known is only where the answer goes.
    Unsigned,
}

/// A request that was checked and waits for a decision.
#[derive(Debug)]
pub struct Asked {
    pub(super) who: Who,
    pub(super) query: DcqlQuery,
    pub(super) verifier_info: Vec<VerifierInfo>,
    pub(super) expires: Option<UnixTime>,
    pub(super) nonce: String,
    pub(super) reply: super::answer::Reply,
}

impl Asked {
    /// Who asks.
    #[must_use]
    pub fn who(&self) -> &Who {
        &self.who
    }

    /// What is asked for.
    #[must_use]
    pub fn query(&self) -> &DcqlQuery {
        &self.query
    }

    /// The host that the answer goes to.
    #[must_use]
    pub fn response_host(&self) -> &str {
        self.reply.response_uri.host_str().unwrap_or_default()
    }

    /// Whether the answer is encrypted for the verifier beyond the transport.
    #[must_use]
    pub fn is_encrypted(&self) -> bool {
        self.reply.encryption.is_some()
    }

    /// Attestations about the verifier. Nothing in them was checked.
    #[must_use]
    pub fn verifier_info(&self) -> &[VerifierInfo] {
        &self.verifier_info
    }

    /// When the request expires, if it says so.
    #[must_use]
    pub fn expires(&self) -> Option<UnixTime> {
        self.expires
    }
}

impl Wallet {
    /// Opens a link (`openid4vp://…`, `haip-vp://…`, or an https link with the same query): fetches the request, makes
    /// sure who sent it and that it may be answered.
    ///
    /// # Errors
    /// See [`ResolveError`] and [`super::Refusal`].
    pub async fn resolve(&self, link: &str) -> Result<Asked, ResolveError> {
        let _ = link;
        Err(ResolveError { refusal: super::Refusal::Link("not a URL"), reply: None })
    }
}
