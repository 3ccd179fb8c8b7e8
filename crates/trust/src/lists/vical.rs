//! VICAL: a list of the authorities that issue mobile documents (ISO/IEC 18013-5 Annex C).

use credenza_core::UnixTime;
use credenza_crypto::Certificate;
use credenza_crypto::cose::{CoseError, Label, Reader, Sign1, Tagging};
use credenza_crypto::jwt::LEEWAY;

use super::{ListError, ListSigners, MAX_ENTRIES};
use crate::Anchor;

/// The extended key usage of those who sign VICALs.
pub const VICAL_SIGNER: &str = "1.0.18013.5.1.8";

/// CBOR tag of a date and time as text (RFC 8949 §3.4.1).
const DATE_TIME: u64 = 0;

/// A VICAL whose signature was verified.
#[derive(Debug, Clone)]
pub struct Vical {
    /// Who keeps it.
    pub provider: String,
    /// When it was issued.
    pub issued_at: UnixTime,
    /// When the next one is due.
    pub next_update: Option<UnixTime>,
    /// Its number.
    pub issue_id: Option<u64>,
    /// The authorities.
    pub authorities: Vec<ListedAuthority>,
    /// How many authorities were left out, because their certificates can't be used here (another kind of key, say), or
    /// are not the ones that their entries describe.
    pub left_out: usize,
}

/// An authority of a VICAL.
#[derive(Debug, Clone)]
pub struct ListedAuthority {
    /// Its IACA certificate.
    pub certificate: Certificate,
    /// The types of documents that it may issue.
    pub doc_types: Vec<String>,
}

impl Vical {
    /// Reads and verifies a VICAL: `COSE_Sign1`, with or without its tag, signed by one of the signers.
    ///
    /// Whether it is still in force at `now` is not said here: see [`next_update`](Self::next_update).
    ///
    /// # Errors
    /// See [`ListError`].
    pub fn verify(bytes: &[u8], signers: &ListSigners, now: UnixTime) -> Result<Self, ListError> {
        let message = Sign1::parse(bytes, Tagging::Optional)?;
        let chain: Vec<Vec<u8>> = message.header.x5chain.iter().map(|der| der.to_vec()).collect();
        message.verify(&signers.key(&chain, now)?, signers.accepted(), &[])?;
        let payload = message.payload.ok_or(CoseError::Content)?;
        let vical = Reader::whole(payload, Self::read).map_err(|error| match error {
            CoseError::Malformed(what) => ListError::Malformed(what),
            other => ListError::Cose(other),
        })?;
        if vical.issued_at > now + LEEWAY {
            return Err(ListError::NotYetValid);
        }
        Ok(vical)
    }

    /// The authorities as anchors for their types of documents, and for the status lists of those.
    #[must_use]
    pub fn anchors(&self) -> Vec<Anchor> {
        let anchor = |authority: &ListedAuthority| Anchor {
            credential_types: authority.doc_types.clone(),
            ..Anchor::for_issuers(authority.certificate.der.clone())
        };
        self.authorities.iter().map(anchor).collect()
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, CoseError> {
        let (mut version, mut provider, mut issued_at) = (None, None, None);
        let (mut next_update, mut issue_id, mut entries) = (None, None, None);
        reader.map(|label, value| {
            match label {
                Label::Text("version") => version = Some(value.text()?),
                Label::Text("vicalProvider") => provider = Some(value.text()?.to_owned()),
                Label::Text("date") => issued_at = Some(date_time(value)?),
                Label::Text("nextUpdate") => next_update = Some(date_time(value)?),
                Label::Text("vicalIssueID") => issue_id = Some(value.unsigned()?),
                Label::Text("certificateInfos") => entries = Some(read_entries(value)?),
                _ => value.skip()?,
            }
            Ok::<_, CoseError>(())
        })?;
        if version.is_none_or(|version| !(version == "1" || version.starts_with("1."))) {
            return Err(CoseError::Malformed("not version 1 of a VICAL"));
        }
        let (authorities, left_out) = entries.ok_or(CoseError::Malformed("no certificateInfos"))?;
        Ok(Self {
            provider: provider.ok_or(CoseError::Malformed("no vicalProvider"))?,
            issued_at: issued_at.ok_or(CoseError::Malformed("no date"))?,
            next_update,
            issue_id,
            authorities,
            left_out,
        })
    }
}

fn read_entries(reader: &mut Reader<'_>) -> Result<(Vec<ListedAuthority>, usize), CoseError> {
    let mut authorities = Vec::new();
    let mut left_out = 0;
    reader.array(|entry| {
        if authorities.len() + left_out >= MAX_ENTRIES {
            return Err(CoseError::Malformed("more certificates than a list may have"));
        }
        match read_entry(entry)? {
            Some(authority) => authorities.push(authority),
            None => left_out += 1,
        }
        Ok(())
    })?;
    Ok((authorities, left_out))
}

/// One certificateInfo; `None` when its certificate can't be used.
fn read_entry(reader: &mut Reader<'_>) -> Result<Option<ListedAuthority>, CoseError> {
    let (mut der, mut ski) = (None, None);
    let mut doc_types = Vec::new();
    reader.map(|label, value| {
        match label {
            Label::Text("certificate") => der = Some(value.bytes()?),
            Label::Text("ski") => ski = Some(value.bytes()?),
            Label::Text("docType") => {
                value.array(|doc_type| doc_type.text().map(|name| doc_types.push(name.to_owned())))?;
            }
            _ => value.skip()?,
        }
        Ok::<_, CoseError>(())
    })?;
    let der = der.ok_or(CoseError::Malformed("an entry without certificate"))?;
    let ski = ski.ok_or(CoseError::Malformed("an entry without ski"))?;
    // An anchor without types is good for all of them: an entry without types for none.
    if doc_types.is_empty() {
        return Err(CoseError::Malformed("an entry without docType"));
    }
    let Ok(certificate) = Certificate::parse(der) else { return Ok(None) };
    let is_named = certificate.subject_key_id.as_deref().is_none_or(|own| own == bare(ski));
    Ok((certificate.is_ca && is_named).then_some(ListedAuthority { certificate, doc_types }))
}

/// Some lists give a key identifier as it stands in the certificate: an octet string, or one in one.
fn bare(mut ski: &[u8]) -> &[u8] {
    while let [4, length, content @ ..] = ski
        && usize::from(*length) == content.len()
    {
        ski = content;
    }
    ski
}

fn date_time(reader: &mut Reader<'_>) -> Result<UnixTime, CoseError> {
    let text = reader.tagged_as(DATE_TIME, Reader::text)?;
    UnixTime::from_rfc3339(text).ok_or(CoseError::Malformed("a date that is none"))
}
