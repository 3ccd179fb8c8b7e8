//! Metadata of credential types: what a credential looks like when its issuer has not said so, and whether it is what
//! its type says (SD-JWT VC §4).

use credenza_core::Report;
use credenza_formats::held::HeldCredential;
use credenza_formats::sd_jwt::{MEDIA_TYPE, SdJwt, SdJwtLimits};
use credenza_formats::type_metadata::{self, Beholder, EffectiveType, TypeDisplay, TypeResolver};
use credenza_vci::messages::{ClaimDescription, ClaimDisplay, CredentialDisplay};
use serde_json::Value;

/// Fills in names and labels that the issuer's own metadata lacks. A type of which nothing can be had changes nothing;
/// one whose rules the credential breaks is refused, since metadata that is processed counts as a whole (§4.7).
pub(super) async fn complete(resolver: &TypeResolver, held: &mut HeldCredential) -> Result<(), Box<Report>> {
    let silent = held.display.is_empty() || held.claims_display.is_empty();
    if held.format != MEDIA_TYPE || !silent || resolver.of_credential(&held.claims).await.is_err() {
        return Ok(());
    }
    let mut report = Report::new("type of the credential");
    let Ok(credential) = SdJwt::parse(&held.credential, &SdJwtLimits::default()) else { return Ok(()) };
    let holder = Beholder::Holder;
    let found =
        type_metadata::look_up_and_check(resolver, &credential, &held.claims, holder, &mut report).await;
    let Some(effective) = found else { return Err(Box::new(report)) };
    if held.display.is_empty() {
        held.display = effective.display().iter().filter_map(|look| as_value(&shown(look))).collect();
    }
    if held.claims_display.is_empty() {
        held.claims_display = claims(&effective).iter().filter_map(as_value).collect();
    }
    Ok(())
}

fn as_value<T: serde::Serialize>(value: &T) -> Option<Value> {
    serde_json::to_value(value).ok()
}

/// Pictures are left out: the wallet fetches none.
fn shown(look: &TypeDisplay) -> CredentialDisplay {
    let simple = look.rendering.as_ref().and_then(|rendering| rendering.simple.clone()).unwrap_or_default();
    CredentialDisplay {
        locale: Some(look.locale.clone()),
        description: look.description.clone(),
        background_color: simple.background_color,
        text_color: simple.text_color,
        ..CredentialDisplay::named(look.name.clone())
    }
}

fn claims(effective: &EffectiveType) -> Vec<ClaimDescription> {
    let described = effective.claims().iter().map(|claim| ClaimDescription {
        path: claim.path.clone(),
        mandatory: claim.mandatory.unwrap_or_default(),
        display: claim.display.iter().flatten().map(label).collect(),
    });
    described.collect()
}

fn label(display: &type_metadata::ClaimDisplay) -> ClaimDisplay {
    ClaimDisplay { name: Some(display.label.clone()), locale: Some(display.locale.clone()) }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::task::{Context, Poll, Waker};

    use credenza_core::{FixedClock, RecordedHttp, UnixTime};
    use credenza_formats::type_metadata::TypeResolverConfig;
    use serde_json::json;

    use super::*;

    const VCT: &str = "https://issuer.example/vct/pid";

    fn ready<T>(future: impl Future<Output = T>) -> T {
        let mut future = std::pin::pin!(future);
        match future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(value) => value,
            Poll::Pending => panic!("it waits"),
        }
    }

    fn held(display: &Value) -> HeldCredential {
        let payload = json!({"vct": VCT, "name": "Erika"});
        let part = |value: &Value| credenza_core::b64::encode(value.to_string());
        let credential =
            format!("{}.{}.AA~", part(&json!({"alg": "ES256", "typ": "dc+sd-jwt"})), part(&payload));
        serde_json::from_value(json!({
            "format": "dc+sd-jwt", "type": VCT, "issuer": "https://issuer.example", "configuration_id": "pid",
            "credential": credential, "claims": payload, "batch": "b", "received_at": 0, "display": display,
        }))
        .unwrap()
    }

    fn complete_by(claims: &Value, held: &mut HeldCredential) -> Result<(), Box<Report>> {
        let document = json!({"vct": VCT, "claims": claims, "display": [{"locale": "en", "name": "Person",
            "rendering": {"simple": {"background_color": "#123456"}}}]});
        let clock = Arc::new(FixedClock::at(UnixTime::EPOCH));
        let resolver = TypeResolver::new(Arc::new(RecordedHttp::new()), clock, TypeResolverConfig::default())
            .with_documents([document.to_string().into_bytes()])
            .unwrap();
        ready(complete(&resolver, held))
    }

    #[test]
    fn the_type_says_what_the_issuer_has_not() {
        let labels = json!([{"path": ["name"], "display": [{"locale": "en", "label": "Full name"}]}]);
        let mut bare = held(&json!([]));
        complete_by(&labels, &mut bare).unwrap();
        assert_eq!(bare.display, [json!({"name": "Person", "locale": "en", "background_color": "#123456"})]);
        assert_eq!(bare.claims_display[0]["display"], json!([{"name": "Full name", "locale": "en"}]));
        let mut dressed = held(&json!([{"name": "Mine"}]));
        complete_by(&labels, &mut dressed).unwrap();
        assert_eq!(dressed.display, [json!({"name": "Mine"})]);
    }

    #[test]
    fn a_credential_that_breaks_its_type_is_refused() {
        let report =
            complete_by(&json!([{"path": ["name"], "sd": "always"}]), &mut held(&json!([]))).unwrap_err();
        assert_eq!(report.first_failure().unwrap().rule.id, "sd-jwt-vc.type-metadata.sd");
    }
}
