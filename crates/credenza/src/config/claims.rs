//! The section `[claims]`: where the claims of credentials come from, beside offers.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use credenza_core::{Secret, b64};
use credenza_crypto::hash::HmacKey;
use credenza_vci::issuer::TableClaims;
use serde::Deserialize;
use toml::Spanned;
use url::Url;

use super::read::Reader;
use crate::claims::{Credentials, Source, Sources};
use crate::http::is_loopback;
use crate::keys;

/// For how long a service is waited for, unless it is said otherwise, and what can be said, in milliseconds.
const DEFAULT_TIMEOUT: u64 = 5000;
const TIMEOUTS: std::ops::RangeInclusive<u64> = 100..=20_000;

/// No key is shorter, in bytes.
const MIN_KEY: usize = 24;

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(super) struct Section {
    #[serde(default)]
    internal_hosts: Vec<String>,
    #[serde(default)]
    sources: BTreeMap<String, Spanned<SourceSection>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SourceSection {
    #[serde(default)]
    table: Option<Spanned<PathBuf>>,
    #[serde(default)]
    rest: Option<Rest>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rest {
    url: Spanned<String>,
    #[serde(default)]
    token_file: Option<Spanned<PathBuf>>,
    #[serde(default)]
    key_file: Option<Spanned<PathBuf>>,
    #[serde(default)]
    timeout_ms: Option<Spanned<u64>>,
}

/// What the section says; `None` when it is wrong.
pub(super) fn sources(section: &Section, reader: &mut Reader<'_>) -> Option<Sources> {
    let hosts = &section.internal_hosts;
    let named: Vec<_> = section
        .sources
        .iter()
        .map(|(name, source)| Some((name.clone(), self::source(name, source, hosts, reader)?)))
        .collect();
    let named = named.into_iter().collect::<Option<_>>()?;
    Some(Sources { internal_hosts: hosts.clone(), named })
}

fn source(
    name: &str,
    section: &Spanned<SourceSection>,
    hosts: &[String],
    reader: &mut Reader<'_>,
) -> Option<Source> {
    let setting = format!("claims.sources.{name}");
    match section.get_ref() {
        SourceSection { table: Some(file), rest: None } => table(&setting, file, reader),
        SourceSection { table: None, rest: Some(rest) } => self::rest(&setting, rest, hosts, reader),
        _ => {
            let remedy = "write { table = \"FILE\" } or { rest = { url = \"URL\", token_file = \"FILE\" } }";
            reader.problem(&setting, section, "neither a table nor a service, or both", remedy);
            None
        }
    }
}

fn table(setting: &str, file: &Spanned<PathBuf>, reader: &mut Reader<'_>) -> Option<Source> {
    let path = reader.folder.join(file.get_ref());
    let read = fs::read(&path).map_err(|error| error.to_string());
    let csv = path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("csv"));
    let parsed = read.and_then(|bytes| {
        if csv {
            let text = String::from_utf8(bytes).map_err(|_| "it is not UTF-8".to_owned())?;
            TableClaims::from_csv(&text).map_err(|error| error.to_string())
        } else {
            TableClaims::from_json(&bytes).map_err(|error| error.to_string())
        }
    });
    match parsed {
        Ok(table) => Some(Source::Table(table)),
        Err(error) => {
            let remedy = "point it at comma-separated values whose first column is the person, \
                          or at JSON: {\"erika\": {\"given_name\": \"Erika\"}}";
            reader.problem(setting, file, format!("{}: {error}", path.display()), remedy);
            None
        }
    }
}

fn rest(setting: &str, rest: &Rest, hosts: &[String], reader: &mut Reader<'_>) -> Option<Source> {
    let url = url(setting, &rest.url, hosts, reader);
    let credentials = credentials(setting, rest, reader);
    let time = match &rest.timeout_ms {
        None => Some(DEFAULT_TIMEOUT),
        Some(time) if TIMEOUTS.contains(time.get_ref()) => Some(*time.get_ref()),
        Some(time) => {
            let remedy = "write milliseconds between 100 and 20000";
            reader.problem(setting, time, "no time to wait for a service", remedy);
            None
        }
    };
    Some(Source::Rest { url: url?, credentials: credentials?, time: Duration::from_millis(time?) })
}

fn url(setting: &str, value: &Spanned<String>, hosts: &[String], reader: &mut Reader<'_>) -> Option<Url> {
    let url = Url::parse(value.get_ref()).ok().filter(|url| url.username().is_empty());
    let internal = |url: &Url| url.host_str().is_some_and(|host| hosts.iter().any(|known| known == host));
    match url {
        Some(url) if url.scheme() == "https" => return Some(url),
        Some(url) if url.scheme() == "http" && (internal(&url) || is_loopback(&url)) => return Some(url),
        _ => {}
    }
    let remedy = "write an https URL; for http, and for an address of your own network, name its host in \
                  claims.internal_hosts";
    reader.problem(setting, value, "not a URL that is asked", remedy);
    None
}

fn credentials(setting: &str, rest: &Rest, reader: &mut Reader<'_>) -> Option<Credentials> {
    let (file, is_key) = match (&rest.token_file, &rest.key_file) {
        (Some(file), None) => (file, false),
        (None, Some(file)) => (file, true),
        _ => {
            let remedy = "name a file with a bearer token as token_file, or one with a key as key_file";
            reader.problem(setting, &rest.url, "the service can't know who asks, or in two ways", remedy);
            return None;
        }
    };
    let path = reader.folder.join(file.get_ref());
    let read = keys::read_private(&path).map_err(|error| error.to_string());
    let text = read.and_then(|bytes| String::from_utf8(bytes.to_vec()).map_err(|error| error.to_string()));
    let made = text.and_then(|text| if is_key { key(text.trim()) } else { token(text.trim()) });
    match made {
        Ok(credentials) => Some(credentials),
        Err(error) => {
            let remedy =
                "a token is one word; a key is at least 24 random bytes as base64, with or without whsec_";
            reader.problem(setting, file, format!("{}: {error}", path.display()), remedy);
            None
        }
    }
}

fn token(text: &str) -> Result<Credentials, String> {
    match !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic()) {
        true => Ok(Credentials::Token(Secret::new(text.to_owned()))),
        false => Err("not a bearer token".to_owned()),
    }
}

fn key(text: &str) -> Result<Credentials, String> {
    let bytes = b64::decode_std(text.strip_prefix("whsec_").unwrap_or(text)).ok();
    let bytes = bytes.filter(|bytes| bytes.len() >= MIN_KEY).ok_or("not a key")?;
    Ok(Credentials::Key(Box::new(HmacKey::new(&bytes))))
}
