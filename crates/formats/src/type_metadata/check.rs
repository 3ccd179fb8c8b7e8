//! Holding a credential against the metadata of its type (SD-JWT VC §4.6, §4.7).

use credenza_core::{ClaimsPath, Report};
use serde_json::{Map, Value};

use super::as_issued::{AsIssued, Selection};
use super::document::{ClaimMetadata, SelectiveDisclosure};
use super::effective::EffectiveType;
use super::resolve::TypeResolver;
use super::rules;
use crate::sd_jwt::SdJwt;

/// Who looks at the credential: not everybody sees all of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Beholder {
    /// Has every disclosure: what is not there was not issued.
    Holder,
    /// Has what was disclosed to him: what is not there may be kept back.
    Verifier,
}

/// Holds a credential against its type; every check is noted in the report. `false`: the credential has to be refused.
///
/// The signature has been verified before, and `credential` has been made for the same beholder.
pub fn check(
    effective: &EffectiveType,
    credential: &AsIssued,
    beholder: Beholder,
    report: &mut Report,
) -> bool {
    if !effective.describes_claims() {
        report.skip(&rules::SHAPE, "the type does not describe claims");
        return true;
    }
    let mut faults = Faults::default();
    for claim in effective.claims() {
        match credential.select(&claim.path) {
            Ok(selection) => faults.look_at(claim, &selection, beholder),
            Err(_) => faults.shape = faults.shape.or(Some(&claim.path)),
        }
    }
    let mut sound = report
        .check(&rules::SHAPE, faults.shape.is_none(), || named("the claims do not fit to", faults.shape));
    sound &=
        report.check(&rules::MANDATORY, faults.mandatory.is_none(), || named("missing:", faults.mandatory));
    sound
        & report.check(&rules::SELECTIVE, faults.selective.is_none(), || {
            named("not as the type says:", faults.selective)
        })
}

/// Looks the type of a verified credential up and holds the credential against it, for those whose policy wants that:
/// without metadata, the credential is refused, too (§4.7). `None` says: refused, see the report.
///
/// `credential` is the SD-JWT taken apart once more, `claims` what its verification has brought.
pub async fn look_up_and_check(
    resolver: &TypeResolver,
    credential: &SdJwt<'_>,
    claims: &Map<String, Value>,
    beholder: Beholder,
    report: &mut Report,
) -> Option<EffectiveType> {
    let effective = match resolver.of_credential(claims).await {
        Ok(effective) => effective,
        Err(error) => {
            report.fail(&rules::TYPE_METADATA, error.to_string());
            return None;
        }
    };
    report.pass(&rules::TYPE_METADATA);
    let as_issued = match AsIssued::of(credential, beholder) {
        Ok(as_issued) => as_issued,
        Err(defect) => {
            report.fail(defect.rule(), defect.to_string());
            return None;
        }
    };
    check(&effective, &as_issued, beholder, report).then_some(effective)
}

fn named(what: &str, path: Option<&ClaimsPath>) -> String {
    path.map_or_else(String::new, |path| format!("{what} {path}"))
}

/// The first claim of each kind of fault.
#[derive(Default)]
struct Faults<'a> {
    shape: Option<&'a ClaimsPath>,
    mandatory: Option<&'a ClaimsPath>,
    selective: Option<&'a ClaimsPath>,
}

impl<'a> Faults<'a> {
    fn look_at(&mut self, claim: &'a ClaimMetadata, selection: &Selection<'_>, beholder: Beholder) {
        let sd = claim.sd.unwrap_or_default();
        let wrong = match sd {
            SelectiveDisclosure::Always => selection.nodes.iter().any(|node| !node.disclosable),
            SelectiveDisclosure::Never => selection.nodes.iter().any(|node| node.disclosable),
            SelectiveDisclosure::Allowed => false,
        };
        if wrong {
            self.selective = self.selective.or(Some(&claim.path));
        }
        // What must not be selectively disclosable can't be among the members that are kept back.
        let may_be_there = beholder == Beholder::Verifier
            && (selection.hidden_way || (selection.hidden_end && sd != SelectiveDisclosure::Never));
        if claim.mandatory == Some(true) && selection.nodes.is_empty() && !may_be_there {
            self.mandatory = self.mandatory.or(Some(&claim.path));
        }
    }
}
