//! `credenza verify`.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use credenza::core::{AddressPolicy, Clock as _, SystemClock, json};
use credenza::crypto::{Jwk, JwkSet, x509};
use credenza::service::LookUp;
use credenza::trust::{Anchor, AnyOf, Trust, X509Anchors};
use credenza::verify::{Demand, GivenKeys, verify};

use credenza::vp::verifier::StatusCheck;

use super::{Usage, Verdict, output, thing};

/// Verifies an SD-JWT VC (as issued; or as presented, with --nonce and --aud), a JWT, or a certificate chain.
///
/// Without --trust and --key nobody is trusted, and the report says what can be said all the same. Exit code 0: every
/// check has passed; 1: refused.
#[derive(clap::Args)]
pub(super) struct Arguments {
    /// Text, a file, an http(s) URL, or - for standard input.
    thing: String,

    /// PEM file with root certificates that are trusted. May be repeated.
    #[arg(long, value_name = "PEM")]
    trust: Vec<PathBuf>,

    /// JSON file with the public JWK or JWK Set of the signer. May be repeated.
    #[arg(long, value_name = "JWK")]
    key: Vec<PathBuf>,

    /// The nonce that the presentation was made for; with --aud.
    #[arg(long, requires = "aud")]
    nonce: Option<String>,

    /// The client identifier of the verifier that the presentation was made for; with --nonce.
    #[arg(long, requires = "nonce")]
    aud: Option<String>,

    /// Do not ask anybody whether the credential was revoked.
    #[arg(long)]
    offline: bool,
}

pub(super) async fn run(arguments: Arguments, json: bool) -> anyhow::Result<Verdict> {
    let text = thing::read(&arguments.thing).await?;
    let anchors = anchors(&arguments.trust)?;
    let trusted: Vec<Anchor> = anchors
        .iter()
        .map(|der| Anchor { verifiers: true, wallet_providers: true, ..Anchor::for_issuers(der.clone()) })
        .collect();
    let mut sources: Vec<Arc<dyn Trust>> = vec![Arc::new(X509Anchors::new(&trusted)?)];
    for file in &arguments.key {
        sources.push(Arc::new(GivenKeys(keys(file)?)));
    }
    let trust = Arc::new(AnyOf::new(sources));
    // Asked only about credentials of issuers that are trusted, which may be on this machine too.
    let look_up =
        LookUp::uncached().over(AddressPolicy::Loopback, Arc::new(SystemClock), Arc::clone(&trust) as _);
    let status: Option<&dyn StatusCheck> = if arguments.offline { None } else { Some(&look_up) };
    let holder = arguments.nonce.as_deref().zip(arguments.aud.as_deref());
    let demand = Demand { trust: &*trust, anchors: &anchors, holder, status, now: SystemClock.now() };
    let report = verify(&text, demand).await.map_err(|error| Usage::error(error.to_string()))?;
    if json {
        output::json(&report)?;
    } else {
        output::line(report.to_string().trim_end())?;
    }
    Ok(if report.ok() { Verdict::Good } else { Verdict::Bad })
}

fn anchors(files: &[PathBuf]) -> anyhow::Result<Vec<Vec<u8>>> {
    let mut anchors = Vec::new();
    for file in files {
        let pem = std::fs::read_to_string(file).with_context(|| file.display().to_string())?;
        anchors.extend(x509::pem_to_der_chain(&pem).with_context(|| file.display().to_string())?);
    }
    Ok(anchors)
}

fn keys(file: &Path) -> anyhow::Result<JwkSet> {
    let name = || file.display().to_string();
    let value = json::parse(&std::fs::read(file).with_context(name)?).with_context(name)?;
    if value.get("keys").is_some() {
        return JwkSet::from_value(&value).with_context(name);
    }
    Ok(JwkSet { keys: vec![Jwk::from_value(&value).with_context(name)?] })
}
