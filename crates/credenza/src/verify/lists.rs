//! Lists of whom to trust, as things in themselves: whose they are, whether they are in force, what is in them.

use std::collections::HashSet;

use credenza_core::{Report, UnixTime, json};
use credenza_crypto::cose::{Reader, Sign1, Tagging};
use credenza_crypto::{Jws, cose};
use credenza_trust::lists::{ListError, ListSigners, TrustedEntities, Vical};

use super::{Demand, rules};

/// Whether a CBOR message is a VICAL.
pub(super) fn is_vical(bytes: &[u8]) -> bool {
    let Some(payload) = Sign1::parse(bytes, Tagging::Optional).ok().and_then(|message| message.payload)
    else {
        return false;
    };
    let mut found = false;
    let read = Reader::whole(payload, |reader| {
        reader.map(|label, value| {
            found |= label == cose::Label::Text("certificateInfos");
            value.skip()
        })
    });
    read.is_ok() && found
}

/// Whether a JWT is a list of trusted entities.
pub(super) fn is_of_entities(jws: &Jws<'_>) -> bool {
    let members = json::parse_object(&jws.payload).unwrap_or_default();
    members.contains_key("LoTE") || members.contains_key("ListAndSchemeInformation")
}

/// Verifies a VICAL (ISO/IEC 18013-5 Annex C).
pub(super) fn vical(bytes: &[u8], demand: Demand<'_>) -> Report {
    let mut report = Report::new("VICAL");
    let Some(signers) = signers(demand, &mut report) else { return report };
    match Vical::verify(bytes, &signers, demand.now) {
        Ok(list) => {
            let entries = list.authorities.iter().flat_map(|authority| {
                authority.doc_types.iter().map(|kind| (authority.certificate.der.as_slice(), kind.as_str()))
            });
            let twice = twice(entries);
            accepted((list.issued_at, list.next_update), (twice, list.left_out), demand.now, &mut report);
        }
        Err(error) => refused(&error, &mut report),
    }
    report
}

/// Verifies a list of trusted entities (ETSI TS 119 602).
pub(super) fn of_entities(text: &str, demand: Demand<'_>) -> Report {
    let mut report = Report::new("list of trusted entities");
    let Some(signers) = signers(demand, &mut report) else { return report };
    match TrustedEntities::verify(text, &signers, demand.now) {
        Ok(list) => {
            let entries = list.services.iter().flat_map(|service| {
                let kind = service.service_type.as_str();
                service.certificates.iter().map(move |certificate| (certificate.der.as_slice(), kind))
            });
            let twice = twice(entries);
            accepted((list.issued_at, list.next_update), (twice, list.left_out), demand.now, &mut report);
        }
        Err(error) => refused(&error, &mut report),
    }
    report
}

fn signers(demand: Demand<'_>, report: &mut Report) -> Option<ListSigners> {
    match ListSigners::new(demand.anchors) {
        Ok(signers) => Some(signers),
        Err(error) => {
            report.fail(&rules::LIST_SIGNER, error.to_string());
            None
        }
    }
}

/// How many entries say the same as another one.
fn twice<'a>(entries: impl Iterator<Item = (&'a [u8], &'a str)>) -> usize {
    let mut seen = HashSet::new();
    entries.filter(|entry| !seen.insert(*entry)).count()
}

fn accepted(
    (issued_at, next): (UnixTime, Option<UnixTime>),
    (twice, left_out): (usize, usize),
    now: UnixTime,
    report: &mut Report,
) {
    report.pass(&rules::LIST_SIGNER);
    report.pass(&rules::LIST_SIGNATURE);
    report.pass(&rules::LIST_FORM);
    match next {
        Some(next) => {
            report.check(&rules::LIST_FRESH, now < next, || format!("the next one was due on {next}"));
        }
        None => {
            report.warn(&rules::LIST_FRESH, format!("of {issued_at}; it does not say when the next is due"));
        }
    }
    report.check(&rules::LIST_ONCE, twice == 0, || format!("{twice} entries are there twice"));
    match left_out {
        0 => report.pass(&rules::LIST_ENTRIES),
        some => {
            report.warn(&rules::LIST_ENTRIES, format!("{some} certificates can't be used, or are withdrawn"));
        }
    }
}

/// A list is judged in the order signer, signature, content: what comes after a failure is not known.
fn refused(error: &ListError, report: &mut Report) {
    let why = error.to_string();
    match error {
        ListError::Signer(_) => {
            report.fail(&rules::LIST_SIGNER, why);
            report.skip(&rules::LIST_SIGNATURE, "no key to verify it with");
        }
        ListError::Cose(_) | ListError::Jws(_) => report.fail(&rules::LIST_SIGNATURE, why),
        ListError::NotYetValid | ListError::Outdated | ListError::Older => {
            report.pass(&rules::LIST_SIGNER);
            report.pass(&rules::LIST_SIGNATURE);
            report.fail(&rules::LIST_FRESH, why);
        }
        _ => report.fail(&rules::LIST_FORM, why),
    }
}
