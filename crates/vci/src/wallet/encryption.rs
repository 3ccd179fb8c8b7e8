//! Encrypted requests and responses of the credential endpoints, from the wallet's side (§10).

use credenza_core::{Random, json};
use credenza_crypto::jwe::{self, Accepted, Parameters};
use credenza_crypto::{ContentEncryption, Curve, Decrypter as _, Jwk, KeyManagement, SoftwareDecrypter};
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Response};
use serde_json::Value;
use url::Url;

use super::policy::{EncryptionUse, Policy};
use super::session::Session;
use super::transport::{answer, is_type, refusal, unexpected};
use super::{Step, WalletError};
use crate::dialects::{Dialect, nonce_of_error};
use crate::issuer::DEF;
use crate::messages::metadata::{RequestEncryption, ResponseEncryption};
use crate::messages::{CredentialIssuerMetadata, CredentialResponse, EncryptionParameters, why};

/// How requests go to an issuer, and how responses come back.
pub(super) struct Channel {
    request: Option<ToIssuer>,
    response: Option<ToUs>,
    max: usize,
}

struct ToIssuer {
    jwk: Jwk,
    alg: KeyManagement,
    enc: ContentEncryption,
}

/// A key for the responses of one request and its repetitions.
struct ToUs {
    key: SoftwareDecrypter,
    enc: ContentEncryption,
    compress: bool,
}

impl Channel {
    /// As the issuer offers and the wallet wants it.
    pub(super) fn open(
        metadata: &CredentialIssuerMetadata,
        policy: &Policy,
        random: &dyn Random,
    ) -> Result<Self, WalletError> {
        let offered_request = metadata.credential_request_encryption.as_ref();
        let offered_response = metadata.credential_response_encryption.as_ref();
        let demanded = policy.encryption == EncryptionUse::Required;
        let wanted = policy.encryption != EncryptionUse::WhenRequired;
        let response_required = demanded || offered_response.is_some_and(|offer| offer.encryption_required);
        let request_required =
            response_required || offered_request.is_some_and(|offer| offer.encryption_required);

        let request = offered_request.filter(|_| wanted || request_required).and_then(ToIssuer::by);
        if request.is_none() && request_required {
            return Err(WalletError::Unsupported("no way of encrypting requests that this wallet knows"));
        }
        // Where the request is not encrypted, the key in it could be anybody's (§8.2).
        let response = offered_response
            .filter(|_| request.is_some() && (wanted || response_required))
            .and_then(|offer| ToUs::by(offer, random));
        if response.is_none() && response_required {
            return Err(WalletError::Unsupported("no way of encrypting responses that this wallet knows"));
        }
        Ok(Self { request, response, max: policy.limits.body })
    }

    /// What the request says about the response.
    pub(super) fn parameters(&self) -> Option<EncryptionParameters> {
        self.response.as_ref().map(|to_us| EncryptionParameters {
            jwk: to_us.key.public_jwk().clone(),
            enc: to_us.enc.name().to_owned(),
            zip: to_us.compress.then(|| DEF.to_owned()),
        })
    }

    /// Asks, and takes the answer out of its envelope.
    pub(super) async fn ask(
        &self,
        session: &mut Session,
        step: Step,
        url: &Url,
        request: &Value,
        random: &dyn Random,
    ) -> Result<(u16, CredentialResponse), WalletError> {
        let mut headers = HeaderMap::new();
        let json = request.to_string().into_bytes();
        let body = match &self.request {
            None => {
                headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
                json
            }
            Some(to) => {
                headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/jwt"));
                let sealed = jwe::encrypt(&to.jwk, to.alg, to.enc, &Parameters::default(), &json, random);
                let sealed = sealed.map_err(|_| WalletError::Unsupported("the issuer's key for requests"))?;
                sealed.into_bytes()
            }
        };
        if self.response.is_some() {
            headers.insert(ACCEPT, HeaderValue::from_static("application/jwt, application/json;q=0.5"));
        }
        let response = session.post_with(step, url, &headers, body).await?;
        let status = response.status();
        if !status.is_success() {
            session.keep_nonce(nonce_of_error(response.body()));
        }
        let (response, nonce) = Dialect::read_response(self.read(step, &response).await?);
        session.keep_nonce(nonce);
        Ok((status.as_u16(), response))
    }

    async fn read(
        &self,
        step: Step,
        response: &Response<Vec<u8>>,
    ) -> Result<CredentialResponse, WalletError> {
        const GOOD: [u16; 2] = [200, 202];
        let Some(to_us) = &self.response else { return answer(step, response, &GOOD) };
        if !GOOD.contains(&response.status().as_u16()) {
            return Err(refusal(step, response));
        }
        if !is_type(response, "application/jwt") {
            return Err(WalletError::Untrustworthy(
                "the response is not encrypted, although that was asked for",
            ));
        }
        let text = std::str::from_utf8(response.body()).unwrap_or_default().trim();
        let inflate = to_us.compress.then_some(self.max);
        let accepted = Accepted { enc: &[to_us.enc], inflate };
        let opened = jwe::decrypt_accepted(text, &to_us.key, accepted).await;
        let opened = opened.map_err(|error| unexpected(step, error.to_string()))?;
        json::object_from_slice(&opened.plaintext).map_err(|error| unexpected(step, why(&error)))
    }
}

impl ToIssuer {
    fn by(offer: &RequestEncryption) -> Option<Self> {
        let enc = content_encryption(&offer.enc_values_supported)?;
        let mut keys = offer.jwks.keys.iter();
        keys.find_map(|jwk| Some(Self { jwk: jwk.clone(), alg: KeyManagement::of_key(jwk)?, enc }))
    }
}

impl ToUs {
    fn by(offer: &ResponseEncryption, random: &dyn Random) -> Option<Self> {
        let enc = content_encryption(&offer.enc_values_supported)?;
        let agrees = |alg: &KeyManagement| *alg != KeyManagement::RsaOaep256;
        let known = |alg: &KeyManagement| offer.alg_values_supported.iter().any(|name| name == alg.name());
        let alg = KeyManagement::ALL.into_iter().filter(agrees).find(known)?;
        let key = SoftwareDecrypter::generate(Curve::P256, random).ok()?;
        Some(Self {
            key: named(&key, alg)?,
            enc,
            compress: offer.zip_values_supported.iter().any(|zip| zip == DEF),
        })
    }
}

/// The same key, for this algorithm.
fn named(key: &SoftwareDecrypter, alg: KeyManagement) -> Option<SoftwareDecrypter> {
    let mut jwk: serde_json::Map<String, Value> = serde_json::from_str(key.to_private_jwk().expose()).ok()?;
    jwk.insert("alg".to_owned(), alg.name().into());
    let text = credenza_core::Secret::new(Value::Object(jwk).to_string());
    SoftwareDecrypter::from_private_jwk(text.expose()).ok()
}

fn content_encryption(names: &[String]) -> Option<ContentEncryption> {
    ContentEncryption::ALL.into_iter().find(|enc| names.iter().any(|name| name == enc.name()))
}
