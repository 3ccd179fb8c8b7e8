//! Presenting: a `DeviceResponse` with some of the data elements, signed or authenticated by the holder.

use std::fmt;

use credenza_crypto::cose::{self, Content, SigningHeader, Writer};
use credenza_crypto::{AgreeError, Algorithm, Decrypter, PublicKey, SignError, Signer};
use serde_json::{Map, Value};

use super::device_auth::{device_authentication, mac_key};
use super::value::{self, ElementTypes};
use super::{Held, SessionTranscript};

/// Why a document was not presented.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PresentError {
    /// The document is bound to another key.
    #[error("the document is bound to another key")]
    AnotherKey,
    /// The key's algorithm is not one that ISO/IEC 18013-5 has.
    #[error("an mdoc is not presented with {0}")]
    Algorithm(Algorithm),
    /// The issuer does not allow the holder to sign that data element.
    #[error("the issuer does not allow the holder to sign the data element {0}")]
    NotAuthorized(String),
    /// What the holder wants to sign is not data elements by namespace.
    #[error("what the holder signs is not data elements by namespace, or is not of their types")]
    Elements,
    /// The signer could not sign.
    #[error(transparent)]
    Sign(#[from] SignError),
    /// There is no key agreement with the reader key.
    #[error(transparent)]
    Agree(#[from] AgreeError),
}

/// A choice of data elements that is ready to be signed.
#[derive(Clone)]
pub struct Presentation<'a> {
    held: &'a Held,
    /// The value of `nameSpaces`; nothing when nothing was chosen.
    elements: Option<Vec<u8>>,
    count: usize,
    /// `DeviceNameSpacesBytes`
    device_signed: Vec<u8>,
}

/// Shows the size and no element.
impl fmt::Debug for Presentation<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Presentation({}, {} elements)", self.held.doc_type, self.count)
    }
}

impl<'a> Presentation<'a> {
    pub(super) fn new(held: &'a Held, chosen: impl Fn(&str, &str) -> bool) -> Self {
        let mut count = 0;
        let mut namespaces = Vec::new();
        for (namespace, elements) in &held.namespaces {
            let chosen = elements.iter().filter(|element| chosen(namespace, &element.identifier));
            let chosen: Vec<&[u8]> =
                chosen.map(|element| held.bytes.get(element.at.clone()).unwrap_or_default()).collect();
            if !chosen.is_empty() {
                count += chosen.len();
                namespaces.push((namespace, chosen));
            }
        }
        let elements = (!namespaces.is_empty()).then(|| {
            let mut out = Writer::with_capacity(1024);
            out.map(namespaces.len());
            for (namespace, items) in namespaces {
                out.text(namespace).array(items.len());
                for item in items {
                    out.raw(item);
                }
            }
            out.into_bytes()
        });
        let mut device_signed = Writer::default();
        device_signed.encoded(&[0xa0]);
        Self { held, elements, count, device_signed: device_signed.into_bytes() }
    }

    /// How many data elements are disclosed.
    #[must_use]
    pub fn count(&self) -> usize {
        self.count
    }

    /// The same, with data elements that the holder signs himself: an object for each namespace.
    ///
    /// # Errors
    /// [`PresentError::NotAuthorized`] or [`PresentError::Elements`].
    pub fn device_signed(
        mut self,
        namespaces: &Map<String, Value>,
        types: &ElementTypes,
    ) -> Result<Self, PresentError> {
        let mut out = Writer::default();
        out.map(namespaces.len());
        for (namespace, elements) in namespaces {
            let elements = elements.as_object().ok_or(PresentError::Elements)?;
            out.text(namespace).map(elements.len());
            for (name, element) in elements {
                if !self.held.key_authorizations.allow(namespace, name) {
                    return Err(PresentError::NotAuthorized(name.clone()));
                }
                out.text(name);
                value::write(element, types, namespace, &mut vec![name], 2, &mut out)
                    .map_err(|_| PresentError::Elements)?;
            }
        }
        let mut embedded = Writer::default();
        embedded.encoded(out.as_bytes());
        self.device_signed = embedded.into_bytes();
        Ok(self)
    }

    /// The response, signed with the holder's key (ISO/IEC 18013-5 §9.1.3.6).
    ///
    /// # Errors
    /// See [`PresentError`].
    pub async fn sign(
        &self,
        signer: &dyn Signer,
        transcript: &SessionTranscript,
    ) -> Result<Vec<u8>, PresentError> {
        self.check_key(&signer.public_jwk().key)?;
        match signer.algorithm() {
            Algorithm::Es256 | Algorithm::Es384 | Algorithm::Es512 | Algorithm::EdDsa => {}
            other => return Err(PresentError::Algorithm(other)),
        }
        let content = self.content(transcript);
        let header = SigningHeader::new(signer);
        let signature = cose::sign1(signer, &header, Content::Detached(&content), &[]).await?;
        Ok(self.response("deviceSignature", &signature))
    }

    /// The response, authenticated by a MAC with the secret that the holder's key and the reader's share (ISO/IEC
    /// 18013-5 §9.1.3.5). A key that makes MACs makes no signatures.
    ///
    /// # Errors
    /// See [`PresentError`].
    pub async fn mac(
        &self,
        device_key: &dyn Decrypter,
        reader_key: &PublicKey,
        transcript: &SessionTranscript,
    ) -> Result<Vec<u8>, PresentError> {
        self.check_key(&device_key.public_jwk().key)?;
        let secret = device_key.agree(reader_key).await?;
        let content = self.content(transcript);
        let mac = cose::mac0(&mac_key(&secret, transcript), Content::Detached(&content), &[]);
        Ok(self.response("deviceMac", &mac))
    }

    fn check_key(&self, key: &PublicKey) -> Result<(), PresentError> {
        if key == self.held.holder() { Ok(()) } else { Err(PresentError::AnotherKey) }
    }

    fn content(&self, transcript: &SessionTranscript) -> Vec<u8> {
        device_authentication(transcript, &self.held.doc_type, &self.device_signed)
    }

    fn response(&self, kind: &str, authentication: &[u8]) -> Vec<u8> {
        let issuer_auth = self.held.bytes.get(self.held.issuer_auth.clone()).unwrap_or_default();
        let elements = self.elements.as_deref();
        let length = issuer_auth.len() + elements.map_or(0, <[u8]>::len) + authentication.len() + 256;
        let mut out = Writer::with_capacity(length);
        out.map(3).text("version").text("1.0").text("documents").array(1);
        out.map(3).text("docType").text(&self.held.doc_type);
        out.text("issuerSigned").map(1 + usize::from(elements.is_some()));
        if let Some(elements) = elements {
            out.text("nameSpaces").raw(elements);
        }
        out.text("issuerAuth").raw(issuer_auth);
        out.text("deviceSigned").map(2).text("nameSpaces").raw(&self.device_signed);
        out.text("deviceAuth").map(1).text(kind).raw(authentication);
        out.text("status").unsigned(0);
        out.into_bytes()
    }
}
