//! A certification authority in a folder: its key, its certificate, and a register of what it has certified.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::Duration;

use credenza_core::{Random, Report, Secret, UnixTime};
use credenza_crypto::x509::profile::{self, CertificateProfile};
use credenza_crypto::x509::{
    CaError, CertificateAuthority, LeafProfile, Publication, RevokedCertificate, Subject, X509Error,
    pem_to_der_chain,
};
use credenza_crypto::{Certificate, PublicKey};
use serde::{Deserialize, Serialize};

use super::file::{self, KeyFileError};
use super::{FileError, create_public, private_folder, write_private};

const KEY: &str = "ca.key.json";
const CERTIFICATE: &str = "ca.pem";
const REGISTER: &str = "register.json";
const LOCK: &str = "lock";

/// What a certificate is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Signs mobile documents (ISO/IEC 18013-5 Annex B).
    DocumentSigner,
    /// Reads mobile documents (ISO/IEC 18013-5 Annex B).
    Reader,
    /// Signs status lists.
    StatusSigner,
    /// Issues credentials under an https URL.
    Issuer,
    /// Asks for presentations.
    Verifier,
    /// Vouches for wallets and their keys.
    WalletProvider,
    /// Certifies others, below a root.
    Authority,
}

impl Role {
    /// The profile that a certificate for it has to keep, where there is one.
    #[must_use]
    pub const fn profile(self) -> Option<CertificateProfile> {
        match self {
            Self::DocumentSigner => Some(CertificateProfile::DocumentSigner),
            Self::Reader => Some(CertificateProfile::Reader),
            Self::StatusSigner => Some(CertificateProfile::StatusSigner),
            Self::Issuer | Self::Verifier | Self::WalletProvider | Self::Authority => None,
        }
    }
}

/// What is to be certified.
#[derive(Debug, Clone)]
pub struct Wanted<'a> {
    /// What for.
    pub role: Role,
    /// The common name.
    pub name: &'a str,
    /// The organization.
    pub organization: Option<String>,
    /// dNSName entries.
    pub dns_names: &'a [String],
    /// uniformResourceIdentifier entries.
    pub uris: &'a [String],
    /// From when on.
    pub from: UnixTime,
    /// For how long.
    pub valid_for: Duration,
}

/// A certificate that was issued.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Entry {
    /// Its serial number, hexadecimal.
    pub serial: String,
    /// Its subject.
    pub subject: String,
    /// What it is for.
    pub role: Role,
    /// Until when it is valid.
    pub not_after: UnixTime,
    /// Since when it is revoked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked: Option<UnixTime>,
}

/// What the authority remembers.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Register {
    /// countryName of its subjects.
    pub country: Option<String>,
    /// stateOrProvinceName of its subjects.
    pub state: Option<String>,
    /// How it is reached.
    pub contact: Option<String>,
    /// Where its revocation list is.
    pub crl_url: Option<String>,
    /// The number of the last revocation list.
    pub crl_number: u64,
    /// What it has certified.
    pub issued: Vec<Entry>,
}

/// Why an authority could not do it.
#[derive(Debug, thiserror::Error)]
pub enum AuthorityError {
    /// Its key.
    #[error(transparent)]
    Key(#[from] KeyFileError),
    /// A file.
    #[error(transparent)]
    File(#[from] FileError),
    /// Its certificate can't be read.
    #[error("{0}: {1}")]
    Certificate(PathBuf, X509Error),
    /// Its register can't be read.
    #[error("{0} is damaged")]
    Register(PathBuf),
    /// The certificate can't be issued.
    #[error(transparent)]
    Issue(#[from] CaError),
    /// The certificate would break its profile.
    #[error("the certificate would not keep its profile: {0}")]
    Profile(String),
    /// Such certificates say how their issuer is reached.
    #[error("certificates of this kind come from an issuing authority: make one with --iaca")]
    NoPublication,
    /// Authorities are certified in another way.
    #[error("an authority is made below another one: credenza ca new --under")]
    NotALeaf,
    /// The authority has to certify leaves itself.
    #[error("this authority certifies no other authorities")]
    NoneBelow,
    /// No such certificate.
    #[error("no certificate with this serial number was issued here: {0}")]
    Unknown(String),
    /// Another process holds the folder.
    #[error("another process is using this authority; wait until it has ended")]
    Busy,
}

/// An authority that was taken out of its folder, which nobody else uses meanwhile.
#[derive(Debug)]
pub struct AuthorityFolder {
    folder: PathBuf,
    authority: CertificateAuthority,
    register: Register,
    _lock: File,
}

impl AuthorityFolder {
    /// Puts a new authority into a folder that has none.
    ///
    /// # Errors
    /// See [`AuthorityError`].
    pub fn create(
        folder: &Path,
        authority: CertificateAuthority,
        register: Register,
        passphrase: Option<&Secret>,
        random: &dyn Random,
    ) -> Result<Self, AuthorityError> {
        private_folder(folder)?;
        let lock = lock(folder)?;
        // The key first: whoever finds it there has an authority, and nothing of it is overwritten.
        file::create(&folder.join(KEY), &authority.to_private_jwk(), passphrase, random)?;
        create_public(&folder.join(CERTIFICATE), authority.to_pem().as_bytes())?;
        let this = Self { folder: folder.to_owned(), authority, register, _lock: lock };
        this.save()?;
        Ok(this)
    }

    /// Takes an authority out of its folder.
    ///
    /// # Errors
    /// See [`AuthorityError`].
    pub fn open(folder: &Path, passphrase: impl FnOnce() -> Option<Secret>) -> Result<Self, AuthorityError> {
        let at = |name: &str| folder.join(name);
        let signer = file::read_signer(&at(KEY), passphrase)?;
        let lock = lock(folder)?;
        let pem = fs::read_to_string(at(CERTIFICATE)).map_err(FileError::at(&at(CERTIFICATE)))?;
        let chain =
            pem_to_der_chain(&pem).map_err(|error| AuthorityError::Certificate(at(CERTIFICATE), error))?;
        let (own, above) = chain.split_first().ok_or_else(|| AuthorityError::Register(at(CERTIFICATE)))?;
        let authority = CertificateAuthority::restore(own, above, signer)?;
        let register = fs::read(at(REGISTER)).map_err(FileError::at(&at(REGISTER)))?;
        let register =
            serde_json::from_slice(&register).map_err(|_| AuthorityError::Register(at(REGISTER)))?;
        Ok(Self { folder: folder.to_owned(), authority, register, _lock: lock })
    }

    /// The authority itself.
    #[must_use]
    pub fn authority(&self) -> &CertificateAuthority {
        &self.authority
    }

    /// What it remembers.
    #[must_use]
    pub fn register(&self) -> &Register {
        &self.register
    }

    /// Where its certificate is.
    #[must_use]
    pub fn certificate_file(&self) -> PathBuf {
        self.folder.join(CERTIFICATE)
    }

    /// Certifies a key and remembers it; hands out what belongs into `x5c`.
    ///
    /// # Errors
    /// See [`AuthorityError`]. A certificate that breaks its profile is not handed out.
    pub fn issue(
        &mut self,
        key: &PublicKey,
        wanted: &Wanted<'_>,
        random: &dyn Random,
    ) -> Result<Vec<Vec<u8>>, AuthorityError> {
        let leaf = self.leaf(wanted)?;
        let chain = self.authority.issue_chain(key, &leaf, random)?;
        let certificate = chain.first().map(|der| Certificate::parse(der));
        let Some(Ok(certificate)) = certificate else { return Err(CaError::Name.into()) };
        if let Some(kind) = wanted.role.profile() {
            let mut report = Report::new("profile");
            profile::check(kind, &certificate, self.authority.parsed(), &mut report);
            if let Some(failure) = report.first_failure() {
                let evidence = failure.evidence.as_deref().unwrap_or_default();
                return Err(AuthorityError::Profile(format!("{} ({evidence})", failure.rule.meaning)));
            }
        }
        self.register.issued.push(Entry {
            serial: hex(&certificate.serial),
            subject: certificate.subject,
            role: wanted.role,
            not_after: certificate.not_after,
            revoked: None,
        });
        self.save()?;
        Ok(chain)
    }

    /// Makes an authority below this one, with a new key on P-256, and remembers it. It certifies leaves alone.
    ///
    /// # Errors
    /// See [`AuthorityError`]. An authority of mobile documents has none below it (ISO/IEC 18013-5 Annex B), nor has
    /// one that is below another itself.
    pub fn intermediate(
        &mut self,
        subject: Subject,
        from: UnixTime,
        valid_for: Duration,
        random: &dyn Random,
    ) -> Result<CertificateAuthority, AuthorityError> {
        if self.authority.parsed().path_length == Some(0) {
            return Err(AuthorityError::NoneBelow);
        }
        let made = self.authority.intermediate(subject, from, valid_for, random)?;
        let certificate = made.parsed();
        self.register.issued.push(Entry {
            serial: hex(&certificate.serial),
            subject: certificate.subject.clone(),
            role: Role::Authority,
            not_after: certificate.not_after,
            revoked: None,
        });
        self.save()?;
        Ok(made)
    }

    fn leaf(&self, wanted: &Wanted<'_>) -> Result<LeafProfile, AuthorityError> {
        let subject = Subject {
            common_name: wanted.name.to_owned(),
            organization: wanted.organization.clone(),
            country: self.register.country.clone(),
            state: self.register.state.clone(),
        };
        let Register { contact, crl_url, .. } = &self.register;
        let publication =
            contact.clone().zip(crl_url.clone()).map(|(contact, crl_url)| Publication { contact, crl_url });
        let (from, valid_for) = (wanted.from, wanted.valid_for);
        let make = match wanted.role {
            Role::DocumentSigner => LeafProfile::document_signer,
            Role::Reader => LeafProfile::reader,
            Role::StatusSigner => LeafProfile::status_signer,
            Role::Authority => return Err(AuthorityError::NotALeaf),
            Role::Issuer | Role::Verifier | Role::WalletProvider => {
                let leaf = LeafProfile { publication, ..LeafProfile::new(subject, from, valid_for) };
                return Ok(with_names(leaf, wanted));
            }
        };
        let publication = publication.ok_or(AuthorityError::NoPublication)?;
        Ok(with_names(make(subject, publication, from, valid_for), wanted))
    }

    /// Revokes a certificate by its serial number; `false` when it was revoked before.
    ///
    /// # Errors
    /// [`AuthorityError::Unknown`], and those of writing.
    pub fn revoke(&mut self, serial: &str, now: UnixTime) -> Result<bool, AuthorityError> {
        let wanted = serial.replace(':', "").to_ascii_lowercase();
        let entry = self.register.issued.iter_mut().find(|entry| entry.serial == wanted);
        let entry = entry.ok_or_else(|| AuthorityError::Unknown(serial.to_owned()))?;
        if entry.revoked.is_some() {
            return Ok(false);
        }
        entry.revoked = Some(now);
        self.save()?;
        Ok(true)
    }

    /// Signs a revocation list (DER) with the next number.
    ///
    /// # Errors
    /// See [`AuthorityError`].
    pub fn revocation_list(&mut self, now: UnixTime, valid_for: Duration) -> Result<Vec<u8>, AuthorityError> {
        let revoked =
            |entry: &Entry| Some(RevokedCertificate { serial: unhex(&entry.serial)?, since: entry.revoked? });
        let revoked: Vec<RevokedCertificate> = self.register.issued.iter().filter_map(revoked).collect();
        // The number is used up even if the list is lost: two lists must not have the same one.
        self.register.crl_number += 1;
        self.save()?;
        let number = self.register.crl_number;
        Ok(self.authority.revocation_list(&revoked, number, now, now + valid_for)?)
    }

    fn save(&self) -> Result<(), AuthorityError> {
        let path = self.folder.join(REGISTER);
        let text =
            serde_json::to_vec_pretty(&self.register).map_err(|_| AuthorityError::Register(path.clone()))?;
        Ok(write_private(&path, &text)?)
    }
}

fn with_names(mut leaf: LeafProfile, wanted: &Wanted<'_>) -> LeafProfile {
    leaf.dns_names.extend_from_slice(wanted.dns_names);
    leaf.uris.extend_from_slice(wanted.uris);
    leaf
}

fn lock(folder: &Path) -> Result<File, AuthorityError> {
    let path = folder.join(LOCK);
    let file = File::create(&path).map_err(FileError::at(&path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(fs::TryLockError::WouldBlock) => Err(AuthorityError::Busy),
        Err(fs::TryLockError::Error(error)) => Err(FileError::at(&path)(error).into()),
    }
}

/// Bytes as hexadecimal text.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits = text.as_bytes().chunks(2);
    digits.map(|two| u8::from_str_radix(std::str::from_utf8(two).ok()?, 16).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use credenza_core::SystemRandom;
    use credenza_crypto::x509::Crl;
    use credenza_crypto::{Algorithm, SoftwareSigner};

    const NOW: UnixTime = UnixTime::from_secs(1_750_000_000);
    const DAY: Duration = Duration::from_secs(86_400);

    fn iaca(folder: &Path) -> AuthorityFolder {
        let signer = SoftwareSigner::generate(Algorithm::Es256, &SystemRandom).unwrap();
        let subject = Subject { country: Some("UT".to_owned()), ..Subject::from("Utopia IACA") };
        let publication = Publication {
            contact: "mailto:iaca@example.org".to_owned(),
            crl_url: "https://example.org/crl".to_owned(),
        };
        let authority =
            CertificateAuthority::iaca(signer, subject, &publication, NOW, DAY * 3650, &SystemRandom)
                .unwrap();
        let register = Register {
            country: Some("UT".to_owned()),
            contact: Some(publication.contact),
            crl_url: Some(publication.crl_url),
            ..Register::default()
        };
        AuthorityFolder::create(folder, authority, register, None, &SystemRandom).unwrap()
    }

    fn wanted(role: Role, days: u32) -> Wanted<'static> {
        Wanted {
            role,
            name: "Signer",
            organization: None,
            dns_names: &[],
            uris: &[],
            from: NOW,
            valid_for: DAY * days,
        }
    }

    #[test]
    fn what_it_certifies_keeps_its_profile_and_can_be_revoked() {
        let folder = tempfile::tempdir().unwrap();
        let mut ca = iaca(folder.path());
        let key = SoftwareSigner::generate(Algorithm::Es256, &SystemRandom).unwrap().public_key();
        for role in [Role::DocumentSigner, Role::Reader, Role::StatusSigner, Role::Verifier] {
            ca.issue(&key, &wanted(role, 365), &SystemRandom).unwrap();
        }
        let too_long = ca.issue(&key, &wanted(Role::DocumentSigner, 500), &SystemRandom);
        assert!(matches!(too_long, Err(AuthorityError::Profile(_))), "{too_long:?}");
        assert_eq!(ca.register().issued.len(), 4);
        drop(ca);

        let mut ca = AuthorityFolder::open(folder.path(), || None).unwrap();
        let serial = ca.register().issued[0].serial.clone();
        assert!(ca.revoke(&serial, NOW).unwrap());
        assert!(!ca.revoke(&serial.to_uppercase(), NOW).unwrap());
        assert!(matches!(ca.revoke("00", NOW), Err(AuthorityError::Unknown(_))));
        let list = ca.revocation_list(NOW, DAY).unwrap();
        assert_eq!(Crl::verify(&list, ca.authority().parsed()).unwrap().len(), 1);
        assert_eq!(ca.register().crl_number, 1);
    }

    #[test]
    fn one_process_at_a_time_and_no_second_authority() {
        let folder = tempfile::tempdir().unwrap();
        let ca = iaca(folder.path());
        assert!(matches!(AuthorityFolder::open(folder.path(), || None), Err(AuthorityError::Busy)));
        let root = CertificateAuthority::generate("Other", NOW, DAY, &SystemRandom).unwrap();
        drop(ca);
        let second = AuthorityFolder::create(folder.path(), root, Register::default(), None, &SystemRandom);
        assert!(second.is_err());
        assert!(AuthorityFolder::open(folder.path(), || None).is_ok(), "the first is still there");
    }

    #[test]
    fn a_plain_root_certifies_no_document_signers() {
        let folder = tempfile::tempdir().unwrap();
        let root = CertificateAuthority::generate("Root", NOW, DAY * 30, &SystemRandom).unwrap();
        let mut ca =
            AuthorityFolder::create(folder.path(), root, Register::default(), None, &SystemRandom).unwrap();
        let key = SoftwareSigner::generate(Algorithm::Es256, &SystemRandom).unwrap().public_key();
        let refused = ca.issue(&key, &wanted(Role::DocumentSigner, 20), &SystemRandom);
        assert!(matches!(refused, Err(AuthorityError::NoPublication)));
        assert!(ca.issue(&key, &wanted(Role::Issuer, 20), &SystemRandom).is_ok());
    }
}
