//! `credenza ca`.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;
use credenza::core::{Clock as _, SystemClock, SystemRandom, b64};
use credenza::crypto::x509::{CertificateAuthority, Publication, Subject, pem_to_der_chain};
use credenza::crypto::{Algorithm, Certificate, Jwk, SoftwareSigner};
use credenza::keys::authority::{AuthorityFolder, Register, Role, Wanted, hex};
use credenza::keys::{create_public, file};
use serde_json::json;

use super::{Usage, Verdict, output, passphrase};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Certificates begin a little in the past: clocks differ.
const BEFORE: Duration = Duration::from_secs(60 * 60);

#[derive(clap::Subcommand)]
pub(super) enum Command {
    /// Make an authority: a private key, a root certificate and a register, in a folder of their own.
    ///
    /// With --iaca its certificate keeps the profile of an issuing authority of mobile documents (ISO/IEC 18013-5
    /// Annex B), which needs a country, a contact, and the URL of its revocation list.
    #[command(after_help = "Examples:\n  credenza ca new --dir ca --name 'Example Root'\n  \
                            credenza ca new --dir issuing --under ca --name 'Example Issuing CA'\n  \
                            credenza ca new --dir iaca --iaca --name 'Utopia IACA' --country UT \
                            --contact mailto:iaca@utopia.example --crl-url https://utopia.example/iaca.crl")]
    New(New),
    /// Certify a key for a role: signer of documents, reader, signer of status lists, issuer, verifier, wallet provider.
    ///
    /// Without --key a fresh P-256 key is made. The file that is written holds the private JWK with its certificates
    /// (x5c), as `credenza serve` and `credenza issue` want it.
    #[command(
        after_help = "Examples:\n  credenza ca issue --ca iaca --role document-signer --name 'Utopia DS' \
                            --out ds.key.json\n  credenza ca issue --ca ca --role verifier --name 'Example Verifier' \
                            --dns verifier.example --out verifier.key.json"
    )]
    Issue(Issue),
    /// Revoke a certificate; publish it with `credenza ca crl`.
    Revoke {
        /// The folder of the authority.
        #[arg(long)]
        ca: PathBuf,
        /// A serial number in hexadecimal, a certificate (PEM), or a key file with certificates.
        certificate: String,
    },
    /// Sign the list of revoked certificates (DER), to be published under the authority's --crl-url.
    Crl {
        /// The folder of the authority.
        #[arg(long)]
        ca: PathBuf,
        /// Days until the next list is due.
        #[arg(long, default_value_t = 30)]
        days: u32,
        /// Where to write it.
        #[arg(long)]
        out: PathBuf,
    },
    /// Show what an authority has certified, and what is revoked.
    Show {
        /// The folder of the authority.
        #[arg(long)]
        ca: PathBuf,
    },
}

#[derive(clap::Args)]
pub(super) struct New {
    /// The folder; it is made.
    #[arg(long)]
    dir: PathBuf,
    /// The authority's name.
    #[arg(long)]
    name: String,
    /// Two capital letters.
    #[arg(long)]
    country: Option<String>,
    /// State or province, where the authority is one's of such.
    #[arg(long)]
    state: Option<String>,
    /// The organization.
    #[arg(long)]
    organization: Option<String>,
    /// The root of an issuing authority of mobile documents, or of readers.
    #[arg(long, requires_all = ["country", "contact", "crl_url"])]
    iaca: bool,
    /// A page, or mailto: and an address, for people.
    #[arg(long, requires = "crl_url")]
    contact: Option<String>,
    /// Where the list of revoked certificates will be.
    #[arg(long, requires = "contact")]
    crl_url: Option<String>,
    /// The folder of an authority that certifies this one, which then certifies no authorities itself; its key is on
    /// P-256.
    #[arg(long, value_name = "DIR", conflicts_with_all = ["iaca", "kind"])]
    under: Option<PathBuf>,
    /// The key's curve.
    #[arg(long, value_enum, default_value_t = KeyKind::P256)]
    kind: KeyKind,
    /// How long it is valid.
    #[arg(long, default_value_t = 3650)]
    days: u32,
    /// Protect the private key with a passphrase.
    #[arg(long)]
    protect: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum KeyKind {
    P256,
    P384,
    P521,
    Ed25519,
}

#[derive(clap::Args)]
pub(super) struct Issue {
    /// The folder of the authority.
    #[arg(long)]
    ca: PathBuf,
    /// What the certificate is for.
    #[arg(long, value_enum)]
    role: RoleName,
    /// The subject's name.
    #[arg(long)]
    name: String,
    /// The subject's organization.
    #[arg(long)]
    organization: Option<String>,
    /// A host name of the subject. May be repeated.
    #[arg(long)]
    dns: Vec<String>,
    /// A URI of the subject, such as the issuer's URL. May be repeated.
    #[arg(long)]
    uri: Vec<String>,
    /// How long it is valid; the default is a year, or less where the profile or the authority ends earlier.
    #[arg(long)]
    days: Option<u32>,
    /// An existing key: private, or public.
    #[arg(long)]
    key: Option<PathBuf>,
    /// Protect the private key with a passphrase.
    #[arg(long)]
    protect: bool,
    /// Where to write the private key with its certificates; or the certificates (PEM) of a public --key.
    #[arg(long)]
    out: PathBuf,
}

#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum RoleName {
    DocumentSigner,
    Reader,
    StatusSigner,
    Issuer,
    Verifier,
    WalletProvider,
}

impl From<RoleName> for Role {
    fn from(name: RoleName) -> Self {
        match name {
            RoleName::DocumentSigner => Self::DocumentSigner,
            RoleName::Reader => Self::Reader,
            RoleName::StatusSigner => Self::StatusSigner,
            RoleName::Issuer => Self::Issuer,
            RoleName::Verifier => Self::Verifier,
            RoleName::WalletProvider => Self::WalletProvider,
        }
    }
}

pub(super) fn run(command: Command, json: bool) -> anyhow::Result<Verdict> {
    match command {
        Command::New(arguments) => new(&arguments, json)?,
        Command::Issue(arguments) => issue(&arguments, json)?,
        Command::Revoke { ca, certificate } => revoke(&ca, &certificate, json)?,
        Command::Crl { ca, days, out } => crl(&ca, days, &out, json)?,
        Command::Show { ca } => show(&ca, json)?,
    }
    Ok(Verdict::Good)
}

fn open(folder: &Path) -> anyhow::Result<AuthorityFolder> {
    AuthorityFolder::open(folder, passphrase::of_key)
        .with_context(|| format!("the authority in {}", folder.display()))
}

fn new(arguments: &New, json: bool) -> anyhow::Result<()> {
    let algorithm = match arguments.kind {
        KeyKind::P256 => Algorithm::Es256,
        KeyKind::P384 => Algorithm::Es384,
        KeyKind::P521 => Algorithm::Es512,
        KeyKind::Ed25519 => Algorithm::EdDsa,
    };
    let passphrase = arguments.protect.then(passphrase::for_key).transpose()?;
    let signer = SoftwareSigner::generate(algorithm, &SystemRandom)?;
    let subject = Subject {
        common_name: arguments.name.clone(),
        organization: arguments.organization.clone(),
        country: arguments.country.clone(),
        state: arguments.state.clone(),
    };
    let (mut from, mut valid_for) = (SystemClock.now() - BEFORE, DAY * arguments.days);
    let publication = arguments.contact.clone().zip(arguments.crl_url.clone());
    let mut above = arguments.under.as_deref().map(open).transpose()?;
    if let Some(above) = &above {
        // It ends with the one above at the latest.
        let root = above.authority().parsed();
        from = from.max(root.not_before);
        valid_for = valid_for.min(root.not_after.since(from));
    }
    let authority = match (&publication, &mut above) {
        (_, Some(above)) => above.intermediate(subject, from, valid_for, &SystemRandom)?,
        (Some((contact, crl_url)), None) if arguments.iaca => {
            let publication = Publication { contact: contact.clone(), crl_url: crl_url.clone() };
            CertificateAuthority::iaca(signer, subject, &publication, from, valid_for, &SystemRandom)?
        }
        _ => CertificateAuthority::root(signer, subject, from, valid_for, &SystemRandom)?,
    };
    let (contact, crl_url) = publication.unzip();
    let register = Register {
        country: arguments.country.clone(),
        state: arguments.state.clone(),
        contact,
        crl_url,
        ..Register::default()
    };
    let made =
        AuthorityFolder::create(&arguments.dir, authority, register, passphrase.as_ref(), &SystemRandom)?;
    let certificate = made.certificate_file().display().to_string();
    if json {
        output::json(&json!({"certificate": certificate, "subject": made.authority().parsed().subject}))
    } else {
        output::line(&format!("Wrote {certificate}: give it to those who shall trust this authority."))
    }
}

fn issue(arguments: &Issue, json: bool) -> anyhow::Result<()> {
    if arguments.out.exists() {
        return Err(Usage::error(format!("{} is there already", arguments.out.display())));
    }
    let passphrase = arguments.protect.then(passphrase::for_key).transpose()?;
    let (signer, key) = subject_key(arguments)?;
    let mut ca = open(&arguments.ca)?;
    let role = Role::from(arguments.role);
    let from = (SystemClock.now() - BEFORE).max(ca.authority().parsed().not_before);
    let until = ca.authority().parsed().not_after.since(from);
    let valid_for = match arguments.days {
        Some(days) => DAY * days,
        None => (DAY * 365).min(until),
    };
    let wanted = Wanted {
        role,
        name: &arguments.name,
        organization: arguments.organization.clone(),
        dns_names: &arguments.dns,
        uris: &arguments.uri,
        from,
        valid_for,
    };
    let chain = ca.issue(&key.key, &wanted, &SystemRandom)?;
    let leaf = chain.first().map(|der| Certificate::parse(der)).transpose()?.context("no certificate")?;
    match signer {
        Some(signer) => {
            let signer = signer.with_x5c(chain);
            file::create(&arguments.out, &signer.to_private_jwk(), passphrase.as_ref(), &SystemRandom)?;
        }
        None => {
            let pem: String = chain.iter().map(|der| credenza::crypto::x509::der_to_pem(der)).collect();
            create_public(&arguments.out, pem.as_bytes())?;
        }
    }
    let (out, serial) = (arguments.out.display().to_string(), hex(&leaf.serial));
    if json {
        output::json(&json!({
            "file": out,
            "serial": serial,
            "subject": leaf.subject,
            "not_after": leaf.not_after.to_rfc3339(),
            "x509_hash": leaf.x509_hash(),
        }))
    } else {
        output::line(&format!("Wrote {out}: {}, serial {serial}, until {}.", leaf.subject, leaf.not_after))
    }
}

/// The key to be certified, with its private part unless it is elsewhere.
fn subject_key(arguments: &Issue) -> anyhow::Result<(Option<SoftwareSigner>, Jwk)> {
    let Some(path) = &arguments.key else {
        let signer = SoftwareSigner::generate(Algorithm::Es256, &SystemRandom)?;
        let key = Jwk::new(signer.public_key());
        return Ok((Some(signer.with_kid(key.thumbprint_text())), key));
    };
    match file::read_signer(path, passphrase::of_key) {
        Ok(signer) => {
            let key = Jwk::new(signer.public_key());
            Ok((Some(signer), key))
        }
        Err(private) => match file::read_public(path)?.as_slice() {
            [key] => Ok((None, key.clone())),
            _ => Err(private.into()),
        },
    }
}

fn revoke(folder: &Path, certificate: &str, json: bool) -> anyhow::Result<()> {
    let serial = serial(certificate)?;
    let mut ca = open(folder)?;
    let fresh = ca.revoke(&serial, SystemClock.now())?;
    if json {
        output::json(&json!({"serial": serial, "revoked": true, "before": !fresh}))
    } else if fresh {
        output::line(&format!(
            "Revoked {serial}. Publish it: credenza ca crl --ca {} --out …",
            folder.display()
        ))
    } else {
        output::line(&format!("{serial} was revoked before."))
    }
}

/// The serial number of a certificate that is given by number or by file.
fn serial(certificate: &str) -> anyhow::Result<String> {
    let path = Path::new(certificate);
    if !path.is_file() {
        return Ok(certificate.to_owned());
    }
    let of = |der: &[u8]| Certificate::parse(der).map(|certificate| hex(&certificate.serial));
    let text = std::fs::read_to_string(path).unwrap_or_default();
    if text.trim_start().starts_with("-----BEGIN CERTIFICATE") {
        return Ok(of(pem_to_der_chain(&text)?.first().context("no certificate")?)?);
    }
    let keys = file::read_public(path)?;
    let leaf = keys.first().and_then(|key| key.x5c.first()).context("the key has no certificate")?;
    Ok(of(leaf)?)
}

fn crl(folder: &Path, days: u32, out: &Path, json: bool) -> anyhow::Result<()> {
    if out.exists() {
        return Err(Usage::error(format!("{} is there already", out.display())));
    }
    let mut ca = open(folder)?;
    let list = ca.revocation_list(SystemClock.now(), DAY * days)?;
    create_public(out, &list)?;
    let number = ca.register().crl_number;
    if json {
        output::json(
            &json!({"file": out.display().to_string(), "number": number, "crl": b64::encode_std(&list)}),
        )
    } else {
        output::line(&format!("Wrote {}, number {number}.", out.display()))
    }
}

fn show(folder: &Path, json: bool) -> anyhow::Result<()> {
    let ca = open(folder)?;
    let register = ca.register();
    if json {
        return output::json(&json!({"subject": ca.authority().parsed().subject, "register": register}));
    }
    output::line(&ca.authority().parsed().subject)?;
    for entry in &register.issued {
        let state = match entry.revoked {
            Some(since) => format!("revoked {since}"),
            None => format!("until {}", entry.not_after),
        };
        output::line(&format!("  {}  {:?}  {}  {state}", entry.serial, entry.role, entry.subject))?;
    }
    Ok(())
}
