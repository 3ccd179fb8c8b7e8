//! What the tests share: queries and candidates from JSON, vectors from files.

use std::path::PathBuf;

use credenza_core::json;
use credenza_query::{Authorities, Candidate, ClaimsPath, DcqlQuery};
use serde_json::Value;

pub(crate) fn query(query: &Value) -> DcqlQuery {
    DcqlQuery::parse(query).unwrap()
}

pub(crate) fn path(path: &Value) -> ClaimsPath {
    ClaimsPath::from_value(path).unwrap()
}

pub(crate) fn paths(all: &Value) -> Vec<ClaimsPath> {
    all.as_array().unwrap().iter().map(path).collect()
}

pub(crate) fn sd_jwt<'a>(vct: &'a str, claims: &'a Value) -> Candidate<'a> {
    Candidate {
        format: "dc+sd-jwt",
        types: vec![vct],
        claims,
        holder_binding: true,
        authorities: Authorities::default(),
    }
}

pub(crate) fn mdoc<'a>(doctype: &'a str, claims: &'a Value) -> Candidate<'a> {
    Candidate { format: "mso_mdoc", ..sd_jwt(doctype, claims) }
}

pub(crate) fn folder(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/vectors").join(name)
}

pub(crate) fn vector(name: &str) -> Value {
    json::parse(&std::fs::read(folder(name)).unwrap()).unwrap()
}

/// All files of a folder of vectors that end like this.
pub(crate) fn vectors(name: &str, ending: &str) -> Vec<(String, Value)> {
    let mut found: Vec<_> = std::fs::read_dir(folder(name))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|file| file.to_str().unwrap().ends_with(ending))
        .map(|file| (file.display().to_string(), json::parse(&std::fs::read(&file).unwrap()).unwrap()))
        .collect();
    found.sort_by(|one, other| one.0.cmp(&other.0));
    found
}
