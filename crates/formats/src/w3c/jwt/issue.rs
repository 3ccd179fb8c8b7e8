//! Issuing: a credential becomes a JWT.

use credenza_crypto::{Jwk, SignError, Signer, SigningHeader, jws};
use serde_json::{Map, Value, json};

use super::{Kind, Securing, claims};
use crate::w3c::data_model::DataModel;

/// What is to be issued.
#[derive(Debug, Clone, Copy)]
pub struct Issuance<'a> {
    /// The header, encoded once and used for many: [`header`](super::header) makes it.
    pub header: &'a SigningHeader,
    /// How the credential is put into the JWT.
    pub securing: Securing,
    /// The credential.
    pub credential: &'a Map<String, Value>,
    /// The holder's key, for `cnf`, where the credential is not bound by the subject's DID.
    pub holder: Option<&'a Jwk>,
}

/// Why nothing was issued or presented.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IssueError {
    /// The first context is not the one that belongs to this way of securing, or to any.
    #[error("the first context does not go with this way of securing")]
    DataModel,
    /// A property that a registered claim has to say, and can't.
    #[error("the property {0} can't be said by a registered claim")]
    Property(&'static str),
    /// A claim that securing sets is there already.
    #[error("the document has a member {0} already")]
    Claim(&'static str),
    /// A credential that can't be put into this kind of presentation.
    #[error("a credential with an embedded proof can't be put into this kind of presentation")]
    Embedded,
    /// The signer could not sign.
    #[error(transparent)]
    Sign(#[from] SignError),
}

/// Issues a credential as a JWT.
///
/// # Errors
/// See [`IssueError`].
pub async fn issue(signer: &dyn Signer, issuance: &Issuance<'_>) -> Result<String, IssueError> {
    let mut payload = payload(Kind::Credential, issuance.securing, issuance.credential)?;
    if let Some(holder) = issuance.holder {
        // The key and nothing else that the wallet has said about it.
        let cnf = json!({ "jwk": Jwk::new(holder.key.clone()).to_value() });
        add(&mut payload, "cnf", cnf)?;
    }
    sign(signer, issuance.header, payload).await
}

/// The payload without the claims that the signature's purpose adds.
pub(super) fn payload(
    kind: Kind,
    securing: Securing,
    document: &Map<String, Value>,
) -> Result<Map<String, Value>, IssueError> {
    match (securing, DataModel::of(document)) {
        (Securing::Claim, Some(DataModel::V1)) => {
            let mut payload = claims::registered(kind, document).map_err(IssueError::Property)?;
            payload.insert(kind.claim().to_owned(), Value::Object(document.clone()));
            Ok(payload)
        }
        (Securing::Payload, Some(_)) => {
            match ["vc", "vp"].into_iter().find(|name| document.contains_key(*name)) {
                Some(claim) => Err(IssueError::Claim(claim)),
                None => Ok(document.clone()),
            }
        }
        _ => Err(IssueError::DataModel),
    }
}

pub(super) fn add(
    payload: &mut Map<String, Value>,
    name: &'static str,
    value: Value,
) -> Result<(), IssueError> {
    match payload.insert(name.to_owned(), value) {
        None => Ok(()),
        Some(_) => Err(IssueError::Claim(name)),
    }
}

pub(super) async fn sign(
    signer: &dyn Signer,
    header: &SigningHeader,
    payload: Map<String, Value>,
) -> Result<String, IssueError> {
    Ok(jws::sign(signer, header, Value::Object(payload).to_string().as_bytes()).await?)
}
