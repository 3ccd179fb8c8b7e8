//! From the text of `credenza.toml` to [`Settings`].

use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use credenza_core::Clock;
use credenza_crypto::Signer;
use credenza_vci::dialects::Dialects;
use credenza_vci::issuer::{CredentialConfiguration, Format};
use credenza_vp::verifier::Undetermined;
use serde::Deserialize;
use toml::Spanned;

use super::{
    ConfigProblem, ConfigProblems, Settings, admin, authorization, claims, client_ids, contexts, encryption,
    outgoing, servers, status, tls, verifier, webhooks,
};
use crate::service::Authorization;

/// The file as it is written. Every name in it is documented in the file that `credenza init` writes.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    url: Spanned<String>,
    listen: Spanned<String>,
    database: Spanned<String>,
    #[serde(default)]
    sessions: Option<Spanned<String>>,
    sealing_key: Spanned<PathBuf>,
    #[serde(default)]
    profile: Option<Spanned<authorization::Profile>>,
    #[serde(default)]
    log: Option<Spanned<String>>,
    admin: admin::Section,
    issuer: Issuer,
    verifier: verifier::Section,
    #[serde(default)]
    status: Option<status::Section>,
    #[serde(default)]
    authorization: Option<authorization::Section>,
    #[serde(default)]
    authorization_servers: Vec<servers::Section>,
    #[serde(default)]
    tls: Option<tls::Section>,
    #[serde(default)]
    http: outgoing::Section,
    #[serde(default)]
    webhooks: webhooks::Section,
    #[serde(default)]
    contexts: contexts::Section,
    #[serde(default)]
    claims: claims::Section,
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
    #[serde(default)]
    dc_api: bool,
    credential_types: Spanned<PathBuf>,
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
    pub(super) clock: &'a dyn Clock,
    problems: Vec<ConfigProblem>,
}

impl Reader<'_> {
    fn settings(&mut self, file: &File, path: &Path) -> Option<Settings> {
        // Everything is looked at before anything is given up, so that all mistakes are told at once.
        let url = self.url(&file.url);
        let listen = self.listen(&file.listen);
        let database = self.database(&file.database);
        let sessions = self.sessions(file.sessions.as_ref());
        let sealer = self.sealer(&file.sealing_key);
        let admin_token = self.admin_token(&file.admin.token_sha256);
        let admin = admin::admin(&file.admin, self);
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
        let tls = tls::tls(file.tls.as_ref(), self);
        let outgoing = outgoing::outgoing(&file.http, self);
        let webhook_hosts = webhooks::internal_hosts(&file.webhooks, self);
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
        let verifier_key = verifier_key.map(Arc::new);
        let asking = match (&url, &verifier_key) {
            (Some(url), Some(key)) => {
                let key: Arc<dyn Signer> = Arc::clone(key) as _;
                client_ids::asking(&file.verifier, url, &key, self)
            }
            _ => None,
        };
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
            sessions: sessions?,
            log,
            admin_token: admin_token?,
            admin: admin?,
            issuer_name: issuer_name?,
            issuer_key: issuer_key?,
            document_signer: document_signer?,
            encryption: encryption?,
            dialects: file.issuer.dialects.clone(),
            dc_api: file.issuer.dc_api,
            authorization_servers: authorization_servers?,
            haip: file.profile.is_some(),
            authorization: authorization?,
            tls: tls?,
            outgoing: outgoing?,
            webhook_hosts: webhook_hosts?,
            claims: claims?,
            credential_types: credential_types?,
            verifier_key: verifier_key?,
            asking: asking?,
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
}
