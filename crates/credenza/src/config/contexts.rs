//! The JSON-LD contexts that a configuration names.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use credenza_formats::w3c::data_integrity::Contexts;
use toml::Spanned;

use super::read::Reader;
use crate::contexts::extended;

/// A file for each URL.
pub(super) type Section = BTreeMap<String, Spanned<PathBuf>>;

const REMEDY: &str = "write the URL of each context and the file of its document: \
                      \"https://issuer.example/terms/v1\" = \"contexts/terms.jsonld\"";

pub(super) fn contexts(section: &Section, reader: &mut Reader<'_>) -> Option<Contexts> {
    let mut documents = Vec::new();
    for (url, file) in section {
        let path = reader.folder.join(file.get_ref());
        match fs::read(&path) {
            Ok(document) => documents.push((url.clone(), document)),
            Err(error) => {
                reader.problem("contexts", file, format!("{}: {error}", path.display()), REMEDY);
                return None;
            }
        }
    }
    match extended(documents) {
        Ok(contexts) => Some(contexts),
        Err(problem) => {
            if let Some(file) = section.get(&problem.url) {
                reader.problem("contexts", file, problem.to_string(), REMEDY);
            }
            None
        }
    }
}
