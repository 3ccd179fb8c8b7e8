//! Holding: what a wallet keeps of an SD-JWT, and what it shows of it.

use std::fmt;
use std::ops::Range;

use credenza_core::{ClaimsPath, Report};
use credenza_crypto::{HashAlgorithm, Jwk, PublicKey, Signer};
use serde_json::{Map, Value};

use super::key_binding::{self, BindError, Binding};
use super::process::{self, Places};
use super::selection::Disclosable;
use super::{Defect, Expected, HolderBinding, ParseError, SdJwt, SdJwtLimits, vc, verify};

/// Why an SD-JWT can't be held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HoldError {
    /// Not an SD-JWT.
    #[error(transparent)]
    Parse(#[from] ParseError),
    /// It has a KB-JWT: somebody's presentation and no credential (RFC 9901 §7.2).
    #[error("this is a presentation with a holder's signature, not an issued credential")]
    Bound,
    /// Its disclosures do not go with its digests.
    #[error(transparent)]
    Disclosures(#[from] Defect),
}

/// A credential in a wallet: the text as it was issued, and its claims with everything disclosed.
pub struct Held {
    text: String,
    /// Where the text has its issuer-signed part, with the `~` after it.
    signed: Range<usize>,
    /// Where the text has its disclosures, each with the `~` after it.
    disclosures: Vec<Range<usize>>,
    hash: HashAlgorithm,
    claims: Map<String, Value>,
    holder: Option<Jwk>,
    disclosable: Disclosable,
}

impl Held {
    /// Verifies what an issuer has sent and takes it in (RFC 9901 §7.2). A KB-JWT is refused, whatever is expected of
    /// it. `None` says: refused, see the report.
    #[must_use]
    pub fn accept(
        text: String,
        limits: &SdJwtLimits,
        issuer_key: &PublicKey,
        expected: &Expected<'_>,
        report: &mut Report,
    ) -> Option<Self> {
        let parsed = SdJwt::read(&text, limits, report)?;
        let shape = Shape::of(&parsed);
        let expected = Expected { holder_binding: HolderBinding::Refused, ..*expected };
        let hash = process::hash_algorithm(&parsed.payload).unwrap_or_default();
        let mut places = Places::default();
        let verified = verify::verify_tracing(parsed, issuer_key, &expected, report, &mut places)?;
        Some(Self::new(text, shape, hash, verified.claims, verified.holder, places))
    }

    /// Takes in a credential that was accepted before and comes from the wallet's own storage: its signature and
    /// times are not looked at again.
    ///
    /// # Errors
    /// See [`HoldError`].
    pub fn restore(text: String, limits: &SdJwtLimits) -> Result<Self, HoldError> {
        let parsed = SdJwt::parse(&text, limits)?;
        if parsed.kb_jwt.is_some() {
            return Err(HoldError::Bound);
        }
        let shape = Shape::of(&parsed);
        let hash = process::hash_algorithm(&parsed.payload)?;
        let holder = parsed.payload.get("cnf").and_then(|cnf| vc::holder(cnf).ok()).flatten();
        let SdJwt { payload, disclosures, depth, .. } = parsed;
        let mut places = Places::default();
        let claims = process::process(payload, &disclosures, hash, depth, &mut places)?;
        Ok(Self::new(text, shape, hash, claims, holder, places))
    }

    fn new(
        text: String,
        shape: Shape,
        hash: HashAlgorithm,
        claims: Map<String, Value>,
        holder: Option<Jwk>,
        places: Places,
    ) -> Self {
        let Shape { signed, disclosures } = shape;
        let disclosable = Disclosable::new(places, disclosures.len());
        Self { text, signed, disclosures, hash, claims, holder, disclosable }
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

    /// The key that the credential is bound to.
    #[must_use]
    pub fn holder(&self) -> Option<&Jwk> {
        self.holder.as_ref()
    }

    /// `vct`
    #[must_use]
    pub fn vct(&self) -> Option<&str> {
        vc::vct(&self.claims)
    }

    /// What is selectively disclosable: one path (without `null`) for each disclosure, in the order of the claims.
    /// Paths may lie within one another.
    #[must_use]
    pub fn disclosable_paths(&self) -> Vec<ClaimsPath> {
        self.disclosable.paths()
    }

    /// The claims that a verifier sees if these paths are presented: `&[]` gives what is always disclosed.
    #[must_use]
    pub fn preview(&self, paths: &[ClaimsPath]) -> Map<String, Value> {
        self.disclosable.preview(&self.claims, &self.disclosable.select(&self.claims, paths))
    }

    /// The SD-JWT that discloses what the paths select, with everything inside of it, and nothing else. A path that
    /// selects nothing discloses nothing.
    #[must_use]
    pub fn present(&self, paths: &[ClaimsPath]) -> Presentation<'_> {
        let chosen = self.disclosable.select(&self.claims, paths);
        let mut text = String::with_capacity(self.text.len() + KB_JWT);
        text.push_str(self.text.get(self.signed.clone()).unwrap_or_default());
        for (range, _) in self.disclosures.iter().zip(chosen).filter(|(_, chosen)| *chosen) {
            text.push_str(self.text.get(range.clone()).unwrap_or_default());
        }
        Presentation { text, hash: self.hash, holder: self.holder.as_ref() }
    }
}

/// About how long a KB-JWT is.
const KB_JWT: usize = 512;

/// Shows the size and no claim.
impl fmt::Debug for Held {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Held({} claims, {} disclosures)", self.claims.len(), self.disclosures.len())
    }
}

/// Where the parts are in the text.
struct Shape {
    signed: Range<usize>,
    disclosures: Vec<Range<usize>>,
}

impl Shape {
    fn of(parsed: &SdJwt<'_>) -> Self {
        let all: usize = parsed.disclosures.iter().map(|disclosure| disclosure.len() + 1).sum();
        let signed = 0..parsed.sd_jwt.len() - all;
        let mut end = signed.end;
        let disclosures = parsed.disclosures.iter().map(|disclosure| {
            let start = end;
            end += disclosure.len() + 1;
            start..end
        });
        let disclosures = disclosures.collect();
        Self { signed, disclosures }
    }
}

/// An SD-JWT that is ready to be sent, or to be bound to the holder's key first.
#[derive(Clone)]
pub struct Presentation<'a> {
    text: String,
    hash: HashAlgorithm,
    holder: Option<&'a Jwk>,
}

impl Presentation<'_> {
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

    /// Appends a KB-JWT (RFC 9901 §4.3): the text of an SD-JWT+KB.
    ///
    /// # Errors
    /// See [`BindError`].
    pub async fn bind(self, signer: &dyn Signer, binding: &Binding<'_>) -> Result<String, BindError> {
        key_binding::append(self.text, self.hash, self.holder, signer, binding).await
    }
}

/// Shows the size and no claim.
impl fmt::Debug for Presentation<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Presentation({} bytes)", self.text.len())
    }
}
