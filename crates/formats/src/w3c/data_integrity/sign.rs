//! Adding a proof: to a document that has none, beside others (a set), or upon others (a chain).

use credenza_core::{UnixTime, base58};
use credenza_crypto::Signer;
use serde_json::{Map, Value};

use super::cryptosuite::DATA_INTEGRITY_PROOF;
use super::proof::{self, MAX_PROOFS};
use super::{Contexts, Cryptosuite, Defect, Purpose, hash_data, rdfc};

/// How a proof is to be made.
#[derive(Debug, Clone, Copy)]
pub struct ProofOptions<'a> {
    /// The cryptosuite.
    pub suite: Cryptosuite,
    /// The URL of the signer's key.
    pub verification_method: &'a str,
    /// What it is made for.
    pub purpose: Purpose,
    /// Now; `None` leaves it out.
    pub created: Option<UnixTime>,
    /// Until when it may be used.
    pub expires: Option<UnixTime>,
    /// The verifier's nonce.
    pub challenge: Option<&'a str>,
    /// The verifier.
    pub domain: Option<&'a str>,
    /// Its name, for proofs that build on it.
    pub id: Option<&'a str>,
    /// The names of the proofs that it builds on.
    pub previous: &'a [&'a str],
}

impl<'a> ProofOptions<'a> {
    /// A proof that stands for itself.
    #[must_use]
    pub const fn new(suite: Cryptosuite, verification_method: &'a str, purpose: Purpose) -> Self {
        Self {
            suite,
            verification_method,
            purpose,
            created: None,
            expires: None,
            challenge: None,
            domain: None,
            id: None,
            previous: &[],
        }
    }
}

/// Why no proof was made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignError {
    /// The cryptosuite is for reading only, or does not take the key.
    #[error("the cryptosuite makes no proofs with this key")]
    Suite,
    /// The proofs that are there are none, or as many as there may be.
    #[error("the document has a member proof to which no proof can be added")]
    Proofs,
    /// A proof to build on is not there.
    #[error("a proof to build on is not there")]
    Previous,
    /// The document can't be signed.
    #[error(transparent)]
    Document(#[from] Defect),
    /// The signer could not sign.
    #[error(transparent)]
    Sign(#[from] credenza_crypto::SignError),
}

/// Adds a proof to a document.
///
/// # Errors
/// See [`SignError`].
pub async fn sign(
    mut document: Map<String, Value>,
    options: &ProofOptions<'_>,
    signer: &dyn Signer,
    contexts: &Contexts,
) -> Result<Map<String, Value>, SignError> {
    let suite = options.suite;
    let (algorithm, hash) = suite.with_key(&signer.public_jwk().key).ok_or(SignError::Suite)?;
    if !Cryptosuite::CURRENT.contains(&suite) || algorithm != signer.algorithm() {
        return Err(SignError::Suite);
    }
    let mut proofs: Vec<Value> = match document.remove("proof") {
        None => Vec::new(),
        Some(there) => {
            let objects = proof::objects(&there).filter(|proofs| proofs.len() < MAX_PROOFS);
            objects.ok_or(SignError::Proofs)?.into_iter().cloned().map(Value::Object).collect()
        }
    };
    if !options.previous.is_empty() {
        let named =
            |name: &str| proofs.iter().find(|proof| proof.get("id").and_then(Value::as_str) == Some(name));
        let previous: Option<Vec<Value>> = options.previous.iter().map(|name| named(name).cloned()).collect();
        document.insert("proof".to_owned(), Value::Array(previous.ok_or(SignError::Previous)?));
    }
    let mut proof = members(options);
    if let (true, Some(context)) = (suite.is_jcs(), document.get("@context")) {
        proof.insert("@context".to_owned(), context.clone());
    }
    let message = hash_data(suite, hash, &document, &proof, contexts, rdfc::MAX_WORK)?;
    let signature = signer.sign(&message).await?;
    proof.insert("proofValue".to_owned(), format!("z{}", base58::encode(&signature)).into());
    proofs.push(Value::Object(proof));
    let proofs = match proofs.len() {
        1 => proofs.pop().unwrap_or_default(),
        _ => Value::Array(proofs),
    };
    document.insert("proof".to_owned(), proofs);
    Ok(document)
}

fn members(options: &ProofOptions<'_>) -> Map<String, Value> {
    let time = |time: Option<UnixTime>| time.map(|time| Value::from(time.to_rfc3339()));
    let text = |text: Option<&str>| text.map(Value::from);
    let previous = match options.previous {
        [] => None,
        [one] => Some(Value::from(*one)),
        several => Some(Value::from(several)),
    };
    [
        ("type", text(Some(DATA_INTEGRITY_PROOF))),
        ("id", text(options.id)),
        ("cryptosuite", text(Some(options.suite.name()))),
        ("created", time(options.created)),
        ("expires", time(options.expires)),
        ("verificationMethod", text(Some(options.verification_method))),
        ("proofPurpose", text(Some(options.purpose.name()))),
        ("challenge", text(options.challenge)),
        ("domain", text(options.domain)),
        ("previousProof", previous),
    ]
    .into_iter()
    .filter_map(|(name, value)| Some((name.to_owned(), value?)))
    .collect()
}
