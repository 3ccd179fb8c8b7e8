//! Bare chains of certificates: their path, their profile, and whether they are revoked.

use credenza_core::Report;
use credenza_crypto::Certificate;
use credenza_crypto::x509::profile::{self, CertificateProfile};
use credenza_crypto::x509::{self, Crl, PathPolicy};

use super::{Demand, Particulars, rules};

pub(super) fn verify(text: &str, demand: Demand<'_>, particulars: Particulars<'_>) -> Report {
    let mut report = Report::new("certificates");
    let chain = match x509::pem_to_der_chain(text) {
        Ok(chain) => chain,
        Err(error) => {
            report.fail(&rules::PARSE, error.to_string());
            return report;
        }
    };
    report.pass(&rules::PARSE);
    let root = particulars.profile == Some(CertificateProfile::Root);
    if root {
        // A root has no path to another: it is trusted, or it is not.
        let trusted = chain.first().is_some_and(|root| demand.anchors.contains(root));
        report.check(&rules::PATH, trusted, || "this root is not among those that are trusted");
    } else {
        match x509::validate(&chain, demand.anchors, demand.now, PathPolicy::default()) {
            Ok((leaf, _)) => report.pass_with(&rules::PATH, leaf.subject),
            Err(error) => report.fail(&rules::PATH, error.to_string()),
        }
    }
    let parsed = |der: &Vec<u8>| Certificate::parse(der).ok();
    let Some(leaf) = chain.first().and_then(parsed) else { return report };
    let mut above = chain.iter().skip(1).chain(demand.anchors).filter_map(parsed);
    let issuer = if root { Some(leaf.clone()) } else { above.find(|ca| is_issuer(ca, &leaf)) };
    if let Some(kind) = particulars.profile {
        match &issuer {
            Some(issuer) => profile::check(kind, &leaf, issuer, &mut report),
            None => report.fail(&profile::NAMES, "the certificate of its issuer is not at hand"),
        }
    }
    if !particulars.revocation_lists.is_empty() {
        revocation(&leaf, issuer.as_ref(), demand, particulars, &mut report);
    }
    report
}

fn is_issuer(ca: &Certificate, leaf: &Certificate) -> bool {
    let key = leaf.authority_key_id.is_none() || ca.subject_key_id == leaf.authority_key_id;
    ca.is_ca && ca.subject == leaf.issuer && key
}

/// The leaf has to be in no list of its issuer, of which there has to be a current one.
fn revocation(
    leaf: &Certificate,
    issuer: Option<&Certificate>,
    demand: Demand<'_>,
    particulars: Particulars<'_>,
    report: &mut Report,
) {
    let Some(issuer) = issuer else {
        return report.fail(&rules::REVOCATION, "the certificate of its issuer is not at hand");
    };
    let mut problem = "no list is its issuer's".to_owned();
    for bytes in particulars.revocation_lists {
        match Crl::verify(bytes, issuer) {
            Ok(list) if !list.is_current(demand.now) => {
                "the list is not the current one".clone_into(&mut problem);
            }
            Ok(list) if !list.covers(leaf) => {
                "the list is about other certificates".clone_into(&mut problem);
            }
            Ok(list) => {
                let since = list.revoked_since(leaf);
                report.check(&rules::REVOCATION, since.is_none(), || match since {
                    Some(since) => format!("revoked since {since}"),
                    None => String::new(),
                });
                return;
            }
            Err(error) => problem = error.to_string(),
        }
    }
    report.fail(&rules::REVOCATION, problem);
}
