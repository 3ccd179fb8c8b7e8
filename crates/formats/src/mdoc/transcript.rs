//! `SessionTranscript`: what a presentation is bound to (ISO/IEC 18013-5 §9.1.5.1, OpenID4VP 1.0 §B.2.6).

use std::fmt;

use credenza_crypto::cose::{CborError, Reader, Writer};
use credenza_crypto::hash::sha256;

/// An encoded session transcript. Whoever verifies makes it from what he himself has sent.
#[derive(Clone, PartialEq, Eq)]
pub struct SessionTranscript(Vec<u8>);

/// Shows nothing: it has the nonce in it.
impl fmt::Debug for SessionTranscript {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("SessionTranscript(…)")
    }
}

impl SessionTranscript {
    /// OpenID4VP by redirects and `direct_post` (OpenID4VP 1.0 §B.2.6.1).
    ///
    /// `client_id` has its prefix. `thumbprint` is the RFC 7638 thumbprint of the verifier's key that the response is
    /// encrypted to; `None` when it is not encrypted. `response_uri` is the request's `response_uri`, or its
    /// `redirect_uri` when it has none.
    #[must_use]
    pub fn openid4vp(
        client_id: &str,
        nonce: &str,
        thumbprint: Option<&[u8; 32]>,
        response_uri: &str,
    ) -> Self {
        let mut info = Writer::default();
        info.array(4).text(client_id).text(nonce);
        optional(&mut info, thumbprint).text(response_uri);
        Self::hashed("OpenID4VPHandover", info.as_bytes())
    }

    /// OpenID4VP through the Digital Credentials API (OpenID4VP 1.0 §B.2.6.2).
    ///
    /// `origin` is the caller's origin without any prefix. `thumbprint` is as in [`openid4vp`](Self::openid4vp):
    /// `None` for the response mode `dc_api`.
    #[must_use]
    pub fn openid4vp_dc_api(origin: &str, nonce: &str, thumbprint: Option<&[u8; 32]>) -> Self {
        let mut info = Writer::default();
        optional(info.array(3).text(origin).text(nonce), thumbprint);
        Self::hashed("OpenID4VPDCAPIHandover", info.as_bytes())
    }

    /// A presentation inside of an authorization (OID4VCI 1.1 §A.2.5): `endpoint` is the authorization challenge
    /// endpoint, without a prefix.
    #[must_use]
    pub fn interactive_authorization(endpoint: &str, nonce: &str, thumbprint: Option<&[u8; 32]>) -> Self {
        let mut info = Writer::default();
        optional(info.array(3).text(endpoint).text(nonce), thumbprint);
        Self::hashed("OpenID4VCIIAEHandover", info.as_bytes())
    }

    /// OpenID4VP through the Digital Credentials API as draft 24 had it.
    ///
    /// `client_id` is the effective one: `web-origin:` and the origin when the request is not signed.
    #[must_use]
    pub fn openid4vp_dc_api_draft_24(origin: &str, client_id: &str, nonce: &str) -> Self {
        let mut info = Writer::default();
        info.array(3).text(origin).text(client_id).text(nonce);
        Self::hashed("OpenID4VPDCAPIHandover", info.as_bytes())
    }

    /// OpenID4VP drafts 18 to 23 with mdoc (ISO/IEC TS 18013-7 Annex B.4.4).
    ///
    /// `mdoc_generated_nonce` is the wallet's, from the `apu` of the encrypted response.
    #[must_use]
    pub fn iso_18013_7(client_id: &str, response_uri: &str, nonce: &str, mdoc_generated_nonce: &str) -> Self {
        let hash = |text| {
            let mut pair = Writer::default();
            pair.array(2).text(text).text(mdoc_generated_nonce);
            sha256(pair.as_bytes())
        };
        let mut handover = Writer::default();
        handover.array(3).bytes(&hash(client_id)).bytes(&hash(response_uri)).text(nonce);
        Self::with_handover(handover.as_bytes())
    }

    /// The protocol `org-iso-mdoc` of the Digital Credentials API (ISO/IEC TS 18013-7 Annex C).
    ///
    /// `encryption_info` is the base64url text of the request, as it was sent.
    #[must_use]
    pub fn org_iso_mdoc(encryption_info: &str, origin: &str) -> Self {
        let mut info = Writer::default();
        info.array(2).text(encryption_info).text(origin);
        Self::hashed("dcapi", info.as_bytes())
    }

    /// Any other transcript, such as that of a session in proximity, in its encoded form.
    ///
    /// # Errors
    /// Not an array of three acceptable CBOR items.
    pub fn from_cbor(bytes: Vec<u8>) -> Result<Self, CborError> {
        Reader::whole(&bytes, |reader| reader.tuple(3, |items| (0..3).try_for_each(|_| items.skip())))?;
        Ok(Self(bytes))
    }

    /// The encoded transcript.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// `SessionTranscriptBytes`: the transcript as an embedded item (tag 24).
    #[must_use]
    pub fn embedded(&self) -> Vec<u8> {
        let mut out = Writer::with_capacity(self.0.len() + 8);
        out.encoded(&self.0);
        out.into_bytes()
    }

    /// A handover that is a name and the hash of what belongs to it.
    fn hashed(name: &str, info: &[u8]) -> Self {
        let mut handover = Writer::default();
        handover.array(2).text(name).bytes(&sha256(info));
        Self::with_handover(handover.as_bytes())
    }

    /// Without device engagement and reader key, which belong to proximity.
    fn with_handover(handover: &[u8]) -> Self {
        let mut out = Writer::with_capacity(handover.len() + 3);
        out.array(3).null().null().raw(handover);
        Self(out.into_bytes())
    }
}

fn optional<'w>(out: &'w mut Writer, thumbprint: Option<&[u8; 32]>) -> &'w mut Writer {
    match thumbprint {
        Some(thumbprint) => out.bytes(thumbprint),
        None => out.null(),
    }
}
