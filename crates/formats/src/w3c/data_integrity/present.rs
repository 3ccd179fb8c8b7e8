//! Presentations with a proof: `ldp_vp` (OID4VP 1.0 §B.1.3.2).

use std::time::Duration;

use credenza_core::UnixTime;
use credenza_crypto::Signer;
use serde_json::{Map, Value, json};

use super::{Contexts, Cryptosuite, ProofOptions, Purpose, SignError, sign};
use crate::w3c::DataModel;

/// The context that defines the terms of a proof for documents of VCDM 1.1; VCDM 2.0 has them in its own.
const DATA_INTEGRITY_CONTEXT: &str = "https://w3id.org/security/data-integrity/v2";

/// What is to be presented.
#[derive(Debug, Clone, Copy)]
pub struct Presenting<'a> {
    /// The version of the data model.
    pub model: DataModel,
    /// The holder's DID or URL.
    pub holder: &'a str,
    /// The credentials, each with its proof.
    pub credentials: &'a [Map<String, Value>],
    /// The cryptosuite.
    pub suite: Cryptosuite,
    /// The URL of the holder's key.
    pub verification_method: &'a str,
    /// The verifier's nonce.
    pub nonce: &'a str,
    /// The verifier, exactly as it has named itself: its client identifier, or `origin:` and its origin.
    pub audience: &'a str,
    /// Now.
    pub created: UnixTime,
    /// How long the presentation may be used.
    pub lifetime: Duration,
}

/// Presents credentials.
///
/// # Errors
/// See [`SignError`].
pub async fn present(
    signer: &dyn Signer,
    presenting: &Presenting<'_>,
    contexts: &Contexts,
) -> Result<Map<String, Value>, SignError> {
    let mut names = vec![presenting.model.context()];
    if presenting.model == DataModel::V1 {
        names.push(DATA_INTEGRITY_CONTEXT);
    }
    let mut document = Map::new();
    document.insert("@context".to_owned(), json!(names));
    document.insert("type".to_owned(), json!(["VerifiablePresentation"]));
    document.insert("holder".to_owned(), presenting.holder.into());
    let credentials = presenting.credentials.iter().cloned().map(Value::Object).collect();
    document.insert("verifiableCredential".to_owned(), Value::Array(credentials));
    let options = ProofOptions {
        created: Some(presenting.created),
        expires: Some(presenting.created + presenting.lifetime),
        challenge: Some(presenting.nonce),
        domain: Some(presenting.audience),
        ..ProofOptions::new(presenting.suite, presenting.verification_method, Purpose::Authentication)
    };
    sign(document, &options, signer, contexts).await
}
