//! From DER to what of a certificate matters here.

use credenza_core::UnixTime;
use der::asn1::{ObjectIdentifier, UintRef};
use der::{Decode as _, Encode as _};
use x509_cert::ext::pkix::name::{DistributionPointName, GeneralName};
use x509_cert::ext::pkix::{
    AuthorityKeyIdentifier, BasicConstraints, CrlDistributionPoints, ExtendedKeyUsage,
    KeyUsage as PkixKeyUsage, SubjectAltName, SubjectKeyIdentifier,
};
use x509_cert::spki::SubjectPublicKeyInfoOwned;
use x509_cert::time::Time;

use super::{Certificate, KeyUsage, MAX_CERTIFICATE, X509Error};
use crate::{Curve, PublicKey};

const EC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const P384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");
const P521: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.35");
const SECP256K1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.10");
const X25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.110");
const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");
const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");

pub(super) fn certificate(der: &[u8]) -> Result<Certificate, X509Error> {
    if der.len() > MAX_CERTIFICATE {
        return Err(X509Error::Malformed("longer than a certificate may be"));
    }
    let parsed = x509_cert::Certificate::from_der(der)
        .map_err(|_| X509Error::Malformed("not the DER of an X.509 certificate"))?;
    let certified = parsed.tbs_certificate();
    let extension = |_| X509Error::Malformed("an extension can't be read");

    let (mut dns_names, mut uris) = (Vec::new(), Vec::new());
    if let Some((_, SubjectAltName(names))) = certified.get_extension().map_err(extension)? {
        for name in names {
            match name {
                GeneralName::DnsName(name) => dns_names.push(name.to_string()),
                GeneralName::UniformResourceIdentifier(uri) => uris.push(uri.to_string()),
                _ => {}
            }
        }
    }
    let constraints =
        certified.get_extension::<BasicConstraints>().map_err(extension)?.map(|(_, constraints)| constraints);
    let key_usage =
        certified.get_extension::<PkixKeyUsage>().map_err(extension)?.map(|(_, usage)| KeyUsage {
            digital_signature: usage.digital_signature(),
            content_commitment: usage.non_repudiation(),
            key_cert_sign: usage.key_cert_sign(),
            crl_sign: usage.crl_sign(),
        });
    let extended_key_usage = match certified.get_extension::<ExtendedKeyUsage>().map_err(extension)? {
        Some((_, ExtendedKeyUsage(usages))) => usages.iter().map(ToString::to_string).collect(),
        None => Vec::new(),
    };
    let subject_key_id = certified
        .get_extension::<SubjectKeyIdentifier>()
        .map_err(extension)?
        .map(|(_, id)| id.0.as_bytes().to_vec());
    let authority_key_id = certified
        .get_extension::<AuthorityKeyIdentifier>()
        .map_err(extension)?
        .and_then(|(_, id)| id.key_identifier)
        .map(|id| id.as_bytes().to_vec());

    let points = certified.get_extension::<CrlDistributionPoints>().map_err(extension)?;
    let crl_urls = points.map(|(_, points)| crl_urls(&points)).unwrap_or_default();

    Ok(Certificate {
        der: der.to_vec(),
        serial: certified.serial_number().as_bytes().to_vec(),
        key: public_key(certified.subject_public_key_info())?,
        subject: certified.subject().to_string(),
        common_name: certified.subject().common_name().ok().flatten().map(|name| name.value().into_owned()),
        issuer: certified.issuer().to_string(),
        not_before: time(certified.validity().not_before),
        not_after: time(certified.validity().not_after),
        dns_names,
        uris,
        subject_key_id,
        authority_key_id,
        is_ca: constraints.as_ref().is_some_and(|constraints| constraints.ca),
        path_length: constraints.and_then(|constraints| constraints.path_len_constraint),
        key_usage,
        extended_key_usage,
        crl_urls,
    })
}

/// The URLs of complete lists that the issuer of the certificate itself signs.
fn crl_urls(points: &CrlDistributionPoints) -> Vec<String> {
    let mut urls = Vec::new();
    for point in &points.0 {
        if point.reasons.is_some() || point.crl_issuer.is_some() {
            continue;
        }
        if let Some(DistributionPointName::FullName(names)) = &point.distribution_point {
            urls.extend(names.iter().filter_map(|name| match name {
                GeneralName::UniformResourceIdentifier(url) => Some(url.to_string()),
                _ => None,
            }));
        }
    }
    urls
}

pub(super) fn time(time: Time) -> UnixTime {
    UnixTime::EPOCH + time.to_unix_duration()
}

fn public_key(info: &SubjectPublicKeyInfoOwned) -> Result<PublicKey, X509Error> {
    const UNSUPPORTED: X509Error = X509Error::Malformed("a type of key that is not supported");
    let bytes = info.subject_public_key.as_bytes().ok_or(UNSUPPORTED)?;
    let key = match info.algorithm.oid {
        EC => {
            let parameters = info.algorithm.parameters.as_ref().ok_or(UNSUPPORTED)?;
            let curve = match parameters.decode_as().map_err(|_| UNSUPPORTED)? {
                P256 => Curve::P256,
                P384 => Curve::P384,
                P521 => Curve::P521,
                SECP256K1 => Curve::Secp256k1,
                _ => return Err(UNSUPPORTED),
            };
            PublicKey::from_point(curve, bytes)
        }
        ED25519 => PublicKey::from_okp(Curve::Ed25519, bytes),
        X25519 => PublicKey::from_okp(Curve::X25519, bytes),
        RSA => PublicKey::from_rsa_der(bytes),
        _ => return Err(UNSUPPORTED),
    };
    key.map_err(|_| X509Error::Malformed("not a key of the type it names"))
}

/// The DER of a signature that JOSE writes as r and s side by side (RFC 3279 §2.2.3).
pub(super) fn ecdsa_to_der(fixed: &[u8]) -> der::Result<Vec<u8>> {
    let (r, s) = fixed.split_at_checked(fixed.len() / 2).unwrap_or_default();
    vec![UintRef::new(r)?, UintRef::new(s)?].to_der()
}
