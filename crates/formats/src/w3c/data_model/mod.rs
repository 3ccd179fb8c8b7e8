//! The data model: what a credential and a presentation must look like, in VCDM 1.1 and in VCDM 2.0.
//!
//! Only what was signed belongs here: each way of securing checks its signature first, and then builds a
//! [`Credential`] or a [`Presentation`] from the signed document (VCDM 2.0 §7.1).

mod credential;
mod form;
mod presentation;

use std::time::Duration;

use credenza_core::{Report, UnixTime};
use credenza_crypto::jwt::LEEWAY;
use serde_json::{Map, Value};

pub use credential::Credential;
pub(super) use presentation::envelope;
pub use presentation::{Embedded, MAX_CREDENTIALS, Presentation};

use super::rules;

/// The first context of VCDM 1.1 (§4.1).
pub const CONTEXT_V1: &str = "https://www.w3.org/2018/credentials/v1";

/// The first context of VCDM 2.0 (§4.3).
pub const CONTEXT_V2: &str = "https://www.w3.org/ns/credentials/v2";

/// Which version of the data model a document follows. Its first context says it, and nothing else does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DataModel {
    /// VCDM 1.1
    V1,
    /// VCDM 2.0
    V2,
}

impl DataModel {
    /// Of a document, by its first context.
    #[must_use]
    pub fn of(document: &Map<String, Value>) -> Option<Self> {
        match document.get("@context")?.as_array()?.first()?.as_str()? {
            CONTEXT_V1 => Some(Self::V1),
            CONTEXT_V2 => Some(Self::V2),
            _ => None,
        }
    }

    /// The URL that comes first in `@context`.
    #[must_use]
    pub const fn context(self) -> &'static str {
        match self {
            Self::V1 => CONTEXT_V1,
            Self::V2 => CONTEXT_V2,
        }
    }
}

/// The time at which a document is judged.
#[derive(Debug, Clone, Copy)]
pub struct Moment {
    /// Now.
    pub now: UnixTime,
    /// How far clocks may differ.
    pub leeway: Duration,
}

impl Moment {
    /// With the usual leeway of a minute.
    #[must_use]
    pub const fn at(now: UnixTime) -> Self {
        Self { now, leeway: LEEWAY }
    }

    pub(super) fn is_before(self, start: UnixTime) -> bool {
        self.now + self.leeway < start
    }

    pub(super) fn is_after(self, end: UnixTime) -> bool {
        self.now > end + self.leeway
    }
}

/// Notes whether the contexts are a list in which one of the base contexts comes first, and each item a URL or an
/// object.
fn check_context(document: &Map<String, Value>, report: &mut Report) -> Option<DataModel> {
    let model = DataModel::of(document);
    let contexts = document.get("@context").and_then(Value::as_array);
    let sound = contexts.is_some_and(|contexts| {
        contexts.iter().all(|context| match context {
            Value::String(url) => form::is_url(url),
            other => other.is_object(),
        })
    });
    report.check(
        &rules::CONTEXT,
        model.is_some() && sound,
        || "@context is not a list that begins with the URL of VCDM 1.1 or 2.0",
    );
    model.filter(|_| sound)
}

/// Notes whether `id`, where it is there, is one URL.
fn check_id(document: &Map<String, Value>, report: &mut Report) -> bool {
    let sound = document.get("id").is_none_or(form::is_url_value);
    report.check(&rules::ID, sound, || "id is not a URL")
}

/// Notes whether the wanted type is among the types.
fn check_type(document: &Map<String, Value>, wanted: &str, report: &mut Report) -> bool {
    let types = form::types(document);
    let sound = types.is_some_and(|types| types.contains(&wanted));
    report.check(&rules::TYPE, sound, || format!("type has no {wanted}, or is not a list of names"))
}
