//! DIDs and their documents.

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use credenza_core::Answer;
use credenza_crypto::Jwk;
use credenza_trust::did::{Did, DidDocument, DidResolver, DidUrl, Method};
use serde_json::{Map, Value, json};

use super::{Found, rules};

/// Takes a DID, or a URL of a key in its document, apart.
pub(super) fn did(text: &str, found: &mut Found) -> Result<String, String> {
    let url = DidUrl::parse(text).map_err(|error| error.to_string())?;
    let (did, _) = text.split_once(['#', '?', '/']).unwrap_or((text, ""));
    let did = Did::parse(did).map_err(|error| error.to_string())?;
    let kind = format!("did:{}", did.method());
    found.report.pass(&rules::DID);
    if url.names_a_key() {
        found.part("names the key", text);
    }
    match Method::from_name(did.method()) {
        Some(Method::Web) => {
            let location = credenza_trust::did::web::location(&did).map_err(|error| error.to_string())?;
            found.remarked("document", location.as_str(), "fetch it, and inspect what it answers");
        }
        // The document is in the DID itself: nothing is fetched.
        Some(Method::Jwk | Method::Key) => {
            let resolved = at_once(DidResolver::offline().resolve(&did));
            match resolved {
                Some(Ok(document)) => show(&document, found),
                Some(Err(error)) => found.report.fail(&rules::DID_DOCUMENT, error.to_string()),
                None => {}
            }
        }
        _ => found.report.warn(&rules::DID_DOCUMENT, "a method that is not resolved here"),
    }
    Ok(kind)
}

/// Whether the JSON is a document of a DID.
pub(super) fn is_document(members: &Map<String, Value>) -> bool {
    let did = members.get("id").and_then(Value::as_str).is_some_and(|id| id.starts_with("did:"));
    did && (members.contains_key("verificationMethod") || members.contains_key("authentication"))
}

/// Judges a document.
pub(super) fn document(text: &str, members: &Map<String, Value>, found: &mut Found) {
    let id = members.get("id").and_then(Value::as_str).unwrap_or_default();
    let parsed = Did::parse(id).and_then(|did| DidDocument::parse(text.as_bytes(), &did));
    match parsed {
        Ok(document) => show(&document, found),
        Err(error) => found.report.fail(&rules::DID_DOCUMENT, error.to_string()),
    }
}

fn show(document: &DidDocument, found: &mut Found) {
    found.report.pass(&rules::DID_DOCUMENT);
    let methods: Vec<Value> = document
        .methods
        .iter()
        .map(|method| {
            let uses: Vec<&str> = method.relationships.iter().map(|relation| relation.name()).collect();
            json!({
                "id": method.id.to_string(),
                "type": method.kind,
                "uses": uses,
                "key": method.key.as_ref().ok().map(Jwk::to_value),
                "defect": method.key.as_ref().err().map(ToString::to_string),
            })
        })
        .collect();
    let remark = format!("{} keys of {}", methods.len(), document.id);
    found.remarked("keys", methods, remark);
}

/// What is answered without waiting for anything.
fn at_once<T: Unpin>(answer: Answer<'_, T>) -> Option<T> {
    match pin!(answer).as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => Some(value),
        Poll::Pending => None,
    }
}
