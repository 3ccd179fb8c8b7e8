//! Mobile documents: as issued, as presented, and their security objects.

use credenza_core::UnixTime;
use credenza_crypto::{HashAlgorithm, Jwk};
use credenza_formats::mdoc::value::to_json;
use credenza_formats::mdoc::{
    DeviceResponse, DeviceSigned, IssuerSigned, MdocLimits, MobileSecurityObject, ParseError,
};
use serde_json::{Map, Value, json};

use super::{Found, certificates, rules};

/// Takes a mobile document apart; `None` when it is none.
pub(super) fn mdoc(bytes: &[u8], found: &mut Found) -> Option<String> {
    let limits = MdocLimits::default();
    match IssuerSigned::parse(bytes, &limits) {
        Ok(issued) => {
            issuer_signed(&issued, "", found);
            return Some("mdoc: IssuerSigned, as an issuer hands it out".to_owned());
        }
        Err(error) => nearly(&error, bytes, b"issuerAuth", found),
    }
    match DeviceResponse::parse(bytes, &limits) {
        Ok(response) => {
            device_response(&response, found);
            return Some("mdoc: DeviceResponse, as a holder presents it".to_owned());
        }
        Err(error) => nearly(&error, bytes, b"documents", found),
    }
    let mso = MobileSecurityObject::parse(bytes, &limits).ok()?;
    security_object(&mso, "", found);
    Some("mdoc: mobile security object".to_owned())
}

/// Says why something is not a document that looks like one.
fn nearly(error: &ParseError, bytes: &[u8], member: &[u8], found: &mut Found) {
    let looks_like = bytes.len() > member.len()
        && bytes
            .iter()
            .take(64)
            .copied()
            .collect::<Vec<u8>>()
            .windows(member.len())
            .any(|part| part == member);
    if looks_like {
        found.report.fail(&rules::MDOC, error.to_string());
    }
}

fn device_response(response: &DeviceResponse<'_>, found: &mut Found) {
    found.part(
        "response",
        json!({
            "version": response.version,
            "status": response.status,
            "documents": response.documents.len(),
            "document_errors": response.document_errors,
        }),
    );
    for (number, document) in response.documents.iter().enumerate() {
        let prefix = format!("document {}: ", number + 1);
        found.report.check(
            &rules::MDOC_TYPE,
            document.doc_type == document.issuer_signed.mso.doc_type,
            || "docType is another one than the issuer has signed",
        );
        issuer_signed(&document.issuer_signed, &prefix, found);
        match &document.device_signed {
            Some(signed) => device_signed(signed, &prefix, found),
            None => found.remarked(format!("{prefix}device signed"), Value::Null, "not signed by the holder"),
        }
    }
}

fn device_signed(signed: &DeviceSigned<'_>, prefix: &str, found: &mut Found) {
    let how = match (&signed.auth.signature, &signed.auth.mac) {
        (Some(_), None) => "deviceSignature: it verifies only against the session that it was made for",
        (None, Some(_)) => "deviceMac: only who has agreed on the key can verify it",
        _ => "neither one signature nor one MAC",
    };
    let mut elements = Map::new();
    for item in &signed.elements {
        elements.insert(format!("{} {}", item.namespace, item.identifier), json(item.value));
    }
    found.remarked(format!("{prefix}device signed"), elements, how);
}

fn issuer_signed(issued: &IssuerSigned<'_>, prefix: &str, found: &mut Found) {
    let hash = HashAlgorithm::from_name(&issued.mso.digest_algorithm.to_ascii_lowercase());
    let mut wrong = Vec::new();
    for (namespace, items) in &issued.namespaces {
        let mut elements = Map::new();
        for item in items {
            let signed = issued.mso.digest(namespace, item.digest_id);
            let own = hash.map(|hash| hash.hash(item.encoded.whole));
            let matches = signed.is_some() && signed == own.as_ref().map(AsRef::as_ref);
            if !matches {
                wrong.push(format!("digest {} of {namespace}", item.digest_id));
            }
            let content = json!({
                "value": json(item.value),
                "digest_id": item.digest_id,
                "digest": if matches { "matches" } else { "does not match" },
                "salt_bytes": item.random.len(),
            });
            elements.insert(item.identifier.to_owned(), content);
        }
        found.part(format!("{prefix}{namespace}"), elements);
    }
    found.report.check(&rules::MDOC_DIGESTS, wrong.is_empty(), || wrong.join(", "));
    security_object(&issued.mso, prefix, found);
    let chain: Vec<Vec<u8>> = issued.x5chain().iter().map(|der| der.to_vec()).collect();
    if chain.is_empty() {
        found.report.fail(&rules::CERTIFICATE, "no x5chain");
    } else {
        certificates::show(&chain, found);
    }
}

fn security_object(mso: &MobileSecurityObject<'_>, prefix: &str, found: &mut Found) {
    let key = Jwk::new(mso.device_key.clone());
    let digests: Map<String, Value> =
        mso.value_digests.iter().map(|(name, all)| ((*name).to_owned(), Value::from(all.len()))).collect();
    let validity = mso.validity;
    let time = UnixTime::to_rfc3339;
    found.part(
        format!("{prefix}mobile security object"),
        json!({
            "version": mso.version,
            "doc_type": mso.doc_type,
            "digest_algorithm": mso.digest_algorithm,
            "digests": digests,
            "signed": time(validity.signed),
            "valid_from": time(validity.valid_from),
            "valid_until": time(validity.valid_until),
            "expected_update": validity.expected_update.map(time),
            "device_key": key.to_value(),
            "device_key_thumbprint": key.thumbprint_text(),
            "authorized_namespaces": mso.key_authorizations.namespaces,
            "authorized_elements": mso.key_authorizations.elements,
            "status": mso.status.map(json),
        }),
    );
    let now = found.now;
    let fault = if !validity.in_order() {
        Some("the times are not in order".to_owned())
    } else if now < validity.valid_from {
        Some(format!("valid from {}", validity.valid_from))
    } else if now > validity.valid_until {
        Some(format!("expired at {}", validity.valid_until))
    } else {
        None
    };
    match fault {
        Some(fault) => found.report.warn(&rules::MDOC_TIMES, fault),
        None => found.report.pass(&rules::MDOC_TIMES),
    }
}

fn json(item: &[u8]) -> Value {
    to_json(item).unwrap_or_else(|error| Value::from(format!("({error})")))
}
