//! `COSE_Sign1`: a message with one signature (RFC 9052 §4.2).

use super::{CoseError, Header, Kind, Reader, SIGN1_TAG, SigningHeader, Tagging, Writer};
use crate::{Algorithm, PublicKey, SignError, Signer};

/// A signed message that was taken apart and not verified yet. It borrows.
#[derive(Debug, Clone)]
pub struct Sign1<'b> {
    /// Both headers.
    pub header: Header<'b>,
    /// The content, when it is attached.
    pub payload: Option<&'b [u8]>,
    signature: &'b [u8],
}

impl<'b> Sign1<'b> {
    /// Takes a message apart, which fills `bytes`.
    ///
    /// # Errors
    /// See [`CoseError`].
    pub fn parse(bytes: &'b [u8], tagging: Tagging) -> Result<Self, CoseError> {
        Reader::whole(bytes, |reader| Self::read(reader, tagging))
    }

    /// Takes a message apart, which is the reader's next item.
    ///
    /// # Errors
    /// See [`CoseError`].
    pub fn read(reader: &mut Reader<'b>, tagging: Tagging) -> Result<Self, CoseError> {
        let (header, payload, signature) = read_message(reader, SIGN1_TAG, tagging)?;
        Ok(Self { header, payload, signature })
    }

    /// Verifies the signature over the attached content, if its algorithm is one of those allowed.
    ///
    /// # Errors
    /// [`CoseError::Algorithm`], [`CoseError::Content`] or [`CoseError::Signature`].
    pub fn verify(
        &self,
        key: &PublicKey,
        allowed: &[Algorithm],
        external_aad: &[u8],
    ) -> Result<(), CoseError> {
        self.verify_over(self.payload.ok_or(CoseError::Content)?, key, allowed, external_aad)
    }

    /// Verifies the signature over content that is not in the message.
    ///
    /// # Errors
    /// [`CoseError::Algorithm`], [`CoseError::Content`] or [`CoseError::Signature`].
    pub fn verify_detached(
        &self,
        content: &[u8],
        key: &PublicKey,
        allowed: &[Algorithm],
        external_aad: &[u8],
    ) -> Result<(), CoseError> {
        if self.payload.is_some() {
            return Err(CoseError::Content);
        }
        self.verify_over(content, key, allowed, external_aad)
    }

    /// The signature algorithm, when it is one that we know.
    #[must_use]
    pub fn algorithm(&self) -> Option<Algorithm> {
        Algorithm::from_cose(self.header.algorithm)
    }

    fn verify_over(
        &self,
        content: &[u8],
        key: &PublicKey,
        allowed: &[Algorithm],
        external_aad: &[u8],
    ) -> Result<(), CoseError> {
        let algorithm = self.algorithm().filter(|algorithm| allowed.contains(algorithm));
        let message = to_be_signed(CONTEXT, self.header.protected, external_aad, content);
        Ok(key.verify(algorithm.ok_or(CoseError::Algorithm)?, &message, self.signature)?)
    }
}

const CONTEXT: &str = "Signature1";

/// Where the content of a message is.
#[derive(Debug, Clone, Copy)]
pub enum Content<'a> {
    /// In the message.
    Attached(&'a [u8]),
    /// Elsewhere: the receiver has it already.
    Detached(&'a [u8]),
}

impl<'a> Content<'a> {
    pub(super) fn bytes(self) -> &'a [u8] {
        match self {
            Self::Attached(bytes) | Self::Detached(bytes) => bytes,
        }
    }

    pub(super) fn write(self, out: &mut Writer) {
        match self {
            Self::Attached(bytes) => out.bytes(bytes),
            Self::Detached(_) => out.null(),
        };
    }
}

/// Signs: a `COSE_Sign1` without its tag. Put [`SIGN1_TAG`] in front where a profile wants it.
///
/// # Errors
/// The signer could not sign.
pub async fn create(
    signer: &dyn Signer,
    header: &SigningHeader<'_>,
    content: Content<'_>,
    external_aad: &[u8],
) -> Result<Vec<u8>, SignError> {
    let protected = header.protected();
    let message = to_be_signed(CONTEXT, &protected, external_aad, content.bytes());
    let signature = signer.sign(&message).await?;
    let mut out = Writer::with_capacity(message.len() + 256);
    out.array(4).bytes(&protected);
    header.write_unprotected(&mut out);
    content.write(&mut out);
    out.bytes(&signature);
    Ok(out.into_bytes())
}

/// `Sig_structure` and `MAC_structure` (RFC 9052 §4.4, §6.3).
pub(super) fn to_be_signed(context: &str, protected: &[u8], external_aad: &[u8], content: &[u8]) -> Vec<u8> {
    let mut out = Writer::with_capacity(protected.len() + external_aad.len() + content.len() + 32);
    out.array(4).text(context).bytes(protected).bytes(external_aad).bytes(content);
    out.into_bytes()
}

/// The four items of a `COSE_Sign1` or `COSE_Mac0`.
#[expect(clippy::type_complexity, reason = "the items of one array, in their order")]
pub(super) fn read_message<'b>(
    reader: &mut Reader<'b>,
    tag: u64,
    tagging: Tagging,
) -> Result<(Header<'b>, Option<&'b [u8]>, &'b [u8]), CoseError> {
    let items = |reader: &mut Reader<'b>| {
        reader.tuple(4, |reader| {
            let header = Header::read(reader)?;
            let payload = match reader.kind()? {
                // Some wallets of 2024 write undefined for null; both say that there is no content.
                Kind::Null | Kind::Undefined => reader.skip().map(|()| None)?,
                _ => Some(reader.bytes()?),
            };
            Ok((header, payload, reader.bytes()?))
        })
    };
    match (reader.kind()? == Kind::Tag, tagging) {
        (true, Tagging::Absent) | (false, Tagging::Required) => Err(CoseError::Tag),
        (false, _) => items(reader),
        (true, _) => {
            reader.tagged(|found, reader| if found == tag { items(reader) } else { Err(CoseError::Tag) })
        }
    }
}
