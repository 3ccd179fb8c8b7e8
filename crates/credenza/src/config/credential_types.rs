//! The folder with the types of credentials, and the sources of claims that they name.

use std::fs;
use std::path::PathBuf;

use credenza_core::json;
use credenza_vci::issuer::CredentialConfiguration;
use toml::Spanned;

use super::read::Reader;
use crate::claims::Sources;

impl Reader<'_> {
    pub(super) fn credential_types(
        &mut self,
        value: &Spanned<PathBuf>,
    ) -> Option<Vec<CredentialConfiguration>> {
        let folder = self.folder.join(value.get_ref());
        let setting = "issuer.credential_types";
        let remedy = "point it at a folder with one JSON file for each type of credential";
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) => {
                self.problem(setting, value, format!("{}: {error}", folder.display()), remedy);
                return None;
            }
        };
        let mut files: Vec<PathBuf> = entries
            .filter_map(|entry| Some(entry.ok()?.path()))
            .filter(|path| path.extension().is_some_and(|ending| ending == "json"))
            .collect();
        files.sort();
        let mut types = Vec::new();
        let mut good = true;
        for file in &files {
            let read = fs::read(file).map_err(|error| error.to_string());
            let parsed = read.and_then(|bytes| credential_type(&bytes));
            match parsed {
                Ok(credential_type) => types.push(credential_type),
                Err(error) => {
                    good = false;
                    let remedy = "compare it with the one that `credenza init` writes";
                    self.problem(setting, value, format!("{}: {error}", file.display()), remedy);
                }
            }
        }
        if files.is_empty() {
            self.problem(setting, value, format!("no JSON file in {}", folder.display()), remedy);
        }
        (good && !types.is_empty()).then_some(types)
    }

    /// Whether every source that a type names is there.
    pub(super) fn named_sources(
        &mut self,
        claims: &Sources,
        types: &[CredentialConfiguration],
        at: &Spanned<PathBuf>,
    ) {
        for one in types {
            if let Some(source) = one.claims_source.as_ref().filter(|name| !claims.named.contains_key(*name))
            {
                let problem =
                    format!("\"{}\" names the claims source \"{source}\", which is not there", one.id);
                self.problem("issuer.credential_types", at, problem, "add it to [claims.sources]");
            }
        }
    }
}

fn credential_type(bytes: &[u8]) -> Result<CredentialConfiguration, String> {
    let object = json::parse_object(bytes).map_err(|error| error.to_string())?;
    if let Some(unknown) = CredentialConfiguration::unknown_member(&object) {
        return Err(format!("unknown member `{unknown}`"));
    }
    serde_json::from_value(object.into()).map_err(|error| error.to_string())
}
