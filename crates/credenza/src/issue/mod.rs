//! Credentials from claims, without a protocol: for testers, and for issuers with a protocol of their own.

mod w3c;

use std::time::Duration;

use credenza_core::{ClaimsPath, Random, UnixTime};
use credenza_crypto::{Certificate, HashAlgorithm, IdentifiedBy, Jwk, Signer as _, SoftwareSigner};
use credenza_formats::mdoc::{self, ElementTypes, KeyAuthorizations, ValidityInfo};
use credenza_formats::sd_jwt::{self, Concealment, Profile};
use credenza_formats::w3c::data_integrity::{Contexts, SignError as ProofError};
use credenza_query::dcql::Format;
use serde_json::{Map, Value};

/// What is to be issued, beside the claims.
#[derive(Debug, Clone)]
pub struct Order<'a> {
    /// The format.
    pub format: Format,
    /// `vct`, the document type, or the type of a W3C credential; may be in the claims.
    pub credential_type: Option<&'a str>,
    /// The issuer; without it, the first URI of its certificate, or its `did:jwk`.
    pub issuer: Option<&'a str>,
    /// The holder's key.
    pub holder: Option<&'a Jwk>,
    /// What is selectively disclosable; `None`: every claim of the first level.
    pub selective: Option<&'a [ClaimsPath]>,
    /// `status`, as the status list gives it.
    pub status: Option<&'a Value>,
    /// JSON-LD contexts that are known.
    pub contexts: &'a Contexts,
    /// Now.
    pub now: UnixTime,
    /// For how long it is valid.
    pub valid_for: Duration,
}

/// Why nothing was issued.
#[derive(Debug, thiserror::Error)]
pub enum IssueFailure {
    /// The format is none that is issued here.
    #[error("the format {0} is not known")]
    Format(String),
    /// The type is missing.
    #[error("say the type of the credential: its {0}")]
    Type(&'static str),
    /// An mdoc is bound to a key.
    #[error("an mdoc is bound to a key: say the holder's")]
    Holder,
    /// An SD-JWT VC was not made.
    #[error(transparent)]
    SdJwt(#[from] sd_jwt::IssueError),
    /// An mdoc was not made.
    #[error(transparent)]
    Mdoc(#[from] mdoc::IssueError),
    /// A W3C credential was not made as a JWT.
    #[error(transparent)]
    Jwt(#[from] credenza_formats::w3c::jwt::IssueError),
    /// A W3C credential was not made as an SD-JWT.
    #[error(transparent)]
    W3cSdJwt(#[from] credenza_formats::w3c::sd_jwt::IssueError),
    /// No proof was made.
    #[error(transparent)]
    Proof(#[from] ProofError),
    /// The claims are no credential.
    #[error("the claims are no W3C credential: {0}")]
    Document(String),
    /// The issuer's key has no name.
    #[error("the issuer's key can't be named by a DID")]
    Name,
}

/// Issues a credential, as it is handed to a wallet: an mdoc as base64url of its CBOR.
///
/// # Errors
/// See [`IssueFailure`].
pub async fn issue(
    signer: SoftwareSigner,
    claims: Map<String, Value>,
    order: &Order<'_>,
    random: &dyn Random,
) -> Result<Value, IssueFailure> {
    match &order.format {
        Format::SdJwtVc => sd_jwt_vc(&signer, claims, order, random).await,
        Format::Mdoc => mobile(&signer, &claims, order, random).await,
        Format::Other(other) => Err(IssueFailure::Format(other.clone())),
        _ => w3c::issue(signer, claims, order, random).await,
    }
}

async fn sd_jwt_vc(
    signer: &SoftwareSigner,
    mut claims: Map<String, Value>,
    order: &Order<'_>,
    random: &dyn Random,
) -> Result<Value, IssueFailure> {
    let mut add = |name: &str, value: Value| {
        claims.entry(name).or_insert(value);
    };
    if let Some(issuer) = order.issuer.map(str::to_owned).or_else(|| certified_name(signer)) {
        add("iss", issuer.into());
    }
    add("iat", order.now.as_secs().into());
    add("exp", (order.now + order.valid_for).as_secs().into());
    if let Some(vct) = order.credential_type {
        add("vct", vct.into());
    }
    if let Some(status) = order.status {
        add("status", status.clone());
    }
    if !claims.contains_key("vct") {
        return Err(IssueFailure::Type("vct"));
    }
    let concealment = match order.selective {
        None => Concealment::everything_but(&["iat"]),
        Some(paths) => Concealment::at(paths),
    };
    let issuance = sd_jwt::Issuance {
        header: &sd_jwt::header(signer, identified_by(signer)),
        claims: &claims,
        concealment: &concealment,
        holder: order.holder,
        profile: Profile::Credential,
    };
    Ok(sd_jwt::issue(signer, &issuance, random).await?.into())
}

async fn mobile(
    signer: &SoftwareSigner,
    claims: &Map<String, Value>,
    order: &Order<'_>,
    random: &dyn Random,
) -> Result<Value, IssueFailure> {
    let validity = ValidityInfo {
        signed: order.now,
        valid_from: order.now,
        valid_until: order.now + order.valid_for,
        expected_update: None,
    };
    let issuance = mdoc::Issuance {
        doc_type: order.credential_type.ok_or(IssueFailure::Type("document type"))?,
        claims,
        types: &ElementTypes::standard(),
        holder: &order.holder.ok_or(IssueFailure::Holder)?.key,
        validity,
        hash: HashAlgorithm::Sha256,
        status: order.status,
        key_authorizations: &KeyAuthorizations::default(),
    };
    let issued = mdoc::issue(signer, &issuance, random).await?;
    Ok(credenza_core::b64::encode(issued).into())
}

fn identified_by(signer: &SoftwareSigner) -> IdentifiedBy {
    if signer.x5c().is_empty() { IdentifiedBy::Kid } else { IdentifiedBy::X5c }
}

/// The first URI of the signer's certificate.
fn certified_name(signer: &SoftwareSigner) -> Option<String> {
    Certificate::parse(signer.x5c().first()?).ok()?.uris.into_iter().next()
}
