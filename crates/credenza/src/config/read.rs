//! From the text of `credenza.toml` to [`Settings`].

use std::fs;
use std::net::SocketAddr;
use std::ops::Range;
use std::path::{Path, PathBuf};

use credenza_core::{Clock, Sealer, Secret, b64, json};
use credenza_crypto::{Certificate, Signer as _, x509};
use credenza_trust::did::Did;
use credenza_vci::dialects::Dialects;
use credenza_vci::issuer::{CredentialConfiguration, Format};
use credenza_vp::verifier::Undetermined;
use serde::Deserialize;
use toml::Spanned;
use url::Url;

use super::{
    ConfigProblem, ConfigProblems, Settings, authorization, claims, contexts, encryption, servers, status,
};
use crate::claims::Sources;
use crate::http::is_loopback;
use crate::keys;
use crate::keys::service_key::ServiceKey;
use crate::service::Authorization;

/// The file as it is written. Every name in it is documented in the file that `credenza init` writes.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    url: Spanned<String>,
    listen: Spanned<String>,
    database: Spanned<String>,
    sealing_key: Spanned<PathBuf>,
    #[serde(default)]
    profile: Option<Spanned<authorization::Profile>>,
    #[serde(default)]
    log: Option<Spanned<String>>,
    admin: Admin,
    issuer: Issuer,
    verifier: Verifier,
    #[serde(default)]
    status: Option<status::Section>,
    #[serde(default)]
    authorization: Option<authorization::Section>,
    #[serde(default)]
    authorization_servers: Vec<servers::Section>,
    #[serde(default)]
    contexts: contexts::Section,
    #[serde(default)]
    claims: claims::Section,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Admin {
    token_sha256: Spanned<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Issuer {
    name: Spanned<String>,
    key: Spanned<PathBuf>,
    #[serde(default)]
    chain: Option<Spanned<PathBuf>>,
    #[serde(default)]
    document_signer: Option<Spanned<PathBuf>>,
    #[serde(default)]
    document_signer_chain: Option<Spanned<PathBuf>>,
    #[serde(default)]
    revocation_list: Option<Spanned<PathBuf>>,
    #[serde(default)]
    encryption: Option<encryption::Section>,
    #[serde(default)]
    dialects: Dialects,
    credential_types: Spanned<PathBuf>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Verifier {
    key: Spanned<PathBuf>,
    #[serde(default)]
    chain: Option<Spanned<PathBuf>>,
    trusted_issuers: Spanned<Vec<String>>,
    #[serde(default)]
    accept_unfetched_status: bool,
    #[serde(default)]
    holder_dids_over_http: bool,
}

/// Reads and checks a configuration. Paths in it are relative to its own folder.
///
/// # Errors
/// All mistakes at once, each with its line and what to do about it.
pub fn read(path: &Path, clock: &dyn Clock) -> Result<Settings, ConfigProblems> {
    let whole = |problem: String, remedy: &str| ConfigProblems {
        file: path.to_owned(),
        problems: vec![ConfigProblem {
            line: None,
            setting: String::new(),
            problem,
            remedy: remedy.to_owned(),
        }],
    };
    let text = fs::read_to_string(path).map_err(|error| {
        whole(error.to_string(), "name the file with --config, or write one with: credenza init")
    })?;
    let file: File = toml::from_str(&text).map_err(|error| ConfigProblems {
        file: path.to_owned(),
        problems: vec![ConfigProblem {
            line: error.span().map(|span| line(&text, &span)),
            setting: String::new(),
            problem: error.message().to_owned(),
            remedy: "every setting is explained in the file that `credenza init` writes".to_owned(),
        }],
    })?;
    let folder = path.parent().unwrap_or(Path::new("")).to_owned();
    let mut reader = Reader { text: &text, folder, clock, problems: Vec::new() };
    let settings = reader.settings(&file, path);
    match settings {
        Some(settings) if reader.problems.is_empty() => Ok(settings),
        _ => Err(ConfigProblems { file: path.to_owned(), problems: reader.problems }),
    }
}

fn line(text: &str, span: &Range<usize>) -> usize {
    text.get(..span.start).unwrap_or(text).matches('\n').count() + 1
}

pub(super) struct Reader<'a> {
    text: &'a str,
    pub(super) folder: PathBuf,
    clock: &'a dyn Clock,
    problems: Vec<ConfigProblem>,
}

impl Reader<'_> {
    fn settings(&mut self, file: &File, path: &Path) -> Option<Settings> {
        // Everything is looked at before anything is given up, so that all mistakes are told at once.
        let url = self.url(&file.url);
        let listen = self.listen(&file.listen);
        let database = self.database(&file.database);
        let sealer = self.sealer(&file.sealing_key);
        let admin_token = self.admin_token(&file.admin.token_sha256);
        let issuer_name = self.name("issuer.name", &file.issuer.name);
        let issuer_key = self.key("issuer.key", &file.issuer.key, file.issuer.chain.as_ref());
        let document_signer = match &file.issuer.document_signer {
            Some(path) => {
                let chain = file.issuer.document_signer_chain.as_ref();
                self.key("issuer.document_signer", path, chain).map(Some)
            }
            None => Some(None),
        };
        let encryption = encryption::encryption(file.issuer.encryption.as_ref(), self);
        let authorization = authorization::authorization(file.authorization.as_ref(), self);
        let authorization = self.profile(file.profile.as_ref(), authorization);
        let authorization_servers = servers::servers(&file.authorization_servers, self);
        let credential_types = self.credential_types(&file.issuer.credential_types);
        let claims = claims::sources(&file.claims, self);
        if let (Some(claims), Some(types)) = (&claims, &credential_types) {
            self.named_sources(claims, types, &file.issuer.credential_types);
        }
        let has_mdoc = |types: &Vec<CredentialConfiguration>| {
            types.iter().any(|one| matches!(one.format, Format::Mdoc { .. }))
        };
        if document_signer.as_ref().is_some_and(Option::is_none)
            && credential_types.as_ref().is_some_and(has_mdoc)
        {
            let remedy = "name the key of a document signer as issuer.document_signer, or remove the types of mso_mdoc";
            let problem = "there are mobile documents among them, and no document signer";
            self.problem("issuer.credential_types", &file.issuer.credential_types, problem, remedy);
        }
        let verifier_key = self.key("verifier.key", &file.verifier.key, file.verifier.chain.as_ref());
        let revocation_list = self.revocation_list(file.issuer.revocation_list.as_ref());
        let trusted = self.trusted(&file.verifier.trusted_issuers);
        let contexts = contexts::contexts(&file.contexts, self);
        let status = status::policy(file.status.as_ref(), self);
        let log = file.log.as_ref().map_or_else(|| "info".to_owned(), |log| log.get_ref().clone());
        let (anchors, trusted_dids) = trusted?;
        Some(Settings {
            url: url?,
            listen: listen?,
            database: database?,
            log,
            admin_token: admin_token?,
            issuer_name: issuer_name?,
            issuer_key: issuer_key?,
            document_signer: document_signer?,
            encryption: encryption?,
            dialects: file.issuer.dialects.clone(),
            authorization_servers: authorization_servers?,
            haip: file.profile.is_some(),
            authorization: authorization?,
            claims: claims?,
            credential_types: credential_types?,
            verifier_key: verifier_key?,
            anchors,
            trusted_dids,
            contexts: contexts?,
            revocation_list: revocation_list?,
            status,
            undetermined: match file.verifier.accept_unfetched_status {
                true => Undetermined::AcceptUnfetched,
                false => Undetermined::Refuse,
            },
            holder_dids_over_http: file.verifier.holder_dids_over_http,
            sealer: sealer?,
            file: path.to_owned(),
        })
    }

    pub(super) fn problem<T>(
        &mut self,
        setting: &str,
        at: &Spanned<T>,
        problem: impl Into<String>,
        remedy: impl Into<String>,
    ) {
        self.problems.push(ConfigProblem {
            line: Some(line(self.text, &at.span())),
            setting: setting.to_owned(),
            problem: problem.into(),
            remedy: remedy.into(),
        });
    }

    /// The profile of the whole service is that of its authorization server, too.
    fn profile(
        &mut self,
        profile: Option<&Spanned<authorization::Profile>>,
        authorization: Option<Option<Authorization>>,
    ) -> Option<Option<Authorization>> {
        let Some(profile) = profile else { return authorization };
        match authorization? {
            Some(authorization) => Some(Some(Authorization { haip: true, ..authorization })),
            None => {
                let remedy = "add [authorization] with wallet_providers and users, or remove the profile";
                let problem = "HAIP 1.0 §4 wants the authorization code flow, and it is not configured";
                self.problem("profile", profile, problem, remedy);
                None
            }
        }
    }

    fn url(&mut self, value: &Spanned<String>) -> Option<Url> {
        let remedy = "write the https URL under which wallets reach the service, such as \"https://issuer.example\"; \
                      http is accepted for localhost and 127.0.0.1 alone";
        let problem = match Url::parse(value.get_ref()) {
            Err(error) => format!("not a URL: {error}"),
            Ok(url) if url.query().is_some() || url.fragment().is_some() => {
                "has a query or a fragment".to_owned()
            }
            Ok(url) if !url.username().is_empty() => "carries a user name".to_owned(),
            Ok(url) if url.scheme() == "https" || (url.scheme() == "http" && is_loopback(&url)) => {
                return Some(url);
            }
            Ok(_) => "not https".to_owned(),
        };
        self.problem("url", value, problem, remedy);
        None
    }

    fn listen(&mut self, value: &Spanned<String>) -> Option<SocketAddr> {
        let parsed = value.get_ref().parse().ok();
        if parsed.is_none() {
            let remedy = "write address and port, such as \"127.0.0.1:7777\" or \"[::]:7777\"";
            self.problem("listen", value, "not an address with a port", remedy);
        }
        parsed
    }

    fn database(&mut self, value: &Spanned<String>) -> Option<Secret> {
        let remedy = "write \"sqlite:FILE\" or \"postgres://USER:PASSWORD@HOST/NAME\"; \"memory:\" forgets everything \
                      when the service stops";
        match value.get_ref().split_once(':') {
            Some(("memory", "") | ("postgres" | "postgresql", _)) => {
                Some(Secret::new(value.get_ref().clone()))
            }
            Some(("sqlite", file)) if !file.is_empty() => {
                let path = self.folder.join(file.strip_prefix("//").unwrap_or(file));
                Some(Secret::new(format!("sqlite:{}", path.display())))
            }
            _ => {
                self.problem("database", value, "not a store that is known", remedy);
                None
            }
        }
    }

    fn sealer(&mut self, value: &Spanned<PathBuf>) -> Option<Sealer> {
        let path = self.folder.join(value.get_ref());
        let bytes = match keys::read_private(&path) {
            Ok(bytes) => bytes,
            Err(error) => {
                let remedy = "point it at the file that `credenza init` has written";
                self.problem("sealing_key", value, error.to_string(), remedy);
                return None;
            }
        };
        let key = std::str::from_utf8(&bytes).ok().and_then(|text| b64::decode(text.trim()).ok());
        match key.and_then(|key| <[u8; 32]>::try_from(key).ok()) {
            Some(key) => Some(Sealer::new([(0, key)])),
            None => {
                let remedy = "it holds 32 random bytes as base64url: 43 characters";
                self.problem("sealing_key", value, "not a sealing key", remedy);
                None
            }
        }
    }

    fn admin_token(&mut self, value: &Spanned<String>) -> Option<[u8; 32]> {
        let hash = b64::decode(value.get_ref()).ok().and_then(|hash| <[u8; 32]>::try_from(hash).ok());
        if hash.is_none() {
            let remedy = "write the SHA-256 of the token as base64url: \
                          printf %s \"$TOKEN\" | openssl dgst -sha256 -binary | basenc --base64url | tr -d =";
            self.problem("admin.token_sha256", value, "not the SHA-256 of a token", remedy);
        }
        hash
    }

    fn name(&mut self, setting: &str, value: &Spanned<String>) -> Option<String> {
        let name = value.get_ref().trim();
        if name.is_empty() {
            self.problem(setting, value, "empty", "write the name that people see in their wallet");
            return None;
        }
        Some(name.to_owned())
    }

    /// The certificates of a key that has them in a file of their own.
    fn chain(&mut self, value: Option<&Spanned<PathBuf>>) -> Option<Vec<Vec<u8>>> {
        let Some(value) = value else { return Some(Vec::new()) };
        let path = self.folder.join(value.get_ref());
        let read = fs::read_to_string(&path).map_err(|error| error.to_string());
        match read.and_then(|pem| x509::pem_to_der_chain(&pem).map_err(|error| error.to_string())) {
            Ok(chain) => Some(chain),
            Err(error) => {
                let remedy = "name a PEM file with the key's certificates, leaf first, without the root";
                self.problem("chain", value, format!("{}: {error}", path.display()), remedy);
                None
            }
        }
    }

    /// The file with the revocation list: it is read when somebody asks, and has to be one now.
    fn revocation_list(&mut self, value: Option<&Spanned<PathBuf>>) -> Option<Option<PathBuf>> {
        let Some(value) = value else { return Some(None) };
        let path = self.folder.join(value.get_ref());
        if path.is_file() {
            return Some(Some(path));
        }
        let remedy = "name the file that `credenza ca crl` writes";
        self.problem("issuer.revocation_list", value, format!("there is no file {}", path.display()), remedy);
        None
    }

    fn key(
        &mut self,
        setting: &str,
        value: &Spanned<PathBuf>,
        chain: Option<&Spanned<PathBuf>>,
    ) -> Option<ServiceKey> {
        let chain = self.chain(chain)?;
        let signer = match ServiceKey::open(value.get_ref(), &self.folder, chain) {
            Ok(signer) => signer,
            Err(error) => {
                let remedy = "name the file of a private JWK with its certificates in x5c, as `credenza ca issue` writes \
                              it, or a pkcs11: URI";
                self.problem(setting, value, error.to_string(), remedy);
                return None;
            }
        };
        let fault = match signer.x5c().first().map(|leaf| Certificate::parse(leaf)) {
            None => Some("it has no certificates (x5c)".to_owned()),
            Some(Err(error)) => Some(error.to_string()),
            Some(Ok(leaf)) if leaf.key != signer.public_jwk().key => {
                Some("its first certificate is another key's".to_owned())
            }
            Some(Ok(leaf)) if leaf.not_after < self.clock.now() => {
                Some(format!("its certificate has expired on {}", leaf.not_after))
            }
            Some(Ok(leaf)) if leaf.not_before > self.clock.now() => {
                Some(format!("its certificate is not valid before {}", leaf.not_before))
            }
            Some(Ok(_)) => None,
        };
        match fault {
            Some(fault) => {
                let remedy = "put the certificates into x5c, or name a PEM file with them as `chain`: leaf first, without the root";
                self.problem(setting, value, format!("{}: {fault}", value.get_ref().display()), remedy);
                None
            }
            None => Some(signer),
        }
    }

    fn credential_types(&mut self, value: &Spanned<PathBuf>) -> Option<Vec<CredentialConfiguration>> {
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
    fn named_sources(&mut self, claims: &Sources, types: &[CredentialConfiguration], at: &Spanned<PathBuf>) {
        for one in types {
            if let Some(source) = one.claims_source.as_ref().filter(|name| !claims.named.contains_key(*name))
            {
                let problem =
                    format!("\"{}\" names the claims source \"{source}\", which is not there", one.id);
                self.problem("issuer.credential_types", at, problem, "add it to [claims.sources]");
            }
        }
    }

    fn trusted(&mut self, value: &Spanned<Vec<String>>) -> Option<(Vec<Vec<u8>>, Vec<Did>)> {
        let setting = "verifier.trusted_issuers";
        let (mut anchors, mut dids) = (Vec::new(), Vec::new());
        let mut good = true;
        for file in value.get_ref() {
            if file.starts_with("did:") {
                match Did::parse(file) {
                    Ok(did) => dids.push(did),
                    Err(error) => {
                        good = false;
                        let remedy = "write the DID alone, without a path and without the name of a key";
                        self.problem(setting, value, error.to_string(), remedy);
                    }
                }
                continue;
            }
            let path = self.folder.join(file);
            let read = fs::read_to_string(&path).map_err(|error| error.to_string());
            match read.and_then(|pem| x509::pem_to_der_chain(&pem).map_err(|error| error.to_string())) {
                Ok(certificates) => anchors.extend(certificates),
                Err(error) => {
                    good = false;
                    let remedy = "name PEM files with the root certificates of issuers whose credentials you accept, or DIDs";
                    self.problem(setting, value, format!("{}: {error}", path.display()), remedy);
                }
            }
        }
        good.then_some((anchors, dids))
    }
}

fn credential_type(bytes: &[u8]) -> Result<CredentialConfiguration, String> {
    let object = json::parse_object(bytes).map_err(|error| error.to_string())?;
    if let Some(unknown) = CredentialConfiguration::unknown_member(&object) {
        return Err(format!("unknown member `{unknown}`"));
    }
    serde_json::from_value(object.into()).map_err(|error| error.to_string())
}
