//! What the issuer has signed (ISO/IEC 18013-5 §9.3.1).

use credenza_core::Report;
use credenza_crypto::{Certificate, HashAlgorithm, PublicKey};
use serde_json::{Map, Value};

use super::super::device_response::is_version_1;
use super::super::issuer_signed::IssuerSigned;
use super::super::mso::MobileSecurityObject;
use super::super::{MDL_NAMESPACE, rules, value};
use super::{CountryMismatch, Expected, TimeForm, Verified};

/// Digest identifiers are below this (ISO/IEC 18013-5 §9.1.2.4).
const DIGEST_IDS: u64 = 1 << 31;

/// A salt has at least that many bytes (ISO/IEC 18013-5 §9.1.2.5).
const SALT: usize = 16;

/// `document_type` is what the document around it says, when there is one.
pub(super) fn verify(
    issuer_signed: &IssuerSigned<'_>,
    document_type: Option<&str>,
    issuer_key: &PublicKey,
    expected: &Expected<'_>,
    report: &mut Report,
) -> Option<Verified> {
    let mso = &issuer_signed.mso;
    check_signature(issuer_signed, issuer_key, expected, report)?;
    let mut sound =
        report.check(&rules::MSO_VERSION, is_version_1(mso.version), || "another major version than 1");
    sound &= check_doc_type(mso, document_type, expected, report);
    sound &= check_times(mso, expected, report);
    let hash = check_hash(mso, expected, report)?;
    sound &= check_items(issuer_signed, hash, report);
    let Some(claims) = claims(issuer_signed) else {
        report.fail(&rules::PARSE, "a data element has no form in JSON");
        return None;
    };
    sound &= check_signer(issuer_signed, issuer_key, &claims, expected, report);
    let status = mso.status.map(value::to_json).transpose();
    let Ok(status) = status else {
        report.fail(&rules::PARSE, "the status has no form in JSON");
        return None;
    };
    sound.then(|| Verified {
        doc_type: mso.doc_type.to_owned(),
        claims,
        device_signed: Map::new(),
        holder: mso.device_key.clone(),
        validity: mso.validity,
        status,
    })
}

fn check_signature(
    issuer_signed: &IssuerSigned<'_>,
    issuer_key: &PublicKey,
    expected: &Expected<'_>,
    report: &mut Report,
) -> Option<()> {
    let signature = &issuer_signed.issuer_auth;
    let accepted = signature.algorithm().is_some_and(|algorithm| expected.algorithms.contains(&algorithm));
    if !report.check(&rules::ISSUER_ALG, accepted, || {
        format!("algorithm {} is not accepted here", signature.header.algorithm)
    }) {
        return None;
    }
    if let Err(error) = signature.verify(issuer_key, expected.algorithms, &[]) {
        report.fail(&rules::ISSUER_SIGNATURE, error.to_string());
        return None;
    }
    report.pass(&rules::ISSUER_SIGNATURE);
    Some(())
}

fn check_doc_type(
    mso: &MobileSecurityObject<'_>,
    document_type: Option<&str>,
    expected: &Expected<'_>,
    report: &mut Report,
) -> bool {
    let is_signed = |doc_type: &str| doc_type == mso.doc_type;
    let named = document_type.is_none_or(is_signed);
    let wanted = expected.doc_type.is_none_or(is_signed);
    report.check(&rules::DOC_TYPE, named && wanted, || {
        if named {
            "another document type than was asked for"
        } else {
            "the issuer has signed another type than the document names"
        }
    })
}

fn check_times(mso: &MobileSecurityObject<'_>, expected: &Expected<'_>, report: &mut Report) -> bool {
    const INEXACT: &str = "a time has a fraction of seconds or an offset";
    let Expected { now, leeway, .. } = *expected;
    let validity = &mso.validity;
    let form = match (mso.times_exact, expected.times) {
        (false, TimeForm::AnyRfc3339) => {
            report.warn(&rules::VALIDITY_FORM, INEXACT);
            true
        }
        (exact, _) => report.check(&rules::VALIDITY_FORM, exact, || INEXACT),
    };
    let order = report.check(&rules::VALIDITY_ORDER, validity.in_order(), || {
        format!("signed {}, from {}, until {}", validity.signed, validity.valid_from, validity.valid_until)
    });
    // Whoever's clock is behind sees a new document before it was signed.
    let valid = validity.valid_from <= now + leeway && now <= validity.valid_until + leeway;
    let valid = report.check(&rules::VALIDITY, valid, || {
        format!("valid from {} until {}, it is {now}", validity.valid_from, validity.valid_until)
    });
    form && order && valid
}

fn check_hash(
    mso: &MobileSecurityObject<'_>,
    expected: &Expected<'_>,
    report: &mut Report,
) -> Option<HashAlgorithm> {
    let hash = hash_by_name(mso.digest_algorithm).filter(|hash| expected.hashes.contains(hash));
    report.check(&rules::DIGEST_ALGORITHM, hash.is_some(), || "another hash function than is accepted here");
    hash
}

/// By the exact names of ISO/IEC 18013-5 §9.1.2.5.
fn hash_by_name(name: &str) -> Option<HashAlgorithm> {
    match name {
        "SHA-256" => Some(HashAlgorithm::Sha256),
        "SHA-384" => Some(HashAlgorithm::Sha384),
        "SHA-512" => Some(HashAlgorithm::Sha512),
        _ => None,
    }
}

/// Each data element against the digests. What is found is told without the elements' names.
fn check_items(issuer_signed: &IssuerSigned<'_>, hash: HashAlgorithm, report: &mut Report) -> bool {
    let (mut unsigned, mut altered, mut short) = (0_usize, 0_usize, 0_usize);
    for (namespace, item) in issuer_signed.elements() {
        match issuer_signed.mso.digest(namespace, item.digest_id) {
            None => unsigned += 1,
            Some(digest) if hash.hash(item.encoded.whole).as_ref() != digest => altered += 1,
            Some(_) => {}
        }
        short += usize::from(item.random.len() < SALT);
    }
    let (mut shared, mut repeated) = (false, false);
    for (_, items) in &issuer_signed.namespaces {
        shared |= repeats(items.iter().map(|item| item.digest_id));
        repeated |= repeats(items.iter().map(|item| item.identifier));
    }
    // Nothing depends on it, and there are issuers in production that draw 32 bits.
    if issuer_signed.elements().any(|(_, item)| item.digest_id >= DIGEST_IDS) {
        report.warn(&rules::DIGEST_ID_RANGE, "an identifier is not below 2^31");
    }
    report.check(&rules::DIGEST_ID, unsigned == 0 && !shared, || {
        if shared {
            "two data elements name the same digest".to_owned()
        } else {
            format!("{unsigned} data elements have no digest in what the issuer has signed")
        }
    }) & report.check(&rules::DIGEST, altered == 0, || format!("{altered} data elements have another digest"))
        & report.check(&rules::ELEMENT_UNIQUE, !repeated, || "a data element occurs twice")
        & report.check(&rules::RANDOM, short == 0, || {
            format!("{short} data elements have less than {SALT} bytes")
        })
}

fn repeats<T: Ord>(values: impl Iterator<Item = T>) -> bool {
    let mut values: Vec<T> = values.collect();
    values.sort_unstable();
    values.windows(2).any(|pair| pair.first() == pair.last())
}

/// The JSON view of all data elements, by namespace.
pub(in super::super) fn claims(issuer_signed: &IssuerSigned<'_>) -> Option<Map<String, Value>> {
    let mut claims = Map::new();
    for (namespace, items) in &issuer_signed.namespaces {
        let mut elements = Map::new();
        for item in items {
            elements.insert(item.identifier.to_owned(), value::to_json(item.value).ok()?);
        }
        claims.insert((*namespace).to_owned(), Value::Object(elements));
    }
    Some(claims)
}

/// What ties the document to the certificate of its signer.
fn check_signer(
    issuer_signed: &IssuerSigned<'_>,
    issuer_key: &PublicKey,
    claims: &Map<String, Value>,
    expected: &Expected<'_>,
    report: &mut Report,
) -> bool {
    let Some(leaf) = issuer_signed.x5chain().first() else {
        report.fail(&rules::X5CHAIN, "there is no certificate");
        return false;
    };
    let parsed;
    let signer = match expected.signer {
        Some(signer) if signer.der == *leaf => signer,
        Some(_) => {
            report.fail(&rules::X5CHAIN, "another certificate than the one that was trusted");
            return false;
        }
        None => match Certificate::parse(leaf) {
            Ok(certificate) => {
                parsed = certificate;
                &parsed
            }
            Err(error) => {
                report.fail(&rules::X5CHAIN, error.to_string());
                return false;
            }
        },
    };
    // The chain is not signed: anybody could have put another one there.
    if !report.check(&rules::X5CHAIN, signer.key == *issuer_key, || "the certificate is of another key") {
        return false;
    }
    let signed = issuer_signed.mso.validity.signed;
    let covered = (signer.not_before..=signer.not_after).contains(&signed);
    let covered = report.check(&rules::VALIDITY_SIGNED, covered, || {
        format!(
            "signed {signed}, the certificate is valid from {} to {}",
            signer.not_before, signer.not_after
        )
    });
    covered & check_country(claims, signer, expected, report)
}

/// A licence names the country, and the state where there is one, of who signed it.
fn check_country(
    claims: &Map<String, Value>,
    signer: &Certificate,
    expected: &Expected<'_>,
    report: &mut Report,
) -> bool {
    const MISMATCH: &str = "the signer's certificate names another country or state";
    let text = |element| claims.get(MDL_NAMESPACE)?.get(element)?.as_str();
    let country = text("issuing_country");
    let jurisdiction = text("issuing_jurisdiction");
    if country.is_none() && jurisdiction.is_none() {
        report.skip(&rules::ISSUING_COUNTRY, "not a driving licence, or not disclosed");
        return true;
    }
    let same = is_of(&signer.subject, country, jurisdiction);
    if !same && expected.country == CountryMismatch::Warned {
        report.warn(&rules::ISSUING_COUNTRY, MISMATCH);
        return true;
    }
    report.check(&rules::ISSUING_COUNTRY, same, || MISMATCH)
}

/// Whether a signer of that name signs for the country and the jurisdiction.
fn is_of(signer: &str, country: Option<&str>, jurisdiction: Option<&str>) -> bool {
    let same_country = country.is_none_or(|country| attribute(signer, "C").as_deref() == Some(country));
    // A certificate without a state signs for the whole country.
    let same_state = match (jurisdiction, attribute(signer, "ST")) {
        (Some(jurisdiction), Some(state)) => jurisdiction == state,
        _ => true,
    };
    same_country && same_state
}

/// The first value of an attribute in the RFC 4514 text of a name.
fn attribute(name: &str, attribute: &str) -> Option<String> {
    let mut parts = vec![String::new()];
    let mut escaped = false;
    for character in name.chars() {
        match character {
            ',' | '+' if !escaped => parts.push(String::new()),
            _ => parts.last_mut()?.push(character),
        }
        escaped = character == '\\' && !escaped;
    }
    parts.into_iter().find_map(|part| {
        let (kind, value) = part.split_once('=')?;
        (kind.trim().eq_ignore_ascii_case(attribute)).then(|| value.replace('\\', ""))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_of_a_name() {
        let name = r"CN=Signer\,C=XX,O=A\+B,ST=US-CA+C=US";
        assert_eq!(attribute(name, "C").as_deref(), Some("US"));
        assert_eq!(attribute(name, "ST").as_deref(), Some("US-CA"));
        assert_eq!(attribute(name, "O").as_deref(), Some("A+B"));
        assert_eq!(attribute(name, "L"), None);
    }

    #[test]
    fn countries_and_states() {
        let state = "CN=Signer,ST=US-CA,C=US";
        assert!(is_of(state, Some("US"), Some("US-CA")) && is_of(state, Some("US"), None));
        assert!(!is_of(state, Some("US"), Some("US-NY")) && !is_of(state, None, Some("US-NY")));
        assert!(!is_of(state, Some("CA"), Some("US-CA")) && !is_of("CN=Signer", Some("US"), None));
        assert!(is_of("C=US", Some("US"), Some("US-NY")));
    }
}
