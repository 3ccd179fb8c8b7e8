//! Presentation submissions: where in a `vp_token` the answers are.

use std::collections::{BTreeSet, HashSet};

use credenza_core::Report;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::definition::{MAX_DESCRIPTORS, PresentationDefinition};
use super::json_path::JsonPath;
use super::matching::{Mismatch, Seen, look};
use super::rules;
use crate::dcql::{Candidate, Format, Presented};

/// Credentials may be in presentations in presentations so often.
const MAX_ENVELOPES: usize = 4;

/// Says which input descriptor is answered where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PresentationSubmission {
    /// An id of its own.
    pub id: String,
    /// The id of the definition.
    pub definition_id: String,
    /// One entry for each input descriptor that is answered.
    pub descriptor_map: Vec<Mapping>,
}

/// Where the answer to one input descriptor is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mapping {
    /// The id of the input descriptor; inside of another entry it may be left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The designation of the format of what is there.
    pub format: String,
    /// A JSONPath, from the `vp_token` on, or from the presentation around it.
    pub path: String,
    /// The credential in the presentation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path_nested: Option<Box<Mapping>>,
}

/// One answer that a submission is made of.
#[derive(Debug, Clone, Copy)]
pub struct SubmissionEntry<'a> {
    /// The id of the input descriptor.
    pub descriptor: &'a str,
    /// The format of the credential.
    pub format: &'a Format,
    /// The designation, where the format has several: how SD-JWT VCs are called.
    pub designation: Option<&'a str>,
    /// Whether a W3C credential is inside of a presentation, and not by itself.
    pub enveloped: bool,
}

/// An answer that was found in a `vp_token`.
#[derive(Debug, Clone, Copy)]
pub struct Resolved<'a> {
    /// The id of the input descriptor.
    pub descriptor: &'a str,
    /// The presentation.
    pub presentation: &'a Value,
    /// The designation of the innermost format: that of the credential.
    pub format: &'a str,
}

/// Why a submission was not understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SubmissionError {
    /// Not the object that it has to be.
    #[error("presentation_submission is malformed")]
    Malformed,
    /// More entries, or more nested ones, than this implementation accepts.
    #[error("presentation_submission has too many entries")]
    TooMany,
    /// An entry without the id of an input descriptor, or one in it with another id.
    #[error("an entry of presentation_submission has not the id that it has to have")]
    Id,
    /// A path that is none, or leads to nothing.
    #[error("a path of presentation_submission leads to nothing in the vp_token")]
    Path,
    /// A presentation in the `vp_token` that no entry leads to.
    #[error("the vp_token has a presentation that presentation_submission does not name")]
    Unnamed,
}

/// The designations of a credential format and of presentations with it (Claim Format Registry), the one that OpenID4VP
/// uses for the credential first. None for a format that is not known here.
#[must_use]
pub fn designations(format: &Format) -> &'static [&'static str] {
    match format {
        Format::SdJwtVc => &["dc+sd-jwt", "vc+sd-jwt"],
        Format::VcSdJwt => &["vc+sd-jwt"],
        Format::Mdoc => &["mso_mdoc"],
        Format::JwtVcJson | Format::JwtVcJsonLd | Format::VcJwt => {
            &["jwt_vc_json", "jwt_vc_json-ld", "jwt_vc", "jwt", "jwt_vp_json", "jwt_vp"]
        }
        Format::LdpVc => &["ldp_vc", "ldp_vp", "ldp"],
        Format::Other(_) => &[],
    }
}

impl PresentationSubmission {
    /// The submission for these answers, which are in the `vp_token` in this order: by itself when there is one, in an
    /// array when there are several (OpenID4VP draft 20 §6.1).
    #[must_use]
    pub fn new(id: String, definition_id: String, entries: &[SubmissionEntry<'_>]) -> Self {
        let several = entries.len() > 1;
        let mapping = |(position, entry): (usize, &SubmissionEntry<'_>)| {
            let path = if several { format!("$[{position}]") } else { "$".to_owned() };
            let id = Some(entry.descriptor.to_owned());
            let own = designations(entry.format).first().copied().unwrap_or_default();
            let own = entry.designation.unwrap_or(own).to_owned();
            let (around, inside) = match entry.format {
                Format::LdpVc => ("ldp_vp", "$.verifiableCredential[0]"),
                _ => ("jwt_vp_json", "$.vp.verifiableCredential[0]"),
            };
            if entry.enveloped && (*entry.format == Format::LdpVc || entry.format.is_w3c_jwt()) {
                let nested =
                    Mapping { id: id.clone(), format: own, path: inside.to_owned(), path_nested: None };
                Mapping { id, format: around.to_owned(), path, path_nested: Some(Box::new(nested)) }
            } else {
                Mapping { id, format: own, path, path_nested: None }
            }
        };
        Self { id, definition_id, descriptor_map: entries.iter().enumerate().map(mapping).collect() }
    }

    /// Reads a submission.
    ///
    /// # Errors
    /// See [`SubmissionError`].
    pub fn parse(value: &Value) -> Result<Self, SubmissionError> {
        let read = Self::deserialize(value).map_err(|_| SubmissionError::Malformed)?;
        if read.descriptor_map.len() > MAX_DESCRIPTORS {
            return Err(SubmissionError::TooMany);
        }
        for entry in &read.descriptor_map {
            let id = entry.id.as_deref().ok_or(SubmissionError::Id)?;
            let mut envelopes = 0;
            for mapping in entry.chain() {
                envelopes += 1;
                if envelopes > MAX_ENVELOPES {
                    return Err(SubmissionError::TooMany);
                }
                if mapping.id.as_deref().is_some_and(|nested| nested != id) {
                    return Err(SubmissionError::Id);
                }
                JsonPath::parse(&mapping.path).map_err(|_| SubmissionError::Path)?;
            }
        }
        Ok(read)
    }

    /// Finds the answers in a `vp_token`: a presentation by itself, or an array of them. Every one has to be named.
    ///
    /// # Errors
    /// See [`SubmissionError`].
    pub fn resolve<'a>(&'a self, vp_token: &'a Value) -> Result<Vec<Resolved<'a>>, SubmissionError> {
        let presentations = match vp_token {
            Value::Array(items) => items.iter().collect(),
            one => vec![one],
        };
        let mut named = HashSet::new();
        let resolved = self.descriptor_map.iter().map(|entry| {
            let path = JsonPath::parse(&entry.path).map_err(|_| SubmissionError::Path)?;
            let presentation = path.select(vp_token).ok_or(SubmissionError::Path)?;
            // A path into a presentation would name a part that nobody has signed by itself.
            let at = presentations.iter().position(|one| std::ptr::eq(*one, presentation));
            named.insert(at.ok_or(SubmissionError::Path)?);
            Ok(Resolved {
                descriptor: entry.id.as_deref().ok_or(SubmissionError::Id)?,
                presentation,
                format: entry.chain().last().map_or(entry.format.as_str(), |inner| inner.format.as_str()),
            })
        });
        let resolved = resolved.collect::<Result<_, _>>()?;
        if named.len() == presentations.len() { Ok(resolved) } else { Err(SubmissionError::Unnamed) }
    }
}

impl Mapping {
    /// This entry and those in it, from outside to inside.
    pub fn chain(&self) -> impl Iterator<Item = &Self> {
        std::iter::successors(Some(self), |mapping| mapping.path_nested.as_deref())
    }
}

impl PresentationDefinition {
    /// Checks a whole answer: the submission, and under the id of each input descriptor the verified credentials that it
    /// led to. Only if the report is [`ok`](Report::ok) may anything of the answer be used.
    #[must_use]
    pub fn check(&self, submission: &PresentationSubmission, presented: &[Presented<'_>]) -> Report {
        let mut report = self.check_presented(presented);
        report.check(&rules::DEFINITION, submission.definition_id == self.id, || "another definition");
        report
    }

    /// The same, of a submission that is known to be for this definition.
    #[must_use]
    pub fn check_presented(&self, presented: &[Presented<'_>]) -> Report {
        let mut report = Report::new("answer to the presentation definition");
        let (mut unknown, mut answered, mut seen) = (0_usize, BTreeSet::new(), HashSet::new());
        let mut twice = 0_usize;
        for Presented { id, credentials } in presented {
            let Some(position) = self.input_descriptors.iter().position(|one| one.id == *id) else {
                unknown += 1;
                continue;
            };
            twice += usize::from(!seen.insert(id) || credentials.len() != 1);
            for credential in credentials {
                let part = self.check_one(position, credential);
                if part.ok() {
                    answered.insert(position);
                }
                report.parts.push(part);
            }
        }
        report.check(&rules::KNOWN, unknown == 0, || format!("{unknown} ids that were not asked for"));
        report.check(&rules::ONCE, twice == 0, || format!("{twice} ids with another number of credentials"));
        let complete = !answered.is_empty() && self.is_answered_by(&answered);
        report.check(&rules::REQUIREMENTS, complete, || {
            format!("{} of {} input descriptors are answered", answered.len(), self.input_descriptors.len())
        });
        report
    }

    fn check_one(&self, position: usize, credential: &Candidate<'_>) -> Report {
        let Some(descriptor) = self.input_descriptors.get(position) else {
            return Report::new("presentation");
        };
        let mut report = Report::new(format!("presentation for '{}'", descriptor.id));
        let format = Format::new(credential.format);
        let suits = self.suits(descriptor, credential, &format);
        let fits = report.check(&rules::FORMAT, suits.is_ok(), || match suits {
            Err(Mismatch::Unsupported(feature)) => format!("{feature} is not supported"),
            Err(Mismatch::DocumentType) => "another document type".to_owned(),
            _ => "another format".to_owned(),
        });
        if !fits {
            report.skip(&rules::FIELDS, "another kind of credential");
            return report;
        }
        let lacking: Vec<_> = descriptor
            .fields
            .iter()
            .enumerate()
            .filter(|(_, field)| {
                !field.optional && !matches!(look(field, &format, credential.claims), Seen::At(_))
            })
            .map(|(position, _)| (position + 1).to_string())
            .collect();
        report.check(&rules::FIELDS, lacking.is_empty(), || {
            format!("not there, or with other values: field {}", lacking.join(", "))
        });
        report
    }
}
