//! `credenza init`.

use std::path::PathBuf;

use credenza::config;
use credenza::core::{Clock as _, SystemClock, SystemRandom};
use credenza::http::is_loopback;
use serde_json::json;
use url::Url;

use super::{Usage, Verdict, output};

/// Writes credenza.toml, keys for issuer and verifier under a root of their own, and examples of
/// credential types. Nothing that exists is overwritten.
#[derive(clap::Args)]
pub(super) struct Arguments {
    /// Where to write.
    #[arg(long, default_value = ".")]
    dir: PathBuf,

    /// The URL under which wallets will reach the service; http is for this machine alone.
    #[arg(long, default_value = "http://127.0.0.1:7777")]
    url: Url,

    /// Where the service listens; the default is the URL's own address on this machine, else 127.0.0.1:7777.
    #[arg(long)]
    listen: Option<String>,

    /// Where the state is: sqlite:FILE or postgres://…; ${NAME} in it is an environment variable of the service, and
    /// ${file:PATH} a file. The default is a file beside the configuration.
    #[arg(long, value_name = "URL")]
    database: Option<String>,

    /// Where sessions are, when not in the database: redis://….
    #[arg(long, value_name = "URL")]
    sessions: Option<String>,
}

pub(super) fn run(arguments: &Arguments, json: bool) -> anyhow::Result<Verdict> {
    let url = &arguments.url;
    if url.scheme() != "https" && !(url.scheme() == "http" && is_loopback(url)) {
        return Err(Usage::error("--url has to be https; http is for localhost and 127.0.0.1 alone"));
    }
    let listen = arguments.listen.clone().unwrap_or_else(|| {
        let port = url.port().filter(|_| is_loopback(url)).unwrap_or(7777);
        format!("127.0.0.1:{port}")
    });
    let written = config::init(&arguments.dir, url, &listen, SystemClock.now(), &SystemRandom)
        .map_err(|error| Usage::error(error.to_string()))?;
    if arguments.database.is_some() || arguments.sessions.is_some() {
        let (database, sessions) = (arguments.database.as_deref(), arguments.sessions.as_deref());
        config::name_stores(&written.file, database, sessions)?;
    }
    let (file, root) = (written.file.display(), written.root.display());
    if json {
        output::json(&json!({
            "config": file.to_string(),
            "root_certificate": root.to_string(),
            "iaca_certificate": written.iaca.display().to_string(),
            "did": written.did,
            "admin_token": written.admin_token.expose(),
        }))?;
    } else {
        output::line(&format!(
            "Wrote {file}.\n\nAdmin token (shown once, stored as a hash):\n  {}\n\n\
             Start the service:\n  credenza serve --config {file}\n\n\
             Wallets that shall know its verifier:\n  credenza wallet trust add {root}",
            written.admin_token.expose()
        ))?;
    }
    Ok(Verdict::Good)
}
