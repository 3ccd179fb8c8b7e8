//! `DeviceResponse`: what a wallet presents (ISO/IEC 18013-5 §8.3.2.1.2.2).

use std::fmt;

use credenza_core::Report;
use credenza_crypto::cose::{Encoded, Kind, Label, Mac0, Reader, Sign1, Tagging};

use super::{IssuerSigned, MdocLimits, ParseError, name, rules};

/// A response that was taken apart. It borrows; nothing is verified yet.
#[derive(Debug, Clone)]
pub struct DeviceResponse<'b> {
    /// `version`
    pub version: &'b str,
    /// `documents`
    pub documents: Vec<Document<'b>>,
    /// How many documents the wallet says it does not give.
    pub document_errors: usize,
    /// `status`: 0 when all went well.
    pub status: u64,
}

/// One document of a response.
#[derive(Debug, Clone)]
pub struct Document<'b> {
    /// `docType`, which is not signed here: the issuer's word on it is in the mobile security object.
    pub doc_type: &'b str,
    /// What the issuer has signed.
    pub issuer_signed: IssuerSigned<'b>,
    /// What the holder has signed.
    pub device_signed: Option<DeviceSigned<'b>>,
}

/// What the holder has signed.
#[derive(Clone)]
pub struct DeviceSigned<'b> {
    /// `nameSpaces` as they were received.
    pub namespaces: Encoded<'b>,
    /// The data elements in it.
    pub elements: Vec<DeviceSignedItem<'b>>,
    /// `deviceAuth`
    pub auth: DeviceAuth<'b>,
}

/// One data element that the holder has signed himself.
#[derive(Clone, Copy)]
pub struct DeviceSignedItem<'b> {
    /// The namespace.
    pub namespace: &'b str,
    /// The element's identifier.
    pub identifier: &'b str,
    /// Its value, encoded.
    pub value: &'b [u8],
}

/// The holder's signature or MAC. There has to be exactly one of them.
#[derive(Clone, Default)]
pub struct DeviceAuth<'b> {
    /// `deviceSignature`
    pub signature: Option<Sign1<'b>>,
    /// `deviceMac`
    pub mac: Option<Mac0<'b>>,
}

/// Shows no identifier and no value.
impl fmt::Debug for DeviceSigned<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "DeviceSigned({} elements)", self.elements.len())
    }
}

impl<'b> DeviceResponse<'b> {
    /// Reads a response that fills `bytes`.
    ///
    /// # Errors
    /// See [`ParseError`].
    pub fn parse(bytes: &'b [u8], limits: &MdocLimits) -> Result<Self, ParseError> {
        limits.check_total(bytes)?;
        Reader::whole(bytes, |reader| Self::read_from(reader, limits))
    }

    /// As [`parse`](Self::parse), noting in the report why not.
    #[must_use]
    pub fn read(bytes: &'b [u8], limits: &MdocLimits, report: &mut Report) -> Option<Self> {
        match Self::parse(bytes, limits) {
            Ok(response) => {
                report.pass(&rules::PARSE);
                Some(response)
            }
            Err(error) => {
                report.fail(&rules::PARSE, error.to_string());
                None
            }
        }
    }

    /// The one document of the response, as OpenID4VP with HAIP has it: version 1, status 0, nothing else in it
    /// (HAIP 1.0 §5.3.1). `None` says: refused, see the report.
    #[must_use]
    pub fn single(mut self, report: &mut Report) -> Option<Document<'b>> {
        let sound = self.check(report);
        let alone = self.documents.len() == 1 && self.document_errors == 0;
        let alone = report.check(&rules::RESPONSE_DOCUMENTS, alone, || {
            format!("{} documents and {} document errors", self.documents.len(), self.document_errors)
        });
        if sound && alone { self.documents.pop() } else { None }
    }

    /// Checks what holds for the response as a whole, whatever is in it.
    pub fn check(&self, report: &mut Report) -> bool {
        let known = is_version_1(self.version);
        report.check(&rules::RESPONSE_VERSION, known, || "another major version than 1")
            & report
                .check(&rules::RESPONSE_STATUS, self.status == 0, || format!("the status is {}", self.status))
    }

    fn read_from(reader: &mut Reader<'b>, limits: &MdocLimits) -> Result<Self, ParseError> {
        let (mut version, mut status) = (None, None);
        let mut documents = Vec::new();
        let mut document_errors = 0_usize;
        reader.map(|label, value| {
            match label {
                Label::Text("version") => version = Some(value.text()?),
                Label::Text("status") => status = Some(value.unsigned()?),
                Label::Text("documents") => {
                    value.array(|document| {
                        if documents.len() >= limits.documents {
                            return Err(ParseError::TooMany("documents"));
                        }
                        documents.push(Document::read(document, limits)?);
                        Ok(())
                    })?;
                }
                Label::Text("documentErrors") => {
                    value.array(|error| {
                        document_errors += 1;
                        error.skip()
                    })?;
                }
                _ => value.skip()?,
            }
            Ok::<_, ParseError>(())
        })?;
        Ok(Self {
            version: version.ok_or(ParseError::Missing("version"))?,
            documents,
            document_errors,
            status: status.ok_or(ParseError::Missing("status"))?,
        })
    }
}

/// Minor versions change nothing that we read.
pub(super) fn is_version_1(version: &str) -> bool {
    version.split_once('.').is_some_and(|(major, _)| major == "1")
}

impl<'b> Document<'b> {
    /// The certificates that vouch for the issuer's key: DER, leaf first. Empty when there are none.
    #[must_use]
    pub fn x5chain(&self) -> &[&'b [u8]] {
        self.issuer_signed.x5chain()
    }

    fn read(reader: &mut Reader<'b>, limits: &MdocLimits) -> Result<Self, ParseError> {
        let (mut doc_type, mut issuer_signed, mut device_signed) = (None, None, None);
        reader.map(|label, value| {
            match label {
                Label::Text("docType") => doc_type = Some(value.text()?),
                Label::Text("issuerSigned") => issuer_signed = Some(IssuerSigned::read(value, limits)?),
                Label::Text("deviceSigned") => device_signed = Some(DeviceSigned::read(value, limits)?),
                _ => value.skip()?,
            }
            Ok::<_, ParseError>(())
        })?;
        Ok(Self {
            doc_type: doc_type.ok_or(ParseError::Missing("docType"))?,
            issuer_signed: issuer_signed.ok_or(ParseError::Missing("issuerSigned"))?,
            device_signed,
        })
    }
}

impl<'b> DeviceSigned<'b> {
    fn read(reader: &mut Reader<'b>, limits: &MdocLimits) -> Result<Self, ParseError> {
        let (mut namespaces, mut auth) = (None, None);
        reader.map(|label, value| {
            match label {
                Label::Text("nameSpaces") => namespaces = Some(value.encoded()?),
                Label::Text("deviceAuth") => auth = Some(DeviceAuth::read(value)?),
                _ => value.skip()?,
            }
            Ok::<_, ParseError>(())
        })?;
        let namespaces = namespaces.ok_or(ParseError::Missing("the nameSpaces of deviceSigned"))?;
        let elements = read_elements(namespaces.content, limits)?;
        Ok(Self { namespaces, elements, auth: auth.ok_or(ParseError::Missing("deviceAuth"))? })
    }
}

fn read_elements<'b>(bytes: &'b [u8], limits: &MdocLimits) -> Result<Vec<DeviceSignedItem<'b>>, ParseError> {
    const WHAT: &str = "the nameSpaces of deviceSigned";
    let mut elements = Vec::new();
    Reader::whole(bytes, |reader| {
        reader.map(|namespace, value| {
            let namespace = name(namespace, WHAT)?;
            value.map(|identifier, value| {
                if elements.len() >= limits.elements {
                    return Err(ParseError::TooMany("data elements"));
                }
                let identifier = name(identifier, WHAT)?;
                elements.push(DeviceSignedItem { namespace, identifier, value: value.any()? });
                Ok(())
            })
        })
    })?;
    Ok(elements)
}

impl<'b> DeviceAuth<'b> {
    fn read(reader: &mut Reader<'b>) -> Result<Self, ParseError> {
        let mut found = Self::default();
        reader.map(|label, value| {
            match label {
                // Some wallets of 2024 write undefined for what is not there.
                _ if value.kind()? == Kind::Undefined => value.skip()?,
                Label::Text("deviceSignature") => {
                    found.signature = Some(Sign1::read(value, Tagging::Optional)?);
                }
                Label::Text("deviceMac") => found.mac = Some(Mac0::read(value, Tagging::Optional)?),
                _ => value.skip()?,
            }
            Ok::<_, ParseError>(())
        })?;
        Ok(found)
    }
}
