//! The folder of a wallet: its vault, and the certificates that it trusts.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use credenza::core::{AddressPolicy, Random, SystemClock, SystemRandom, UnixTime, b64};
use credenza::crypto::hash::sha256;
use credenza::crypto::{Certificate, Jws, x509};
use credenza::http::ReqwestHttp;
use credenza::keys;
use credenza::trust::{Anchor, KeyMaterial, Purpose, Trust as _, X509Anchors};
use credenza::wallet::credentials::Entry;
use credenza::wallet::vault::{FolderVault, Vault};
use credenza::wallet::{Holder, Options, Ports};
use serde::Serialize;

use crate::cli::passphrase::passphrase;

/// Where the wallet is, unless said otherwise.
pub(super) fn default() -> PathBuf {
    let data = std::env::var_os("XDG_DATA_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    let data = data.or_else(|| std::env::home_dir().map(|home| home.join(".local/share")));
    data.unwrap_or_default().join("credenza").join("wallet")
}

/// A root certificate that is trusted.
#[derive(Debug, Serialize)]
pub(super) struct Trusted {
    /// The name of its file, without the ending.
    pub(super) name: String,
    /// Its subject.
    pub(super) subject: String,
    #[serde(skip)]
    der: Vec<u8>,
}

pub(super) struct Home {
    folder: PathBuf,
    protect: bool,
}

impl Home {
    pub(super) fn new(folder: PathBuf, protect: bool) -> Self {
        Self { folder, protect }
    }

    /// Opens the wallet, or makes it.
    pub(super) fn open(&self, addresses: AddressPolicy, copies: u32) -> anyhow::Result<Holder> {
        let protect = self.protect;
        let vault = FolderVault::open(&self.folder, SystemRandom, |purpose| passphrase(purpose, protect))
            .with_context(|| format!("the wallet in {}", self.folder.display()))?;
        let vault: Arc<dyn Vault> = Arc::new(vault);
        let random: Arc<dyn Random> = Arc::new(SystemRandom);
        let ports = Ports {
            http: Arc::new(ReqwestHttp::new(addresses)),
            vault,
            trust: Arc::new(self.anchors()?),
            clock: Arc::new(SystemClock),
            random,
        };
        Ok(Holder::new(ports, Options { addresses, copies }))
    }

    /// Who vouches for the issuer of a credential: the evidence, or why nobody does.
    pub(super) async fn who_vouches(&self, entry: &Entry, now: UnixTime) -> Result<String, String> {
        let anchors = self.anchors().map_err(|error| error.to_string())?;
        let Some(copy) = entry.copies.first() else { return Err("it is empty".to_owned()) };
        let jwt = copy.held.credential.split('~').next().unwrap_or_default();
        let jws = Jws::parse(jwt).map_err(|error| error.to_string())?;
        let x5c = jws.header.x5c().map_err(|error| error.to_string())?;
        let material =
            KeyMaterial { x5c: x5c.as_deref(), issuer: Some(&copy.held.issuer), ..KeyMaterial::default() };
        let purpose = Purpose::Issuer { credential_type: &copy.held.credential_type };
        let trusted = anchors.resolve(&material, purpose, now).await.map_err(|error| error.to_string())?;
        Ok(trusted.how.into_owned())
    }

    fn anchors(&self) -> anyhow::Result<X509Anchors> {
        let both = |trusted: Trusted| Anchor { verifiers: true, ..Anchor::for_issuers(trusted.der) };
        let anchors: Vec<Anchor> = self.trusted()?.into_iter().map(both).collect();
        Ok(X509Anchors::new(&anchors)?)
    }

    pub(super) fn trusted(&self) -> anyhow::Result<Vec<Trusted>> {
        let folder = self.trust_folder();
        let Ok(entries) = fs::read_dir(&folder) else { return Ok(Vec::new()) };
        let mut files: Vec<PathBuf> = entries
            .filter_map(|entry| Some(entry.ok()?.path()))
            .filter(|path| path.extension().is_some_and(|ending| ending == "pem"))
            .collect();
        files.sort();
        let mut all = Vec::new();
        for file in files {
            let said = || file.display().to_string();
            let pem = fs::read_to_string(&file).with_context(said)?;
            let name = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            for der in x509::pem_to_der_chain(&pem).with_context(said)? {
                let subject = Certificate::parse(&der).with_context(said)?.subject;
                all.push(Trusted { name: name.clone(), subject, der });
            }
        }
        Ok(all)
    }

    pub(super) fn trust_add(&self, pem: &Path) -> anyhow::Result<Vec<Trusted>> {
        let said = || pem.display().to_string();
        let text = fs::read_to_string(pem).with_context(said)?;
        let mut added = Vec::new();
        for der in x509::pem_to_der_chain(&text).with_context(said)? {
            let certificate = Certificate::parse(&der).with_context(said)?;
            anyhow::ensure!(certificate.is_ca, "{} is not the certificate of a CA", certificate.subject);
            // Named by content, so that the same certificate is there once.
            let name: String =
                b64::encode(sha256(&der)).chars().filter(char::is_ascii_alphanumeric).take(12).collect();
            added.push(Trusted { name, subject: certificate.subject, der });
        }
        keys::private_folder(&self.trust_folder())?;
        for Trusted { name, der, .. } in &added {
            keys::write_public(&self.trust_file(name), x509::der_to_pem(der).as_bytes())?;
        }
        Ok(added)
    }

    pub(super) fn trust_remove(&self, name: &str) -> anyhow::Result<bool> {
        if !self.trusted()?.iter().any(|trusted| trusted.name == name) {
            return Ok(false);
        }
        fs::remove_file(self.trust_file(name))?;
        Ok(true)
    }

    fn trust_folder(&self) -> PathBuf {
        self.folder.join("trust")
    }

    fn trust_file(&self, name: &str) -> PathBuf {
        self.trust_folder().join(format!("{name}.pem"))
    }
}
