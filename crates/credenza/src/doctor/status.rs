//! The status lists, as a verifier fetches them.

use std::sync::Arc;

use credenza_core::{Answer, Clock, Http, Report, UnixTime};
use credenza_crypto::{Algorithm, Certificate, PublicKey};
use credenza_formats::status_list::aggregation::Aggregation;
use credenza_formats::status_list::resolve::ResolverConfig;
use credenza_formats::status_list::{KeyFinder, ListSigner, StatusQuery, StatusReference, StatusResolver};
use credenza_oauth::AuthorizationServerMetadata;
use credenza_vp::verifier::TrustedSigners;
use http::StatusCode;

use super::issuer::status;
use super::{Visitor, rules};
use crate::service::issuers;

/// So many lists are fetched.
const MAX_LISTS: usize = 8;

pub(super) async fn check(visitor: &Visitor<'_>, server: Option<&AuthorizationServerMetadata>) -> Report {
    let mut report = Report::new("status lists");
    let Some(at) = server.and_then(|server| server.status_list_aggregation_endpoint.as_deref()) else {
        match visitor.known() {
            Some(known) if known.status => report.fail(
                &rules::STATUS,
                "the configuration has status lists, and the metadata names none. To do: start the service anew",
            ),
            _ => report.skip(&rules::STATUS, "credentials have no status here"),
        }
        return report;
    };
    let answer = visitor.get(at, "application/json").await;
    let all = answer.as_ref().ok().filter(|answer| answer.status() == StatusCode::OK);
    let Some(all) = all.and_then(|answer| Aggregation::parse(answer.body()).ok()) else {
        let advice = "let the proxy pass everything below this path on: verifiers everywhere fetch it";
        report.fail(&rules::STATUS, format!("{at}: {}. To do: {advice}", status(&answer)));
        return report;
    };
    if all.status_lists.is_empty() {
        report.skip(&rules::STATUS, "there are none yet: nothing was issued");
        return report;
    }
    let config = ResolverConfig {
        algorithms: vec![Algorithm::Es256, Algorithm::Es384, Algorithm::Es512, Algorithm::EdDsa],
        ..ResolverConfig::default()
    };
    let http: Arc<dyn Http> = Arc::clone(&visitor.http) as _;
    let clock: Arc<dyn Clock> = Arc::clone(&visitor.what.clock);
    let resolver = StatusResolver::new(http, clock, signers(visitor), config);
    for uri in all.status_lists.iter().take(MAX_LISTS) {
        let Ok(reference) = StatusReference::new(0, uri) else { continue };
        match resolver.list(&StatusQuery { reference: &reference, issuer: "", form: None }).await {
            Ok(_) => report.pass_with(&rules::STATUS, uri.clone()),
            Err(why) => {
                let failed = why.first_failure().map_or("it can't be used", |check| check.rule.meaning);
                let advice = "let no cache keep it for longer than it says, let the proxy pass this path on, and put the \
                              root of `issuer.key` among `verifier.trusted_issuers`";
                report.fail(&rules::STATUS, format!("{uri}, not so: {failed} To do: {advice}"));
                report.parts.push((*why).clone());
            }
        }
    }
    report
}

/// Whose lists are accepted: as the verifier of the configuration does, or anybody's whose certificate fits.
fn signers(visitor: &Visitor<'_>) -> Arc<dyn KeyFinder> {
    let trust = visitor.known().and_then(|known| {
        let (anchors, dids) = (known.anchors.clone(), known.dids.clone());
        issuers(anchors, dids, visitor.addresses, &visitor.what.outgoing).ok()
    });
    match trust {
        Some(trust) => Arc::new(TrustedSigners(trust)),
        None => Arc::new(Anybody),
    }
}

/// The key in the certificate that a list comes with, whoever has signed that.
struct Anybody;

impl KeyFinder for Anybody {
    fn find<'a>(&'a self, signer: ListSigner<'a>, _: UnixTime) -> Answer<'a, Result<PublicKey, String>> {
        let leaf = signer.clues.x5c.first().ok_or_else(|| "it comes without certificates".to_owned());
        Answer::ready(leaf.and_then(|leaf| {
            Certificate::parse(leaf).map(|leaf| leaf.key).map_err(|error| error.to_string())
        }))
    }
}
