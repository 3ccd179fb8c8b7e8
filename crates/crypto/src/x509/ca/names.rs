//! Names in the terms of rcgen.

use der::asn1::{Ia5StringRef, PrintableStringRef, Utf8StringRef};
use der::{Decode as _, Tag, Tagged as _};
use rcgen::{DistinguishedName, DnType, DnValue};

use super::{CaError, Subject};

pub(super) fn distinguished_name(subject: &Subject) -> Result<DistinguishedName, CaError> {
    let mut name = DistinguishedName::new();
    if let Some(country) = &subject.country {
        let country = country.as_str().try_into().map_err(|_| CaError::Name)?;
        name.push(DnType::CountryName, DnValue::PrintableString(country));
    }
    if let Some(state) = &subject.state {
        name.push(DnType::StateOrProvinceName, state.as_str());
    }
    if let Some(organization) = &subject.organization {
        name.push(DnType::OrganizationName, organization.as_str());
    }
    name.push(DnType::CommonName, subject.common_name.as_str());
    Ok(name)
}

/// The subject of a CA's certificate, as rcgen writes names: with the same types of strings.
pub(super) fn issuer_name(der: &[u8]) -> Result<DistinguishedName, CaError> {
    let mut name = DistinguishedName::new();
    for attribute in names(der)?.subject().iter() {
        let kind = DnType::CustomDnType(arcs(&attribute.oid.to_string())?);
        let bad = |_| CaError::Name;
        let value = match attribute.value.tag() {
            Tag::Utf8String => {
                let text = attribute.value.decode_as::<Utf8StringRef<'_>>().map_err(bad)?;
                DnValue::Utf8String(text.to_string())
            }
            Tag::PrintableString => {
                let text = attribute.value.decode_as::<PrintableStringRef<'_>>().map_err(bad)?;
                DnValue::PrintableString(text.as_str().try_into().map_err(|_| CaError::Name)?)
            }
            Tag::Ia5String => {
                let text = attribute.value.decode_as::<Ia5StringRef<'_>>().map_err(bad)?;
                DnValue::Ia5String(text.as_str().try_into().map_err(|_| CaError::Name)?)
            }
            _ => return Err(CaError::Name),
        };
        name.push(kind, value);
    }
    Ok(name)
}

pub(super) fn names(der: &[u8]) -> Result<x509_cert::TbsCertificate, CaError> {
    let certificate = x509_cert::Certificate::from_der(der).map_err(|_| CaError::Name)?;
    Ok(certificate.tbs_certificate().clone())
}

/// The numbers of a dotted OID.
pub(super) fn arcs(oid: &str) -> Result<Vec<u64>, CaError> {
    let oid = der::oid::ObjectIdentifier::new(oid).map_err(|_| CaError::Name)?;
    Ok(oid.arcs().map(u64::from).collect())
}
