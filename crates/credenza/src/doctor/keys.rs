//! The keys of the configuration: their certificates, and whether the service believes itself.

use std::sync::Arc;
use std::time::Duration;

use credenza_core::Report;
use credenza_crypto::{Certificate, Signer};
use credenza_trust::{KeyMaterial, Purpose};
use credenza_vci::issuer::Format;

use super::{Known, Visitor, identifier, rules};
use crate::keys::did_signer::DidSigner;
use crate::service::issuers;

/// How long before its end a certificate is spoken of.
const SOON: Duration = Duration::from_secs(30 * 24 * 60 * 60);

pub(super) async fn check(visitor: &Visitor<'_>, known: &Known) -> Vec<Report> {
    let mut reports = vec![
        certificates(visitor, known, "issuer.key", &known.issuer, true),
        certificates(visitor, known, "verifier.key", &known.verifier, true),
    ];
    if let Some(signer) = &known.document_signer {
        // Its certificate has a profile of its own, without names of hosts.
        reports.push(certificates(visitor, known, "issuer.document_signer", signer, false));
    }
    reports.push(trust(visitor, known).await);
    reports
}

fn certificates(
    visitor: &Visitor<'_>,
    known: &Known,
    setting: &'static str,
    signer: &Arc<dyn Signer>,
    named: bool,
) -> Report {
    let mut report = Report::new(format!("key {setting}"));
    let chain: Vec<Certificate> =
        signer.x5c().iter().filter_map(|der| Certificate::parse(der).ok()).collect();
    let Some(leaf) = chain.first() else {
        report.skip(&rules::KEY_EXPIRY, "it has no certificates");
        return report;
    };
    let now = visitor.what.clock.now();
    let ends = chain.iter().map(|one| one.not_after).min().unwrap_or(leaf.not_after);
    let advice = format!(
        "have the key certified anew and put the new chain into `{setting}`, then start the service anew; what was issued \
         stays valid"
    );
    if now > ends || now < leaf.not_before {
        let from = leaf.not_before;
        report.fail(&rules::KEY_EXPIRY, format!("valid from {from} to {ends}. To do: {advice}"));
    } else if ends.since(now) < SOON {
        report.warn(&rules::KEY_EXPIRY, format!("they end on {ends}. To do: {advice}"));
    } else {
        report.pass_with(&rules::KEY_EXPIRY, format!("until {ends}"));
    }
    match chain.iter().find(|one| one.is_self_issued()) {
        None => report.pass(&rules::KEY_ROOT),
        Some(root) => {
            let found = format!(
                "{} is among them. To do: take it out of `{setting}` (x5c or chain): those who trust it have it",
                root.subject
            );
            if known.haip {
                report.fail(&rules::KEY_ROOT, found);
            } else {
                report.warn(&rules::KEY_ROOT, found);
            }
        }
    }
    if named {
        let url = &visitor.what.url;
        let host = url.host_str().unwrap_or_default();
        if leaf.has_dns_name(host) || leaf.uris.iter().any(|uri| uri == identifier(url)) {
            report.pass(&rules::KEY_NAME);
        } else {
            let names =
                leaf.dns_names.iter().chain(&leaf.uris).map(String::as_str).collect::<Vec<_>>().join(", ");
            report.warn(
                &rules::KEY_NAME,
                format!(
                    "it names {names:?}, and neither {host} nor {}. To do: have it certified with the host as a DNS name; \
                     those who compare refuse it",
                    identifier(url)
                ),
            );
        }
    }
    report
}

/// Whether the service's own verifier accepts what its issuer signs, for each type.
async fn trust(visitor: &Visitor<'_>, known: &Known) -> Report {
    let mut report = Report::new("trust");
    if known.anchors.is_empty() && known.dids.is_empty() {
        report.skip(&rules::TRUST, "the verifier trusts nobody (verifier.trusted_issuers is empty)");
        return report;
    }
    let trust = issuers(known.anchors.clone(), known.dids.clone(), visitor.addresses, &visitor.what.outgoing);
    let trust = match trust {
        Ok(trust) => trust,
        Err(error) => {
            report.fail(&rules::TRUST, format!("verifier.trusted_issuers: {error}"));
            return report;
        }
    };
    let did = DidSigner::new(Arc::clone(&known.issuer)).ok();
    for one in &known.types {
        let (signer, remedy): (Option<&dyn Signer>, _) = match &one.format {
            Format::SdJwtVc { .. } => {
                (Some(&*known.issuer), "the root of `issuer.key` (keys/root.pem after init)")
            }
            Format::Mdoc { .. } => (
                known.document_signer.as_deref(),
                "the root of `issuer.document_signer` (keys/iaca.pem after init)",
            ),
            _ => (
                did.as_ref().map(|did| did as &dyn Signer),
                "the DID of `issuer.key`, as `credenza keys show` prints it",
            ),
        };
        let Some(signer) = signer else { continue };
        let by_did = one.format.definition().is_some().then_some(did.as_ref()).flatten();
        let material = KeyMaterial {
            x5c: by_did.is_none().then(|| signer.x5c()),
            kid: signer.public_jwk().kid.as_deref(),
            issuer: by_did.map(|did| did.did().as_str()),
            jwk: None,
        };
        let purpose = Purpose::Issuer { credential_type: one.format.credential_type() };
        match trust.resolve(&material, purpose, visitor.what.clock.now()).await {
            Ok(_) => report.pass_with(&rules::TRUST, one.id.clone()),
            Err(distrust) => report.fail(
                &rules::TRUST,
                format!("{}: {distrust}. To do: add {remedy} to verifier.trusted_issuers", one.id),
            ),
        }
    }
    report
}
