//! `IssuerSigned`: the data elements with the issuer's signature over their digests (ISO/IEC 18013-5 §8.3.2.1.2.2).

use std::fmt;
use std::ops::Range;

use credenza_crypto::cose::{Encoded, Label, Reader, Sign1, Tagging};

use super::{MdocLimits, MobileSecurityObject, ParseError, name};

/// What an issuer has signed, with all or some of its data elements. It borrows; nothing is verified yet.
#[derive(Clone)]
pub struct IssuerSigned<'b> {
    /// The data elements, by namespace, in the order they came.
    pub namespaces: Vec<(&'b str, Vec<IssuerSignedItem<'b>>)>,
    /// What the signature is over.
    pub mso: MobileSecurityObject<'b>,
    /// The signature, with the object still encoded in it.
    pub issuer_auth: Sign1<'b>,
    /// Where the signature is in the input.
    pub(super) issuer_auth_at: Range<usize>,
}

/// One data element with its salt.
#[derive(Clone)]
pub struct IssuerSignedItem<'b> {
    /// `digestID`
    pub digest_id: u64,
    /// `random`
    pub random: &'b [u8],
    /// `elementIdentifier`
    pub identifier: &'b str,
    /// `elementValue`, encoded.
    pub value: &'b [u8],
    /// All of it as it was received: what is hashed.
    pub encoded: Encoded<'b>,
    /// Where it is in the input.
    pub(super) at: Range<usize>,
}

/// Shows no identifier and no value.
impl fmt::Debug for IssuerSigned<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "IssuerSigned({}, {} elements)", self.mso.doc_type, self.elements().count())
    }
}

impl<'b> IssuerSigned<'b> {
    /// Reads one that fills `bytes`.
    ///
    /// # Errors
    /// See [`ParseError`].
    pub fn parse(bytes: &'b [u8], limits: &MdocLimits) -> Result<Self, ParseError> {
        limits.check_total(bytes)?;
        Reader::whole(bytes, |reader| Self::read(reader, limits))
    }

    pub(super) fn read(reader: &mut Reader<'b>, limits: &MdocLimits) -> Result<Self, ParseError> {
        let mut namespaces = Vec::new();
        let mut issuer_auth = None;
        reader.map(|label, value| {
            match label {
                Label::Text("nameSpaces") => namespaces = read_namespaces(value, limits)?,
                Label::Text("issuerAuth") => {
                    let start = value.position();
                    let message = Sign1::read(value, Tagging::Optional)?;
                    issuer_auth = Some((message, start..value.position()));
                }
                _ => value.skip()?,
            }
            Ok::<_, ParseError>(())
        })?;
        let (issuer_auth, issuer_auth_at) = issuer_auth.ok_or(ParseError::Missing("issuerAuth"))?;
        let payload = issuer_auth.payload.ok_or(ParseError::Missing("the content of issuerAuth"))?;
        let mso = Reader::whole(payload, Reader::encoded)?;
        let mso = MobileSecurityObject::parse(mso.content, limits)?;
        Ok(Self { namespaces, mso, issuer_auth, issuer_auth_at })
    }

    /// The certificates that vouch for the issuer's key: DER, leaf first. Empty when there are none.
    #[must_use]
    pub fn x5chain(&self) -> &[&'b [u8]] {
        &self.issuer_auth.header.x5chain
    }

    /// All data elements, each with its namespace.
    pub fn elements(&self) -> impl Iterator<Item = (&'b str, &IssuerSignedItem<'b>)> {
        self.namespaces.iter().flat_map(|(namespace, items)| items.iter().map(|item| (*namespace, item)))
    }
}

fn read_namespaces<'b>(
    reader: &mut Reader<'b>,
    limits: &MdocLimits,
) -> Result<Vec<(&'b str, Vec<IssuerSignedItem<'b>>)>, ParseError> {
    let mut namespaces = Vec::new();
    let mut count = 0_usize;
    reader.map(|label, value| {
        let mut items = Vec::new();
        value.array(|item| {
            count += 1;
            if count > limits.elements {
                return Err(ParseError::TooMany("data elements"));
            }
            items.push(IssuerSignedItem::read(item)?);
            Ok(())
        })?;
        namespaces.push((name(label, "nameSpaces")?, items));
        Ok::<_, ParseError>(())
    })?;
    Ok(namespaces)
}

impl<'b> IssuerSignedItem<'b> {
    fn read(reader: &mut Reader<'b>) -> Result<Self, ParseError> {
        let start = reader.position();
        let encoded = reader.encoded()?;
        let at = start..reader.position();
        let (mut digest_id, mut random, mut identifier, mut element) = (None, None, None, None);
        Reader::whole(encoded.content, |inner| {
            inner.map(|label, value| {
                match label {
                    Label::Text("digestID") => digest_id = Some(value.unsigned()?),
                    Label::Text("random") => random = Some(value.bytes()?),
                    Label::Text("elementIdentifier") => identifier = Some(value.text()?),
                    Label::Text("elementValue") => element = Some(value.any()?),
                    _ => value.skip()?,
                }
                Ok::<_, ParseError>(())
            })
        })?;
        Ok(Self {
            digest_id: digest_id.ok_or(ParseError::Missing("digestID"))?,
            random: random.ok_or(ParseError::Missing("random"))?,
            identifier: identifier.ok_or(ParseError::Missing("elementIdentifier"))?,
            value: element.ok_or(ParseError::Missing("elementValue"))?,
            encoded,
            at,
        })
    }
}
