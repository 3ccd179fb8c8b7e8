//! DIDs and their documents: whether a document is its DID's, and its keys can be used.

use credenza_core::Report;
use credenza_crypto::Jwk;
use credenza_trust::did::{
    Did, DidDocument, DidResolver, KeyDefect, Method, Relationship, VerificationMethod,
};
use serde_json::{Map, Value};

use super::{Particulars, rules};

/// Resolves a DID and judges its document.
pub(super) async fn by_name(text: &str, particulars: Particulars<'_>) -> Report {
    let mut report = Report::new("DID");
    let did = match Did::parse(text) {
        Ok(did) => did,
        Err(error) => {
            report.fail(&rules::DID_DOCUMENT, error.to_string());
            return report;
        }
    };
    let offline = DidResolver::offline();
    match particulars.dids.unwrap_or(&offline).resolve(&did).await {
        Ok(document) => judge(&document, &mut report),
        Err(error) => report.fail(&rules::DID_DOCUMENT, error.to_string()),
    }
    report
}

/// Whether the JSON is a document of a DID.
pub(super) fn is_document(members: &Map<String, Value>) -> bool {
    let did = members.get("id").and_then(Value::as_str).is_some_and(|id| id.starts_with("did:"));
    let mut lists = std::iter::once("verificationMethod").chain(Relationship::ALL.map(Relationship::name));
    did && lists.any(|name| members.contains_key(name))
}

/// Judges a document that was brought.
pub(super) async fn document(members: &Map<String, Value>, particulars: Particulars<'_>) -> Report {
    let mut report = Report::new("DID document");
    let own = members.get("id").and_then(Value::as_str).unwrap_or_default();
    let parsed = Did::parse(particulars.did.unwrap_or(own))
        .and_then(|did| DidDocument::parse(Value::Object(members.clone()).to_string().as_bytes(), &did));
    match parsed {
        Ok(document) => {
            judge(&document, &mut report);
            dangling(members, &document, &mut report);
            by_its_name(&document, &mut report).await;
        }
        Err(error) => report.fail(&rules::DID_DOCUMENT, error.to_string()),
    }
    report
}

fn judge(document: &DidDocument, report: &mut Report) {
    report.pass_with(&rules::DID_DOCUMENT, document.id.as_str().to_owned());
    let named = |method: &VerificationMethod, defect: &KeyDefect| format!("{}: {defect}", method.id);
    let defects = document.methods.iter().filter_map(|method| Some((method, *method.key.as_ref().err()?)));
    let (unknown, broken): (Vec<_>, Vec<_>) =
        defects.partition(|(_, defect)| matches!(defect, KeyDefect::Unsupported | KeyDefect::Form));
    match (broken.first(), unknown.first()) {
        (Some((method, defect)), _) => report.fail(&rules::DID_KEYS, named(method, defect)),
        // It may well be a key, of a kind that others know.
        (None, Some((method, defect))) => report.warn(&rules::DID_KEYS, named(method, defect)),
        (None, None) => report.pass(&rules::DID_KEYS),
    }
    let signs = [Relationship::Authentication, Relationship::AssertionMethod];
    let some = signs.into_iter().any(|use_of| document.keys(use_of).next().is_some());
    report.check(&rules::DID_USE, some, || "none of its keys signs anything");
}

/// A key that is named in the document and is not there is nobody's.
fn dangling(members: &Map<String, Value>, document: &DidDocument, report: &mut Report) {
    let prefix = format!("{}#", document.id);
    let known = |name: &str| document.methods.iter().any(|method| method.id.to_string() == name);
    let names = Relationship::ALL.iter().filter_map(|relation| members.get(relation.name())?.as_array());
    let missing = names.flatten().filter_map(Value::as_str).find(|name| {
        let whole = if name.starts_with('#') { format!("{}{name}", document.id) } else { (*name).to_owned() };
        whole.starts_with(&prefix) && !known(&whole)
    });
    report.check(&rules::DID_REFERENCES, missing.is_none(), || missing.unwrap_or_default().to_owned());
}

/// The document of a DID that has its key in its name has that key, and no other.
async fn by_its_name(document: &DidDocument, report: &mut Report) {
    if !matches!(Method::from_name(document.id.method()), Some(Method::Jwk | Method::Key)) {
        return;
    }
    let thumbprints = |document: &DidDocument| {
        let keys = document.methods.iter().filter_map(|method| method.key.as_ref().ok());
        let mut all: Vec<String> = keys.map(Jwk::thumbprint_text).collect();
        all.sort();
        all.dedup();
        all
    };
    match DidResolver::offline().resolve(&document.id).await {
        Ok(named) => {
            let same = thumbprints(&named) == thumbprints(document);
            report.check(
                &rules::DID_NAME,
                same,
                || "the keys in it are not the one that its name is made of",
            );
        }
        Err(error) => report.fail(&rules::DID_NAME, error.to_string()),
    }
}
