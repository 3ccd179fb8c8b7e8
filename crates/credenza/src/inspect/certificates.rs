//! X.509 certificates and revocation lists: PEM, DER, and chains in `x5c`.

use credenza_core::{Report, b64};
use credenza_crypto::x509::profile::{self, CertificateProfile, DOCUMENT_SIGNER, READER};
use credenza_crypto::x509::{self, CrlSummary};
use credenza_crypto::{Certificate, Jwk};
use serde_json::{Value, json};

use crate::keys::authority::hex;

use super::{Found, rules};

/// Takes PEM apart: one certificate, or a chain.
pub(super) fn pem(text: &str, found: &mut Found) -> Result<String, String> {
    if text.contains("PRIVATE KEY-----") {
        return Err("this is a private key; nobody should see it, and it is not decoded here".to_owned());
    }
    if let Some(body) = text.strip_prefix("-----BEGIN X509 CRL-----") {
        let body: String = body.split("-----END").next().unwrap_or_default().split_whitespace().collect();
        let der = b64::decode_std(body).map_err(|_| "not PEM".to_owned())?;
        return crl(&der, found).ok_or_else(|| "not a revocation list".to_owned());
    }
    let chain = x509::pem_to_der_chain(text).map_err(|error| error.to_string())?;
    show(&chain, found);
    Ok(if chain.len() == 1 { "certificate".to_owned() } else { format!("{} certificates", chain.len()) })
}

/// Shows a certificate, if the bytes are one.
pub(super) fn der(bytes: &[u8], found: &mut Found) -> bool {
    let is_one = Certificate::parse(bytes).is_ok();
    if is_one {
        show(&[bytes.to_vec()], found);
    }
    is_one
}

/// Takes a revocation list apart; `None` when it is none.
pub(super) fn crl(bytes: &[u8], found: &mut Found) -> Option<String> {
    let list = CrlSummary::read(bytes).ok()?;
    let current = list.this_update <= found.now && list.next_update.is_none_or(|next| found.now < next);
    found.report.check(&rules::CRL, current, || match list.next_update {
        Some(next) => format!("issued {}, the next one was due {next}", list.this_update),
        None => "it does not say when the next one is due".to_owned(),
    });
    let revoked: Vec<Value> = list
        .revoked
        .iter()
        .take(MAX_REVOKED)
        .map(|(serial, since)| json!({"serial": hex(serial), "since": since.to_rfc3339()}))
        .collect();
    let content = json!({
        "issuer": list.issuer,
        "this_update": list.this_update.to_rfc3339(),
        "next_update": list.next_update.map(credenza_core::UnixTime::to_rfc3339),
        "revoked": list.revoked.len(),
        "certificates": revoked,
    });
    found.remarked("revocation list", content, "not verified by looking at it");
    Some("certificate revocation list".to_owned())
}

/// So many revoked certificates are listed by their numbers.
const MAX_REVOKED: usize = 1000;

/// Shows the chain of a header.
pub(super) fn x5c(chain: &Value, found: &mut Found) {
    let decode = |certificate: &Value| b64::decode_std(certificate.as_str()?).ok();
    let decoded: Option<Vec<Vec<u8>>> = chain.as_array().and_then(|chain| chain.iter().map(decode).collect());
    match decoded.filter(|chain| !chain.is_empty()) {
        Some(chain) => show(&chain, found),
        None => found.report.fail(&rules::CERTIFICATE, "x5c is not an array of base64"),
    }
}

/// Shows certificates, each with what it could be used for.
pub(super) fn show(chain: &[Vec<u8>], found: &mut Found) {
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
        let remark = match purpose(&certificate) {
            Some((kind, name)) => {
                let issuer = chain.get(number + 1).and_then(|der| Certificate::parse(der).ok());
                format!("{remark}; {}", against(kind, name, &certificate, issuer.as_ref()))
            }
            None => remark.to_owned(),
        };
        found.remarked(format!("certificate {}", number + 1), describe(&certificate), remark);
    }
}

/// The profile of ISO/IEC 18013-5 Annex B that the certificate seems to be made for.
fn purpose(certificate: &Certificate) -> Option<(CertificateProfile, &'static str)> {
    let is_for = |oid: &str| certificate.extended_key_usage.iter().any(|usage| usage == oid);
    if certificate.is_ca {
        let root = certificate.is_self_issued() && certificate.path_length == Some(0);
        return root.then_some((CertificateProfile::Root, "root of an issuing authority (IACA)"));
    }
    if is_for(DOCUMENT_SIGNER) {
        return Some((CertificateProfile::DocumentSigner, "signer of mobile documents"));
    }
    is_for(READER).then_some((CertificateProfile::Reader, "reader of mobile documents"))
}

/// How the certificate keeps that profile.
fn against(
    kind: CertificateProfile,
    name: &str,
    certificate: &Certificate,
    issuer: Option<&Certificate>,
) -> String {
    let mut report = Report::new("profile");
    let above = if kind == CertificateProfile::Root { Some(certificate) } else { issuer };
    profile::check(kind, certificate, above.unwrap_or(certificate), &mut report);
    // Without its issuer, what compares the two can't be said.
    let compares = [&profile::NAMES, &profile::KEY_IDS, &profile::VALIDITY];
    let faults: Vec<&str> = report
        .checks
        .iter()
        .filter(|check| check.outcome == credenza_core::Outcome::Failed)
        .filter(|check| above.is_some() || !compares.iter().any(|rule| rule.id == check.rule.id))
        .map(|check| check.rule.id)
        .collect();
    match faults.as_slice() {
        [] => format!("keeps the profile of a {name}"),
        faults => format!("made for a {name}, and breaks {}", faults.join(", ")),
    }
}

fn describe(certificate: &Certificate) -> Value {
    json!({
        "serial": hex(&certificate.serial),
        "subject": certificate.subject,
        "issuer": certificate.issuer,
        "not_before": certificate.not_before.to_rfc3339(),
        "not_after": certificate.not_after.to_rfc3339(),
        "dns_names": certificate.dns_names,
        "uris": certificate.uris,
        "ca": certificate.is_ca,
        "path_length": certificate.path_length,
        "extended_key_usage": certificate.extended_key_usage,
        "revocation_lists": certificate.crl_urls,
        "subject_key_id": certificate.subject_key_id.as_deref().map(hex),
        "authority_key_id": certificate.authority_key_id.as_deref().map(hex),
        "sha256": b64::encode(credenza_crypto::hash::sha256(&certificate.der)),
        "key": Jwk::new(certificate.key.clone()).to_value(),
    })
}
