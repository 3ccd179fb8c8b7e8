//! Status List Tokens: what is signed, and what of it is checked in whatever form it came.

mod claims;
pub mod cwt;
pub mod jwt;

use std::fmt;
use std::time::Duration;

use credenza_core::{Report, UnixTime};
use credenza_crypto::{Algorithm, SignError, jwt as time};

use self::claims::Claims;
use super::{ArrayError, Status, StatusArray, encode, reference, rules};

/// A token is no longer than this, in bytes, unless the configuration says otherwise: room for 100 million entries
/// of which one in a hundred is revoked.
pub const MAX_TOKEN: usize = 8 * 1024 * 1024;

/// In which form a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Form {
    /// JWT (§5.1): the only one for SD-JWT VC (SD-JWT VC §2.2.2.3).
    Jwt,
    /// CWT (§5.2).
    Cwt,
}

impl Form {
    /// The media type of its tokens.
    #[must_use]
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Jwt => jwt::MEDIA_TYPE,
            Self::Cwt => cwt::MEDIA_TYPE,
        }
    }
}

/// What is to be said beside the statuses (Token Status List §5.1, §5.2). Start from [`Issuance::new`].
#[derive(Debug, Clone, Copy)]
pub struct Issuance<'a> {
    /// `sub`: exactly the `uri` that the credentials have.
    pub uri: &'a str,
    /// `iat`
    pub issued_at: UnixTime,
    /// `exp`: from then on nobody may rely on this token. Recommended.
    pub expires_at: Option<UnixTime>,
    /// `ttl`: how long a verifier may keep it before it asks again; whole seconds, at least one. Recommended.
    pub ttl: Option<Duration>,
    /// `iss`
    pub issuer: Option<&'a str>,
    /// `aggregation_uri`: where the other lists of the issuer are listed.
    pub aggregation_uri: Option<&'a str>,
}

impl<'a> Issuance<'a> {
    /// A list at this address, signed now; nothing about how long it is good.
    #[must_use]
    pub const fn new(uri: &'a str, issued_at: UnixTime) -> Self {
        Self { uri, issued_at, expires_at: None, ttl: None, issuer: None, aggregation_uri: None }
    }

    /// # Errors
    /// What a verifier would have to refuse.
    fn check(&self) -> Result<(), IssueError> {
        if !reference::is_uri(self.uri) || !self.aggregation_uri.is_none_or(reference::is_uri) {
            return Err(IssueError::Uri);
        }
        if self.ttl.is_some_and(|ttl| ttl.as_secs() == 0) {
            return Err(IssueError::Ttl);
        }
        if self.expires_at.is_some_and(|expires| expires <= self.issued_at) {
            return Err(IssueError::Expired);
        }
        Ok(())
    }
}

/// Why a token was not issued.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IssueError {
    /// The address of the list or of the aggregation is no URI.
    #[error("the address of a status list has to be a URI")]
    Uri,
    /// `ttl` has to be positive.
    #[error("the time to live has to be a second or more")]
    Ttl,
    /// `exp` is not after `iat`.
    #[error("the list would expire before it is issued")]
    Expired,
    /// The signer could not sign.
    #[error(transparent)]
    Sign(#[from] SignError),
}

/// What the verifier expects. Start from [`Expected::of`].
#[derive(Debug, Clone, Copy)]
pub struct Expected<'a> {
    /// The `uri` in the credential.
    pub uri: &'a str,
    /// Now.
    pub now: UnixTime,
    /// How far clocks may differ.
    pub leeway: Duration,
    /// Accepted algorithms of the signature. (Tokens secured with a MAC are not supported: §11.6 advises against
    /// them.)
    pub algorithms: &'a [Algorithm],
    /// No list is accepted that is older than this. `None` leaves the age to `exp`.
    pub max_age: Option<Duration>,
    /// No list is accepted that is older than this one: when a newer one was seen before.
    pub not_before: Option<UnixTime>,
    /// Who we are, for tokens that say whom they are for (`aud`).
    pub audiences: &'a [&'a str],
    /// The most bytes that the list may have once inflated.
    pub max_list: usize,
}

impl<'a> Expected<'a> {
    /// The list at `uri`, ES256, clocks a minute apart at most, [`encode::MAX_LIST`].
    #[must_use]
    pub const fn of(uri: &'a str, now: UnixTime) -> Self {
        Self {
            uri,
            now,
            leeway: time::LEEWAY,
            algorithms: &[Algorithm::Es256],
            max_age: None,
            not_before: None,
            audiences: &[],
            max_list: encode::MAX_LIST,
        }
    }
}

/// What a token says about its key, before anything of it is verified: to find the key by, if it is trusted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct KeyClues {
    /// Certificates (`x5c`, `x5chain`), DER, leaf first. Empty when there are none.
    pub x5c: Vec<Vec<u8>>,
    /// `kid`
    pub kid: Option<String>,
    /// `iss`
    pub issuer: Option<String>,
}

/// A verified list, inflated, ready to be asked.
#[derive(Clone)]
pub struct StatusList {
    /// `iat`
    pub issued_at: UnixTime,
    /// `exp`
    pub expires_at: Option<UnixTime>,
    /// `ttl`, as it was signed: hold it within bounds before you rely on it.
    pub ttl: Option<Duration>,
    /// `aggregation_uri`, when it is a URI.
    pub aggregation_uri: Option<String>,
    /// The statuses.
    pub statuses: StatusArray,
}

impl StatusList {
    /// The status at an index.
    ///
    /// # Errors
    /// [`ArrayError::OutOfRange`]: the credential has to be refused (Token Status List §8.3).
    pub fn lookup(&self, idx: u64) -> Result<Status, ArrayError> {
        self.statuses.get(idx)
    }

    /// Whether this list speaks about the time `at`: what an answer to a question about the past has to be checked
    /// for, because a server may answer with the list of today (Token Status List §8.4).
    #[must_use]
    pub fn covers(&self, at: UnixTime) -> bool {
        self.issued_at <= at && self.expires_at.is_none_or(|expires| at < expires)
    }
}

impl fmt::Debug for StatusList {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("StatusList")
            .field("issued_at", &self.issued_at)
            .field("expires_at", &self.expires_at)
            .field("ttl", &self.ttl)
            .field("statuses", &self.statuses)
            .finish_non_exhaustive()
    }
}

/// Checks the claims of a token whose signature is verified, and inflates its list.
fn accept(claims: Claims, expected: &Expected<'_>, report: &mut Report) -> Option<StatusList> {
    let mut sound = check_claims(&claims, expected, report);
    let (bits, lst) = (claims.bits, claims.lst);
    if bits.is_none() {
        sound = false;
        report.fail(&rules::BITS, "bits is not 1, 2, 4 or 8");
    } else {
        report.pass(&rules::BITS);
    }
    let (true, Some(bits)) = (sound, bits) else {
        report.skip(&rules::LIST, "the list is not accepted");
        return None;
    };
    match encode::inflate(&lst, expected.max_list) {
        Ok(bytes) => {
            report.pass(&rules::LIST);
            Some(StatusList {
                issued_at: claims.issued_at,
                expires_at: claims.expires_at,
                ttl: claims.ttl.and_then(Result::ok),
                aggregation_uri: claims.aggregation_uri.filter(|uri| reference::is_uri(uri)),
                statuses: StatusArray::from_bytes(bits, bytes),
            })
        }
        Err(error) => {
            report.fail(&rules::LIST, error.to_string());
            None
        }
    }
}

fn check_claims(claims: &Claims, expected: &Expected<'_>, report: &mut Report) -> bool {
    let Expected { now, leeway, .. } = *expected;
    // The URI of a list can lead to a person when the list is short: it is not repeated as evidence.
    let mut sound = report.check(
        &rules::SUBJECT,
        claims.subject == expected.uri,
        || "sub is not the uri of the credential",
    );

    let starts = [Some(claims.issued_at), claims.not_before];
    sound &= report.check(
        &rules::ISSUED_AT,
        !starts.into_iter().flatten().any(|start| now + leeway < start),
        || format!("issued for {}, and now it is {now}", claims.issued_at),
    );
    sound &= match expected.max_age {
        None => true,
        Some(age) => report.check(&rules::FRESH, now.since(claims.issued_at) <= age + leeway, || {
            format!("issued at {}, which is more than {} seconds ago", claims.issued_at, age.as_secs())
        }),
    };
    sound &= match expected.not_before {
        None => true,
        Some(newest) => report.check(&rules::NEWEST, claims.issued_at >= newest, || {
            format!("issued at {}, and one of {newest} was seen before", claims.issued_at)
        }),
    };
    sound &= match claims.expires_at {
        None => {
            report.skip(&rules::EXPIRES, "it has no end");
            true
        }
        Some(expires) => {
            report.check(&rules::EXPIRES, now < expires + leeway, || format!("expired at {expires}"))
        }
    };
    sound &= match claims.ttl {
        None => {
            report.skip(&rules::TTL, "it does not say for how long");
            true
        }
        Some(ttl) => report.check(&rules::TTL, ttl.is_ok(), || "ttl is not a positive number"),
    };
    sound &= match &claims.audiences {
        None => true,
        Some(audiences) => {
            let us = audiences.iter().any(|audience| expected.audiences.contains(&audience.as_str()));
            report.check(&rules::AUDIENCE, us, || "it is for somebody else")
        }
    };
    sound
}
