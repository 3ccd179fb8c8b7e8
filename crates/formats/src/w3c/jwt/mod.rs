//! Credentials and presentations as JWTs: `jwt_vc_json` and `jwt_vc_json-ld`.
//!
//! Two ways of putting them into a JWT are in use, and a JWT says by its `typ` and its claims which of them it is.

mod claims;
mod issue;
mod present;
mod verify;

use credenza_core::{Report, json};
use credenza_crypto::{Algorithm, Header, IdentifiedBy, Jws, Signer, SigningHeader};
use serde_json::{Map, Value};

pub use issue::{Issuance, IssueError, issue};
pub use present::{Presenting, present, verify_presentation};
pub(super) use verify::check_controller;
pub use verify::verify;

use super::{Moment, rules};

/// The media type of a credential as a JWT, without `application/`, which is its `typ` (VC-JOSE-COSE §3.1.1).
pub const MEDIA_TYPE: &str = "vc+jwt";

/// The media type of a presentation as a JWT, without `application/`, which is its `typ` (VC-JOSE-COSE §3.1.2).
pub const PRESENTATION_MEDIA_TYPE: &str = "vp+jwt";

/// No credential or presentation is longer, in bytes.
pub const MAX_LENGTH: usize = 512 * 1024;

/// How a document is put into a JWT.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Securing {
    /// As the claim `vc` or `vp`, with its dates and names repeated as registered claims (VCDM 1.1 §6.3.1).
    Claim,
    /// As the payload itself (VC-JOSE-COSE §3.1).
    Payload,
}

/// Both ways.
pub const EITHER: &[Securing] = &[Securing::Claim, Securing::Payload];

/// Whether a JWT carries a credential or a presentation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Credential,
    Presentation,
}

impl Kind {
    const fn claim(self) -> &'static str {
        match self {
            Self::Credential => "vc",
            Self::Presentation => "vp",
        }
    }

    const fn media_type(self) -> &'static str {
        match self {
            Self::Credential => MEDIA_TYPE,
            Self::Presentation => PRESENTATION_MEDIA_TYPE,
        }
    }
}

/// What is accepted. Start from [`Expected::at`].
#[derive(Debug, Clone, Copy)]
pub struct Expected<'a> {
    /// Now, and how far clocks may differ.
    pub moment: Moment,
    /// Accepted algorithms.
    pub algorithms: &'a [Algorithm],
    /// Accepted ways of putting a document into a JWT.
    pub securing: &'a [Securing],
}

impl Expected<'_> {
    /// ES256, in either way.
    #[must_use]
    pub const fn at(moment: Moment) -> Self {
        Self { moment, algorithms: &[Algorithm::Es256], securing: EITHER }
    }
}

/// Checks that a payload can be a credential itself, and that its claims do not contradict it.
pub(super) fn check_credential_payload(payload: &Map<String, Value>, report: &mut Report) -> bool {
    claims::check_payload(Kind::Credential, payload, report)
}

/// The header of a credential.
#[must_use]
pub fn header(signer: &dyn Signer, securing: Securing, identified_by: IdentifiedBy) -> SigningHeader {
    signing_header(signer, Kind::Credential, securing, identified_by)
}

/// The header of a presentation.
#[must_use]
pub fn presentation_header(
    signer: &dyn Signer,
    securing: Securing,
    identified_by: IdentifiedBy,
) -> SigningHeader {
    signing_header(signer, Kind::Presentation, securing, identified_by)
}

/// The header of a presentation by a holder: `method` is the DID URL of his key; without one the key itself is named,
/// for credentials that are bound to it.
#[must_use]
pub fn holder_header(signer: &dyn Signer, securing: Securing, method: Option<&str>) -> SigningHeader {
    let mut more = Map::new();
    if let Some(method) = method {
        more.insert("kid".to_owned(), method.into());
    }
    let identified_by = if method.is_some() { IdentifiedBy::Nothing } else { IdentifiedBy::Jwk };
    with_members(signer, Kind::Presentation, securing, identified_by, more)
}

fn signing_header(
    signer: &dyn Signer,
    kind: Kind,
    securing: Securing,
    identified_by: IdentifiedBy,
) -> SigningHeader {
    with_members(signer, kind, securing, identified_by, Map::new())
}

fn with_members(
    signer: &dyn Signer,
    kind: Kind,
    securing: Securing,
    identified_by: IdentifiedBy,
    mut more: Map<String, Value>,
) -> SigningHeader {
    match securing {
        Securing::Claim => SigningHeader::new(signer, "JWT", identified_by, more),
        Securing::Payload => {
            more.insert("cty".to_owned(), kind.claim().into());
            SigningHeader::new(signer, kind.media_type(), identified_by, more)
        }
    }
}

/// A JWT that was taken apart; nothing about it is verified yet. It borrows the text.
#[derive(Clone)]
pub struct VcJwt<'a> {
    jws: Jws<'a>,
    payload: Map<String, Value>,
}

impl<'a> VcJwt<'a> {
    /// Takes a JWT apart; what goes wrong is noted in the report.
    #[must_use]
    pub fn read(text: &'a str, report: &mut Report) -> Option<Self> {
        let jws = match Jws::parse_within(text, MAX_LENGTH) {
            Ok(jws) => jws,
            Err(error) => {
                report.fail(&rules::JWT_PARSE, error.to_string());
                return None;
            }
        };
        let payload = json::parse_object(&jws.payload).ok();
        report.check(
            &rules::JWT_PARSE,
            payload.is_some(),
            || "the payload is not a JSON object without duplicate members",
        );
        Some(Self { jws, payload: payload? })
    }

    /// The header, to find the key by.
    #[must_use]
    pub fn header(&self) -> &Header {
        &self.jws.header
    }

    /// The payload, before it is known who has signed it: only to find out how it has to be verified.
    #[must_use]
    pub fn dangerous_payload(&self) -> &Map<String, Value> {
        &self.payload
    }

    /// The document in the payload, before it is known who has signed it, and without what registered claims say: only
    /// to find out how it has to be verified.
    #[must_use]
    pub fn dangerous_document(&self) -> &Map<String, Value> {
        let claimed = ["vc", "vp"].into_iter().find_map(|claim| self.payload.get(claim)?.as_object());
        claimed.unwrap_or(&self.payload)
    }

    /// The whole credential of a JWT that was verified before and comes from the wallet's own storage: its signature
    /// and times are not looked at again. `None`: it carries no credential.
    #[must_use]
    pub fn into_stored_credential(self) -> Option<Map<String, Value>> {
        let mut report = Report::new("stored credential");
        if self.payload.contains_key(Kind::Credential.claim()) {
            return claims::decode(Kind::Credential, self.payload, &mut report);
        }
        claims::check_payload(Kind::Credential, &self.payload, &mut report).then_some(self.payload)
    }

    /// Who says to have signed, before it is known whether he has: only to find the key by. That is `iss`, the issuer
    /// of the credential or the holder of the presentation.
    #[must_use]
    pub fn dangerous_signer(&self) -> Option<&str> {
        self.payload.get("iss").and_then(Value::as_str).or_else(|| {
            [("vc", "issuer"), ("vp", "holder")].iter().find_map(|(claim, name)| {
                let party = match self.payload.get(*claim) {
                    Some(document) => document.get(name),
                    None => self.payload.get(*name),
                }?;
                party.as_str().or_else(|| party.get("id")?.as_str())
            })
        })
    }
}
