//! Status List Tokens as CWT (Token Status List §5.2).
//!
//! Only `COSE_Sign1` is read and written; a token in a `COSE_Mac0`, which says that both sides share a key, is refused.

use std::fmt;
use std::time::Duration;

use credenza_core::Report;
use credenza_crypto::cose::{
    self, Content, CoseError, Label, Reader, SIGN1_TAG, Sign1, SigningHeader, Tagging, Writer, cwt,
};
use credenza_crypto::{IdentifiedBy, PublicKey, Signer};

use super::claims::{Claims, NotPositive};
use super::{Expected, Issuance, IssueError, KeyClues, StatusList, accept};
use crate::status_list::{EncodedList, StatusBits, rules};

/// `typ` of the protected header, and the media type of a token in this form.
pub const MEDIA_TYPE: &str = "application/statuslist+cwt";

/// Label of `ttl`.
const TTL: Label<'_> = Label::Integer(65534);

/// Label of `status_list`.
const STATUS_LIST: Label<'_> = Label::Integer(65533);

/// Signs a list. Of a key's certificates the chain is in the protected header, for [`IdentifiedBy::X5c`].
///
/// # Errors
/// [`IssueError`]
pub async fn issue(
    signer: &dyn Signer,
    identified_by: IdentifiedBy,
    issuance: &Issuance<'_>,
    list: &EncodedList,
) -> Result<Vec<u8>, IssueError> {
    issuance.check()?;
    let mut ttl = Writer::default();
    let mut status_list = Writer::with_capacity(list.compressed().len() + 64);
    let mut more = Vec::with_capacity(2);
    if let Some(seconds) = issuance.ttl {
        ttl.unsigned(seconds.as_secs());
        more.push((TTL, ttl.as_bytes()));
    }
    status_list.map(2 + usize::from(issuance.aggregation_uri.is_some()));
    status_list.text("bits").unsigned(list.bits().number().into());
    status_list.text("lst").bytes(list.compressed());
    if let Some(uri) = issuance.aggregation_uri {
        status_list.text("aggregation_uri").text(uri);
    }
    more.push((STATUS_LIST, status_list.as_bytes()));
    let claims = cwt::Claims {
        issuer: issuance.issuer,
        subject: Some(issuance.uri),
        issued_at: Some(issuance.issued_at),
        expires: issuance.expires_at,
        more,
        ..cwt::Claims::default()
    };
    let kid = signer.public_jwk().kid.as_deref().map(str::as_bytes);
    let header = SigningHeader {
        typ: Some(MEDIA_TYPE),
        kid: kid.filter(|_| matches!(identified_by, IdentifiedBy::Kid | IdentifiedBy::X5c)),
        x5chain: if identified_by == IdentifiedBy::X5c { signer.x5c() } else { &[] },
        ..SigningHeader::new(signer)
    };
    let message = cose::sign1(signer, &header, Content::Attached(&claims.to_bytes()), &[]).await?;
    let mut token = Writer::with_capacity(message.len() + 1);
    token.tag(SIGN1_TAG).raw(&message);
    Ok(token.into_bytes())
}

/// A token whose signature has not been looked at.
pub struct Unverified<'a> {
    message: Sign1<'a>,
    clues: KeyClues,
    claims: Claims,
}

impl<'a> Unverified<'a> {
    /// Takes a token of at most `max` bytes apart.
    #[must_use]
    pub fn read(token: &'a [u8], max: usize, report: &mut Report) -> Option<Self> {
        if token.len() > max {
            report.fail(&rules::PARSE, "longer than a token may be");
            return None;
        }
        let message = match Sign1::parse(token, Tagging::Required) {
            Ok(message) => message,
            Err(error) => {
                report.fail(&rules::PARSE, error.to_string());
                return None;
            }
        };
        // Nothing that is signed for another purpose is looked into.
        let typ = message.header.typ.is_some_and(|typ| typ.eq_ignore_ascii_case(MEDIA_TYPE));
        if !report.check(&rules::TYP, typ, || format!("type is not {MEDIA_TYPE:?}")) {
            return None;
        }
        let Some((issuer, claims)) = message.payload.and_then(read_claims) else {
            report.fail(&rules::PARSE, "the claims are not those of a status list token");
            return None;
        };
        report.pass(&rules::PARSE);
        let clues = KeyClues {
            x5c: message.header.x5chain.iter().map(|der| der.to_vec()).collect(),
            kid: message.header.kid.and_then(|kid| String::from_utf8(kid.to_vec()).ok()),
            issuer,
        };
        Some(Self { message, clues, claims })
    }

    /// What leads to the key.
    #[must_use]
    pub const fn clues(&self) -> &KeyClues {
        &self.clues
    }

    /// Verifies the token with the key that the caller has found and trusts for this list, and inflates the list.
    /// Every check is noted in the report; `None` says that one of them failed.
    #[must_use]
    pub fn verify(self, key: &PublicKey, expected: &Expected<'_>, report: &mut Report) -> Option<StatusList> {
        match self.message.verify(key, expected.algorithms, &[]) {
            Ok(()) => {
                report.pass(&rules::ALG);
                report.pass(&rules::SIGNATURE);
                accept(self.claims, expected, report)
            }
            Err(error @ CoseError::Algorithm) => {
                report.fail(&rules::ALG, error.to_string());
                None
            }
            Err(error) => {
                report.pass(&rules::ALG);
                report.fail(&rules::SIGNATURE, error.to_string());
                None
            }
        }
    }
}

impl fmt::Debug for Unverified<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Unverified").field("claims", &self.claims).finish_non_exhaustive()
    }
}

fn read_claims(payload: &[u8]) -> Option<(Option<String>, Claims)> {
    let claims = cwt::Claims::parse(payload).ok()?;
    let ttl = claims.get(TTL).map(|ttl| Reader::whole(ttl, Reader::unsigned)).transpose().ok()?;
    let mut bits = None;
    let mut lst = None;
    let mut aggregation_uri = None;
    Reader::whole(claims.get(STATUS_LIST)?, |reader| {
        reader.map(|label, value| {
            match label {
                Label::Text("bits") => bits = Some(value.unsigned()?),
                Label::Text("lst") => lst = Some(value.bytes()?.to_vec()),
                Label::Text("aggregation_uri") => aggregation_uri = Some(value.text()?.to_owned()),
                _ => value.skip()?,
            }
            Ok::<_, CoseError>(())
        })
    })
    .ok()?;
    let read = Claims {
        subject: claims.subject?.to_owned(),
        issued_at: claims.issued_at?,
        not_before: claims.not_before,
        expires_at: claims.expires,
        ttl: ttl
            .map(|seconds| if seconds == 0 { Err(NotPositive) } else { Ok(Duration::from_secs(seconds)) }),
        audiences: claims.audience.map(|audience| vec![audience.to_owned()]),
        bits: StatusBits::from_number(bits?),
        lst: lst?,
        aggregation_uri,
    };
    Some((claims.issuer.map(str::to_owned), read))
}
