//! What the holder has signed or authenticated (ISO/IEC 18013-5 §9.1.3, §9.3.2).

use credenza_core::Report;
use credenza_crypto::PublicKey;
use credenza_crypto::cose::{CoseError, Mac0, Sign1, algorithm};
use serde_json::{Map, Value};

use super::super::device_auth::{device_authentication, mac_key};
use super::super::{DeviceSigned, Document, KeyAuthorizations, rules, value};
use super::DeviceBinding;

pub(super) async fn verify(
    document: &Document<'_>,
    binding: &DeviceBinding<'_>,
    report: &mut Report,
) -> Option<Map<String, Value>> {
    let mso = &document.issuer_signed.mso;
    let Some(signed) = &document.device_signed else {
        report.fail(&rules::DEVICE_AUTH, "there is no deviceSigned");
        return None;
    };
    // The type that the issuer has signed; it was compared with the one that the document names.
    let content = device_authentication(binding.transcript, mso.doc_type, signed.namespaces.whole);
    let authentic = match (&signed.auth.signature, &signed.auth.mac) {
        (Some(signature), None) => {
            report.pass(&rules::DEVICE_AUTH);
            check_signature(signature, &content, &mso.device_key, binding, report)
        }
        (None, Some(mac)) => {
            report.pass(&rules::DEVICE_AUTH);
            check_mac(mac, &content, &mso.device_key, binding, report).await
        }
        (Some(_), Some(_)) => report.check(&rules::DEVICE_AUTH, false, || "a signature and a MAC"),
        (None, None) => report.check(&rules::DEVICE_AUTH, false, || "neither a signature nor a MAC"),
    };
    let authorized = check_authorizations(signed, &mso.key_authorizations, report);
    let elements = elements(signed);
    if elements.is_none() {
        report.fail(&rules::PARSE, "a data element that the holder has signed has no form in JSON");
    }
    elements.filter(|_| authentic && authorized)
}

fn check_signature(
    signature: &Sign1<'_>,
    content: &[u8],
    key: &PublicKey,
    binding: &DeviceBinding<'_>,
    report: &mut Report,
) -> bool {
    let accepted = signature
        .algorithm()
        .is_some_and(|algorithm| binding.algorithms.contains(&algorithm) && key.fits(algorithm));
    if !report.check(&rules::DEVICE_ALG, accepted, || {
        format!("algorithm {} is not accepted here, or not with this key", signature.header.algorithm)
    }) {
        return false;
    }
    note(&rules::DEVICE_SIGNATURE, signature.verify_detached(content, key, binding.algorithms, &[]), report)
}

async fn check_mac(
    mac: &Mac0<'_>,
    content: &[u8],
    key: &PublicKey,
    binding: &DeviceBinding<'_>,
    report: &mut Report,
) -> bool {
    let Some(reader_key) = binding.reader_key else {
        return report.check(&rules::DEVICE_ALG, false, || "a MAC, and there is no key to agree on one with");
    };
    if !report.check(&rules::DEVICE_ALG, mac.header.algorithm == algorithm::HMAC_256, || {
        format!("algorithm {} is not HMAC 256/256", mac.header.algorithm)
    }) {
        return false;
    }
    let Ok(secret) = reader_key.agree(key).await else {
        return report.check(
            &rules::DEVICE_MAC,
            false,
            || "no key agreement between reader key and device key",
        );
    };
    let key = mac_key(&secret, binding.transcript);
    note(&rules::DEVICE_MAC, mac.verify_detached(content, &key, &[]), report)
}

fn note(rule: &'static credenza_core::Rule, result: Result<(), CoseError>, report: &mut Report) -> bool {
    match result {
        Ok(()) => report.pass(rule),
        Err(error) => report.fail(rule, error.to_string()),
    }
    result.is_ok()
}

fn check_authorizations(
    signed: &DeviceSigned<'_>,
    authorizations: &KeyAuthorizations,
    report: &mut Report,
) -> bool {
    if signed.elements.is_empty() {
        report.skip(&rules::KEY_AUTHORIZATIONS, "the holder has signed no data element");
        return true;
    }
    let refused = signed.elements.iter();
    let refused = refused.filter(|item| !authorizations.allow(item.namespace, item.identifier)).count();
    let unambiguous = authorizations.are_unambiguous();
    report.check(&rules::KEY_AUTHORIZATIONS, refused == 0 && unambiguous, || {
        if unambiguous {
            format!("the issuer does not allow {refused} of them")
        } else {
            "a namespace is authorized as a whole and by its elements".to_owned()
        }
    })
}

fn elements(signed: &DeviceSigned<'_>) -> Option<Map<String, Value>> {
    let mut namespaces = Map::new();
    for item in &signed.elements {
        let elements = namespaces.entry(item.namespace).or_insert_with(|| Value::Object(Map::new()));
        elements.as_object_mut()?.insert(item.identifier.to_owned(), value::to_json(item.value).ok()?);
    }
    Some(namespaces)
}
