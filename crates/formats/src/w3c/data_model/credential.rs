//! A credential that conforms to the data model.

use std::fmt;

use credenza_core::{Report, Rule, UnixTime};
use serde_json::{Map, Value};

use super::{DataModel, Moment, check_context, check_id, check_type, form};
use crate::w3c::rules;

/// A credential that conforms to the data model. Its claims are personal data: `Debug` shows none.
#[derive(Clone, PartialEq)]
pub struct Credential {
    document: Map<String, Value>,
    model: DataModel,
}

impl fmt::Debug for Credential {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Credential({:?}, {:?})", self.model, self.types())
    }
}

impl Credential {
    /// Checks a document against the data model that its first context names, and its period against the clock.
    /// Every check is noted in the report; `None` says that one of them failed.
    #[must_use]
    pub fn check(document: Map<String, Value>, moment: Moment, report: &mut Report) -> Option<Self> {
        let model = check_context(&document, report)?;
        let mut sound = check_id(&document, report);
        sound &= check_type(&document, "VerifiableCredential", report);
        let issuer = document.get("issuer").and_then(form::url_or_id);
        sound &=
            report.check(&rules::ISSUER, issuer.is_some(), || "issuer is no URL, and has none as its id");
        sound &= check_subjects(&document, report);
        sound &= check_period(&document, model, moment, report);
        sound &= check_typed_objects(&document, model, report);
        sound.then_some(Self { document, model })
    }

    /// The whole credential, as it was signed.
    #[must_use]
    pub fn document(&self) -> &Map<String, Value> {
        &self.document
    }

    /// The whole credential, as it was signed.
    #[must_use]
    pub fn into_document(self) -> Map<String, Value> {
        self.document
    }

    /// The version of the data model.
    #[must_use]
    pub fn model(&self) -> DataModel {
        self.model
    }

    /// `id`
    #[must_use]
    pub fn id(&self) -> Option<&str> {
        self.document.get("id")?.as_str()
    }

    /// `type`, as it is written: names that the contexts define.
    #[must_use]
    pub fn types(&self) -> Vec<&str> {
        form::types(&self.document).unwrap_or_default()
    }

    /// The issuer's URL.
    #[must_use]
    pub fn issuer(&self) -> &str {
        self.document.get("issuer").and_then(form::url_or_id).unwrap_or_default()
    }

    /// The subjects, at least one.
    pub fn subjects(&self) -> impl Iterator<Item = &Map<String, Value>> {
        objects(&self.document, "credentialSubject")
    }

    /// Whom the credential is about, where it is about one and says so.
    #[must_use]
    pub fn subject_id(&self) -> Option<&str> {
        let mut subjects = self.subjects();
        let one = subjects.next()?;
        one.get("id").and_then(Value::as_str).filter(|_| subjects.next().is_none())
    }

    /// The objects of `credentialStatus`, to be looked up by the caller.
    pub fn status(&self) -> impl Iterator<Item = &Map<String, Value>> {
        objects(&self.document, "credentialStatus")
    }

    /// When the credential begins to be valid: `validFrom` or `issuanceDate`.
    #[must_use]
    pub fn valid_from(&self) -> Option<UnixTime> {
        let (start, _) = period_names(self.model);
        form::date_time(self.document.get(start)?, self.model == DataModel::V2)
    }

    /// When it ends: `validUntil` or `expirationDate`.
    #[must_use]
    pub fn valid_until(&self) -> Option<UnixTime> {
        let (_, end) = period_names(self.model);
        form::date_time(self.document.get(end)?, self.model == DataModel::V2)
    }
}

fn objects<'a>(document: &'a Map<String, Value>, name: &str) -> impl Iterator<Item = &'a Map<String, Value>> {
    document.get(name).map(form::each).unwrap_or_default().iter().filter_map(Value::as_object)
}

pub(in crate::w3c) const fn period_names(model: DataModel) -> (&'static str, &'static str) {
    match model {
        DataModel::V1 => ("issuanceDate", "expirationDate"),
        DataModel::V2 => ("validFrom", "validUntil"),
    }
}

fn check_subjects(document: &Map<String, Value>, report: &mut Report) -> bool {
    let subjects = document.get("credentialSubject").map(form::each).unwrap_or_default();
    let sound = !subjects.is_empty()
        && subjects.iter().all(|subject| {
            subject.as_object().is_some_and(|subject| {
                !subject.is_empty() && subject.get("id").is_none_or(form::is_url_value)
            })
        });
    report.check(&rules::SUBJECT, sound, || {
        "credentialSubject is not one or more objects with claims, each with a URL as its id if it has one"
    })
}

fn check_period(
    document: &Map<String, Value>,
    model: DataModel,
    moment: Moment,
    report: &mut Report,
) -> bool {
    let (other_start, other_end) = match model {
        DataModel::V1 => period_names(DataModel::V2),
        DataModel::V2 => period_names(DataModel::V1),
    };
    let mixed = document.contains_key(other_start) || document.contains_key(other_end);
    let mut sound = report.check(&rules::PERIOD_NAMES, !mixed, || "dates of the other version are there");
    let (start_name, end_name) = period_names(model);
    let mut date = |rule: &'static Rule, name: &str, report: &mut Report| match document.get(name) {
        None => Some(None),
        Some(value) => {
            let time = form::date_time(value, model == DataModel::V2);
            if time.is_none() {
                report.fail(rule, format!("{name} is not a date-time with an offset"));
                sound = false;
            }
            time.map(Some)
        }
    };
    let start = date(&rules::VALID_FROM, start_name, report);
    let end = date(&rules::VALID_UNTIL, end_name, report);
    match start {
        Some(Some(start)) => {
            let begun = !moment.is_before(start);
            sound &= report.check(&rules::VALID_FROM, begun, || format!("{start_name} is {start}"));
        }
        Some(None) if model == DataModel::V1 => {
            report.fail(&rules::VALID_FROM, "issuanceDate is missing");
            sound = false;
        }
        Some(None) => report.skip(&rules::VALID_FROM, "not limited"),
        None => {}
    }
    match end {
        Some(Some(end)) => {
            let lasts = !moment.is_after(end);
            sound &= report.check(&rules::VALID_UNTIL, lasts, || format!("{end_name} was {end}"));
        }
        Some(None) => report.skip(&rules::VALID_UNTIL, "not limited"),
        None => {}
    }
    if let (Some(Some(start)), Some(Some(end))) = (start, end) {
        sound &= report.check(&rules::PERIOD_ORDER, start <= end, || "the end comes before the start");
    }
    sound
}

/// Objects that say by their `type` how they are to be understood (VCDM 2.0 §4.5, VCDM 1.1 §4.3).
const TYPED: [&str; 5] = ["credentialStatus", "credentialSchema", "termsOfUse", "refreshService", "evidence"];

/// Which of them have to have an `id`, too (VCDM 2.0 §4.11, VCDM 1.1 §4.9, §5.4, §5.5).
const fn with_id(model: DataModel) -> &'static [&'static str] {
    match model {
        DataModel::V1 => &["credentialStatus", "credentialSchema", "refreshService"],
        DataModel::V2 => &["credentialSchema"],
    }
}

fn check_typed_objects(document: &Map<String, Value>, model: DataModel, report: &mut Report) -> bool {
    let sound = |object: &Map<String, Value>, name: &str| {
        form::types(object).is_some()
            && object.get("id").map_or(!with_id(model).contains(&name), form::is_url_value)
    };
    let wrong = TYPED.iter().find(|name| {
        let objects = document.get(**name).map(form::each).unwrap_or_default();
        !objects.iter().all(|object| object.as_object().is_some_and(|object| sound(object, name)))
    });
    report.check(&rules::TYPED_OBJECTS, wrong.is_none(), || {
        let name = wrong.copied().unwrap_or_default();
        format!("{name} has no type, or no URL as its id")
    })
}
