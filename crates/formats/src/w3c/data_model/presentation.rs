//! A presentation that conforms to the data model, and the credentials in it.

use std::borrow::Cow;
use std::fmt;

use credenza_core::Report;
use serde_json::{Map, Value};

use super::{DataModel, check_context, check_id, check_type, form};
use crate::w3c::rules;

/// A presentation carries at most this many credentials.
pub const MAX_CREDENTIALS: usize = 64;

/// A presentation that conforms to the data model. Its credentials are not verified by that.
#[derive(Clone, PartialEq)]
pub struct Presentation {
    document: Map<String, Value>,
    model: DataModel,
}

impl fmt::Debug for Presentation {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Presentation({:?}, {} credentials)", self.model, self.credentials().len())
    }
}

/// A credential in a presentation, in the way in which it is secured.
#[derive(Clone, PartialEq)]
pub enum Embedded<'a> {
    /// By a JWT: [`jwt`](crate::w3c::jwt).
    Jwt(Cow<'a, str>),
    /// By an SD-JWT: [`sd_jwt`](crate::w3c::sd_jwt).
    SdJwt(Cow<'a, str>),
    /// By a proof within: [`data_integrity`](crate::w3c::data_integrity).
    Document(&'a Map<String, Value>),
}

/// Shows no claim.
impl fmt::Debug for Embedded<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Jwt(_) => "Embedded::Jwt",
            Self::SdJwt(_) => "Embedded::SdJwt",
            Self::Document(_) => "Embedded::Document",
        })
    }
}

impl Presentation {
    /// Checks a document against the data model that its first context names. Every check is noted in the report;
    /// `None` says that one of them failed.
    #[must_use]
    pub fn check(document: Map<String, Value>, report: &mut Report) -> Option<Self> {
        let model = check_context(&document, report)?;
        let mut sound = check_id(&document, report);
        sound &= check_type(&document, "VerifiablePresentation", report);
        let holder = document.get("holder").map(form::url_or_id);
        sound &=
            report.check(&rules::HOLDER, holder != Some(None), || "holder is no URL, and has none as its id");
        let embedded = values(&document);
        let readable =
            embedded.len() <= MAX_CREDENTIALS && embedded.iter().all(|value| read(value, model).is_some());
        sound &= report.check(&rules::EMBEDDED, readable, || {
            format!("not at most {MAX_CREDENTIALS} credentials, each secured in a way that is known here")
        });
        sound.then_some(Self { document, model })
    }

    /// The whole presentation, as it was signed.
    #[must_use]
    pub fn document(&self) -> &Map<String, Value> {
        &self.document
    }

    /// The version of the data model.
    #[must_use]
    pub fn model(&self) -> DataModel {
        self.model
    }

    /// `holder`: its URL.
    #[must_use]
    pub fn holder(&self) -> Option<&str> {
        self.document.get("holder").and_then(form::url_or_id)
    }

    /// The credentials, each to be verified by itself.
    #[must_use]
    pub fn credentials(&self) -> Vec<Embedded<'_>> {
        values(&self.document).iter().filter_map(|value| read(value, self.model)).collect()
    }
}

fn values(document: &Map<String, Value>) -> &[Value] {
    document.get("verifiableCredential").map(form::each).unwrap_or_default()
}

/// A JWT as a text in VCDM 1.1 (§6.3.1), a data URL in VCDM 2.0 (§4.13), an object with a proof in both.
fn read(value: &Value, model: DataModel) -> Option<Embedded<'_>> {
    match value {
        Value::String(text) if model == DataModel::V1 => Some(match text.contains('~') {
            true => Embedded::SdJwt(text.into()),
            false => Embedded::Jwt(text.into()),
        }),
        Value::Object(object) => {
            let enveloped = form::types(object).is_some_and(|types| types.contains(&ENVELOPED));
            if enveloped { open(object) } else { Some(Embedded::Document(object)) }
        }
        _ => None,
    }
}

const ENVELOPED: &str = "EnvelopedVerifiableCredential";

fn open(object: &Map<String, Value>) -> Option<Embedded<'_>> {
    DataModel::of(object).or_else(|| {
        // One context may be written without its list.
        (object.get("@context")?.as_str()? == DataModel::V2.context()).then_some(DataModel::V2)
    })?;
    let (media_type, text) = object.get("id")?.as_str()?.strip_prefix("data:")?.split_once(',')?;
    match media_type {
        "application/vc+jwt" | "application/jwt" => Some(Embedded::Jwt(text.into())),
        // The tilde may be written as it is, or by its number (RFC 3986 §2.3).
        "application/vc+sd-jwt" => {
            Some(Embedded::SdJwt(match text.contains("%7E") || text.contains("%7e") {
                true => text.replace("%7E", "~").replace("%7e", "~").into(),
                false => text.into(),
            }))
        }
        _ => None,
    }
}

/// A secured credential as VCDM 2.0 puts it into a presentation (§4.13).
pub(in crate::w3c) fn envelope(media_type: &str, text: &str) -> Value {
    serde_json::json!({
        "@context": DataModel::V2.context(),
        "id": format!("data:application/{media_type},{text}"),
        "type": ENVELOPED,
    })
}
