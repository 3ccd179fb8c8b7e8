//! `credenza load`.

mod api;
mod drive;
mod flows;
mod histogram;
mod report;
mod subject;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::ValueEnum;
use credenza::core::{AddressPolicy, Secret};
use url::Url;

use super::deployment::Deployment;
use super::{Usage, Verdict, output};
use api::Api;
use drive::{Schedule, drive};
use flows::{Failure, Shared, Wallet};
use report::{Kind, Report};

/// Puts a deployment under load: virtual wallets get credentials and present them, from outside, over its public URL.
#[derive(clap::Args)]
#[command(
    after_help = "Flows are due at --rate, whether or not those before them are done (an open loop), and are measured from \
    the moment at which they were due: a service that stalls can't hide it. At most --wallets run at once. Errors are \
    counted by the check that refused, the problem's type, or what became of the connection. Ctrl-C ends it with the \
    report so far.\n\n\
    It issues real credentials, with made-up claims, and leaves real sessions behind: mind where you point it.\n\n\
    Examples, with the admin token in CREDENZA_ADMIN_TOKEN:\n  \
    credenza load --config credenza.toml\n  \
    credenza load --url https://staging.example --rate 50 --duration 5m --mix issue --json\n  \
    credenza load --url https://staging.example --type member --claims member.json --query member.dcql.json"
)]
pub(super) struct Arguments {
    #[command(flatten)]
    deployment: super::deployment::Where,

    /// The admin token of the deployment.
    #[arg(long, env = "CREDENZA_ADMIN_TOKEN", hide_env_values = true, allow_hyphen_values = true)]
    token: String,

    /// Where the API is, when that is apart: http://127.0.0.1:7778 for `admin.listen = "127.0.0.1:7778"`. The
    /// configuration says it, too.
    #[arg(long, value_name = "URL")]
    api: Option<Url>,

    /// How many flows are due in a second.
    #[arg(long, default_value_t = 10.0, value_parser = rate)]
    rate: f64,

    /// For how long: seconds, or with a unit (s, m, h).
    #[arg(long, default_value = "30s", value_parser = duration)]
    duration: Duration,

    /// How many wallets at once, at most.
    #[arg(long, default_value_t = 32, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    wallets: u32,

    /// What they do.
    #[arg(long, default_value = "both")]
    mix: Mix,

    /// The credential type that is issued, by its id.
    #[arg(long = "type", default_value = "pid")]
    kind: String,

    /// A JSON file with its claims; needed for every type but those that `credenza init` writes.
    #[arg(long)]
    claims: Option<PathBuf>,

    /// A JSON file with the DCQL query for presentations; by default one for two claims of the type.
    #[arg(long)]
    query: Option<PathBuf>,

    /// The response mode of presentations.
    #[arg(long, default_value = "direct_post.jwt", value_parser = ["direct_post", "direct_post.jwt"])]
    response_mode: String,

    /// So many errors are forgiven; flows that were due and could not start count. With more, the exit code is 1.
    #[arg(long, default_value_t = 0)]
    max_errors: u64,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Mix {
    /// They get credentials.
    Issue,
    /// Each gets one beforehand, and presents it.
    Present,
    /// In turns.
    Both,
}

impl Mix {
    const fn kinds(self) -> &'static [Kind] {
        match self {
            Self::Issue => &[Kind::Issue],
            Self::Present => &[Kind::Present],
            Self::Both => &[Kind::Issue, Kind::Present],
        }
    }
}

pub(super) async fn run(arguments: Arguments, json: bool) -> anyhow::Result<Verdict> {
    let Deployment { url, outgoing, settings } = arguments.deployment.read()?;
    let addresses = if url.scheme() == "http" { AddressPolicy::Loopback } else { AddressPolicy::Public };
    // The operator's own, wherever it is.
    let apart = settings.and_then(|settings| settings.admin.listen).and_then(|at| at_address(&url, at));
    let api = arguments.api.or(apart).unwrap_or_else(|| url.clone());
    let hosts = [&url, &api].into_iter().filter_map(|url| url.host_str().map(str::to_owned));
    let outgoing = outgoing.reaching(hosts);
    let api = Api::new(outgoing.client(addresses), &api, Secret::new(arguments.token));
    let subject =
        subject::find(&api, &arguments.kind, arguments.claims.as_deref(), arguments.query.as_deref()).await?;
    let shared = Shared {
        api,
        outgoing,
        addresses,
        offer: subject.offer(),
        request: subject.request(&arguments.response_mode),
    };
    let kinds = arguments.mix.kinds();
    if kinds.contains(&Kind::Present) && !subject.can_be_asked() {
        return Err(Usage::error("say with --query what is asked of credentials of this type"));
    }
    let interrupted = async {
        // Without a handler for the signal it ends the process, as ever.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    let wallets = wallets(Arc::new(shared), arguments.wallets, kinds).await?;
    let schedule = Schedule { rate: arguments.rate, duration: arguments.duration, kinds };
    let (measured, took) = drive(wallets, schedule, interrupted).await;
    let good = measured.errors() <= arguments.max_errors;
    let report = Report {
        url: url.as_str(),
        rate: arguments.rate,
        wallets: arguments.wallets,
        took,
        measured: &measured,
        good,
    };
    if json {
        output::json(&report.json())?;
    } else {
        output::line(&report.to_string())?;
    }
    Ok(if good { Verdict::Good } else { Verdict::Bad })
}

/// The same path at an address of this machine.
fn at_address(url: &Url, address: SocketAddr) -> Option<Url> {
    Url::parse(&format!("http://{address}{}", url.path())).ok()
}

/// The wallets; those that will present have a credential.
async fn wallets(shared: Arc<Shared>, count: u32, kinds: &[Kind]) -> anyhow::Result<Vec<Wallet>> {
    let mut wallets: Vec<_> = (0..count).map(|_| Wallet::new(Arc::clone(&shared))).collect();
    if !kinds.contains(&Kind::Present) {
        return Ok(wallets);
    }
    output::progress("each wallet gets a credential");
    for wallet in &mut wallets {
        wallet.prepare().await.map_err(|Failure { step, what }| {
            anyhow::anyhow!("before the start, a wallet could not get its credential ({step:?}): {what}")
        })?;
    }
    Ok(wallets)
}

fn rate(text: &str) -> Result<f64, String> {
    let rate: f64 = text.parse().map_err(|_| "not a number".to_owned())?;
    if (0.01..=100_000.0).contains(&rate) { Ok(rate) } else { Err("between 0.01 and 100000".to_owned()) }
}

fn duration(text: &str) -> Result<Duration, String> {
    let (number, unit) = match text.strip_suffix(['s', 'm', 'h']) {
        Some(number) => (number, text.chars().last()),
        None => (text, None),
    };
    let number: f64 = number.parse().map_err(|_| "seconds, or a number with s, m or h".to_owned())?;
    let seconds = number
        * match unit {
            Some('m') => 60.0,
            Some('h') => 3600.0,
            _ => 1.0,
        };
    let day = Duration::from_secs(86_400);
    let read = Duration::try_from_secs_f64(seconds).ok().filter(|read| !read.is_zero() && *read <= day);
    read.ok_or_else(|| "more than nothing, and a day at most".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_units() {
        assert_eq!(duration("90"), Ok(Duration::from_secs(90)));
        assert_eq!(duration("1.5m"), Ok(Duration::from_secs(90)));
        assert_eq!(duration("2h"), Ok(Duration::from_secs(7200)));
        for bad in ["", "m", "-1", "0s", "25h", "NaN", "1d"] {
            assert!(duration(bad).is_err(), "{bad}");
        }
        assert!(rate("0").is_err() && rate("NaN").is_err() && rate("0.5") == Ok(0.5));
    }
}
