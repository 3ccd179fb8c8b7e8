//! Validating a self-issued ID token (SIOPv2 §11.1).

use std::time::Duration;

use credenza_core::{Report, UnixTime, json};
use credenza_crypto::{Algorithm, Header, Jwk, Jws};
use credenza_trust::DidResolver;
use credenza_trust::did::{DidUrl, Relationship};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::identifier::Identifier;
use super::{SubjectSyntax, rules};

/// What a token has to be, and what it is judged with.
#[derive(Clone, Copy)]
pub struct Expected<'a> {
    /// The client identifier of the request, whole.
    pub client_id: &'a str,
    /// The nonce of the request.
    pub nonce: &'a str,
    /// The subject syntax types of the request.
    pub syntaxes: &'a [SubjectSyntax],
    /// The algorithms that are allowed.
    pub algorithms: &'a [Algorithm],
    /// Resolves subjects that are DIDs.
    pub dids: &'a DidResolver,
    /// The time.
    pub now: UnixTime,
    /// How far clocks may differ.
    pub leeway: Duration,
    /// How old a token may be.
    pub max_age: Duration,
}

/// Somebody who has proved to have a key, and the name that the key gives.
///
/// Only [`sub`](Self::sub) may be used to recognise somebody (§13.1.1): the other claims are that person's own word.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct SelfIssuedSubject {
    /// The subject: the thumbprint URI of a key, or a DID.
    pub sub: String,
    /// How it names its key.
    pub subject_syntax: SubjectSyntax,
    /// What the person says about itself: every claim that is not part of the protocol, unverified.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub self_asserted: Map<String, Value>,
}

/// A subject may be a person's: not shown.
impl std::fmt::Debug for SelfIssuedSubject {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "SelfIssuedSubject({})", self.subject_syntax)
    }
}

/// The claims that are the protocol's, and not the person's.
const PROTOCOL: [&str; 12] =
    ["iss", "sub", "aud", "exp", "iat", "nbf", "nonce", "sub_jwk", "auth_time", "acr", "amr", "azp"];
/// Members of a JWK that bring certificates: the key has to be a bare one (§11.1 step 4).
const CERTIFICATES: [&str; 4] = ["x5c", "x5u", "x5t", "x5t#S256"];

/// Validates an ID token. The subject comes out only when every check has passed; that the nonce was not used before
/// is for the caller to make sure, in one write.
pub async fn validate(token: Option<&str>, expected: &Expected<'_>) -> (Report, Option<SelfIssuedSubject>) {
    let mut report = Report::new("self-issued ID token");
    let subject = checked(token, expected, &mut report).await;
    let subject = subject.filter(|_| report.ok());
    (report, subject)
}

async fn checked(
    token: Option<&str>,
    expected: &Expected<'_>,
    report: &mut Report,
) -> Option<SelfIssuedSubject> {
    let (jws, mut claims) = match read(token) {
        Ok(read) => read,
        Err(problem) => {
            report.fail(&rules::SHAPE, problem);
            return None;
        }
    };
    report.pass(&rules::SHAPE);
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    let sub = text("sub").unwrap_or_default().to_owned();
    // Somebody else's word: tokens of attesters are another protocol, which is not spoken here.
    let own = text("iss") == Some(sub.as_str());
    report.check(&rules::SELF_ISSUED, own, || "iss is another than sub");
    report.check(
        &rules::AUDIENCE,
        is_for(claims.get("aud"), expected.client_id),
        || "aud does not have the client identifier of the request",
    );
    report.check(
        &rules::NONCE,
        text("nonce") == Some(expected.nonce),
        || "nonce is missing or is not that of the request",
    );
    times(&claims, expected, report);
    let identifier = Identifier::parse(&sub);
    let known =
        identifier.as_ref().filter(|one| expected.syntaxes.iter().any(|syntax| syntax.covers(&one.syntax())));
    report.check(&rules::SYNTAX, known.is_some(), || "sub is of no syntax that the request has");
    let identifier = identifier?;
    let (key, bound) = match key(&identifier, claims.get("sub_jwk"), &jws.header, expected.dids).await {
        Ok(found) => found,
        Err(problem) => {
            report.fail(&rules::KEY, problem);
            return None;
        }
    };
    report.pass(&rules::KEY);
    report.check(&rules::SUBJECT, bound, || "sub is not the thumbprint of the key in sub_jwk");
    let algorithm = jws.header.algorithm;
    report.check(&rules::ALGORITHM, expected.algorithms.contains(&algorithm), || algorithm.name());
    match jws.verify_by(&key, expected.algorithms) {
        Ok(()) => report.pass(&rules::SIGNATURE),
        Err(error) => report.fail(&rules::SIGNATURE, error.to_string()),
    }
    claims.retain(|name, _| !PROTOCOL.contains(&name.as_str()));
    Some(SelfIssuedSubject { sub, subject_syntax: identifier.syntax(), self_asserted: claims })
}

fn read(token: Option<&str>) -> Result<(Jws<'_>, Map<String, Value>), String> {
    let token = token.ok_or("there is none")?;
    let jws = Jws::parse(token).map_err(|error| error.to_string())?;
    // ID tokens need no typ; another one is another token, made for something else.
    if jws.header.typ.is_some() && !jws.header.has_type("JWT") {
        return Err("its typ is that of another token".to_owned());
    }
    let claims = json::parse_object(&jws.payload).map_err(|_| "its claims are not a JSON object")?;
    for name in ["iss", "sub"] {
        if claims.get(name).and_then(Value::as_str).unwrap_or_default().is_empty() {
            return Err(format!("{name} is missing"));
        }
    }
    Ok((jws, claims))
}

fn is_for(aud: Option<&Value>, client_id: &str) -> bool {
    match aud {
        Some(Value::String(one)) => one == client_id,
        Some(Value::Array(several)) => several.iter().any(|one| one.as_str() == Some(client_id)),
        _ => false,
    }
}

fn times(claims: &Map<String, Value>, expected: &Expected<'_>, report: &mut Report) {
    let time = |name: &str| {
        claims.get(name).and_then(|value| serde_json::from_value::<UnixTime>(value.clone()).ok())
    };
    let Expected { now, leeway, max_age, .. } = *expected;
    let fresh = time("exp").is_some_and(|expires| now < expires + leeway);
    report.check(&rules::EXPIRY, fresh, || "exp is missing or has passed");
    let recent = time("iat").is_some_and(|issued| issued <= now + leeway && now <= issued + max_age + leeway);
    report.check(&rules::ISSUED_AT, recent, || "iat is missing, in the future or too long ago");
}

/// The key that `sub` leads to, and whether `sub` is its name.
async fn key(
    identifier: &Identifier,
    sub_jwk: Option<&Value>,
    header: &Header,
    dids: &DidResolver,
) -> Result<(Jwk, bool), String> {
    match (identifier, sub_jwk) {
        (Identifier::Thumbprint(_), None) => Err("sub_jwk is missing".to_owned()),
        (Identifier::Thumbprint(thumbprint), Some(value)) => {
            if CERTIFICATES.iter().any(|name| value.get(name).is_some()) {
                return Err("sub_jwk brings certificates, and is not a bare key".to_owned());
            }
            let jwk = Jwk::from_value(value).map_err(|error| format!("sub_jwk: {error}"))?;
            let bound = jwk.thumbprint_text() == *thumbprint;
            Ok((jwk, bound))
        }
        (Identifier::Did(_), Some(_)) => Err("there is a sub_jwk beside a DID".to_owned()),
        (Identifier::Did(did), None) => {
            let kid = header.kid.as_deref().ok_or("the header has no kid to find the key of the DID by")?;
            let url = DidUrl::parse(kid).ok().filter(|url| url.names_a_key() && url.did == *did);
            let url = url.ok_or("kid names no key of the DID in sub")?;
            let document = dids.resolve(did).await.map_err(|error| error.to_string())?;
            let jwk = document.key(&url, Relationship::Authentication).map_err(|error| error.to_string())?;
            Ok((jwk.clone(), document.id == *did))
        }
    }
}
