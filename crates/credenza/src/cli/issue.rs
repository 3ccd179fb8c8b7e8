//! `credenza issue`.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;
use credenza::core::{ClaimsPath, Clock as _, SystemClock, SystemRandom, json};
use credenza::issue::{Order, issue};
use credenza::keys::{create_private, file};
use credenza::query::dcql::Format;
use serde_json::Value;

use super::{Usage, Verdict, contexts, output, passphrase};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Signs a credential from a file of claims, and prints it.
///
/// For dc+sd-jwt the claims are a JSON object; each of them is selectively disclosable, unless --selective says which.
/// For mso_mdoc they are an object for each namespace. For the W3C formats they are the subject's, or a whole
/// credential with @context, type and credentialSubject. What is missing (issuer, times, type) is filled in.
///
/// The key is a private JWK with certificates (x5c), as `credenza ca issue` writes it; without certificates the
/// verifier has to know the key (`credenza verify --trust KEY`), and W3C credentials name it by its did:jwk.
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  credenza issue --format dc+sd-jwt --type urn:eudi:pid:1 --claims pid.json \
                        --key issuer.key.json\n  credenza issue --format mso_mdoc --type org.iso.18013.5.1.mDL \
                        --claims mdl.json --key ds.key.json --holder holder.key.json --out mdl.txt"
)]
pub(super) struct Arguments {
    /// dc+sd-jwt, mso_mdoc, jwt_vc_json, jwt_vc_json-ld, vc+jwt, vc+sd-jwt or ldp_vc
    #[arg(long)]
    format: String,

    /// JSON file with the claims; - for standard input.
    #[arg(long)]
    claims: String,

    /// The issuer's private key.
    #[arg(long)]
    key: PathBuf,

    /// The type: vct, document type, or type of a W3C credential.
    #[arg(long = "type")]
    credential_type: Option<String>,

    /// The issuer's identifier; by default the URI in its certificate.
    #[arg(long)]
    issuer: Option<String>,

    /// File with the holder's key, to which the credential is bound; its public part is used.
    #[arg(long)]
    holder: Option<PathBuf>,

    /// A path of a claim that is selectively disclosable, such as address.locality or ["address","locality"]. May be
    /// repeated.
    #[arg(long)]
    selective: Vec<String>,

    /// JSON file with the reference to the status list, or the entry in it.
    #[arg(long)]
    status: Option<PathBuf>,

    /// A JSON-LD context beside those of the specifications: its URL, and the file of its document. May be repeated.
    #[arg(long, value_name = "URL=FILE")]
    context: Vec<String>,

    /// How long it is valid.
    #[arg(long, default_value_t = 90)]
    days: u32,

    /// Where to write it, readable by you alone; without it, it is printed.
    #[arg(long)]
    out: Option<PathBuf>,
}

pub(super) async fn run(arguments: Arguments, json: bool) -> anyhow::Result<Verdict> {
    let format = Format::new(&arguments.format);
    if matches!(format, Format::Other(_)) {
        return Err(Usage::error(format!(
            "there is no format {}; see credenza issue --help",
            arguments.format
        )));
    }
    let claims = read(&arguments.claims)?;
    let Value::Object(claims) = claims else { return Err(Usage::error("the claims are not a JSON object")) };
    let signer = file::read_signer(&arguments.key, passphrase::of_key)?;
    let holder = match arguments.holder.as_deref().map(file::read_public).transpose()?.as_deref() {
        None => None,
        Some([holder]) => Some(holder.clone()),
        Some(_) => return Err(Usage::error("--holder is one key")),
    };
    let selective =
        arguments.selective.iter().map(|path| path_of(path)).collect::<anyhow::Result<Vec<_>>>()?;
    let status = arguments.status.as_ref().map(|file| read(&file.to_string_lossy())).transpose()?;
    let order = Order {
        format,
        credential_type: arguments.credential_type.as_deref(),
        issuer: arguments.issuer.as_deref(),
        holder: holder.as_ref(),
        selective: (!selective.is_empty()).then_some(selective.as_slice()),
        status: status.as_ref(),
        contexts: &contexts::named(&arguments.context)?,
        now: SystemClock.now(),
        valid_for: DAY * arguments.days,
    };
    let credential = issue(signer, claims, &order, &SystemRandom).await?;
    let text = match &credential {
        Value::String(text) => text.clone(),
        document => format!("{document:#}"),
    };
    match &arguments.out {
        Some(path) => {
            create_private(path, text.as_bytes())?;
            let path = path.display().to_string();
            if json {
                output::json(&serde_json::json!({"file": path, "format": arguments.format}))?;
            } else {
                output::line(&format!("Wrote {path}."))?;
            }
        }
        None if json => {
            output::json(&serde_json::json!({"format": arguments.format, "credential": credential}))?;
        }
        None => output::line(&text)?,
    }
    Ok(Verdict::Good)
}

fn read(name: &str) -> anyhow::Result<Value> {
    let bytes = if name == "-" {
        let mut bytes = Vec::new();
        std::io::Read::read_to_end(&mut std::io::stdin(), &mut bytes).context("standard input")?;
        bytes
    } else {
        std::fs::read(name).with_context(|| name.to_owned())?
    };
    json::parse(&bytes).with_context(|| format!("{name} is not JSON that is accepted"))
}

fn path_of(text: &str) -> anyhow::Result<ClaimsPath> {
    let names = || ClaimsPath::keys(text.split('.'));
    if text.starts_with('[') {
        return Ok(ClaimsPath::from_value(&json::parse(text.as_bytes())?)?);
    }
    names().with_context(|| format!("{text} is no path of a claim"))
}
