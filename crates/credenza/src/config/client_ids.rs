//! `[verifier.client_ids]`: the names that the verifier goes by, beside those of its certificate (OID4VP 1.0 §5.9.3).

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use credenza_crypto::{Jwk, JwkSet, Signer};
use credenza_trust::did::{self, Did, DidDocument, Relationship};
use credenza_trust::federation::EntityConfiguration;
use credenza_vp::messages::VerifierInfo;
use credenza_vp::verifier::config::{LIFETIME, MAX_LIFETIME, RETENTION};
use credenza_vp::verifier::{RequestedPrefix, VerifierIdentity};
use serde::Deserialize;
use serde_json::{Map, Value};
use toml::Spanned;
use url::Url;

use super::read::Reader;
use super::{verifier, wallets, websites};
use crate::keys::named::NamedSigner;
use crate::keys::service_key::ServiceKey;
use crate::service::asking::{Asking, Federated};

/// One table for each prefix.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(super) struct Section {
    #[serde(default)]
    decentralized_identifier: Option<ByDid>,
    #[serde(default)]
    verifier_attestation: Option<ByAttestation>,
    #[serde(default)]
    openid_federation: Option<ByFederation>,
    #[serde(default)]
    pre_registered: Option<ByRegistration>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ByDid {
    method: Spanned<DidMethod>,
    #[serde(default)]
    key: Option<Spanned<PathBuf>>,
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "lowercase")]
enum DidMethod {
    Jwk,
    Key,
    Web,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ByAttestation {
    attestation: Spanned<PathBuf>,
    #[serde(default)]
    key: Option<Spanned<PathBuf>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ByFederation {
    authority_hints: Spanned<Vec<String>>,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    key: Option<Spanned<PathBuf>>,
    #[serde(default)]
    entity_key: Option<Spanned<PathBuf>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ByRegistration {
    client_id: Spanned<String>,
    #[serde(default)]
    key: Option<Spanned<PathBuf>>,
}

/// An attestation about the verifier, for wallets that know its format (§5.11).
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Info {
    format: String,
    file: Spanned<PathBuf>,
}

/// The fragment that names the key in the document of a `did:web`.
const FRAGMENT: &str = "requests";

/// How the verifier asks. `url` is the service's, `own` the key of `[verifier]`.
pub(super) fn asking(
    section: &verifier::Section,
    url: &Url,
    own: &Arc<dyn Signer>,
    reader: &mut Reader<'_>,
) -> Option<Asking> {
    let names = &section.client_ids;
    let mut asking = Asking { prefix: prefix(section, url, reader)?, ..Asking::default() };
    if let Some(wanted) = &names.decentralized_identifier {
        let (identity, document) = by_did(wanted, url, own, reader)?;
        asking.identities.push(identity);
        asking.did_document = document;
    }
    if let Some(wanted) = &names.verifier_attestation {
        asking.identities.push(attested(wanted, own, reader)?);
    }
    if let Some(wanted) = &names.openid_federation {
        let (identity, entity) = federated(wanted, url, own, reader)?;
        asking.identities.push(identity);
        asking.entity = Some(entity);
    }
    if let Some(wanted) = &names.pre_registered {
        let signer = match &wanted.key {
            Some(key) => open("verifier.client_ids.pre_registered.key", key, reader)?,
            None => Arc::clone(own),
        };
        let signer: Arc<dyn Signer> = Arc::new(NamedSigner::new(signer));
        match VerifierIdentity::registered(wanted.client_id.get_ref(), Some(signer)) {
            Ok(identity) => asking.identities.push(identity),
            Err(error) => {
                let setting = "verifier.client_ids.pre_registered.client_id";
                let remedy = "write the name that wallets know the verifier by, as it was agreed with them";
                reader.problem(setting, &wanted.client_id, error.to_string(), remedy);
                return None;
            }
        }
    }
    asking.info = section.info.iter().map(|one| info(one, reader)).collect::<Option<_>>()?;
    asking.redirects = redirects(&section.redirects, reader)?;
    asking.wallets = wallets::known(&section.wallets, reader)?;
    asking.websites = websites::origins(&section.websites, url, reader)?;
    asking.lifetime = seconds("verifier.lifetime", section.lifetime.as_ref(), LIFETIME, reader)?;
    asking.retention = seconds("verifier.retention", section.retention.as_ref(), RETENTION, reader)?;
    Some(asking)
}

/// The name of requests that ask for no other: it has to be one that the verifier has.
fn prefix(section: &verifier::Section, url: &Url, reader: &mut Reader<'_>) -> Option<RequestedPrefix> {
    let Some(wanted) = &section.client_id_prefix else { return Some(RequestedPrefix::default()) };
    let names = &section.client_ids;
    let known = match wanted.get_ref() {
        RequestedPrefix::X509Hash | RequestedPrefix::RedirectUri => true,
        RequestedPrefix::X509SanDns => url.domain().is_some(),
        RequestedPrefix::DecentralizedIdentifier => names.decentralized_identifier.is_some(),
        RequestedPrefix::VerifierAttestation => names.verifier_attestation.is_some(),
        RequestedPrefix::OpenidFederation => names.openid_federation.is_some(),
        RequestedPrefix::PreRegistered => names.pre_registered.is_some(),
    };
    if known {
        return Some(*wanted.get_ref());
    }
    let remedy = match wanted.get_ref() {
        RequestedPrefix::X509SanDns => "give the service a url with the name of a host".to_owned(),
        RequestedPrefix::PreRegistered => "add [verifier.client_ids.pre_registered]".to_owned(),
        other => format!("add [verifier.client_ids.{}]", other.as_str()),
    };
    reader.problem("verifier.client_id_prefix", wanted, "the verifier has no such name", remedy);
    None
}

fn by_did(
    wanted: &ByDid,
    url: &Url,
    own: &Arc<dyn Signer>,
    reader: &mut Reader<'_>,
) -> Option<(VerifierIdentity, Option<Value>)> {
    let setting = "verifier.client_ids.decentralized_identifier";
    let signer = match &wanted.key {
        Some(key) => open(&format!("{setting}.key"), key, reader)?,
        None => Arc::clone(own),
    };
    let key = Jwk::new(signer.public_jwk().key.clone());
    let (did, fragment) = match wanted.method.get_ref() {
        DidMethod::Jwk => (did::jwk::from_jwk(&key).ok(), did::jwk::FRAGMENT.to_owned()),
        DidMethod::Key => {
            let did = did::key::from_public_key(&key.key);
            let fragment = did.as_ref().map(|did| did.id().to_owned()).unwrap_or_default();
            (did, fragment)
        }
        DidMethod::Web => (of_website(url), FRAGMENT.to_owned()),
    };
    let identity = did.as_ref().and_then(|did| {
        VerifierIdentity::did(&did.with_fragment(&fragment).to_string(), Arc::clone(&signer)).ok()
    });
    let (Some(did), Some(identity)) = (did, identity) else {
        let remedy =
            "did:web needs a url with the name of a host; write \"jwk\" for a DID that needs nothing else";
        reader.problem(&format!("{setting}.method"), &wanted.method, "there is no such DID here", remedy);
        return None;
    };
    let document = match wanted.method.get_ref() {
        DidMethod::Web => {
            let uses = vec![Relationship::Authentication, Relationship::AssertionMethod];
            Some(DidDocument::publish(did, vec![(FRAGMENT, key, uses)]).to_value())
        }
        DidMethod::Jwk | DidMethod::Key => None,
    };
    Some((identity, document))
}

/// The `did:web` whose document this service can serve.
fn of_website(url: &Url) -> Option<Did> {
    let mut name = format!("did:web:{}", url.domain()?);
    if let Some(port) = url.port() {
        name.push_str(&format!("%3A{port}"));
    }
    for segment in url.path_segments().into_iter().flatten().filter(|segment| !segment.is_empty()) {
        name.push(':');
        name.push_str(segment);
    }
    Did::parse(&name).ok().filter(|did| did::web::location(did).is_ok_and(|at| at.scheme() == url.scheme()))
}

fn attested(
    wanted: &ByAttestation,
    own: &Arc<dyn Signer>,
    reader: &mut Reader<'_>,
) -> Option<VerifierIdentity> {
    let setting = "verifier.client_ids.verifier_attestation";
    let signer = match &wanted.key {
        Some(key) => open(&format!("{setting}.key"), key, reader)?,
        None => Arc::clone(own),
    };
    let path = reader.folder.join(wanted.attestation.get_ref());
    let read = fs::read_to_string(&path).map_err(|error| error.to_string());
    let made = read
        .and_then(|text| VerifierIdentity::attested(text.trim(), signer).map_err(|error| error.to_string()));
    match made {
        Ok(identity) => Some(identity),
        Err(error) => {
            let remedy =
                "name the file with the JWT (verifier-attestation+jwt) that somebody has issued for the key";
            let problem = format!("{}: {error}", path.display());
            reader.problem(&format!("{setting}.attestation"), &wanted.attestation, problem, remedy);
            None
        }
    }
}

fn federated(
    wanted: &ByFederation,
    url: &Url,
    own: &Arc<dyn Signer>,
    reader: &mut Reader<'_>,
) -> Option<(VerifierIdentity, Federated)> {
    let setting = "verifier.client_ids.openid_federation";
    let signer = match &wanted.key {
        Some(key) => open(&format!("{setting}.key"), key, reader)?,
        None => Arc::clone(own),
    };
    let signer: Arc<dyn Signer> = Arc::new(NamedSigner::new(signer));
    let entity_signer = match &wanted.entity_key {
        Some(key) => open(&format!("{setting}.entity_key"), key, reader)?,
        None => Arc::clone(&signer),
    };
    let name = url.as_str().trim_end_matches('/');
    let hints = &wanted.authority_hints;
    let configuration = EntityConfiguration::new(name, entity_signer).and_then(|configuration| {
        hints.get_ref().iter().try_fold(configuration, |known, hint| known.superior(hint))
    });
    match configuration {
        Ok(configuration) if !hints.get_ref().is_empty() => {
            let keys = JwkSet { keys: vec![signer.public_jwk().clone()] };
            let mut metadata = Map::new();
            metadata.insert("jwks".to_owned(), serde_json::to_value(keys).unwrap_or_default());
            if let Some(name) = &wanted.name {
                metadata.insert("client_name".to_owned(), name.as_str().into());
            }
            Some((VerifierIdentity::federated(name, signer), Federated { configuration, metadata }))
        }
        refused => {
            let problem =
                refused.err().map_or("nobody vouches for the verifier".to_owned(), |e| e.to_string());
            let remedy = "write the https identifiers of the entities that vouch for this verifier; its own is the url";
            reader.problem(&format!("{setting}.authority_hints"), hints, problem, remedy);
            None
        }
    }
}

/// A key that needs no certificates.
fn open(setting: &str, value: &Spanned<PathBuf>, reader: &mut Reader<'_>) -> Option<Arc<dyn Signer>> {
    match ServiceKey::open(value.get_ref(), &reader.folder, Vec::new()) {
        Ok(signer) => Some(Arc::new(signer)),
        Err(error) => {
            let remedy = "name the file of a private JWK, or a pkcs11: URI";
            reader.problem(setting, value, error.to_string(), remedy);
            None
        }
    }
}

fn info(one: &Info, reader: &mut Reader<'_>) -> Option<VerifierInfo> {
    let path = reader.folder.join(one.file.get_ref());
    match fs::read_to_string(&path) {
        Ok(text) => {
            // A JSON object is one; a token is the text that it is.
            let object = credenza_core::json::parse_object(text.as_bytes()).ok();
            let data = object.map_or_else(|| Value::from(text.trim()), Value::Object);
            Some(VerifierInfo { format: one.format.clone(), data, credential_ids: None })
        }
        Err(error) => {
            let remedy = "name the file of the attestation: a JSON object, or a token";
            reader.problem("verifier.info.file", &one.file, format!("{}: {error}", path.display()), remedy);
            None
        }
    }
}

fn redirects(values: &[Spanned<String>], reader: &mut Reader<'_>) -> Option<Vec<Url>> {
    let mut all = Vec::new();
    for value in values {
        match Url::parse(value.get_ref()) {
            Ok(url) if credenza_vp::verifier::is_redirect_prefix(&url) => all.push(url),
            _ => {
                let remedy = "write the https URL below which people may be sent, or an app's own scheme";
                reader.problem("verifier.redirects", value, "nobody can be sent there", remedy);
                return None;
            }
        }
    }
    Some(all)
}

fn seconds(
    setting: &str,
    value: Option<&Spanned<u64>>,
    usual: Duration,
    reader: &mut Reader<'_>,
) -> Option<Duration> {
    let Some(value) = value else { return Some(usual) };
    let most = if setting.ends_with("lifetime") { MAX_LIFETIME } else { MAX_RETENTION };
    if (1..=most.as_secs()).contains(value.get_ref()) {
        return Some(Duration::from_secs(*value.get_ref()));
    }
    let remedy = format!("write seconds, from 1 to {}", most.as_secs());
    reader.problem(setting, value, "not a time that is possible", remedy);
    None
}

/// Personal data is kept for no longer.
const MAX_RETENTION: Duration = Duration::from_secs(30 * 24 * 3600);
