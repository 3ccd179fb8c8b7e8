//! `credenza keys`.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use credenza::core::{Secret, SystemRandom};
use credenza::crypto::{Algorithm, Certificate, Curve, Jwk, SoftwareDecrypter, SoftwareSigner};
use credenza::keys::file;
use credenza::trust::did;
use serde_json::{Value, json};

use super::sealing;
use super::{Usage, Verdict, output, passphrase};

#[derive(clap::Subcommand)]
pub(super) enum Command {
    /// Make a private key and write it to a file that only you can read.
    ///
    /// The file holds a private JWK; with --protect it is sealed under a passphrase, which `credenza serve` then takes
    /// from CREDENZA_KEY_PASSPHRASE or from the file that CREDENZA_KEY_PASSPHRASE_FILE names.
    #[command(after_help = "Examples:\n  credenza keys generate --out issuer.key.json\n  \
                            credenza keys generate --kind ed25519 --protect --out holder.key.json")]
    Generate(Generate),
    /// Show the public part of a key: JWK, thumbprint, DIDs, certificates. No passphrase is needed.
    Show {
        /// A private key, a public JWK, or a JWK Set.
        file: PathBuf,
    },
    /// Write the public keys of one or more files as a JWK Set, to be published.
    ///
    /// While a key is being replaced, publish the new one and the old one together: what the old one has signed is
    /// verified with it until it has expired.
    Jwks {
        /// Private or public keys.
        #[arg(required = true)]
        files: Vec<PathBuf>,
        /// Where to write it; without it, it is printed.
        #[arg(long)]
        out: Option<PathBuf>,
    },
    /// Put a fresh key of the same kind in the place of the old one, which is kept beside it.
    ///
    /// The old key becomes FILE.<start of its thumbprint>.old; publish both with `credenza keys jwks`. Certificates
    /// are for one key: have the new one certified with `credenza ca issue --key`.
    Rotate {
        /// The private key.
        file: PathBuf,
    },
    /// Replace the key that seals codes, tokens and nonces, in three steps and without a failed flow.
    #[command(
        after_help = "Examples, with a restart of every node after each:\n  credenza keys sealing add\n  \
                            credenza keys sealing use\n  credenza keys sealing drop"
    )]
    Sealing(sealing::Arguments),
    /// Protect a key file with a passphrase (argon2id).
    Encrypt {
        /// The private key.
        file: PathBuf,
    },
    /// Take the passphrase off a key file.
    Decrypt {
        /// The private key.
        file: PathBuf,
    },
}

#[derive(clap::Args)]
pub(super) struct Generate {
    /// The kind of key. p256 signs what OpenID4VC needs everywhere; x25519 is for encryption alone.
    #[arg(long, value_enum, default_value_t = Kind::P256)]
    kind: Kind,

    /// The key's name (kid); by default its thumbprint (RFC 7638).
    #[arg(long)]
    kid: Option<String>,

    /// Protect it with a passphrase.
    #[arg(long)]
    protect: bool,

    /// Where to write it; an existing file is never overwritten.
    #[arg(long)]
    out: PathBuf,
}

#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Kind {
    /// EC P-256, ES256
    P256,
    /// EC P-384, ES384
    P384,
    /// EC P-521, ES512
    P521,
    /// EC secp256k1, ES256K
    Secp256k1,
    /// Ed25519, EdDSA
    Ed25519,
    /// X25519, ECDH-ES
    X25519,
}

pub(super) fn run(command: Command, json: bool) -> anyhow::Result<Verdict> {
    match command {
        Command::Generate(arguments) => generate(&arguments, json)?,
        Command::Show { file } => show(&file, json)?,
        Command::Jwks { files, out } => jwks(&files, out.as_deref())?,
        Command::Rotate { file } => rotate(&file, json)?,
        Command::Sealing(arguments) => return sealing::run(&arguments, json),
        Command::Encrypt { file } => encrypt(&file, json)?,
        Command::Decrypt { file } => decrypt(&file, json)?,
    }
    Ok(Verdict::Good)
}

fn generate(arguments: &Generate, json: bool) -> anyhow::Result<()> {
    let passphrase = arguments.protect.then(passphrase::for_key).transpose()?;
    let jwk = make(arguments.kind, arguments.kid.clone())?;
    file::create(&arguments.out, &jwk, passphrase.as_ref(), &SystemRandom)?;
    let keys = file::read_public(&arguments.out)?;
    written(&arguments.out, keys.first(), json)
}

/// A private JWK of that kind.
fn make(kind: Kind, kid: Option<String>) -> anyhow::Result<Secret> {
    let algorithm = match kind {
        Kind::P256 => Algorithm::Es256,
        Kind::P384 => Algorithm::Es384,
        Kind::P521 => Algorithm::Es512,
        Kind::Secp256k1 => Algorithm::Es256K,
        Kind::Ed25519 => Algorithm::EdDsa,
        Kind::X25519 => {
            if kid.is_some() {
                return Err(Usage::error("--kid is for keys that sign"));
            }
            return Ok(SoftwareDecrypter::generate(Curve::X25519, &SystemRandom)?.to_private_jwk());
        }
    };
    let signer = SoftwareSigner::generate(algorithm, &SystemRandom)?;
    let kid = kid.unwrap_or_else(|| Jwk::new(signer.public_key()).thumbprint_text());
    Ok(signer.with_kid(kid).to_private_jwk())
}

fn written(file: &Path, key: Option<&Jwk>, json: bool) -> anyhow::Result<()> {
    let thumbprint = key.map(Jwk::thumbprint_text).unwrap_or_default();
    let file = file.display().to_string();
    if json {
        output::json(&json!({"file": file, "thumbprint": thumbprint, "jwk": key.map(Jwk::to_value)}))
    } else {
        output::line(&format!("Wrote {file}, whose thumbprint is {thumbprint}."))
    }
}

fn show(file: &Path, json: bool) -> anyhow::Result<()> {
    let keys = file::read_public(file)?;
    let described: Vec<Value> = keys.iter().map(describe).collect();
    if json {
        return output::json(&described);
    }
    for key in described {
        let Value::Object(members) = key else { continue };
        for (name, value) in members.iter().filter(|(_, value)| !value.is_null()) {
            match value {
                Value::String(text) => output::line(&format!("{name}: {text}"))?,
                value => output::line(&format!("{name}: {value:#}"))?,
            }
        }
    }
    Ok(())
}

fn describe(key: &Jwk) -> Value {
    let did = |did: Option<did::Did>| did.map(|did| did.as_str().to_owned());
    let bare = Jwk::new(key.key.clone());
    let certificate = key.x5c.first().and_then(|leaf| Certificate::parse(leaf).ok());
    json!({
        "kid": key.kid,
        "thumbprint": key.thumbprint_text(),
        "thumbprint_uri": key.thumbprint_uri(),
        "did_jwk": did(did::jwk::from_jwk(&bare).ok()),
        "did_key": did(did::key::from_public_key(&key.key)),
        "did_key_jwk": did(did::key::from_public_key_as_jwk(&key.key)),
        "certificate": certificate.as_ref().map(|leaf| leaf.subject.clone()),
        "certificate_until": certificate.as_ref().map(|leaf| leaf.not_after.to_rfc3339()),
        "client_id": certificate.as_ref().map(|leaf| format!("x509_hash:{}", leaf.x509_hash())),
        "jwk": key.to_value(),
    })
}

fn jwks(files: &[PathBuf], out: Option<&Path>) -> anyhow::Result<()> {
    let mut keys: Vec<Jwk> = Vec::new();
    for file in files {
        for key in file::read_public(file)? {
            let kid = key.kid.clone().unwrap_or_else(|| key.thumbprint_text());
            if keys.iter().any(|other| other.kid.as_ref() == Some(&kid)) {
                anyhow::bail!("two keys are called {kid}: nobody could tell them apart");
            }
            keys.push(Jwk { kid: Some(kid), ..key });
        }
    }
    let set = json!({"keys": keys.iter().map(Jwk::to_value).collect::<Vec<_>>()});
    match out {
        None => output::json(&set),
        Some(path) => Ok(credenza::keys::create_public(path, format!("{set:#}\n").as_bytes())?),
    }
}

fn rotate(path: &Path, json: bool) -> anyhow::Result<()> {
    let protected = file::is_protected(path)?;
    let given = if protected { passphrase::of_key() } else { None };
    let old = file::read_jwk(path, || given.clone())?;
    let public = file::read_public(path)?;
    let public = public.first().context("no key")?;
    let kind = match public.key.curve() {
        Some(Curve::P256) => Kind::P256,
        Some(Curve::P384) => Kind::P384,
        Some(Curve::P521) => Kind::P521,
        Some(Curve::Secp256k1) => Kind::Secp256k1,
        Some(Curve::Ed25519) => Kind::Ed25519,
        Some(Curve::X25519) => Kind::X25519,
        None => anyhow::bail!("RSA keys are not made here"),
    };
    let start: String = public.thumbprint_text().chars().take(8).collect();
    let mut kept = path.as_os_str().to_owned();
    kept.push(format!(".{start}.old"));
    let kept = PathBuf::from(kept);
    // The old key is safe under its new name before the new one takes its place: at no moment is there none.
    let locked = given.as_ref().filter(|_| protected);
    match file::create(&kept, &old, locked, &SystemRandom) {
        Ok(()) => {}
        // An earlier try has got this far.
        Err(_) if file::read_jwk(&kept, || given.clone()).is_ok_and(|jwk| jwk.matches(old.expose())) => {}
        Err(error) => return Err(error.into()),
    }
    file::replace(path, &make(kind, None)?, locked, &SystemRandom)?;
    if !json {
        output::line(&format!("The old key is kept in {}.", kept.display()))?;
        if !public.x5c.is_empty() {
            output::line("The new key has no certificate yet: credenza ca issue --key …")?;
        }
    }
    let keys = file::read_public(path)?;
    written(path, keys.first(), json)
}

fn encrypt(path: &Path, json: bool) -> anyhow::Result<()> {
    if file::is_protected(path)? {
        return Err(Usage::error(format!("{} has a passphrase already", path.display())));
    }
    let jwk = file::read_jwk(path, || None)?;
    file::replace(path, &jwk, Some(&passphrase::for_key()?), &SystemRandom)?;
    let keys = file::read_public(path)?;
    written(path, keys.first(), json)
}

fn decrypt(path: &Path, json: bool) -> anyhow::Result<()> {
    if !file::is_protected(path)? {
        return Err(Usage::error(format!("{} has no passphrase", path.display())));
    }
    let jwk = file::read_jwk(path, passphrase::of_key)?;
    file::replace(path, &jwk, None, &SystemRandom)?;
    let keys = file::read_public(path)?;
    written(path, keys.first(), json)
}
