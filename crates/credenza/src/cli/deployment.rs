//! Which deployment a command is about: named by its configuration, or by its public URL alone.

use std::path::PathBuf;

use anyhow::Context as _;
use credenza::config::{self, Settings};
use credenza::core::SystemClock;
use credenza::crypto::x509;
use credenza::http::{Outgoing, is_loopback};
use url::Url;

use super::Usage;

#[derive(clap::Args)]
pub(super) struct Where {
    /// The public URL of the deployment, as wallets know it, when nothing else is to be known about it.
    #[arg(long)]
    url: Option<Url>,

    /// The configuration of the service, which says the URL and more. The default is credenza.toml, without --url.
    #[arg(long, env = "CREDENZA_CONFIG")]
    config: Option<PathBuf>,

    /// PEM files with root certificates for TLS, beside those of the platform (and of the configuration).
    #[arg(long = "trusted-root", value_name = "FILE")]
    trusted_roots: Vec<PathBuf>,
}

/// A deployment.
pub(super) struct Deployment {
    pub(super) url: Url,
    /// Everything that the operator knows.
    pub(super) settings: Option<Settings>,
    /// Whom it trusts for TLS.
    pub(super) outgoing: Outgoing,
}

impl Where {
    pub(super) fn read(&self) -> anyhow::Result<Deployment> {
        let settings = match &self.url {
            Some(_) => None,
            None => {
                let file = self.config.clone().unwrap_or_else(|| PathBuf::from("credenza.toml"));
                Some(config::read(&file, &SystemClock).map_err(|error| Usage::error(error.to_string()))?)
            }
        };
        let url = self.url.clone().or_else(|| settings.as_ref().map(|settings| settings.url.clone()));
        let url = url.ok_or_else(|| Usage::error("say --url or --config"))?;
        if url.scheme() != "https" && !(url.scheme() == "http" && is_loopback(&url)) {
            return Err(Usage::error("the URL has to be https; http is for localhost and 127.0.0.1 alone"));
        }
        let mut outgoing = settings.as_ref().map(|settings| settings.outgoing.clone()).unwrap_or_default();
        for file in &self.trusted_roots {
            let pem = std::fs::read_to_string(file).with_context(|| file.display().to_string())?;
            let roots = x509::pem_to_der_chain(&pem).with_context(|| file.display().to_string())?;
            outgoing.roots.extend(roots);
        }
        Ok(Deployment { url, settings, outgoing })
    }
}
