//! The verdict on a whole response: each presentation by itself, and all together against the query.

use credenza_core::{Report, Rule, b64};
use credenza_query::dcql::{Authorities, Candidate, Format, Presented};
use serde_json::{Map, Value};

use super::CheckedPresentation;
use super::credential::{self, Bound, Context, Holder};
use super::transactions::{authorised, complete};
use crate::dialects::format_of;
use crate::messages::{Presentation, TransactionData, VpToken};
use crate::{Query, rules};

/// More presentations than that are not looked at.
pub(super) const MAX_PRESENTATIONS: usize = 64;

/// What came of a response.
pub(super) struct Verdict {
    pub(super) report: Report,
    /// In the order of the response; all of them, or none when any was refused.
    pub(super) presentations: Vec<CheckedPresentation>,
    /// Whether it certainly comes from a holder who meant this request: every presentation is good in itself, and at
    /// least one was signed for our nonce with the key of a credential of a trusted issuer.
    pub(super) authentic: bool,
}

/// What a response has to have been made for.
#[derive(Clone, Copy)]
pub(super) struct Occasion<'a> {
    pub(super) bound: Bound<'a>,
    pub(super) transactions: &'a [TransactionData],
}

/// Validates a VP Token (OID4VP 1.0 §8.6).
pub(super) async fn judge(
    query: &Query,
    token: &VpToken,
    occasion: Occasion<'_>,
    context: Context<'_>,
) -> Verdict {
    let Occasion { bound, transactions } = occasion;
    let mut report = Report::new("answer to the request");
    let mut presentations = Vec::new();
    let count: usize = token.entries().map(|(_, presentations)| presentations.len()).sum();
    if !report.check(&rules::COUNT, count <= MAX_PRESENTATIONS, || {
        format!("{count}, where {MAX_PRESENTATIONS} are the limit")
    }) {
        return Verdict { report, presentations, authentic: false };
    }
    // Only what was asked for is looked at; that the rest was not asked for is found below.
    for (id, entries) in token.entries() {
        let Some(binds) = query.binds(id) else { continue };
        let holder = if binds { Holder::Bound(bound) } else { Holder::Any };
        let able = |data: &&TransactionData| data.credential_ids().iter().any(|one| one == id);
        let own: Vec<_> = transactions.iter().filter(able).collect();
        for presentation in entries {
            let format = format(query, id, presentation);
            let (mut part, checked) = credential::verify(presentation, &format, holder, context).await;
            part.subject = format!("presentation for '{id}'").into();
            let checked = checked.and_then(|checked| {
                let transaction_data = authorised(checked.key_binding.as_ref(), &own, &mut part)?;
                Some(CheckedPresentation { transaction_data, ..checked })
            });
            report.parts.push(part);
            presentations
                .extend(checked.map(|checked| CheckedPresentation { query_id: id.to_owned(), ..checked }));
        }
    }
    let sound = report.parts.len() == presentations.len() && !presentations.is_empty();
    let authentic = sound && presentations.iter().any(|presentation| presentation.holder_bound);
    if report.parts.len() == presentations.len() {
        against_query(query, token, &presentations, &mut report);
        let signed = presentations.iter().flat_map(|one| &one.transaction_data);
        complete(transactions, &signed, &mut report);
    } else {
        report.skip(complete_rule(query), "a presentation was refused");
    }
    if !report.ok() {
        presentations.clear();
    }
    Verdict { report, presentations, authentic }
}

/// Notes how the answer fits the query: for each presentation in its own report, for the whole in `report`.
fn against_query(query: &Query, token: &VpToken, presentations: &[CheckedPresentation], report: &mut Report) {
    let keys: Vec<Vec<Vec<u8>>> = presentations
        .iter()
        .map(|one| one.authority_key_ids.iter().filter_map(|id| b64::decode(id).ok()).collect())
        .collect();
    let nothing = Value::Object(Map::new());
    let mut verified = presentations.iter().zip(&keys);
    let presented: Vec<_> = token
        .entries()
        .map(|(id, entries)| {
            let credentials = if query.binds(id).is_some() {
                verified.by_ref().take(entries.len()).map(|(one, keys)| candidate(one, keys)).collect()
            } else {
                // It is refused for its id alone.
                vec![Candidate {
                    format: "",
                    types: Vec::new(),
                    claims: &nothing,
                    holder_binding: false,
                    authorities: Authorities::default(),
                }]
            };
            Presented { id, credentials }
        })
        .collect();
    let found = match query {
        Query::Dcql(query) => query.check(&presented),
        Query::Definition(definition) => definition.check_presented(&presented),
    };
    report.checks.extend(found.checks);
    for (part, found) in report.parts.iter_mut().zip(found.parts) {
        part.checks.extend(found.checks);
    }
}

/// The format that a presentation is verified as. A definition may leave several: then it is what it looks like, which
/// has to be what was asked for all the same.
fn format(query: &Query, id: &str, presentation: &Presentation) -> Format {
    let asked = query.dcql().and_then(|query| query.credential(id));
    asked.map_or_else(|| format_of(presentation), |asked| asked.format.clone())
}

/// The rule that everything is there.
const fn complete_rule(query: &Query) -> &'static Rule {
    match query {
        Query::Dcql(_) => &credenza_query::rules::SETS,
        Query::Definition(_) => &credenza_query::presentation_exchange::rules::REQUIREMENTS,
    }
}

fn candidate<'a>(presentation: &'a CheckedPresentation, keys: &'a [Vec<u8>]) -> Candidate<'a> {
    let others =
        presentation.authorities.iter().map(|(kind, value)| (kind.as_str(), value.as_str())).collect();
    Candidate {
        format: &presentation.format,
        types: presentation.types.iter().map(String::as_str).collect(),
        claims: &presentation.claims,
        holder_binding: presentation.holder_bound,
        authorities: Authorities { aki: keys.iter().map(Vec::as_slice).collect(), others },
    }
}
