//! The two headers of a COSE message (RFC 9052 §3).

use super::{CoseError, Label, Reader, Writer};
use crate::Signer;

const ALG: i64 = 1;
const CRIT: i64 = 2;
const KID: i64 = 4;
const TYP: i64 = 16;
const X5CHAIN: i64 = 33;

/// Whether a message has its CBOR tag: profiles differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tagging {
    /// It has to be there.
    Required,
    /// With or without.
    Optional,
    /// It may not be there.
    Absent,
}

/// What a message says about itself. It borrows.
#[derive(Debug, Clone)]
pub struct Header<'b> {
    /// `alg` of the protected header.
    pub algorithm: i64,
    /// `typ` (RFC 9596) of the protected header, when it is a text.
    pub typ: Option<&'b str>,
    /// `kid`
    pub kid: Option<&'b [u8]>,
    /// `x5chain` (RFC 9360): DER, leaf first.
    pub x5chain: Vec<&'b [u8]>,
    /// The protected header as it was received.
    pub(super) protected: &'b [u8],
}

#[derive(Default)]
struct Parameters<'b> {
    algorithm: Option<i64>,
    typ: Option<&'b str>,
    kid: Option<&'b [u8]>,
    x5chain: Vec<&'b [u8]>,
}

impl<'b> Header<'b> {
    /// Reads both headers, which are the first two items of every COSE message.
    pub(super) fn read(reader: &mut Reader<'b>) -> Result<Self, CoseError> {
        let protected = reader.bytes()?;
        let signed = match protected {
            // The empty header has this form too (RFC 9052 §3).
            [] => Parameters::default(),
            bytes => Reader::whole(bytes, Parameters::read)?,
        };
        let open = Parameters::read(reader)?;
        // One algorithm, and a signed one: whoever can change it chooses how he is checked.
        let algorithm = match open.algorithm {
            None => signed.algorithm.ok_or(CoseError::Algorithm)?,
            Some(_) => return Err(CoseError::Algorithm),
        };
        let x5chain = match (signed.x5chain.is_empty(), open.x5chain.is_empty()) {
            (false, false) if signed.x5chain != open.x5chain => {
                return Err(CoseError::Malformed("two different x5chain"));
            }
            (true, _) => open.x5chain,
            _ => signed.x5chain,
        };
        if matches!((signed.kid, open.kid), (Some(one), Some(other)) if one != other) {
            return Err(CoseError::Malformed("two different kid"));
        }
        Ok(Self { algorithm, typ: signed.typ, kid: signed.kid.or(open.kid), x5chain, protected })
    }
}

impl<'b> Parameters<'b> {
    fn read(reader: &mut Reader<'b>) -> Result<Self, CoseError> {
        let mut found = Self::default();
        reader.map(|label, value| {
            match label {
                Label::Integer(ALG) => {
                    found.algorithm = Some(value.integer().map_err(|_| CoseError::Algorithm)?);
                }
                Label::Integer(CRIT) => return Err(CoseError::Critical),
                Label::Integer(KID) => found.kid = Some(value.bytes()?),
                Label::Integer(TYP) if value.kind()? == super::Kind::Text => {
                    found.typ = Some(value.text()?);
                }
                Label::Integer(X5CHAIN) => found.x5chain = chain(value)?,
                _ => value.skip()?,
            }
            Ok(())
        })?;
        Ok(found)
    }
}

/// One certificate, or an array of them (RFC 9360 §2). The European wallet sends an empty array where it has none.
fn chain<'b>(reader: &mut Reader<'b>) -> Result<Vec<&'b [u8]>, CoseError> {
    if reader.kind()? == super::Kind::Bytes {
        return Ok(vec![reader.bytes()?]);
    }
    let mut chain = Vec::new();
    reader.array(|certificate| certificate.bytes().map(|der| chain.push(der)))?;
    Ok(chain)
}

/// What is to be said in the headers of a signature.
#[derive(Debug, Clone, Copy, Default)]
pub struct SigningHeader<'a> {
    /// `alg`
    pub algorithm: i64,
    /// `typ`, protected.
    pub typ: Option<&'a str>,
    /// `kid`, protected.
    pub kid: Option<&'a [u8]>,
    /// `x5chain`, protected.
    pub x5chain: &'a [Vec<u8>],
    /// `x5chain`, unprotected, which is where ISO/IEC 18013-5 has it.
    pub open_x5chain: &'a [Vec<u8>],
}

impl<'a> SigningHeader<'a> {
    /// The algorithm and nothing else.
    #[must_use]
    pub fn new(signer: &dyn Signer) -> Self {
        Self { algorithm: signer.algorithm().cose(), ..Self::default() }
    }

    pub(super) fn protected(&self) -> Vec<u8> {
        let optional = [self.kid.is_some(), self.typ.is_some(), !self.x5chain.is_empty()];
        let mut out = Writer::default();
        out.map(1 + optional.into_iter().filter(|there| *there).count());
        out.integer(ALG).integer(self.algorithm);
        if let Some(kid) = self.kid {
            out.integer(KID).bytes(kid);
        }
        if let Some(typ) = self.typ {
            out.integer(TYP).text(typ);
        }
        write_chain(&mut out, self.x5chain);
        out.into_bytes()
    }

    pub(super) fn write_unprotected(&self, out: &mut Writer) {
        out.map(usize::from(!self.open_x5chain.is_empty()));
        write_chain(out, self.open_x5chain);
    }
}

fn write_chain(out: &mut Writer, chain: &[Vec<u8>]) {
    match chain {
        [] => {}
        [single] => {
            out.integer(X5CHAIN).bytes(single);
        }
        several => {
            out.integer(X5CHAIN).array(several.len());
            for certificate in several {
                out.bytes(certificate);
            }
        }
    }
}
