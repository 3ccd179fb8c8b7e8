//! The claims of a CBOR Web Token (RFC 8392).

use std::fmt;
use std::time::Duration;

use credenza_core::UnixTime;

use super::{CborError, Kind, Label, Reader, Writer};
use crate::jwt::{self, JwtError};

const ISS: i64 = 1;
const SUB: i64 = 2;
const AUD: i64 = 3;
const EXP: i64 = 4;
const NBF: i64 = 5;
const IAT: i64 = 6;
const CTI: i64 = 7;

/// The claims set, borrowed from the payload of a verified message.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Claims<'b> {
    /// `iss`
    pub issuer: Option<&'b str>,
    /// `sub`
    pub subject: Option<&'b str>,
    /// `aud`
    pub audience: Option<&'b str>,
    /// `exp`
    pub expires: Option<UnixTime>,
    /// `nbf`
    pub not_before: Option<UnixTime>,
    /// `iat`
    pub issued_at: Option<UnixTime>,
    /// `cti`
    pub id: Option<&'b [u8]>,
    /// All other claims, each as the encoded item that it is.
    pub more: Vec<(Label<'b>, &'b [u8])>,
}

/// Shows no claim.
impl fmt::Debug for Claims<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Claims({} not registered)", self.more.len())
    }
}

impl<'b> Claims<'b> {
    /// Reads the claims set, which fills `payload`.
    ///
    /// # Errors
    /// See [`CborError`].
    pub fn parse(payload: &'b [u8]) -> Result<Self, CborError> {
        let mut claims = Self::default();
        Reader::whole(payload, |reader| {
            reader.map(|label, value| {
                match label {
                    Label::Integer(ISS) => claims.issuer = Some(value.text()?),
                    Label::Integer(SUB) => claims.subject = Some(value.text()?),
                    Label::Integer(AUD) => claims.audience = Some(value.text()?),
                    Label::Integer(EXP) => claims.expires = Some(time(value)?),
                    Label::Integer(NBF) => claims.not_before = Some(time(value)?),
                    Label::Integer(IAT) => claims.issued_at = Some(time(value)?),
                    Label::Integer(CTI) => claims.id = Some(value.bytes()?),
                    _ => claims.more.push((label, value.any()?)),
                }
                Ok(())
            })
        })?;
        Ok(claims)
    }

    /// The encoded value of a claim that is not among the registered ones above.
    #[must_use]
    pub fn get(&self, label: Label<'_>) -> Option<&'b [u8]> {
        self.more.iter().find(|(name, _)| *name == label).map(|(_, value)| *value)
    }

    /// Checks `exp`, `nbf` and `iat` where they are.
    ///
    /// # Errors
    /// Expired, or not valid yet.
    pub fn check_times(&self, now: UnixTime, leeway: Duration) -> Result<(), JwtError> {
        jwt::check_times(now, leeway, self.expires, self.not_before, self.issued_at)
    }

    /// The encoded claims set.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let texts = [(ISS, self.issuer), (SUB, self.subject), (AUD, self.audience)];
        let times = [(EXP, self.expires), (NBF, self.not_before), (IAT, self.issued_at)];
        let known = texts.iter().filter(|(_, text)| text.is_some()).count()
            + times.iter().filter(|(_, time)| time.is_some()).count()
            + usize::from(self.id.is_some());
        let mut out = Writer::default();
        out.map(known + self.more.len());
        for (label, text) in texts {
            if let Some(text) = text {
                out.integer(label).text(text);
            }
        }
        for (label, time) in times {
            if let Some(time) = time {
                out.integer(label).integer(time.as_secs());
            }
        }
        if let Some(id) = self.id {
            out.integer(CTI).bytes(id);
        }
        for (label, value) in &self.more {
            match label {
                Label::Integer(number) => out.integer(*number),
                Label::Text(text) => out.text(text),
                Label::Bytes(bytes) => out.bytes(bytes),
            };
            out.raw(value);
        }
        out.into_bytes()
    }
}

/// A NumericDate (RFC 8392 §2): a number without tag; fractions are cut off.
fn time(reader: &mut Reader<'_>) -> Result<UnixTime, CborError> {
    const LATEST: f64 = 253_402_300_799.0;
    let at = reader.position();
    let seconds = match reader.kind()? {
        Kind::Float => {
            let seconds = reader.float()?;
            if !(0.0..=LATEST).contains(&seconds) {
                return Err(CborError::Unexpected(at));
            }
            #[expect(
                clippy::cast_possible_truncation,
                reason = "in range, and the fraction is to be cut off"
            )]
            {
                seconds as i64
            }
        }
        _ => reader.integer()?,
    };
    let time = UnixTime::from_secs(seconds);
    if time.as_secs() == seconds { Ok(time) } else { Err(CborError::Unexpected(at)) }
}
