//! Presentations as JWTs: made by the holder, verified by the one who has asked.

use std::time::Duration;

use credenza_core::{Report, UnixTime};
use credenza_crypto::{Signer, SigningHeader};
use serde::Deserialize as _;
use serde_json::{Map, Value, json};

use super::verify::{check_controller, check_times, document, open};
use super::{Expected, IssueError, Kind, MEDIA_TYPE, Securing, VcJwt, issue};
use crate::w3c::binding::{Challenge, KeyOf, Presenter};
use crate::w3c::data_model::{DataModel, envelope};
use crate::w3c::{Embedded, Presentation, VerifiedPresentation, rules, sd_jwt};

/// What is to be presented.
#[derive(Debug, Clone, Copy)]
pub struct Presenting<'a> {
    /// The header: [`presentation_header`](super::presentation_header) makes it.
    pub header: &'a SigningHeader,
    /// How the presentation is put into the JWT; VCDM 1.1 by a claim, VCDM 2.0 as the payload.
    pub securing: Securing,
    /// The holder's DID or URL; `None` when the credentials are bound to a key alone.
    pub holder: Option<&'a str>,
    /// The credentials.
    pub credentials: &'a [Embedded<'a>],
    /// The verifier's nonce.
    pub nonce: &'a str,
    /// The verifier, exactly as it has named itself: its client identifier, or `origin:` and its origin.
    pub audience: &'a str,
    /// Now.
    pub issued_at: UnixTime,
    /// How long the presentation may be used.
    pub lifetime: Duration,
}

/// Presents credentials.
///
/// # Errors
/// See [`IssueError`].
pub async fn present(signer: &dyn Signer, presenting: &Presenting<'_>) -> Result<String, IssueError> {
    let Presenting { securing, holder, nonce, audience, issued_at, lifetime, .. } = *presenting;
    let (model, credentials) = match securing {
        Securing::Claim => (DataModel::V1, presenting.credentials.iter().map(as_text).collect()),
        Securing::Payload => {
            (DataModel::V2, presenting.credentials.iter().map(enveloped).collect::<Result<Vec<_>, _>>()?)
        }
    };
    let mut document = Map::new();
    document.insert("@context".to_owned(), json!([model.context()]));
    document.insert("type".to_owned(), json!(["VerifiablePresentation"]));
    if let Some(holder) = holder {
        document.insert("holder".to_owned(), holder.into());
    }
    document.insert("verifiableCredential".to_owned(), Value::Array(credentials));
    let mut payload = issue::payload(Kind::Presentation, securing, &document)?;
    issue::add(&mut payload, "aud", audience.into())?;
    issue::add(&mut payload, "nonce", nonce.into())?;
    issue::add(&mut payload, "iat", issued_at.as_secs().into())?;
    issue::add(&mut payload, "exp", (issued_at + lifetime).as_secs().into())?;
    issue::sign(signer, presenting.header, payload).await
}

fn as_text(credential: &Embedded<'_>) -> Value {
    match credential {
        Embedded::Jwt(text) | Embedded::SdJwt(text) => text.as_ref().into(),
        Embedded::Document(document) => Value::Object((*document).clone()),
    }
}

fn enveloped(credential: &Embedded<'_>) -> Result<Value, IssueError> {
    match credential {
        Embedded::Jwt(text) => Ok(envelope(MEDIA_TYPE, text)),
        Embedded::SdJwt(text) => Ok(envelope(sd_jwt::MEDIA_TYPE, text)),
        Embedded::Document(_) => Err(IssueError::Embedded),
    }
}

/// Verifies a presentation with the key of its holder. Every check is noted in the report; `None` says that one of
/// them failed. The credentials in it are verified each by itself, and then
/// [`VerifiedPresentation::check_binding`] says whether they are this holder's.
#[must_use]
pub fn verify_presentation(
    jwt: VcJwt<'_>,
    holder: KeyOf<'_>,
    challenge: &Challenge<'_>,
    expected: &Expected<'_>,
    report: &mut Report,
) -> Option<VerifiedPresentation> {
    let securing = open(&jwt, Kind::Presentation, holder, expected, report)?;
    let payload = jwt.payload;
    let mut sound = check_challenge(&payload, challenge, expected, report);
    let claimed = payload.get("iss").and_then(Value::as_str).map(str::to_owned);
    let document = document(Kind::Presentation, securing, payload, report)?;
    let presentation = Presentation::check(document, report)?;
    let party = presentation.holder().map(str::to_owned).or(claimed);
    sound &= check_controller(&rules::HOLDER_KEY, holder, party.as_deref(), report);
    sound.then(|| VerifiedPresentation { presentation, signers: vec![Presenter::new(holder)] })
}

fn check_challenge(
    payload: &Map<String, Value>,
    challenge: &Challenge<'_>,
    expected: &Expected<'_>,
    report: &mut Report,
) -> bool {
    let nonce = payload.get("nonce").and_then(Value::as_str);
    let mut sound = report.check(&rules::VP_NONCE, nonce == Some(challenge.nonce), || match nonce {
        Some(_) => "made for another request",
        None => "there is no nonce",
    });
    let audience = match payload.get("aud") {
        Some(Value::Array(names)) => match names.as_slice() {
            [name] => name.as_str(),
            _ => None,
        },
        other => other.and_then(Value::as_str),
    };
    sound &= report.check(
        &rules::VP_AUD,
        audience == Some(challenge.audience),
        || "aud does not name this verifier, and this one alone",
    );
    sound &= check_times(payload, expected.moment, report);
    match payload.get("iat").map(UnixTime::deserialize) {
        Some(Ok(made)) => {
            let fresh = expected.moment.now.since(made) <= challenge.max_age + expected.moment.leeway;
            sound &= report.check(&rules::VP_AGE, fresh, || format!("made at {made}"));
        }
        _ => report.skip(&rules::VP_AGE, "it does not say when it was made"),
    }
    sound
}
