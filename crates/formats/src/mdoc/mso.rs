//! The mobile security object: what the issuer has signed (ISO/IEC 18013-5 §9.1.2.4).

use credenza_core::UnixTime;
use credenza_crypto::PublicKey;
use credenza_crypto::cose::{CoseKey, Kind, Label, Reader};
use serde::{Deserialize, Serialize};

use super::tdate::Tdate;
use super::{MdocLimits, ParseError, name};

/// The digests of one namespace, by their identifiers, in ascending order.
pub type Digests<'b> = Vec<(u64, &'b [u8])>;

/// The mobile security object. It borrows.
#[derive(Clone)]
pub struct MobileSecurityObject<'b> {
    /// `version`
    pub version: &'b str,
    /// `digestAlgorithm`, as ISO/IEC 18013-5 names it: `SHA-256`.
    pub digest_algorithm: &'b str,
    /// `valueDigests`, by namespace.
    pub value_digests: Vec<(&'b str, Digests<'b>)>,
    /// `deviceKey`: the holder's.
    pub device_key: PublicKey,
    /// `keyAuthorizations`: what the holder may sign himself.
    pub key_authorizations: KeyAuthorizations,
    /// `docType`
    pub doc_type: &'b str,
    /// `validityInfo`
    pub validity: ValidityInfo,
    /// `status`, encoded.
    pub status: Option<&'b [u8]>,
    /// Whether all times of `validityInfo` have exactly the form that the standard wants.
    pub(super) times_exact: bool,
}

/// When a document was signed, and when it is valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ValidityInfo {
    /// `signed`
    pub signed: UnixTime,
    /// `validFrom`: not before `signed`.
    pub valid_from: UnixTime,
    /// `validUntil`: after `validFrom`.
    pub valid_until: UnixTime,
    /// `expectedUpdate`: when the issuer means to have a new one ready.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected_update: Option<UnixTime>,
}

impl ValidityInfo {
    /// Whether the times are in the order that ISO/IEC 18013-5 §9.1.2.4 demands.
    #[must_use]
    pub fn in_order(&self) -> bool {
        self.signed <= self.valid_from && self.valid_from < self.valid_until
    }
}

/// Data elements that the holder may sign himself. Empty: none.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct KeyAuthorizations {
    /// Whole namespaces.
    pub namespaces: Vec<String>,
    /// Single elements, by namespace. No namespace is in both.
    pub elements: Vec<(String, Vec<String>)>,
}

impl KeyAuthorizations {
    /// Whether the holder may sign that element.
    #[must_use]
    pub fn allow(&self, namespace: &str, element: &str) -> bool {
        self.namespaces.iter().any(|whole| whole == namespace)
            || self
                .elements
                .iter()
                .any(|(named, elements)| named == namespace && elements.iter().any(|one| one == element))
    }

    /// Whether no namespace is named as a whole and by its elements too.
    #[must_use]
    pub fn are_unambiguous(&self) -> bool {
        !self.elements.iter().any(|(namespace, _)| self.namespaces.contains(namespace))
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, ParseError> {
        const WHAT: &str = "keyAuthorizations";
        let mut found = Self::default();
        reader.map(|label, value| match label {
            Label::Text("nameSpaces") => {
                found.namespaces = texts(value)?;
                Ok::<_, ParseError>(())
            }
            Label::Text("dataElements") => value.map(|namespace, elements| {
                found.elements.push((name(namespace, WHAT)?.to_owned(), texts(elements)?));
                Ok(())
            }),
            _ => Ok(value.skip()?),
        })?;
        Ok(found)
    }
}

fn texts(reader: &mut Reader<'_>) -> Result<Vec<String>, ParseError> {
    let mut found = Vec::new();
    reader.array(|item| item.text().map(|text| found.push(text.to_owned())))?;
    Ok(found)
}

impl<'b> MobileSecurityObject<'b> {
    /// Reads one that fills `bytes`.
    ///
    /// # Errors
    /// See [`ParseError`].
    pub fn parse(bytes: &'b [u8], limits: &MdocLimits) -> Result<Self, ParseError> {
        Reader::whole(bytes, |reader| Self::read(reader, limits))
    }

    fn read(reader: &mut Reader<'b>, limits: &MdocLimits) -> Result<Self, ParseError> {
        let (mut version, mut digest_algorithm, mut doc_type) = (None, None, None);
        let (mut value_digests, mut device, mut validity, mut status) = (None, None, None, None);
        reader.map(|label, value| {
            match label {
                Label::Text("version") => version = Some(value.text()?),
                Label::Text("digestAlgorithm") => digest_algorithm = Some(value.text()?),
                Label::Text("docType") => doc_type = Some(value.text()?),
                Label::Text("valueDigests") => value_digests = Some(read_digests(value, limits)?),
                Label::Text("deviceKeyInfo") => device = Some(read_device(value)?),
                Label::Text("validityInfo") => validity = Some(read_validity(value)?),
                Label::Text("status") => status = Some(value.any()?),
                _ => value.skip()?,
            }
            Ok::<_, ParseError>(())
        })?;
        let (device_key, key_authorizations) = device.ok_or(ParseError::Missing("deviceKeyInfo"))?;
        let (validity, times_exact) = validity.ok_or(ParseError::Missing("validityInfo"))?;
        Ok(Self {
            version: version.ok_or(ParseError::Missing("version"))?,
            digest_algorithm: digest_algorithm.ok_or(ParseError::Missing("digestAlgorithm"))?,
            value_digests: value_digests.ok_or(ParseError::Missing("valueDigests"))?,
            device_key,
            key_authorizations,
            doc_type: doc_type.ok_or(ParseError::Missing("docType"))?,
            validity,
            status,
            times_exact,
        })
    }

    /// The digest of an item, as the issuer has signed it.
    #[must_use]
    pub fn digest(&self, namespace: &str, id: u64) -> Option<&'b [u8]> {
        let (_, digests) = self.value_digests.iter().find(|(named, _)| *named == namespace)?;
        let found = digests.binary_search_by_key(&id, |(id, _)| *id).ok()?;
        digests.get(found).map(|(_, digest)| *digest)
    }
}

fn read_digests<'b>(
    reader: &mut Reader<'b>,
    limits: &MdocLimits,
) -> Result<Vec<(&'b str, Digests<'b>)>, ParseError> {
    const WHAT: &str = "valueDigests";
    let mut namespaces = Vec::new();
    let mut count = 0_usize;
    reader.map(|namespace, value| {
        let mut digests = Digests::new();
        value.map(|id, digest| {
            count += 1;
            if count > limits.digests {
                return Err(ParseError::TooMany("digests"));
            }
            let Label::Integer(id) = id else { return Err(ParseError::Malformed(WHAT)) };
            let id = u64::try_from(id).map_err(|_| ParseError::Malformed(WHAT))?;
            digests.push((id, digest.bytes()?));
            Ok(())
        })?;
        digests.sort_unstable_by_key(|(id, _)| *id);
        namespaces.push((name(namespace, WHAT)?, digests));
        Ok::<_, ParseError>(())
    })?;
    Ok(namespaces)
}

fn read_device(reader: &mut Reader<'_>) -> Result<(PublicKey, KeyAuthorizations), ParseError> {
    let (mut key, mut authorizations) = (None, KeyAuthorizations::default());
    reader.map(|label, value| {
        match label {
            Label::Text("deviceKey") => key = Some(CoseKey::read(value)?.key),
            Label::Text("keyAuthorizations") => authorizations = KeyAuthorizations::read(value)?,
            _ => value.skip()?,
        }
        Ok::<_, ParseError>(())
    })?;
    Ok((key.ok_or(ParseError::Missing("deviceKey"))?, authorizations))
}

fn read_validity(reader: &mut Reader<'_>) -> Result<(ValidityInfo, bool), ParseError> {
    let (mut signed, mut valid_from, mut valid_until, mut expected_update) = (None, None, None, None);
    let mut exact = true;
    reader.map(|label, value| {
        let known = match label {
            Label::Text("signed") => &mut signed,
            Label::Text("validFrom") => &mut valid_from,
            Label::Text("validUntil") => &mut valid_until,
            // Some write that there is none.
            Label::Text("expectedUpdate") if value.kind()? == Kind::Null => return Ok(value.null()?),
            Label::Text("expectedUpdate") => &mut expected_update,
            _ => return Ok(value.skip()?),
        };
        let found = Tdate::read(value)?;
        exact &= found.exact;
        *known = Some(found.time);
        Ok::<_, ParseError>(())
    })?;
    let validity = ValidityInfo {
        signed: signed.ok_or(ParseError::Missing("signed"))?,
        valid_from: valid_from.ok_or(ParseError::Missing("validFrom"))?,
        valid_until: valid_until.ok_or(ParseError::Missing("validUntil"))?,
        expected_update,
    };
    Ok((validity, exact))
}
