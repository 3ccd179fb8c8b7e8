//! The folder of a wallet: its vault, and the certificates that it trusts.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use credenza::core::{AddressPolicy, Random, SystemClock, SystemRandom, UnixTime, b64};
use credenza::crypto::hash::sha256;
use credenza::crypto::{Certificate, x509};
use credenza::http::{Outgoing, ReqwestHttp};
use credenza::keys;
use credenza::trust::did::Did;
use credenza::trust::{Anchor, AnyOf, DidKeys, DidResolver, Purpose, Trust, X509Anchors};
use credenza::vp::Profile;
use credenza::wallet::credentials::Entry;
use credenza::wallet::vault::{FolderVault, Vault};
use credenza::wallet::{CLIENT_ID, Holder, Options, Ports, who_vouches};
use serde::Serialize;

use super::{contexts, provider, transactions, verifiers};
use crate::cli::passphrase::passphrase;

/// Where the wallet is, unless said otherwise.
pub(super) fn default() -> PathBuf {
    let data = std::env::var_os("XDG_DATA_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    let data = data.or_else(|| std::env::home_dir().map(|home| home.join(".local/share")));
    data.unwrap_or_default().join("credenza").join("wallet")
}

/// A root certificate that is trusted, or a DID.
#[derive(Debug, Serialize)]
pub(super) struct Trusted {
    /// The name of its file, without the ending.
    pub(super) name: String,
    /// Its subject, or the DID.
    pub(super) subject: String,
    #[serde(skip)]
    who: Known,
}

#[derive(Debug)]
enum Known {
    /// A certificate, DER.
    Root(Vec<u8>),
    Did(Did),
}

/// Whom a wallet reaches, and how it appears there.
pub(super) struct Reach {
    pub(super) addresses: AddressPolicy,
    pub(super) outgoing: Outgoing,
    /// How many copies of a credential it asks for.
    pub(super) copies: u32,
    /// What it calls itself towards issuers.
    pub(super) client_id: String,
}

pub(super) struct Home {
    folder: PathBuf,
    protect: bool,
    profile: Profile,
    earlier_drafts: bool,
}

impl Home {
    pub(super) fn new(folder: PathBuf, protect: bool, profile: Profile, earlier_drafts: bool) -> Self {
        Self { folder, protect, profile, earlier_drafts }
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(super) fn profile(&self) -> Profile {
        self.profile
    }

    /// Opens the wallet, or makes it.
    pub(super) fn open(&self, addresses: AddressPolicy, copies: u32) -> anyhow::Result<Holder> {
        let (outgoing, client_id) = (Outgoing::default(), CLIENT_ID.to_owned());
        self.open_within(Reach { addresses, outgoing, copies, client_id }, self.profile)
    }

    /// As [`open`](Self::open), for a wallet that keeps to a profile.
    pub(super) fn open_within(&self, reach: Reach, profile: Profile) -> anyhow::Result<Holder> {
        let Reach { addresses, outgoing, copies, client_id } = reach;
        let protect = self.protect;
        let vault = FolderVault::open(&self.folder, SystemRandom, |purpose| passphrase(purpose, protect))
            .with_context(|| format!("the wallet in {}", self.folder.display()))?;
        let vault: Arc<dyn Vault> = Arc::new(vault);
        let random: Arc<dyn Random> = Arc::new(SystemRandom);
        let ports = Ports {
            http: Arc::new(outgoing.client(addresses)),
            vault,
            trust: self.trust()?,
            clock: Arc::new(SystemClock),
            random,
        };
        let options = Options {
            addresses,
            copies,
            client_id: client_id.clone().into(),
            earlier_drafts: self.earlier_drafts,
            transaction_types: transactions::known(&self.folder)?,
            verifiers: verifiers::known(&self.folder)?,
        };
        let holder = Holder::within(ports, options, profile);
        let holder = holder.with_contexts(contexts::known(&self.folder)?);
        Ok(match provider::of(self)? {
            Some(provider) => holder.vouched_by(provider, &client_id),
            None => holder,
        })
    }

    /// Who vouches for the issuer of a credential: the evidence, or why nobody does.
    pub(super) async fn who_vouches(&self, entry: &Entry, now: UnixTime) -> Result<String, String> {
        let trust = self.trust().map_err(|error| error.to_string())?;
        let Some(copy) = entry.copies.first() else { return Err("it is empty".to_owned()) };
        who_vouches(&copy.held, &*trust, now).await
    }

    fn trust(&self) -> anyhow::Result<Arc<dyn Trust>> {
        let (mut anchors, mut dids) = (Vec::new(), Vec::new());
        for trusted in self.trusted()? {
            match trusted.who {
                Known::Root(der) => anchors.push(Anchor { verifiers: true, ..Anchor::for_issuers(der) }),
                Known::Did(did) => dids.push(did),
            }
        }
        let purposes = [Purpose::Issuer { credential_type: "" }, Purpose::Verifier, Purpose::StatusList];
        let resolver = DidResolver::new(Arc::new(ReqwestHttp::new(AddressPolicy::Public)));
        let dids = dids.into_iter().fold(DidKeys::new(resolver), |keys, did| keys.trust(did, &purposes));
        Ok(Arc::new(AnyOf::new(vec![Arc::new(X509Anchors::new(&anchors)?), Arc::new(dids)])))
    }

    pub(super) fn trusted(&self) -> anyhow::Result<Vec<Trusted>> {
        let folder = self.trust_folder();
        let Ok(entries) = fs::read_dir(&folder) else { return Ok(Vec::new()) };
        let mut files: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
        files.sort();
        let mut all = Vec::new();
        for file in files {
            let said = || file.display().to_string();
            let name = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            match file.extension().and_then(OsStr::to_str) {
                Some(ROOT) => {
                    for der in x509::pem_to_der_chain(&fs::read_to_string(&file).with_context(said)?)
                        .with_context(said)?
                    {
                        let subject = Certificate::parse(&der).with_context(said)?.subject;
                        all.push(Trusted { name: name.clone(), subject, who: Known::Root(der) });
                    }
                }
                Some(DID) => {
                    let text = fs::read_to_string(&file).with_context(said)?;
                    all.push(of_did(text.trim()).with_context(said)?);
                }
                _ => {}
            }
        }
        Ok(all)
    }

    /// Trusts the certificates of a PEM file, or a DID.
    pub(super) fn trust_add(&self, what: &str) -> anyhow::Result<Vec<Trusted>> {
        let mut added = Vec::new();
        if what.starts_with("did:") {
            added.push(of_did(what)?);
        } else {
            let text = fs::read_to_string(what).with_context(|| what.to_owned())?;
            for der in x509::pem_to_der_chain(&text).with_context(|| what.to_owned())? {
                let certificate = Certificate::parse(&der).with_context(|| what.to_owned())?;
                anyhow::ensure!(certificate.is_ca, "{} is not the certificate of a CA", certificate.subject);
                let name = short_name(&der);
                added.push(Trusted { name, subject: certificate.subject, who: Known::Root(der) });
            }
        }
        keys::private_folder(&self.trust_folder())?;
        for Trusted { name, who, .. } in &added {
            match who {
                Known::Root(der) => {
                    keys::write_public(&self.trust_file(name, ROOT), x509::der_to_pem(der).as_bytes())?;
                }
                Known::Did(did) => {
                    keys::write_public(&self.trust_file(name, DID), did.as_str().as_bytes())?;
                }
            }
        }
        Ok(added)
    }

    pub(super) fn trust_remove(&self, name: &str) -> anyhow::Result<bool> {
        let Some(trusted) = self.trusted()?.into_iter().find(|trusted| trusted.name == name) else {
            return Ok(false);
        };
        let ending = if matches!(trusted.who, Known::Did(_)) { DID } else { ROOT };
        fs::remove_file(self.trust_file(name, ending))?;
        Ok(true)
    }

    fn trust_folder(&self) -> PathBuf {
        self.folder.join("trust")
    }

    fn trust_file(&self, name: &str, ending: &str) -> PathBuf {
        self.trust_folder().join(format!("{name}.{ending}"))
    }
}

/// Endings of the files with those who are trusted.
const ROOT: &str = "pem";
const DID: &str = "did";

fn of_did(text: &str) -> anyhow::Result<Trusted> {
    let did = Did::parse(text)?;
    Ok(Trusted { name: short_name(text.as_bytes()), subject: text.to_owned(), who: Known::Did(did) })
}

/// Named by content, so that the same one is there once.
pub(super) fn short_name(content: &[u8]) -> String {
    b64::encode(sha256(content)).chars().filter(char::is_ascii_alphanumeric).take(12).collect()
}
