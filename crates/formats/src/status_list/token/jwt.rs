//! Status List Tokens as JWT (Token Status List §5.1).

use std::fmt;
use std::time::Duration;

use credenza_core::{Report, UnixTime, b64, json};
use credenza_crypto::{Header, IdentifiedBy, Jwk, Jws, JwsError, PublicKey, Signer, SigningHeader, jwt};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Number};

use super::claims::{Claims, NotPositive};
use super::{Expected, Issuance, IssueError, KeyClues, StatusList, accept};
use crate::status_list::{EncodedList, StatusBits, rules};

/// `typ` of the header.
pub const TYP: &str = "statuslist+jwt";

/// The media type of a token in this form.
pub const MEDIA_TYPE: &str = "application/statuslist+jwt";

/// The header to [`issue`] under; it is made once for a signer. The key itself is in it whatever else identifies it: for
/// those who know the key and no certificates.
#[must_use]
pub fn header(signer: &dyn Signer, identified_by: IdentifiedBy) -> SigningHeader {
    let key = Jwk::new(signer.public_jwk().key.clone()).to_value();
    SigningHeader::new(signer, TYP, identified_by, Map::from_iter([("jwk".to_owned(), key)]))
}

/// Signs a list.
///
/// # Errors
/// [`IssueError`]
pub async fn issue(
    signer: &dyn Signer,
    header: &SigningHeader,
    issuance: &Issuance<'_>,
    list: &EncodedList,
) -> Result<String, IssueError> {
    issuance.check()?;
    let claims = Signed {
        iss: issuance.issuer,
        sub: issuance.uri,
        iat: issuance.issued_at,
        exp: issuance.expires_at,
        ttl: issuance.ttl.map(|ttl| ttl.as_secs()),
        status_list: SignedList {
            bits: list.bits().number(),
            lst: &list.base64url(),
            aggregation_uri: issuance.aggregation_uri,
        },
    };
    Ok(jwt::sign(signer, header, &claims).await?)
}

#[derive(Serialize)]
struct Signed<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    iss: Option<&'a str>,
    sub: &'a str,
    iat: UnixTime,
    #[serde(skip_serializing_if = "Option::is_none")]
    exp: Option<UnixTime>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ttl: Option<u64>,
    status_list: SignedList<'a>,
}

#[derive(Serialize)]
struct SignedList<'a> {
    bits: u8,
    lst: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    aggregation_uri: Option<&'a str>,
}

/// A token whose signature has not been looked at.
pub struct Unverified<'a> {
    jws: Jws<'a>,
    clues: KeyClues,
    claims: Claims,
}

impl<'a> Unverified<'a> {
    /// Takes a token of at most `max` bytes apart.
    #[must_use]
    pub fn read(text: &'a str, max: usize, report: &mut Report) -> Option<Self> {
        let jws = match Jws::parse_within(text, max) {
            Ok(jws) => jws,
            Err(error @ JwsError::Algorithm) => {
                report.fail(&rules::ALG, error.to_string());
                return None;
            }
            Err(error) => {
                report.fail(&rules::PARSE, error.to_string());
                return None;
            }
        };
        // Nothing that is signed for another purpose is looked into (RFC 8725 §3.11).
        if !report.check(&rules::TYP, jws.header.has_type(TYP), || format!("typ is not {TYP:?}")) {
            return None;
        }
        let Ok(x5c) = jws.header.x5c() else {
            report.fail(&rules::PARSE, "x5c is not a chain of certificates");
            return None;
        };
        let received = json::from_slice::<Received>(&jws.payload).ok().and_then(|mut claims| {
            let issuer = claims.iss.take();
            Some((issuer, Claims::try_from(claims).ok()?))
        });
        let Some((issuer, claims)) = received else {
            report.fail(&rules::PARSE, "the claims are not those of a status list token");
            return None;
        };
        report.pass(&rules::PARSE);
        let clues = KeyClues { x5c: x5c.unwrap_or_default(), kid: jws.header.kid.clone(), issuer };
        Some(Self { jws, clues, claims })
    }

    /// What leads to the key.
    #[must_use]
    pub const fn clues(&self) -> &KeyClues {
        &self.clues
    }

    /// The header.
    #[must_use]
    pub fn header(&self) -> &Header {
        &self.jws.header
    }

    /// Verifies the token with the key that the caller has found and trusts for this list, and inflates the list.
    /// Every check is noted in the report; `None` says that one of them failed.
    #[must_use]
    pub fn verify(self, key: &PublicKey, expected: &Expected<'_>, report: &mut Report) -> Option<StatusList> {
        match self.jws.verify(key, expected.algorithms) {
            Ok(()) => {
                report.pass(&rules::ALG);
                report.pass(&rules::SIGNATURE);
            }
            Err(error @ JwsError::Algorithm) => {
                report.fail(&rules::ALG, error.to_string());
                return None;
            }
            Err(error) => {
                report.pass(&rules::ALG);
                report.fail(&rules::SIGNATURE, error.to_string());
                return None;
            }
        }
        accept(self.claims, expected, report)
    }
}

impl fmt::Debug for Unverified<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Unverified").field("claims", &self.claims).finish_non_exhaustive()
    }
}

#[derive(Deserialize)]
struct Received {
    #[serde(default, deserialize_with = "there")]
    iss: Option<String>,
    sub: String,
    iat: UnixTime,
    #[serde(default, deserialize_with = "there")]
    nbf: Option<UnixTime>,
    #[serde(default, deserialize_with = "there")]
    exp: Option<UnixTime>,
    #[serde(default, deserialize_with = "there")]
    ttl: Option<Number>,
    #[serde(default, deserialize_with = "there")]
    aud: Option<Audiences>,
    status_list: ReceivedList,
}

/// What is there has to have its type: `null` is not the same as nothing, or an end could be signed that nobody sees.
fn there<'de, T: Deserialize<'de>, D: Deserializer<'de>>(input: D) -> Result<Option<T>, D::Error> {
    T::deserialize(input).map(Some)
}

#[derive(Deserialize)]
struct ReceivedList {
    bits: u64,
    lst: String,
    #[serde(default, deserialize_with = "there")]
    aggregation_uri: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audiences {
    One(String),
    Several(Vec<String>),
}

impl TryFrom<Received> for Claims {
    type Error = b64::NotBase64;

    fn try_from(received: Received) -> Result<Self, b64::NotBase64> {
        let ReceivedList { bits, lst, aggregation_uri } = received.status_list;
        Ok(Self {
            subject: received.sub,
            issued_at: received.iat,
            not_before: received.nbf,
            expires_at: received.exp,
            ttl: received.ttl.as_ref().map(seconds),
            audiences: received.aud.map(|audiences| match audiences {
                Audiences::One(audience) => vec![audience],
                Audiences::Several(audiences) => audiences,
            }),
            bits: StatusBits::from_number(bits),
            lst: b64::decode(lst)?,
            aggregation_uri,
        })
    }
}

/// A positive number; a fraction of a second is cut off.
fn seconds(number: &Number) -> Result<Duration, NotPositive> {
    match (number.as_u64(), number.as_f64()) {
        (Some(0), _) => Err(NotPositive),
        (Some(seconds), _) => Ok(Duration::from_secs(seconds)),
        (None, Some(seconds)) if seconds > 0.0 => {
            Ok(Duration::from_secs(Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX).as_secs()))
        }
        _ => Err(NotPositive),
    }
}
