//! `verifiers.json` in the wallet's folder: whom it believes about verifiers beside certificates and DIDs, and the
//! queries that it knows by name. `credenza wallet trust …` writes it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Subcommand;
use credenza::core::json as strict;
use credenza::crypto::JwkSet;
use credenza::keys;
use credenza::query::DcqlQuery;
use credenza::vp::messages::{ClientId, ClientIdPrefix, ClientMetadata};
use credenza::vp::wallet::RegisteredVerifier;
use credenza::wallet::KnownVerifiers;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use url::Url;

use crate::cli::{Usage, Verdict, output};

/// What can be written there.
#[derive(Subcommand)]
pub(super) enum Add {
    /// Believe somebody who attests verifiers (client identifiers with verifier_attestation).
    Attester {
        /// Its name, the `iss` of its attestations.
        issuer: String,
        /// Its keys: a file with a JWK set.
        keys: PathBuf,
    },
    /// Believe the trust anchor of a federation about verifiers (openid_federation).
    Anchor {
        /// Its identifier: https://anchor.example
        entity: Url,
        /// Its keys: a file with a JWK set.
        keys: PathBuf,
    },
    /// Know a verifier by a name that was agreed with it.
    Verifier {
        /// Its client identifier.
        client_id: String,
        /// What you call it.
        #[arg(long)]
        name: Option<String>,
        /// The keys that it signs requests with: a file with a JWK set. Without it, its requests are not signed.
        #[arg(long, value_name = "FILE")]
        keys: Option<PathBuf>,
        /// What its requests would say in client_metadata: a file with a JSON object.
        #[arg(long, value_name = "FILE")]
        metadata: Option<PathBuf>,
        /// A response_uri or redirect_uri that it may use. One that ends with /* stands for all below it.
        #[arg(long = "uri", required = true)]
        uris: Vec<String>,
    },
    /// Know a query by the scope that stands for it.
    Scope {
        /// The scope.
        name: String,
        /// The query: a file with DCQL.
        query: PathBuf,
    },
}

/// The file.
#[derive(Serialize, Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct Known {
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    attesters: BTreeMap<String, Value>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    anchors: BTreeMap<String, Value>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    verifiers: BTreeMap<String, Registered>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    scopes: BTreeMap<String, Value>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Registered {
    name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    jwks: Option<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    client_metadata: Option<Value>,
    uris: Vec<String>,
}

/// One entry, as `trust list` shows it.
#[derive(Serialize)]
pub(super) struct Entry {
    /// To remove it by.
    name: String,
    /// What it is.
    subject: String,
}

impl Entry {
    pub(super) fn line(&self) -> String {
        format!("{}  {}", self.name, self.subject)
    }
}

const FILE: &str = "verifiers.json";

pub(super) fn add(home: &Path, what: &Add, as_json: bool) -> anyhow::Result<Verdict> {
    let mut all = read(home)?;
    let name = match what {
        Add::Attester { issuer, keys } => {
            all.attesters.insert(issuer.clone(), of_file(keys)?);
            issuer.clone()
        }
        Add::Anchor { entity, keys } => {
            let entity = entity.as_str().trim_end_matches('/').to_owned();
            all.anchors.insert(entity.clone(), of_file(keys)?);
            entity
        }
        Add::Verifier { client_id, name, keys, metadata, uris } => {
            let known = Registered {
                name: name.clone().unwrap_or_else(|| client_id.clone()),
                jwks: keys.as_deref().map(of_file).transpose()?,
                client_metadata: metadata.as_deref().map(of_file).transpose()?,
                uris: uris.clone(),
            };
            all.verifiers.insert(client_id.clone(), known);
            client_id.clone()
        }
        Add::Scope { name, query } => {
            all.scopes.insert(name.clone(), of_file(query)?);
            name.clone()
        }
    };
    // What the wallet could not read is not written.
    all.known().map_err(|error| Usage::error(format!("{error:#}")))?;
    write(home, &all)?;
    let said = if as_json { json!({"name": name}).to_string() } else { format!("Known: {name}") };
    output::line(&said)?;
    Ok(Verdict::Good)
}

/// What is there.
pub(super) fn list(home: &Path) -> anyhow::Result<Vec<Entry>> {
    let all = read(home)?;
    let entry = |name: &String, subject: &str| Entry { name: name.clone(), subject: subject.to_owned() };
    let attesters = all.attesters.keys().map(|name| entry(name, "attests verifiers"));
    let anchors = all.anchors.keys().map(|name| entry(name, "anchor of a federation"));
    let verifiers = all.verifiers.iter().map(|(id, known)| entry(id, &format!("verifier: {}", known.name)));
    let scopes = all.scopes.keys().map(|name| entry(name, "scope"));
    Ok(attesters.chain(anchors).chain(verifiers).chain(scopes).collect())
}

/// Forgets what goes by this name; whether anything did.
pub(super) fn remove(home: &Path, name: &str) -> anyhow::Result<bool> {
    let mut all = read(home)?;
    let removed = [
        all.attesters.remove(name).is_some(),
        all.anchors.remove(name).is_some(),
        all.verifiers.remove(name).is_some(),
        all.scopes.remove(name).is_some(),
    ];
    let any = removed.contains(&true);
    if any {
        write(home, &all)?;
    }
    Ok(any)
}

/// What a wallet in this folder knows.
pub(super) fn known(home: &Path) -> anyhow::Result<KnownVerifiers> {
    read(home)?.known().with_context(|| home.join(FILE).display().to_string())
}

impl Known {
    fn known(&self) -> anyhow::Result<KnownVerifiers> {
        let sets = |all: &BTreeMap<String, Value>| -> anyhow::Result<Vec<(String, JwkSet)>> {
            all.iter().map(|(name, keys)| Ok((name.clone(), key_set(name, keys)?))).collect()
        };
        for entity in self.anchors.keys() {
            anyhow::ensure!(
                entity.starts_with("https://"),
                "{entity}: entities of a federation have https names"
            );
        }
        let registered = self.verifiers.iter().map(|(client_id, known)| registered(client_id, known));
        let scopes = self.scopes.iter().map(|(name, query)| {
            anyhow::ensure!(!name.is_empty() && !name.contains(' '), "\"{name}\" is no scope");
            Ok((name.clone(), DcqlQuery::parse(query).with_context(|| name.clone())?))
        });
        Ok(KnownVerifiers {
            attesters: sets(&self.attesters)?,
            anchors: sets(&self.anchors)?,
            registered: registered.collect::<anyhow::Result<_>>()?,
            scopes: scopes.collect::<anyhow::Result<_>>()?,
        })
    }
}

fn registered(client_id: &str, known: &Registered) -> anyhow::Result<RegisteredVerifier> {
    let id = ClientId::parse(client_id);
    let plain = id.prefix() == ClientIdPrefix::PreRegistered && !id.has_unknown_prefix();
    anyhow::ensure!(plain && !client_id.is_empty(), "{client_id}: a name that was agreed has no prefix");
    let metadata: ClientMetadata = match &known.client_metadata {
        Some(metadata) => serde_json::from_value(metadata.clone()).with_context(|| client_id.to_owned())?,
        None => ClientMetadata::default(),
    };
    let request_keys = match &known.jwks {
        Some(keys) => key_set(client_id, keys)?,
        None => JwkSet::default(),
    };
    Ok(RegisteredVerifier {
        client_id: client_id.to_owned(),
        name: known.name.clone(),
        request_keys,
        metadata,
        uris: known.uris.clone(),
    })
}

/// Keys of somebody; without any he could sign nothing.
fn key_set(whose: &str, value: &Value) -> anyhow::Result<JwkSet> {
    let keys = JwkSet::from_value(value).with_context(|| whose.to_owned())?;
    anyhow::ensure!(!keys.keys.is_empty(), "{whose}: there is no key in the set that can be used");
    Ok(keys)
}

fn of_file(file: &Path) -> anyhow::Result<Value> {
    let said = || file.display().to_string();
    strict::parse(&fs::read(file).with_context(said)?).with_context(said)
}

fn read(home: &Path) -> anyhow::Result<Known> {
    let file = home.join(FILE);
    let said = || file.display().to_string();
    match fs::read(&file) {
        Ok(text) => Ok(serde_json::from_value(strict::parse(&text).with_context(said)?).with_context(said)?),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Known::default()),
        Err(error) => Err(error).with_context(said),
    }
}

fn write(home: &Path, all: &Known) -> anyhow::Result<()> {
    keys::private_folder(home)?;
    keys::write_public(&home.join(FILE), serde_json::to_string_pretty(all)?.as_bytes())?;
    Ok(())
}
