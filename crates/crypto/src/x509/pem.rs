//! PEM: certificates as operators keep them (RFC 7468).

use credenza_core::b64;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;

use super::X509Error;

/// No file of certificates has more of them: room for a list of national anchors.
pub const MAX_CERTIFICATES: usize = 256;

/// The certificates of a PEM text, in their order, as DER; other sections and text between them are passed over.
///
/// # Errors
/// [`X509Error::Malformed`] for text that is not PEM or has no certificate, [`X509Error::TooLong`] for one with more
/// than [`MAX_CERTIFICATES`].
pub fn pem_to_der_chain(pem: &str) -> Result<Vec<Vec<u8>>, X509Error> {
    let mut chain = Vec::new();
    for certificate in CertificateDer::pem_slice_iter(pem.as_bytes()) {
        let certificate = certificate.map_err(|_| X509Error::Malformed("not PEM"))?;
        if chain.len() == MAX_CERTIFICATES {
            return Err(X509Error::TooLong(MAX_CERTIFICATES));
        }
        chain.push(certificate.to_vec());
    }
    if chain.is_empty() {
        return Err(X509Error::Malformed("the PEM text has no certificate"));
    }
    Ok(chain)
}

/// A certificate as PEM.
#[must_use]
pub fn der_to_pem(certificate: &[u8]) -> String {
    let encoded = b64::encode_std(certificate);
    let mut pem = String::with_capacity(encoded.len() + encoded.len() / 64 + 64);
    pem.push_str("-----BEGIN CERTIFICATE-----\n");
    let mut rest = encoded.as_str();
    while let Some((line, after)) = rest.split_at_checked(64.min(rest.len()))
        && !line.is_empty()
    {
        pem.push_str(line);
        pem.push('\n');
        rest = after;
    }
    pem.push_str("-----END CERTIFICATE-----\n");
    pem
}
