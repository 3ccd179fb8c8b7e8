//! X.509 certificates: PEM, DER as base64, and chains in `x5c`.

use credenza_core::b64;
use credenza_crypto::{Certificate, Jwk, x509};
use serde_json::{Value, json};

use super::{Found, rules};

/// Takes PEM apart: one certificate, or a chain.
pub(super) fn pem(text: &str, found: &mut Found) -> Result<String, String> {
    if text.contains("PRIVATE KEY-----") {
        return Err("this is a private key; nobody should see it, and it is not decoded here".to_owned());
    }
    let chain = x509::pem_to_der_chain(text).map_err(|error| error.to_string())?;
    show(&chain, found);
    Ok(if chain.len() == 1 { "certificate".to_owned() } else { format!("{} certificates", chain.len()) })
}

/// Takes base64 of DER apart; `None` when it is something else.
pub(super) fn base64(text: &str, found: &mut Found) -> Option<String> {
    let der = b64::decode_std(text).or_else(|_| b64::decode(text)).ok()?;
    Certificate::parse(&der).ok()?;
    show(&[der], found);
    Some("certificate".to_owned())
}

/// Shows the chain of a header.
pub(super) fn x5c(chain: &Value, found: &mut Found) {
    let decode = |certificate: &Value| b64::decode_std(certificate.as_str()?).ok();
    let decoded: Option<Vec<Vec<u8>>> = chain.as_array().and_then(|chain| chain.iter().map(decode).collect());
    match decoded.filter(|chain| !chain.is_empty()) {
        Some(chain) => show(&chain, found),
        None => found.report.fail(&rules::CERTIFICATE, "x5c is not an array of base64"),
    }
}

fn show(chain: &[Vec<u8>], found: &mut Found) {
    let mut above: Option<String> = None;
    for (number, der) in chain.iter().enumerate() {
        let certificate = match Certificate::parse(der) {
            Ok(certificate) => certificate,
            Err(error) => {
                found.report.fail(&rules::CERTIFICATE, error.to_string());
                continue;
            }
        };
        found.report.pass(&rules::CERTIFICATE);
        let valid = certificate.not_before <= found.now && found.now <= certificate.not_after;
        found.report.check(&rules::VALIDITY, valid, || {
            format!("valid from {} to {}", certificate.not_before, certificate.not_after)
        });
        if let Some(issuer) = above.replace(certificate.issuer.clone()) {
            found.report.check(&rules::CHAIN, issuer == certificate.subject, || {
                format!("certificate {} is not the issuer of the one before", number + 1)
            });
        }
        let remark = match (certificate.is_ca, certificate.subject == certificate.issuer) {
            (true, true) => "a root: trusted only by whoever has decided so",
            (true, false) => "an intermediate CA",
            (false, true) => "self-signed",
            (false, false) => "an end entity",
        };
        found.remarked(format!("certificate {}", number + 1), describe(&certificate), remark);
    }
}

fn describe(certificate: &Certificate) -> Value {
    let hex = |bytes: &Option<Vec<u8>>| {
        bytes.as_ref().map(|bytes| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>())
    };
    json!({
        "subject": certificate.subject,
        "issuer": certificate.issuer,
        "not_before": certificate.not_before.to_rfc3339(),
        "not_after": certificate.not_after.to_rfc3339(),
        "dns_names": certificate.dns_names,
        "uris": certificate.uris,
        "ca": certificate.is_ca,
        "extended_key_usage": certificate.extended_key_usage,
        "subject_key_id": hex(&certificate.subject_key_id),
        "authority_key_id": hex(&certificate.authority_key_id),
        "sha256": b64::encode(credenza_crypto::hash::sha256(&certificate.der)),
        "key": Jwk::new(certificate.key.clone()).to_value(),
    })
}
