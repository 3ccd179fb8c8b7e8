//! The sections `[authorization.upstream]` and `[authorization.presentation]`: people who sign in elsewhere.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use credenza_core::{Secret, json};
use credenza_oauth::openid::Secrecy;
use credenza_query::DcqlQuery;
use credenza_server::presets::presets;
use credenza_server::sign_in::{ClaimMapping, Selector};
use serde::Deserialize;
use serde_json::Value;
use toml::Spanned;
use url::Url;

use super::read::Reader;
use crate::http::is_loopback;
use crate::keys;
use crate::keys::service_key::ServiceKey;
use crate::service::{ShownCredential, ShownQuery, Upstream};

/// By credential type: where a claim goes, and where it is from.
type Claims = BTreeMap<String, BTreeMap<String, String>>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct UpstreamSection {
    issuer: Spanned<String>,
    client_id: String,
    #[serde(default)]
    client_secret: Option<Spanned<PathBuf>>,
    #[serde(default)]
    key: Option<Spanned<PathBuf>>,
    #[serde(default = "scopes")]
    scopes: Vec<String>,
    #[serde(default = "yes")]
    userinfo: bool,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    subject: Option<String>,
    #[serde(default)]
    claims: Claims,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PresentationSection {
    #[serde(default)]
    query: Option<Spanned<String>>,
    #[serde(default)]
    dcql_query: Option<Spanned<PathBuf>>,
    #[serde(default)]
    name: Option<String>,
    subject: Spanned<String>,
    #[serde(default = "yes")]
    other_device: bool,
    #[serde(default)]
    holder_key: HolderKey,
    #[serde(default)]
    claims: Claims,
}

/// Which keys the new credential may be bound to.
#[derive(Deserialize, Default, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
enum HolderKey {
    /// The key of the credential that was shown.
    #[default]
    Same,
    Any,
}

fn scopes() -> Vec<String> {
    vec!["openid".to_owned(), "profile".to_owned()]
}

const fn yes() -> bool {
    true
}

fn taken(claims: &Claims) -> BTreeMap<String, Vec<(Selector, Selector)>> {
    let pair = |(to, from): (&String, &String)| (Selector::new(to), Selector::new(from));
    claims.iter().map(|(kind, taken)| (kind.clone(), taken.iter().map(pair).collect())).collect()
}

/// What the section says; the outer `None` says that it is wrong.
pub(super) fn upstream(
    section: Option<&UpstreamSection>,
    reader: &mut Reader<'_>,
) -> Option<Option<Upstream>> {
    let Some(section) = section else { return Some(None) };
    let issuer = section.issuer.get_ref();
    let url = Url::parse(issuer).ok();
    let safe = |url: &Url| {
        let tls = url.scheme() == "https" || (url.scheme() == "http" && is_loopback(url));
        tls && url.query().is_none() && url.fragment().is_none()
    };
    let Some(url) = url.filter(safe) else {
        let remedy = "write the https URL that the provider calls its issuer, character by character";
        reader.problem("authorization.upstream.issuer", &section.issuer, "it is no https URL", remedy);
        return None;
    };
    let secrecy = match (&section.client_secret, &section.key) {
        (Some(file), None) => Secrecy::Secret(secret(file, reader)?),
        (None, Some(file)) => Secrecy::Key(Arc::new(key(file, reader)?)),
        _ => {
            let problem = "it says in no way, or in two, how this service authenticates there";
            let remedy = "name either a file with the client_secret, or the key for private_key_jwt";
            reader.problem("authorization.upstream", &section.issuer, problem, remedy);
            return None;
        }
    };
    let host = url.host_str().unwrap_or_default();
    let mapping = ClaimMapping {
        subject: Selector::new(section.subject.as_deref().unwrap_or("sub")),
        names: ["name", "preferred_username", "email"].map(Selector::new).into(),
        claims: taken(&section.claims),
    };
    Some(Some(Upstream {
        issuer: issuer.clone(),
        client_id: section.client_id.clone(),
        secrecy,
        scopes: section.scopes.clone(),
        userinfo: section.userinfo,
        label: section.name.clone().unwrap_or_else(|| format!("Sign in at {host}")),
        mapping,
    }))
}

fn secret(file: &Spanned<PathBuf>, reader: &mut Reader<'_>) -> Option<Secret> {
    let path = reader.folder.join(file.get_ref());
    let read = keys::read_private(&path).map_err(|error| error.to_string());
    let text = read.and_then(|bytes| {
        let text = std::str::from_utf8(&bytes).map_err(|error| error.to_string())?.trim().to_owned();
        if text.is_empty() { Err("it is empty".to_owned()) } else { Ok(Secret::new(text)) }
    });
    text.map_err(|error| {
        let remedy = "point it at a file with the secret that the provider has given to this service";
        let problem = format!("{}: {error}", path.display());
        reader.problem("authorization.upstream.client_secret", file, problem, remedy);
    })
    .ok()
}

fn key(file: &Spanned<PathBuf>, reader: &mut Reader<'_>) -> Option<ServiceKey> {
    ServiceKey::open(file.get_ref(), &reader.folder, Vec::new())
        .map_err(|error| {
            let remedy = "name the file of a private JWK whose public part the provider knows";
            reader.problem("authorization.upstream.key", file, error.to_string(), remedy);
        })
        .ok()
}

/// What the section says; the outer `None` says that it is wrong.
pub(super) fn presentation(
    section: Option<&PresentationSection>,
    reader: &mut Reader<'_>,
) -> Option<Option<ShownCredential>> {
    let Some(section) = section else { return Some(None) };
    let setting = "authorization.presentation";
    let query = match (&section.query, &section.dcql_query) {
        (Some(id), None) => {
            let preset = presets().into_iter().find(|preset| preset.id == *id.get_ref());
            // Others may be stored over the API, and change there.
            preset.map_or_else(
                || ShownQuery::Stored(id.get_ref().clone()),
                |preset| ShownQuery::Fixed(Box::new(preset.query)),
            )
        }
        (None, Some(file)) => ShownQuery::Fixed(Box::new(dcql(file, reader)?)),
        _ => {
            let remedy = "name either a query of the service, or a file with a dcql_query";
            reader.problem(
                setting,
                &section.subject,
                "it says in no way, or in two, what is asked for",
                remedy,
            );
            return None;
        }
    };
    let first_of = |selector: &str| {
        let (first, rest) = selector.strip_prefix('/')?.split_once('/')?;
        (!first.is_empty() && !rest.is_empty()).then(|| first.to_owned())
    };
    let ids: Vec<String> = match &query {
        ShownQuery::Fixed(query) => query.credentials().iter().map(|one| one.id.clone()).collect(),
        // What is in it is not known yet: all have to be about the credential that the subject is from.
        ShownQuery::Stored(_) => first_of(section.subject.get_ref()).into_iter().collect(),
    };
    let names_one = |selector: &str| first_of(selector).is_some_and(|first| ids.contains(&first));
    let from = section.claims.values().flat_map(BTreeMap::values).map(String::as_str);
    if let Some(wrong) = from.chain([section.subject.get_ref().as_str()]).find(|it| !names_one(it)) {
        let problem = format!("\"{wrong}\" is in no credential that is asked for");
        let remedy =
            format!("begin with a slash and one of: {}; as in /{}/name", ids.join(", "), ids.join(""));
        reader.problem(setting, &section.subject, problem, &remedy);
        return None;
    }
    let mapping = ClaimMapping {
        subject: Selector::new(section.subject.get_ref()),
        names: ids.iter().map(|id| Selector::new(format!("/{id}/given_name"))).collect(),
        claims: taken(&section.claims),
    };
    let label = section.name.clone().unwrap_or_else(|| "Show a credential".to_owned());
    let (other_device, same_key) = (section.other_device, section.holder_key == HolderKey::Same);
    Some(Some(ShownCredential { query, label, mapping, other_device, same_key }))
}

fn dcql(file: &Spanned<PathBuf>, reader: &mut Reader<'_>) -> Option<DcqlQuery> {
    let path = reader.folder.join(file.get_ref());
    let read = fs::read(&path).map_err(|error| error.to_string());
    let value = read.and_then(|bytes| json::from_slice::<Value>(&bytes).map_err(|error| error.to_string()));
    value
        .and_then(|value| DcqlQuery::parse(&value).map_err(|error| error.to_string()))
        .map_err(|error| {
            let remedy = "point it at a JSON file with a DCQL query: {\"credentials\": [...]}";
            let problem = format!("{}: {error}", path.display());
            reader.problem("authorization.presentation.dcql_query", file, problem, remedy);
        })
        .ok()
}
