//! Encrypted requests and responses of the credential and the deferred credential endpoint (§10).

use std::borrow::Cow;
use std::collections::HashSet;
use std::sync::Arc;

use credenza_core::Random;
use credenza_crypto::jwe::{self, Accepted, Parameters};
use credenza_crypto::{ContentEncryption, Decrypter, Jwk, JwkSet, KeyManagement};
use http::HeaderMap;

use super::{CredentialError, Issuer, media_type};
use crate::messages::EncryptionParameters;
use crate::messages::metadata::{RequestEncryption, ResponseEncryption};

/// The one compression.
pub(crate) const DEF: &str = "DEF";

/// A request has no more bytes than this once decompressed.
const MAX_REQUEST: usize = 1024 * 1024;

const JSON: &str = "application/json";
const JWT: &str = "application/jwt";

/// How requests and responses are encrypted on top of TLS. Both are offered, and demanded where that is said.
#[derive(Clone)]
#[must_use]
pub struct Encryption {
    keys: Vec<Arc<dyn Decrypter>>,
    retired: Vec<Arc<dyn Decrypter>>,
    requests_required: bool,
    responses_required: bool,
    compression: bool,
}

impl Encryption {
    /// Requests are encrypted to this key, which needs `kid` and `alg`.
    pub fn new(key: Arc<dyn Decrypter>) -> Self {
        Self {
            keys: vec![key],
            retired: Vec::new(),
            requests_required: false,
            responses_required: false,
            compression: true,
        }
    }

    /// Or to this key, which is published too.
    pub fn key(mut self, key: Arc<dyn Decrypter>) -> Self {
        self.keys.push(key);
        self
    }

    /// A key that is published no more: requests of wallets that have read older metadata are still decrypted.
    pub fn retired(mut self, key: Arc<dyn Decrypter>) -> Self {
        self.retired.push(key);
        self
    }

    /// Refuses requests that are not encrypted.
    pub fn require_requests(mut self) -> Self {
        self.requests_required = true;
        self
    }

    /// Refuses requests that do not ask for an encrypted response; they have to be encrypted themselves (§8.2).
    pub fn require_responses(mut self) -> Self {
        self.responses_required = true;
        self.requests_required = true;
        self
    }

    /// Neither takes compressed requests nor compresses responses.
    pub fn without_compression(mut self) -> Self {
        self.compression = false;
        self
    }

    /// Whether requests that are not encrypted are refused.
    pub(super) const fn is_required(&self) -> bool {
        self.requests_required
    }

    /// Whether requests can be encrypted to the keys, and each can be told from the others.
    pub(super) fn check(&self) -> Result<(), &'static str> {
        let mut kids = HashSet::new();
        for key in self.keys.iter().chain(&self.retired) {
            let jwk = key.public_jwk();
            if KeyManagement::of_key(jwk).is_none() {
                return Err("a key for encrypted requests has no alg, or is not for it");
            }
            if !jwk.kid.as_deref().is_some_and(|kid| !kid.is_empty() && kids.insert(kid)) {
                return Err("each key for encrypted requests needs a kid of its own");
            }
        }
        Ok(())
    }

    /// `credential_request_encryption`
    pub(super) fn of_requests(&self) -> RequestEncryption {
        RequestEncryption {
            jwks: JwkSet { keys: self.keys.iter().map(|key| key.public_jwk().clone()).collect() },
            enc_values_supported: content_encryptions(),
            zip_values_supported: self.compressions(),
            encryption_required: self.requests_required,
        }
    }

    /// `credential_response_encryption`
    pub(super) fn of_responses(&self) -> ResponseEncryption {
        ResponseEncryption {
            alg_values_supported: KeyManagement::ALL.iter().map(|alg| alg.name().to_owned()).collect(),
            enc_values_supported: content_encryptions(),
            zip_values_supported: self.compressions(),
            encryption_required: self.responses_required,
        }
    }

    fn compressions(&self) -> Vec<String> {
        if self.compression { vec![DEF.to_owned()] } else { Vec::new() }
    }

    async fn open(&self, body: &[u8]) -> Result<Vec<u8>, CredentialError> {
        let refused = CredentialError::InvalidEncryptionParameters;
        let text = std::str::from_utf8(body).map_err(|_| refused("the request is not a JWE"))?.trim();
        let kid =
            jwe::peek_kid(text).map_err(|_| refused("the request is not a JWE of a kind that is offered"))?;
        let kid = kid.ok_or(refused("the request does not say by kid which key it is encrypted to"))?;
        let named = |key: &&Arc<dyn Decrypter>| key.public_jwk().kid.as_deref() == Some(&kid);
        let key = self.keys.iter().chain(&self.retired).find(named);
        let key = key.ok_or(refused("there is no key of this kid: fetch the metadata again"))?;
        let accepted =
            Accepted { enc: &ContentEncryption::ALL, inflate: self.compression.then_some(MAX_REQUEST) };
        let opened = jwe::decrypt_accepted(text, &**key, accepted).await;
        opened.map(|opened| opened.plaintext).map_err(|_| refused("the request does not decrypt"))
    }
}

impl std::fmt::Debug for Encryption {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Encryption")
            .field("keys", &self.keys.len())
            .field("retired", &self.retired.len())
            .field("requests_required", &self.requests_required)
            .field("responses_required", &self.responses_required)
            .finish_non_exhaustive()
    }
}

fn content_encryptions() -> Vec<String> {
    ContentEncryption::ALL.iter().map(|enc| enc.name().to_owned()).collect()
}

/// The JSON of a request, and whether it came encrypted.
pub(super) struct Read<'a> {
    pub(super) json: Cow<'a, [u8]>,
    encrypted: bool,
}

/// To whom a response is encrypted, and how.
#[derive(Debug)]
pub(super) struct Recipient {
    jwk: Jwk,
    alg: KeyManagement,
    enc: ContentEncryption,
    compress: bool,
}

impl Recipient {
    pub(super) fn seal(&self, json: &[u8], random: &dyn Random) -> Result<String, CredentialError> {
        let parameters = Parameters { compress: self.compress, ..Parameters::default() };
        jwe::encrypt(&self.jwk, self.alg, self.enc, &parameters, json, random)
            .map_err(|_| CredentialError::InvalidEncryptionParameters("nothing can be encrypted to this jwk"))
    }
}

impl Issuer {
    /// Takes a request out of its envelope, where there is one, and one where there must be.
    pub(super) async fn read<'a>(
        &self,
        headers: &HeaderMap,
        body: &'a [u8],
    ) -> Result<Read<'a>, CredentialError> {
        use CredentialError::InvalidEncryptionParameters as Refused;
        match (media_type(headers).as_deref(), &self.encryption) {
            (Some(JSON), Some(encryption)) if encryption.requests_required => {
                Err(Refused("the request must be encrypted"))
            }
            (Some(JSON), _) => Ok(Read { json: Cow::Borrowed(body), encrypted: false }),
            (Some(JWT), Some(encryption)) => {
                Ok(Read { json: Cow::Owned(encryption.open(body).await?), encrypted: true })
            }
            (Some(JWT), None) => Err(Refused("encrypted requests are not supported")),
            _ => Err(CredentialError::InvalidRequest("the body must be application/json or application/jwt")),
        }
    }

    /// Whether a response can be encrypted as the request wants it; nothing is issued before that is known.
    pub(super) fn recipient(
        &self,
        read: &Read<'_>,
        parameters: Option<&EncryptionParameters>,
    ) -> Result<Option<Recipient>, CredentialError> {
        let refused = |reason| Err(CredentialError::InvalidEncryptionParameters(reason));
        let (parameters, encryption) = match (parameters, &self.encryption) {
            (None, Some(encryption)) if encryption.responses_required => {
                return refused("credential_response_encryption is missing");
            }
            (None, _) => return Ok(None),
            (Some(_), None) => return refused("encrypted responses are not supported"),
            (Some(parameters), Some(encryption)) => (parameters, encryption),
        };
        // A key in a request that is not encrypted could be anybody's (§8.2).
        if !read.encrypted {
            return refused("a request for an encrypted response must be encrypted");
        }
        let EncryptionParameters { jwk, enc, zip } = parameters;
        let Some(alg) = KeyManagement::of_key(jwk) else {
            return refused("jwk has no alg among alg_values_supported, or is not for it");
        };
        let Some(enc) = ContentEncryption::from_name(enc) else {
            return refused("enc is not among enc_values_supported");
        };
        let compress = match zip.as_deref() {
            None => false,
            Some(DEF) if encryption.compression => true,
            Some(_) => return refused("zip is not among zip_values_supported"),
        };
        Ok(Some(Recipient { jwk: jwk.clone(), alg, enc, compress }))
    }
}
