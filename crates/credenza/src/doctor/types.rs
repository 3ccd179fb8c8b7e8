//! Type metadata: the documents at the `vct` of the issuer's credentials.

use std::sync::Arc;

use credenza_core::{Report, Sealer, SystemRandom, json};
use credenza_crypto::{Algorithm, SoftwareSigner};
use credenza_formats::type_metadata::Integrity;
use credenza_store::MemoryStore;
use credenza_vci::issuer::{CredentialConfiguration, Issuer, IssuerBuilder};
use credenza_vci::messages::CredentialIssuerMetadata;
use http::StatusCode;

use super::issuer::status;
use super::{Visitor, identifier, rules};

pub(super) async fn check(visitor: &Visitor<'_>, served: &CredentialIssuerMetadata) -> Report {
    let mut report = Report::new("types of credentials");
    let base = format!("{}/", identifier(&visitor.what.url));
    let published = visitor.known().and_then(|known| published(visitor, &known.types));
    let all = served.credential_configurations_supported.values();
    let mut own: Vec<&str> =
        all.filter_map(|one| one.vct.as_deref()).filter(|vct| vct.starts_with(&base)).collect();
    own.sort_unstable();
    own.dedup();
    for vct in own {
        let answer = visitor.get(vct, "application/json").await;
        let Some(document) = answer.as_ref().ok().filter(|answer| answer.status() == StatusCode::OK) else {
            let advice = "give the type `type_metadata`, or a vct that is not a URL below `url`; and let the proxy pass the \
                          path on";
            report.fail(&rules::TYPES, format!("{vct}: {}. To do: {advice}", status(&answer)));
            continue;
        };
        let says = json::parse_object(document.body()).ok();
        let says = says.as_ref().and_then(|document| document.get("vct")?.as_str());
        let expected = published.as_ref().and_then(|issuer| issuer.type_metadata(vct));
        let same = expected.as_ref().is_none_or(|bytes| Integrity::of(bytes).matches(document.body()));
        report.check(&rules::TYPES, says == Some(vct) && same, || {
            format!(
                "the document at {vct} is another one than that whose hash credentials carry. To do: nothing on the way may \
                 change it (minify, translate, compress); if the type was changed, start the service anew"
            )
        });
    }
    if report.checks.is_empty() {
        report.skip(&rules::TYPES, "no type has its metadata below the URL of the service");
    }
    report
}

/// An issuer that knows the documents of the configuration, and signs nothing.
fn published(visitor: &Visitor<'_>, types: &[CredentialConfiguration]) -> Option<Issuer> {
    let signer = Arc::new(SoftwareSigner::generate(Algorithm::Es256, &SystemRandom).ok()?);
    let described = types.iter().filter(|one| one.type_metadata.is_some()).cloned();
    let builder = Issuer::builder(identifier(&visitor.what.url))
        .addresses(visitor.addresses)
        .signer(signer)
        .sealer(Arc::new(Sealer::fresh(&SystemRandom)))
        .store(Arc::new(MemoryStore::new(Arc::clone(&visitor.what.clock))));
    described
        .map(|mut one| {
            one.claims_source = None;
            one
        })
        .fold(builder, IssuerBuilder::configuration)
        .build()
        .ok()
}
