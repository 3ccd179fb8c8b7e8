//! Credentials and presentations of every format, through the one function that verifiers use.

use credenza_core::{Report, b64, json};
use credenza_crypto::Jws;
use credenza_formats::mdoc::{DeviceResponse, IssuerSigned, MdocLimits};
use credenza_formats::sd_jwt::{JsonForm, SdJwtLimits};
use credenza_query::dcql::Format;
use credenza_vp::messages::Presentation;
use credenza_vp::verifier::Policy;
use credenza_vp::verifier::credential::{self, Bound, Context, Holder};
use serde_json::{Map, Value};

use super::{Demand, NotVerifiable, Particulars, rules};

type Members = Map<String, Value>;

const PRESENTATION: &str = "VerifiablePresentation";

/// Verifies a JSON document: an SD-JWT in JSON serialization, or a W3C document with an embedded proof.
pub(super) async fn document(
    text: &str,
    document: Members,
    demand: Demand<'_>,
    particulars: Particulars<'_>,
) -> Result<Report, NotVerifiable> {
    if document.contains_key("payload") {
        let form = JsonForm::read(text.as_bytes(), &SdJwtLimits::default()).map_err(|_| NotVerifiable)?;
        return Ok(sd_jwt(form.compact(), demand, particulars).await);
    }
    if !document.contains_key("@context") {
        return Err(NotVerifiable);
    }
    let presented = says(document.get("type"), PRESENTATION);
    let holder = if presented { presented_for(demand, particulars) } else { Holder::Unbound };
    Ok(judge(Presentation::Object(document), &Format::LdpVc, holder, demand, particulars).await)
}

/// Verifies an SD-JWT VC, or a W3C credential as an SD-JWT.
pub(super) async fn sd_jwt(text: &str, demand: Demand<'_>, particulars: Particulars<'_>) -> Report {
    let claims = text.split(['.', '~']).nth(1).and_then(|part| b64::decode(part).ok());
    let claims = claims.and_then(|claims| json::parse_object(&claims).ok()).unwrap_or_default();
    let format = if claims.contains_key("@context") { Format::VcSdJwt } else { Format::SdJwtVc };
    let holder = match presented_for(demand, particulars) {
        Holder::Any if text.ends_with('~') => Holder::Unbound,
        holder => holder,
    };
    judge(Presentation::Text(text.to_owned()), &format, holder, demand, particulars).await
}

/// The format of a JWT, when it is a W3C credential or presentation.
pub(super) fn format_of(jws: &Jws<'_>) -> Option<Format> {
    let claims = json::parse_object(&jws.payload).ok()?;
    let is_one = ["vc", "vp", "@context"].iter().any(|name| claims.contains_key(*name));
    let in_claim = claims.contains_key("vc") || claims.contains_key("vp");
    is_one.then_some(if in_claim { Format::JwtVcJson } else { Format::VcJwt })
}

/// Verifies a W3C credential or presentation as a JWT.
pub(super) async fn json_web_token(
    text: &str,
    format: &Format,
    demand: Demand<'_>,
    particulars: Particulars<'_>,
) -> Report {
    let claims = Jws::parse(text).ok().and_then(|jws| json::parse_object(&jws.payload).ok());
    let claims = claims.unwrap_or_default();
    let presented = claims.contains_key("vp") || says(claims.get("type"), PRESENTATION);
    let holder = if presented { presented_for(demand, particulars) } else { Holder::Unbound };
    judge(Presentation::Text(text.to_owned()), format, holder, demand, particulars).await
}

/// Verifies a mobile document, as issued or as presented; `None` when the bytes are none.
pub(super) async fn mobile(bytes: &[u8], demand: Demand<'_>, particulars: Particulars<'_>) -> Option<Report> {
    let limits = MdocLimits::default();
    let holder = if IssuerSigned::parse(bytes, &limits).is_ok() {
        Holder::Unbound
    } else if DeviceResponse::parse(bytes, &limits).is_ok() {
        presented_for(demand, particulars)
    } else {
        return None;
    };
    let presentation = Presentation::Text(b64::encode(bytes));
    Some(judge(presentation, &Format::Mdoc, holder, demand, particulars).await)
}

/// What a presentation has to have been made for; [`Holder::Any`] when nobody has said it.
fn presented_for<'a>(demand: Demand<'a>, particulars: Particulars<'a>) -> Holder<'a> {
    let Some((nonce, audience)) = demand.holder else { return Holder::Any };
    let bound = Bound::new(nonce, audience);
    Holder::Bound(match particulars.transcript {
        Some(transcript) => bound.with_transcript(transcript),
        None => bound,
    })
}

async fn judge(
    presentation: Presentation,
    format: &Format,
    holder: Holder<'_>,
    demand: Demand<'_>,
    particulars: Particulars<'_>,
) -> Report {
    let policy = Policy {
        accept_unchecked_status: demand.status.is_none(),
        contexts: particulars.contexts.cloned().unwrap_or_default(),
        ..Policy::default()
    };
    let context = Context { policy: &policy, trust: demand.trust, status: demand.status, now: demand.now };
    let (mut report, _) = credential::verify(&presentation, format, holder, context).await;
    if matches!(holder, Holder::Any) {
        report.warn(&rules::PURPOSE, "say which request it answers to verify the holder's signature");
    }
    report
}

fn says(types: Option<&Value>, wanted: &str) -> bool {
    match types {
        Some(Value::Array(all)) => all.iter().any(|name| name.as_str() == Some(wanted)),
        Some(Value::String(one)) => one == wanted,
        _ => false,
    }
}
