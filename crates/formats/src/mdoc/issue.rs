//! Issuing: claims become data elements with salts, and their digests a signed mobile security object.

use credenza_core::Random;
use credenza_crypto::cose::{self, Content, SigningHeader, Writer};
use credenza_crypto::{Algorithm, HashAlgorithm, PublicKey, SignError, Signer};
use serde_json::{Map, Value};

use super::value::{self, ElementTypes};
use super::{KeyAuthorizations, ValidityInfo};

/// Bytes of a salt: more than the 16 that ISO/IEC 18013-5 §9.1.2.5 demands.
const SALT: usize = 24;

/// What is to be issued.
#[derive(Debug, Clone, Copy)]
pub struct Issuance<'a> {
    /// The document type.
    pub doc_type: &'a str,
    /// The data elements: an object for each namespace.
    pub claims: &'a Map<String, Value>,
    /// Which texts of the claims are dates and bytes.
    pub types: &'a ElementTypes,
    /// The holder's key.
    pub holder: &'a PublicKey,
    /// When it is signed and valid. `signed` has to lie within the validity of the signer's certificate.
    pub validity: ValidityInfo,
    /// The hash function of the digests.
    pub hash: HashAlgorithm,
    /// `status`, as the status list gives it: `{"status_list": {"idx": …, "uri": …}}`.
    pub status: Option<&'a Value>,
    /// What the holder may sign himself.
    pub key_authorizations: &'a KeyAuthorizations,
}

/// Why nothing was issued.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IssueError {
    /// The claims are not an object of data elements for each namespace, or there are none.
    #[error("the claims are not data elements by namespace")]
    Shape,
    /// A value is not what its type says, or is nested too deep.
    #[error("the data element {0} is not of the type it has in its namespace, or is nested too deep")]
    Element(String),
    /// The times are not in their order, or too late to be written.
    #[error("the times of validity are not in order")]
    Validity,
    /// The status can't be written.
    #[error("the status is not what it must be")]
    Status,
    /// A namespace is authorized as a whole and by its elements.
    #[error("a namespace is authorized as a whole and by its elements")]
    KeyAuthorizations,
    /// The holder's key is of a type that COSE has not.
    #[error("the holder's key is of a type that an mdoc can't be bound to")]
    HolderKey,
    /// The signer's algorithm is not one that ISO/IEC 18013-5 has.
    #[error("an mdoc is not signed with {0}")]
    Algorithm(Algorithm),
    /// The signer has no certificate.
    #[error("the signer has no certificate")]
    NoCertificate,
    /// The signer could not sign.
    #[error(transparent)]
    Sign(#[from] SignError),
}

/// Issues: the CBOR of an `IssuerSigned`. OpenID4VCI sends it as base64url (OpenID4VCI 1.0 §A.2.4).
///
/// Each data element has a fresh salt, and its digest a number that says nothing about it.
///
/// # Errors
/// See [`IssueError`].
pub async fn issue(
    signer: &dyn Signer,
    issuance: &Issuance<'_>,
    random: &dyn Random,
) -> Result<Vec<u8>, IssueError> {
    match signer.algorithm() {
        Algorithm::Es256 | Algorithm::Es384 | Algorithm::Es512 | Algorithm::EdDsa => {}
        other => return Err(IssueError::Algorithm(other)),
    }
    let chain = signer.x5c();
    if chain.is_empty() {
        return Err(IssueError::NoCertificate);
    }
    let elements = Elements::prepare(issuance, random)?;
    let mso = mobile_security_object(issuance, &elements)?;
    let header = SigningHeader { open_x5chain: chain, ..SigningHeader::new(signer) };
    let issuer_auth = cose::sign1(signer, &header, Content::Attached(&mso), &[]).await?;
    let mut out = Writer::with_capacity(elements.encoded.len() + issuer_auth.len() + 32);
    out.map(2).text("nameSpaces").raw(&elements.encoded).text("issuerAuth").raw(&issuer_auth);
    Ok(out.into_bytes())
}

/// The data elements, encoded, and their digests.
struct Elements<'a> {
    /// The value of `nameSpaces`.
    encoded: Vec<u8>,
    /// The digests by namespace, each at the place of its identifier.
    digests: Vec<(&'a str, Vec<Vec<u8>>)>,
}

impl<'a> Elements<'a> {
    fn prepare(issuance: &Issuance<'a>, random: &dyn Random) -> Result<Self, IssueError> {
        let Issuance { claims, types, hash, .. } = *issuance;
        if claims.is_empty() {
            return Err(IssueError::Shape);
        }
        let mut out = Writer::with_capacity(1024);
        let mut item = Writer::with_capacity(256);
        let mut digests = Vec::with_capacity(claims.len());
        out.map(claims.len());
        for (namespace, elements) in claims {
            let elements = elements.as_object().filter(|elements| !elements.is_empty());
            let elements = elements.ok_or(IssueError::Shape)?;
            let mut salts = vec![0; SALT * elements.len()];
            random.fill(&mut salts);
            let ids = shuffled(elements.len(), random);
            let mut own = vec![Vec::new(); elements.len()];
            out.text(namespace).array(elements.len());
            for (((name, element), salt), id) in elements.iter().zip(salts.chunks(SALT)).zip(ids) {
                item.clear();
                item.map(4).text("digestID").count(id).text("random").bytes(salt);
                item.text("elementIdentifier").text(name).text("elementValue");
                value::write(element, types, namespace, &mut vec![name], 1, &mut item)
                    .map_err(|_| IssueError::Element(name.clone()))?;
                let start = out.as_bytes().len();
                out.encoded(item.as_bytes());
                let digest = hash.hash(out.as_bytes().get(start..).unwrap_or_default());
                if let Some(place) = own.get_mut(id) {
                    *place = digest.as_ref().to_vec();
                }
            }
            digests.push((namespace.as_str(), own));
        }
        Ok(Self { encoded: out.into_bytes(), digests })
    }
}

/// The numbers below `count` in an order that nobody can foresee (Fisher and Yates).
fn shuffled(count: usize, random: &dyn Random) -> Vec<usize> {
    let mut numbers: Vec<usize> = (0..count).collect();
    for last in (1..count).rev() {
        numbers.swap(last, below(last + 1, random));
    }
    numbers
}

/// A number below `limit`, each as likely as the other.
fn below(limit: usize, random: &dyn Random) -> usize {
    let limit = u32::try_from(limit).unwrap_or(u32::MAX);
    // Numbers from the last, incomplete round would favour the small ones.
    let fair = u32::MAX - u32::MAX % limit;
    loop {
        let mut bytes = [0; 4];
        random.fill(&mut bytes);
        let number = u32::from_be_bytes(bytes);
        if number < fair {
            return usize::try_from(number % limit).unwrap_or_default();
        }
    }
}

/// `MobileSecurityObjectBytes` (ISO/IEC 18013-5 §9.1.2.4).
fn mobile_security_object(issuance: &Issuance<'_>, elements: &Elements<'_>) -> Result<Vec<u8>, IssueError> {
    let mut out = Writer::with_capacity(1024);
    out.map(6 + usize::from(issuance.status.is_some()));
    out.text("version").text("1.0").text("digestAlgorithm").text(match issuance.hash {
        HashAlgorithm::Sha256 => "SHA-256",
        HashAlgorithm::Sha384 => "SHA-384",
        HashAlgorithm::Sha512 => "SHA-512",
    });
    out.text("valueDigests").map(elements.digests.len());
    for (namespace, digests) in &elements.digests {
        out.text(namespace).map(digests.len());
        for (id, digest) in digests.iter().enumerate() {
            out.count(id).bytes(digest);
        }
    }
    write_device_key_info(issuance, &mut out)?;
    out.text("docType").text(issuance.doc_type);
    write_validity(&issuance.validity, &mut out)?;
    if let Some(status) = issuance.status {
        out.text("status");
        value::write(status, &ElementTypes::status(), "", &mut Vec::new(), 1, &mut out)
            .map_err(|_| IssueError::Status)?;
    }
    let mut embedded = Writer::with_capacity(out.as_bytes().len() + 8);
    embedded.encoded(out.as_bytes());
    Ok(embedded.into_bytes())
}

fn write_device_key_info(issuance: &Issuance<'_>, out: &mut Writer) -> Result<(), IssueError> {
    let KeyAuthorizations { namespaces, elements } = issuance.key_authorizations;
    if !issuance.key_authorizations.are_unambiguous() {
        return Err(IssueError::KeyAuthorizations);
    }
    let members = usize::from(!namespaces.is_empty()) + usize::from(!elements.is_empty());
    out.text("deviceKeyInfo").map(1 + usize::from(members > 0)).text("deviceKey");
    cose::key::write(issuance.holder, out).map_err(|_| IssueError::HolderKey)?;
    if members > 0 {
        out.text("keyAuthorizations").map(members);
    }
    if !namespaces.is_empty() {
        write_texts(out.text("nameSpaces"), namespaces);
    }
    if !elements.is_empty() {
        out.text("dataElements").map(elements.len());
        for (namespace, names) in elements {
            write_texts(out.text(namespace), names);
        }
    }
    Ok(())
}

fn write_texts(out: &mut Writer, texts: &[String]) {
    out.array(texts.len());
    for text in texts {
        out.text(text);
    }
}

fn write_validity(validity: &ValidityInfo, out: &mut Writer) -> Result<(), IssueError> {
    let ValidityInfo { signed, valid_from, valid_until, expected_update } = *validity;
    if !validity.in_order() {
        return Err(IssueError::Validity);
    }
    out.text("validityInfo").map(3 + usize::from(expected_update.is_some()));
    let times = [
        ("signed", Some(signed)),
        ("validFrom", Some(valid_from)),
        ("validUntil", Some(valid_until)),
        ("expectedUpdate", expected_update),
    ];
    for (name, time) in times {
        if let Some(time) = time {
            value::write_time(time, out.text(name)).map_err(|_| IssueError::Validity)?;
        }
    }
    Ok(())
}
