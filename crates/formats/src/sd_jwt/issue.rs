//! Issuing: claims and what is to be concealed of them become a signed SD-JWT.

use credenza_core::{Random, UnixTime};
use credenza_crypto::{Header, IdentifiedBy, Jwk, SignError, Signer, SigningHeader, jws};
use serde::Deserialize as _;
use serde_json::{Map, Value, json};

use super::payload::{self, Written};
use super::process::{ALGORITHM, DIGESTS, PLACEHOLDER};
use super::{Concealment, MEDIA_TYPE, Profile, SdJwtLimits, vc};

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
    /// Claims that are no JSON.
    #[error("the claims can't be written as JSON")]
    Json,
    /// Nested too deep: a verifier with our own limits would refuse it.
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
    let written = prepare(issuance, random)?;
    let mut text = jws::sign(signer, issuance.header, &written.payload).await?;
    text.reserve_exact(written.disclosures.len() + 1);
    text.push_str(&written.disclosures);
    text.push('~');
    Ok(text)
}

fn prepare(issuance: &Issuance<'_>, random: &dyn Random) -> Result<Written, IssueError> {
    let Issuance { claims, concealment, holder, profile, .. } = *issuance;
    if let Some(name) = profile.not_concealable().find(|name| concealment.plan.touches(name)) {
        return Err(IssueError::NotConcealable(name));
    }
    check_names(claims, 1)?;
    check_registered(claims, profile)?;
    let cnf = match holder {
        None => None,
        Some(_) if claims.contains_key("cnf") => return Err(IssueError::Claim("cnf")),
        // The key and nothing else that the wallet has said about it.
        Some(holder) => Some(json!({ "jwk": Jwk::new(holder.key.clone()).to_value() })),
    };
    let extra = cnf.as_ref().map(|cnf| ("cnf", cnf));
    payload::write(claims, extra.as_slice(), concealment, random)
}

/// No reserved names, and no deeper than we would accept ourselves.
fn check_names(members: &Map<String, Value>, depth: usize) -> Result<(), IssueError> {
    for (name, value) in members {
        if [DIGESTS, PLACEHOLDER, ALGORITHM].contains(&name.as_str()) {
            return Err(IssueError::ReservedName);
        }
        check_value(value, depth)?;
    }
    Ok(())
}

fn check_value(value: &Value, depth: usize) -> Result<(), IssueError> {
    match value {
        Value::Object(_) | Value::Array(_) if depth >= SdJwtLimits::DEPTH => Err(IssueError::Depth),
        Value::Object(members) => check_names(members, depth + 1),
        Value::Array(items) => items.iter().try_for_each(|item| check_value(item, depth + 1)),
        _ => Ok(()),
    }
}

fn check_registered(claims: &Map<String, Value>, profile: Profile) -> Result<(), IssueError> {
    for name in ["exp", "nbf", "iat"] {
        if claims.get(name).is_some_and(|time| UnixTime::deserialize(time).is_err()) {
            return Err(IssueError::Claim(name));
        }
    }
    if claims.get("cnf").is_some_and(|cnf| vc::holder(cnf).is_err()) {
        return Err(IssueError::Claim("cnf"));
    }
    if profile == Profile::Plain {
        return Ok(());
    }
    let vct = vc::vct(claims).ok_or(IssueError::Claim("vct"))?;
    if !vc::aka_vcts_fit(claims, vct) {
        return Err(IssueError::Claim("aka_vcts"));
    }
    if let Some(name) = vc::wrong_type(claims) {
        return Err(IssueError::Claim(name));
    }
    Ok(())
}
