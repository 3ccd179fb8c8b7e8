//! `credenza doctor`.

use credenza::core::{Outcome, Report, Secret};
use credenza::doctor::{Examination, Known, examine};

use super::deployment::{self, Deployment};
use super::{Verdict, output};

/// Examines a deployment from outside, as a wallet sees it, and says of each thing that does not fit what to change.
#[derive(clap::Args)]
#[command(
    after_help = "It looks at the URL, where its name leads, TLS and its certificates, redirects, the well-known paths, the \
    identifiers of issuer and authorization server, signed metadata, clocks, and what a proxy does on the way: lost \
    headers, replaced errors, limits, compression, caches. With the configuration also at the keys and their certificates, \
    whether the verifier accepts what the issuer signs, status lists, and the metadata of types. With --token a request of \
    the verifier is made, fetched and removed. Nothing is issued, and nothing is changed.\n\n\
    ✓ fits, ✗ must be changed, ! should be looked at, – was not looked at. The exit code is 1 when something must be \
    changed.\n\n\
    Examples:\n  \
    credenza doctor --config /etc/credenza/credenza.toml\n  \
    credenza doctor --url https://issuer.example --json"
)]
pub(super) struct Arguments {
    #[command(flatten)]
    deployment: deployment::Where,

    /// The admin token of the deployment.
    #[arg(long, env = "CREDENZA_ADMIN_TOKEN", hide_env_values = true, allow_hyphen_values = true)]
    token: Option<String>,
}

pub(super) async fn run(arguments: Arguments, json: bool) -> anyhow::Result<Verdict> {
    let Deployment { url, settings, outgoing } = arguments.deployment.read()?;
    output::progress(&format!("examining {url}"));
    let examination = Examination {
        known: settings.map(Known::from),
        admin_token: arguments.token.map(Secret::new),
        outgoing,
        ..Examination::new(url)
    };
    let report = examine(&examination).await;
    if json {
        output::json(&report)?;
    } else {
        output::line(report.to_string().trim_end())?;
        output::line(&format!("\n{}", summary(&report)))?;
    }
    Ok(if report.ok() { Verdict::Good } else { Verdict::Bad })
}

fn summary(report: &Report) -> String {
    let (failed, warned) = (count(report, Outcome::Failed), count(report, Outcome::Warned));
    match (failed, warned) {
        (0, 0) => "Everything fits.".to_owned(),
        (0, warned) => format!("Everything works; {warned} should be looked at (!)."),
        (failed, warned) => format!("{failed} must be changed (✗), {warned} should be looked at (!)."),
    }
}

fn count(report: &Report, outcome: Outcome) -> usize {
    let own = report.checks.iter().filter(|check| check.outcome == outcome).count();
    own + report.parts.iter().map(|part| count(part, outcome)).sum::<usize>()
}
