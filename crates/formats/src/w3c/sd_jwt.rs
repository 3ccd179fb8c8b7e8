//! Credentials as SD-JWTs: `vc+sd-jwt` of VC-JOSE-COSE (§3.2). Its payload is the credential, of which the issuer makes
//! parts selectively disclosable; holding and presenting it is [`crate::sd_jwt`]'s.

use credenza_core::{Random, Report, UnixTime};
use credenza_crypto::{Header, IdentifiedBy, Jwk, Signer, SigningHeader};
use serde_json::{Map, Value};

use super::binding::KeyOf;
use super::jwt::{self, IssueError as JwtError};
use super::{Credential, DataModel, Moment, VerifiedCredential, rules};
use crate::sd_jwt::{self, Concealment, Expected, IssueError as SdJwtError, Profile, SdJwt};

/// The media type of a credential as an SD-JWT, without `application/`, which is its `typ` (VC-JOSE-COSE §3.2.1).
pub const MEDIA_TYPE: &str = "vc+sd-jwt";

/// What must be seen to know what a credential is and whether it still holds: never in a disclosure (VC-JOSE-COSE
/// §3.2).
pub const ALWAYS_DISCLOSED: [&str; 6] =
    ["@context", "type", "issuer", "credentialStatus", "credentialSchema", "relatedResource"];

/// What is to be issued.
#[derive(Debug, Clone, Copy)]
pub struct Issuance<'a> {
    /// The header, encoded once and used for many: [`header`] makes it.
    pub header: &'a SigningHeader,
    /// The credential.
    pub credential: &'a Map<String, Value>,
    /// Which parts of it are selectively disclosable.
    pub concealment: &'a Concealment,
    /// The holder's key, for `cnf`.
    pub holder: Option<&'a Jwk>,
}

/// Why nothing was issued.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IssueError {
    /// The document is not one that can be the payload.
    #[error(transparent)]
    Document(#[from] JwtError),
    /// A part that must be seen is to be concealed.
    #[error("{0} may not be selectively disclosable")]
    NotConcealable(&'static str),
    /// What makes the SD-JWT has refused.
    #[error(transparent)]
    SdJwt(#[from] SdJwtError),
}

/// The header of a credential as an SD-JWT.
#[must_use]
pub fn header(signer: &dyn Signer, identified_by: IdentifiedBy) -> SigningHeader {
    Header::signing(signer, MEDIA_TYPE, identified_by)
}

/// Issues `<issuer-signed JWT>~<disclosure>~…~`.
///
/// # Errors
/// See [`IssueError`].
pub async fn issue(
    signer: &dyn Signer,
    issuance: &Issuance<'_>,
    random: &dyn Random,
) -> Result<String, IssueError> {
    let Issuance { header, credential, concealment, holder } = *issuance;
    if DataModel::of(credential).is_none() {
        return Err(JwtError::DataModel.into());
    }
    if let Some(claim) = ["vc", "vp"].into_iter().find(|name| credential.contains_key(*name)) {
        return Err(JwtError::Claim(claim).into());
    }
    if let Some(name) = ALWAYS_DISCLOSED.into_iter().find(|name| concealment.touches(name)) {
        return Err(IssueError::NotConcealable(name));
    }
    let issuance =
        sd_jwt::Issuance { header, claims: credential, concealment, holder, profile: Profile::Plain };
    Ok(sd_jwt::issue(signer, &issuance, random).await?)
}

/// What is expected of such an SD-JWT: ES256, SHA-2, and no holder's signature, which the caller changes as needed.
#[must_use]
pub const fn expected(now: UnixTime) -> Expected<'static> {
    Expected { types: &[MEDIA_TYPE], ..Expected::plain(now) }
}

/// Verifies a credential with the key of its issuer, and the holder's signature as `expected` demands it. Every check
/// is noted in the report; `None` says that one of them failed.
#[must_use]
pub fn verify(
    sd_jwt: SdJwt<'_>,
    issuer: KeyOf<'_>,
    expected: &Expected<'_>,
    report: &mut Report,
) -> Option<VerifiedCredential> {
    let clear: Vec<bool> =
        ALWAYS_DISCLOSED.iter().map(|name| sd_jwt.dangerous_payload().contains_key(*name)).collect();
    let verified = sd_jwt::verify(sd_jwt, issuer.key, expected, report)?;
    let hidden = ALWAYS_DISCLOSED
        .iter()
        .zip(clear)
        .find(|(name, clear)| !clear && verified.claims.contains_key(**name));
    let mut sound = report.check(&rules::SD_JWT_VISIBLE, hidden.is_none(), || {
        format!("{} came in a disclosure", hidden.map(|(name, _)| *name).unwrap_or_default())
    });
    sound &= jwt::check_credential_payload(&verified.claims, report);
    let moment = Moment { now: expected.now, leeway: expected.leeway };
    let credential = Credential::check(verified.claims, moment, report)?;
    sound &= jwt::check_controller(&rules::ISSUER_KEY, issuer, Some(credential.issuer()), report);
    sound.then(|| VerifiedCredential { credential, holder: verified.holder, keys: vec![issuer.key.clone()] })
}
