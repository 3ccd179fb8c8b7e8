//! The verifier's side: whether what was presented is an answer to the query (OID4VP 1.0 §8.6).

use std::collections::{HashMap, HashSet};

use credenza_core::Report;

use super::candidate::{Candidate, Plan, Prepared};
use super::query::{ClaimsQuery, CredentialQuery, DcqlQuery, Format};
use crate::path::{listed, select_presented};
use crate::rules;

/// What was presented under one id of the `vp_token`.
#[derive(Debug, Clone)]
pub struct Presented<'a> {
    /// The id, as the wallet sent it.
    pub id: &'a str,
    /// The presentations, in the wallet's order, each verified already: claims that no issuer has signed are no claims.
    pub credentials: Vec<Candidate<'a>>,
}

impl DcqlQuery {
    /// Checks a whole answer against this query. Only if the report is [`ok`](Report::ok) may anything of the answer be
    /// used.
    ///
    /// The report has the checks of the answer as a whole and, as its parts, one report for each presentation, in the
    /// order they came. Whatever does not fit the query fails the answer, even where a set is optional: a wallet must not
    /// send it (§6.4.2, §8.1).
    ///
    /// Values are compared because a presentation with others is no answer to the query; a decision that matters must
    /// look at the claim itself all the same (§6.4.1).
    ///
    /// An array index in a path accepts any element up to that index: elements before it may have been withheld, see
    /// [`select_presented`]. Formats without selective disclosure keep their indices.
    #[must_use]
    pub fn check(&self, presented: &[Presented<'_>]) -> Report {
        let mut report = Report::new("answer to the query");
        let mut answered: HashSet<&str> = HashSet::new();
        let mut seen: HashSet<&str> = HashSet::new();
        let (mut unknown, mut twice, mut empty) = (0_usize, 0_usize, 0_usize);
        for Presented { id, credentials } in presented {
            let Some(query) = self.credential(id) else {
                unknown += 1;
                continue;
            };
            if !seen.insert(id) {
                twice += 1;
            }
            if credentials.is_empty() {
                empty += 1;
                continue;
            }
            let plan = Plan::new(query);
            let parts: Vec<_> = credentials
                .iter()
                .map(|credential| presentation(query, &plan, &Prepared::new(credential, true)))
                .collect();
            let several = credentials.len() > 1;
            let allowed = report.check(&rules::MULTIPLE, query.multiple || !several, || {
                format!("{} presentations for '{}', which takes one", credentials.len(), query.id)
            });
            if allowed && parts.iter().all(Report::ok) {
                answered.insert(id);
            }
            report.parts.extend(parts);
        }
        report.check(&rules::KNOWN, unknown == 0, || format!("{unknown} ids that were not asked for"));
        report.check(&rules::ONCE, twice == 0, || format!("{twice} ids that occur again"));
        report.check(&rules::NOT_EMPTY, empty == 0 && !presented.is_empty(), || {
            if empty == 0 {
                "nothing at all".to_owned()
            } else {
                format!("{empty} ids without a presentation")
            }
        });
        self.check_sets(&answered, &mut report);
        report
    }

    fn check_sets(&self, answered: &HashSet<&str>, report: &mut Report) {
        if self.credential_sets().is_empty() {
            let lacking: Vec<_> = self
                .credentials()
                .iter()
                .map(|query| query.id.as_str())
                .filter(|id| !answered.contains(id))
                .collect();
            report
                .check(&rules::SETS, lacking.is_empty(), || format!("not answered: {}", lacking.join(", ")));
            return;
        }
        let met = |option: &Vec<String>| option.iter().all(|id| answered.contains(id.as_str()));
        let lacking: Vec<_> = self
            .credential_sets()
            .iter()
            .enumerate()
            .filter(|(_, set)| set.required && !set.options.iter().any(met))
            .map(|(position, _)| (position + 1).to_string())
            .collect();
        report.check(&rules::SETS, lacking.is_empty(), || {
            format!("no option is answered of credential set {}", lacking.join(", "))
        });
    }
}

/// Checks one presentation against the credential query that it is for.
fn presentation(query: &CredentialQuery, plan: &Plan, credential: &Prepared<'_>) -> Report {
    let mut report = Report::new(format!("presentation for '{}'", query.id));
    let fits = report.check(&rules::FORMAT, credential.fits_format(query), || {
        format!("not in the format {}", query.format.as_str())
    });
    if !fits {
        // What another format calls a type or a claim says nothing.
        for rule in
            [&rules::TYPE, &rules::HOLDER_BINDING, &rules::AUTHORITIES, &rules::CLAIMS, &rules::VALUES]
        {
            report.skip(rule, "another format");
        }
        return report;
    }
    report.check(&rules::TYPE, credential.fits_type(query), || "of another type");
    if query.require_cryptographic_holder_binding {
        report.check(
            &rules::HOLDER_BINDING,
            credential.holder_binding,
            || "no verified proof of the holder's key",
        );
    } else {
        report.skip(&rules::HOLDER_BINDING, "not asked for");
    }
    if query.trusted_authorities.is_empty() {
        report.skip(&rules::AUTHORITIES, "not asked for");
    } else {
        report.check(&rules::AUTHORITIES, credential.fits_authorities(query), || "from none of them");
    }
    check_claims(query, plan, credential, &mut report);
    report
}

fn check_claims(query: &CredentialQuery, plan: &Plan, credential: &Prepared<'_>, report: &mut Report) {
    if query.claims.is_empty() {
        report.skip(&rules::CLAIMS, "none asked for");
        report.skip(&rules::VALUES, "none asked for");
        return;
    }
    let mut seen = HashMap::new();
    let mut state = |position: usize| {
        *seen.entry(position).or_insert_with(|| {
            query.claims.get(position).map_or(Found::Missing, |claim| find(claim, credential))
        })
    };
    let present = plan.first(|claim| state(claim) != Found::Missing).is_some();
    if !present {
        let missing = plan.closest(|claim| state(claim) != Found::Missing);
        report.fail(&rules::CLAIMS, format!("not there: {}", paths(query, &missing)));
        report.skip(&rules::VALUES, "claims are missing");
        return;
    }
    report.pass(&rules::CLAIMS);
    if query.claims.iter().all(|claim| claim.values.is_empty()) {
        report.skip(&rules::VALUES, "none asked for");
    } else if plan.first(|claim| state(claim) == Found::AsAsked).is_some() {
        report.pass(&rules::VALUES);
    } else {
        let other = plan.closest(|claim| state(claim) == Found::AsAsked);
        report.fail(&rules::VALUES, format!("not as asked for: {}", paths(query, &other)));
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Found {
    AsAsked,
    OtherValue,
    Missing,
}

fn find(claim: &ClaimsQuery, credential: &Prepared<'_>) -> Found {
    let selected = match credential.format {
        Format::SdJwtVc | Format::VcSdJwt | Format::LdpVc => select_presented(&claim.path, credential.claims),
        _ => claim.path.select(credential.claims),
    };
    match selected {
        Err(_) => Found::Missing,
        Ok(_) if claim.values.is_empty() => Found::AsAsked,
        Ok(found) => {
            let matches = found.iter().any(|found| claim.values.iter().any(|value| value.matches(found)));
            if matches { Found::AsAsked } else { Found::OtherValue }
        }
    }
}

fn paths(query: &CredentialQuery, positions: &[usize]) -> String {
    let paths: Vec<_> =
        positions.iter().filter_map(|position| Some(&query.claims.get(*position)?.path)).collect();
    listed(paths.into_iter())
}
