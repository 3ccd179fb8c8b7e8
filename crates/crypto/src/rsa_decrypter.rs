//! A private RSA key in memory that opens what was encrypted with RSA-OAEP-256.

use std::fmt;

use aws_lc_rs::rsa::{KeyPair, OAEP_SHA256_MGF1SHA256, OaepPrivateDecryptingKey, PrivateDecryptingKey};
use aws_lc_rs::signature::KeyPair as _;
use credenza_core::{Answer, b64, json};
use der::asn1::UintRef;
use der::{Encode as _, Length};
use rustls_pki_types::PrivatePkcs8KeyDer;
use rustls_pki_types::pem::PemObject as _;
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use crate::{AgreeError, Decrypter, Jwk, KeyError, PublicKey, SharedSecret};

/// AlgorithmIdentifier of rsaEncryption (RFC 8017 §A.1).
const RSA: &[u8] = &[0x30, 13, 0x06, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0];

/// A private RSA key of 2048 bits or more, for peers that can't do better than RSA-OAEP-256. New keys are not made
/// here: [`SoftwareDecrypter`](crate::SoftwareDecrypter) is the one to choose.
pub struct RsaDecrypter {
    jwk: Jwk,
    key: OaepPrivateDecryptingKey,
}

impl RsaDecrypter {
    /// From PEM in PKCS#8 (`PRIVATE KEY`), not encrypted. The `kid` is the thumbprint, `use` is `enc`, `alg` is
    /// `RSA-OAEP-256`.
    ///
    /// # Errors
    /// Not an RSA key that can be used.
    pub fn from_pem(pem: &str) -> Result<Self, KeyError> {
        let der = PrivatePkcs8KeyDer::from_pem_slice(pem.as_bytes()).map_err(|_| KeyError)?;
        let pair = KeyPair::from_pkcs8(der.secret_pkcs8_der()).map_err(|_| KeyError)?;
        let key = PublicKey::from_rsa_der(pair.public_key().as_ref());
        let mut jwk = Jwk::new(key.map_err(|_| KeyError)?);
        jwk.kid = Some(jwk.thumbprint_text());
        jwk.usage = Some("enc".to_owned());
        jwk.alg = Some("RSA-OAEP-256".to_owned());
        Self::new(jwk, der.secret_pkcs8_der())
    }

    /// From a private JWK with all its primes and exponents (RFC 7518 §6.3.2).
    ///
    /// # Errors
    /// Not a private RSA key, or its public part is another key's.
    pub fn from_private_jwk(jwk: &str) -> Result<Self, KeyError> {
        let mut members = json::parse_object(jwk.as_bytes()).map_err(|_| KeyError)?;
        let private = ["d", "p", "q", "dp", "dq", "qi"]
            .map(|name| take(&mut members, name))
            .into_iter()
            .collect::<Result<Vec<_>, _>>()?;
        let jwk = Jwk::from_value(&Value::Object(members)).map_err(|_| KeyError)?;
        let PublicKey::Rsa { n, e } = &jwk.key else { return Err(KeyError) };
        let mut numbers: Vec<&[u8]> = vec![&[0], n, e];
        numbers.extend(private.iter().map(|number| number.as_slice()));
        let der = pkcs8(&numbers).map_err(|_| KeyError)?;
        Self::new(jwk, &der)
    }

    fn new(jwk: Jwk, pkcs8: &[u8]) -> Result<Self, KeyError> {
        let key = PrivateDecryptingKey::from_pkcs8(pkcs8).map_err(|_| KeyError)?;
        let key = OaepPrivateDecryptingKey::new(key).map_err(|_| KeyError)?;
        Ok(Self { jwk, key })
    }

    fn decrypt_now(&self, encrypted: &[u8]) -> Result<SharedSecret, AgreeError> {
        let mut key = Zeroizing::new(vec![0; self.key.min_output_size()]);
        let length = self
            .key
            .decrypt(&OAEP_SHA256_MGF1SHA256, encrypted, &mut key, None)
            .map_err(|_| AgreeError)?
            .len();
        key.truncate(length);
        Ok(key)
    }
}

impl Decrypter for RsaDecrypter {
    fn public_jwk(&self) -> &Jwk {
        &self.jwk
    }

    fn agree<'a>(&'a self, _peer: &'a PublicKey) -> Answer<'a, Result<SharedSecret, AgreeError>> {
        Answer::ready(Err(AgreeError))
    }

    fn decrypt_key<'a>(&'a self, encrypted: &'a [u8]) -> Answer<'a, Result<SharedSecret, AgreeError>> {
        Answer::ready(self.decrypt_now(encrypted))
    }
}

impl fmt::Debug for RsaDecrypter {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "RsaDecrypter({})", self.jwk.thumbprint_text())
    }
}

fn take(members: &mut Map<String, Value>, name: &str) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    match members.remove(name) {
        Some(Value::String(number)) => {
            b64::decode(Zeroizing::new(number).as_str()).map(Zeroizing::new).map_err(|_| KeyError)
        }
        _ => Err(KeyError),
    }
}

/// PrivateKeyInfo (RFC 5208 §5) around RSAPrivateKey (RFC 8017 §A.1.2): version, n, e, d, p, q, dp, dq, qi.
fn pkcs8(numbers: &[&[u8]]) -> der::Result<Zeroizing<Vec<u8>>> {
    let key = sequence_of(numbers)?;
    let key = tlv(0x04, &[&key])?;
    tlv(0x30, &[&[0x02, 1, 0], RSA, &key])
}

/// SubjectPublicKeyInfo (RFC 5280 §4.1) of an RSA key, as aws-lc wants it.
pub(crate) fn spki(n: &[u8], e: &[u8]) -> der::Result<Zeroizing<Vec<u8>>> {
    let key = sequence_of(&[n, e])?;
    let key = tlv(0x03, &[&[0], &key])?;
    tlv(0x30, &[RSA, &key])
}

/// SEQUENCE OF INTEGER, none of them negative.
fn sequence_of(numbers: &[&[u8]]) -> der::Result<Zeroizing<Vec<u8>>> {
    let mut content = Zeroizing::new(Vec::new());
    for number in numbers {
        let number = Zeroizing::new(UintRef::new(number)?.to_der()?);
        content.extend_from_slice(&number);
    }
    tlv(0x30, &[&content])
}

/// Tag, length, and what is in it.
fn tlv(tag: u8, parts: &[&[u8]]) -> der::Result<Zeroizing<Vec<u8>>> {
    let length = parts.iter().map(|part| part.len()).sum::<usize>();
    let mut der = Zeroizing::new(Vec::with_capacity(length + 6));
    der.push(tag);
    Length::try_from(length)?.encode_to_vec(&mut der)?;
    for part in parts {
        der.extend_from_slice(part);
    }
    Ok(der)
}
