//! Takes anything apart that travels in OpenID4VC, and says what is odd about it.
//!
//! Nothing is fetched and nothing is verified here: it works on the text alone.

mod cbor;
mod certificates;
mod cose;
mod dids;
mod documents;
mod jose;
mod links;
mod mdoc;
pub mod rules;
mod sd_jwt;
mod status_lists;
mod trust_lists;
mod w3c;

use std::sync::Arc;

use credenza_core::{Clock, Report, UnixTime};
use credenza_server::{Inspect, InspectedPart, Inspection};
use serde_json::Value;

/// The longest text that is looked at.
pub const MAX_TEXT: usize = 1024 * 1024;

/// Decodes offers, requests, tokens, credentials of every format, status lists, trust lists, metadata, DIDs, keys and
/// certificates.
///
/// ```
/// use std::sync::Arc;
/// use credenza::inspect::Inspector;
/// use credenza::server::Inspect;
/// use credenza::core::SystemClock;
///
/// let inspector = Inspector::new(Arc::new(SystemClock));
/// let found = inspector.inspect(r#"{"kty":"EC","crv":"P-256","x":"x","y":"y"}"#).unwrap();
/// assert_eq!(found.kind, "JSON Web Key");
/// assert!(!found.report.unwrap().ok(), "these are no coordinates");
/// ```
#[derive(Clone)]
pub struct Inspector {
    clock: Arc<dyn Clock>,
}

impl Inspector {
    /// An inspector that judges times by this clock.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock }
    }
}

impl std::fmt::Debug for Inspector {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Inspector")
    }
}

impl Inspect for Inspector {
    fn inspect(&self, text: &str) -> Result<Inspection, String> {
        let text = text.trim();
        if text.is_empty() {
            return Err("there is nothing to inspect".to_owned());
        }
        if text.len() > MAX_TEXT {
            return Err(format!("longer than {MAX_TEXT} bytes"));
        }
        let mut found = Found::new(self.clock.now());
        found.kind = look(text, &mut found)?;
        Ok(found.into())
    }
}

/// What was found so far.
struct Found {
    now: UnixTime,
    kind: String,
    parts: Vec<InspectedPart>,
    report: Report,
}

impl Found {
    fn new(now: UnixTime) -> Self {
        Self { now, kind: String::new(), parts: Vec::new(), report: Report::new("inspection") }
    }

    fn part(&mut self, name: impl Into<String>, content: impl Into<Value>) {
        self.parts.push(InspectedPart { name: name.into(), content: content.into(), remark: None });
    }

    fn remarked(&mut self, name: impl Into<String>, content: impl Into<Value>, remark: impl Into<String>) {
        let remark = Some(remark.into());
        self.parts.push(InspectedPart { name: name.into(), content: content.into(), remark });
    }
}

impl From<Found> for Inspection {
    fn from(found: Found) -> Self {
        let report = (!found.report.checks.is_empty()).then_some(found.report);
        Self { kind: found.kind, parts: found.parts, report }
    }
}

/// Recognises the text by its shape and takes it apart; hands out what it is.
fn look(text: &str, found: &mut Found) -> Result<String, String> {
    if text.starts_with("-----BEGIN ") {
        return certificates::pem(text, found);
    }
    if text.starts_with(['{', '[']) {
        return documents::json(text, found);
    }
    if text.starts_with("did:") {
        return dids::did(text, found);
    }
    if let Some(kind) = links::link(text, found)? {
        return Ok(kind);
    }
    if text.contains(char::is_whitespace) {
        let joined: String = text.split_whitespace().collect();
        return bytes(&joined, found);
    }
    if text.contains('~') {
        return sd_jwt::sd_jwt(text, found);
    }
    match text.matches('.').count() {
        2 => jose::jwt(text, found),
        4 => jose::jwe(text, found),
        _ => bytes(text, found),
    }
}

/// What a text may stand for: the bytes of base64 of either alphabet, or of hexadecimal.
pub(crate) fn bytes_of(text: &str) -> Vec<Vec<u8>> {
    cbor::decoded(text)
}

/// Text that stands for bytes.
fn bytes(text: &str, found: &mut Found) -> Result<String, String> {
    let readings = cbor::decoded(text);
    readings.iter().find_map(|bytes| cbor::binary(bytes, found)).ok_or_else(unknown)
}

fn unknown() -> String {
    "not an offer, request, JWT, JWE, SD-JWT, mdoc, CBOR, DID, key, certificate, revocation list or metadata \
     document; nothing else is known here"
        .to_owned()
}

#[cfg(test)]
mod family_tests;
#[cfg(test)]
mod named_tests;
#[cfg(test)]
mod tests;
