//! Whole flows over loopback HTTP: the service in a process of its own, the wallets in ours.

use std::fmt;
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use credenza::config::{self, Initialized};
use credenza::core::{AddressPolicy, Clock as _, Http, Secret, SystemClock, SystemRandom};
use credenza::http::ReqwestHttp;
use credenza::trust::Nobody;
use credenza::wallet::vault::MemoryVault;
use credenza::wallet::{Holder, Options, Ports, default_choices};
use serde::Serialize;
use serde_json::{Value, json};
use url::Url;

use crate::cli::demo::{Client, TemporaryFolder, sample};

/// How long a service may take to answer for the first time.
const PATIENCE: Duration = Duration::from_secs(10);

/// What was measured.
#[derive(Debug, Serialize)]
pub(super) struct Figures {
    wallets: u32,
    flows: u32,
    flows_per_second: f64,
    service_cpu_milliseconds_per_flow: f64,
    start_to_first_answer_milliseconds: f64,
    idle_memory_megabytes: f64,
    presentations: Vec<Presentations>,
}

/// Complete rounds of one response mode: asked, answered, and the result fetched.
#[derive(Debug, Serialize)]
struct Presentations {
    response_mode: &'static str,
    rounds: u32,
    rounds_per_second: f64,
    service_cpu_milliseconds_per_round: f64,
}

/// Runs `wallets` wallets for some seconds. A flow: an offer is made and fetched, the metadata of issuer and
/// authorization server, a token, a nonce, a credential, and the notification that it was stored.
pub(super) async fn measure(wallets: u32, seconds: u32) -> anyhow::Result<Figures> {
    let folder = TemporaryFolder::new()?;
    let (url, written) = configuration(&folder.0)?;
    let start = Instant::now();
    let service = Service::start(&written.file)?;
    let http: Arc<dyn Http> = Arc::new(ReqwestHttp::new(AddressPolicy::Loopback));
    first_answer(&url, start).await?;
    let started = start.elapsed();
    tokio::time::sleep(Duration::from_millis(300)).await;
    let idle = service.memory()?;

    // One flow beforehand: connections, caches, and the certainty that it works.
    flow(&Client::new(url.clone(), written.admin_token.clone()), &holder(http)?).await?;
    let (cpu, begin) = (service.cpu()?, Instant::now());
    let end = begin + Duration::from_secs(u64::from(seconds));
    let running: Vec<_> =
        (0..wallets).map(|_| tokio::spawn(wallet(url.clone(), written.admin_token.clone(), end))).collect();
    let mut flows = 0;
    for wallet in running {
        flows += wallet.await??;
    }
    let took = begin.elapsed();
    let cpu = service.cpu()?.saturating_sub(cpu);
    let mut presentations = Vec::new();
    for mode in ["direct_post", "direct_post.jwt"] {
        presentations.push(presenting(&service, &url, &written.admin_token, wallets, seconds, mode).await?);
    }
    Ok(Figures {
        presentations,
        wallets,
        flows,
        flows_per_second: f64::from(flows) / took.as_secs_f64(),
        service_cpu_milliseconds_per_flow: cpu.as_secs_f64() * 1e3 / f64::from(flows.max(1)),
        start_to_first_answer_milliseconds: started.as_secs_f64() * 1e3,
        idle_memory_megabytes: idle,
    })
}

/// A configuration for a port of this machine that is free, and its URL.
pub(super) fn configuration(folder: &Path) -> anyhow::Result<(Url, Initialized)> {
    let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
    let url: Url = format!("http://127.0.0.1:{port}").parse()?;
    let listen = format!("127.0.0.1:{port}");
    let written = config::init(folder, &url, &listen, SystemClock.now(), &SystemRandom)?;
    Ok((url, written))
}

pub(super) async fn wallet(url: Url, token: Secret, end: Instant) -> anyhow::Result<u32> {
    let client = Client::new(url, token);
    let http: Arc<dyn Http> = Arc::new(ReqwestHttp::new(AddressPolicy::Loopback));
    let mut flows = 0;
    while Instant::now() < end {
        // A wallet of its own each time, so that it does not slow down with what it holds.
        flow(&client, &holder(Arc::clone(&http))?).await?;
        flows += 1;
    }
    Ok(flows)
}

pub(super) async fn flow(client: &Client, holder: &Holder) -> anyhow::Result<()> {
    let offer = json!({"credentials": [{"type": sample::CONFIGURATION, "claims": sample::claims()}]});
    let made = client.post("/offers", &offer).await?;
    let link = made.get("uri").and_then(Value::as_str).context("no offer")?;
    let shown = holder.open_offer(link).await?;
    holder.accept_offer(&shown.id, None).await?;
    Ok(())
}

async fn presenting(
    service: &Service,
    url: &Url,
    token: &Secret,
    wallets: u32,
    seconds: u32,
    mode: &'static str,
) -> anyhow::Result<Presentations> {
    let mut ready = Vec::new();
    for _ in 0..wallets {
        let client = Client::new(url.clone(), token.clone());
        let holder = holder(Arc::new(ReqwestHttp::new(AddressPolicy::Loopback)))?;
        flow(&client, &holder).await?;
        round(&client, &holder, mode).await?;
        ready.push((client, holder));
    }
    let (cpu, begin) = (service.cpu()?, Instant::now());
    let end = begin + Duration::from_secs(u64::from(seconds));
    let running = ready.into_iter().map(|(client, holder)| {
        tokio::spawn(async move {
            let mut rounds = 0;
            while Instant::now() < end {
                round(&client, &holder, mode).await?;
                rounds += 1;
            }
            anyhow::Ok(rounds)
        })
    });
    let running: Vec<_> = running.collect();
    let mut rounds = 0;
    for wallet in running {
        rounds += wallet.await??;
    }
    let took = begin.elapsed();
    let cpu = service.cpu()?.saturating_sub(cpu);
    Ok(Presentations {
        response_mode: mode,
        rounds,
        rounds_per_second: f64::from(rounds) / took.as_secs_f64(),
        service_cpu_milliseconds_per_round: cpu.as_secs_f64() * 1e3 / f64::from(rounds.max(1)),
    })
}

async fn round(client: &Client, holder: &Holder, mode: &str) -> anyhow::Result<()> {
    let asked = json!({"response_mode": mode, "dcql_query": {"credentials": [{
        "id": "pid", "format": "dc+sd-jwt", "meta": {"vct_values": ["urn:eudi:pid:1"]},
        "claims": [{"path": ["given_name"]}, {"path": ["family_name"]}],
    }]}});
    let made = client.post("/presentations", &asked).await?;
    let text = |name: &str| made.get(name).and_then(Value::as_str).context("no request");
    let shown = holder.open_request(text("uri")?).await?;
    holder.answer_request(&shown.id, &default_choices(&shown)).await?;
    let result = client.post(&format!("/presentations/{}/result", text("id")?), &json!({})).await?;
    anyhow::ensure!(result.pointer("/report/ok") == Some(&Value::Bool(true)), "the answer was refused");
    Ok(())
}

pub(super) fn holder(http: Arc<dyn Http>) -> anyhow::Result<Holder> {
    let ports = Ports {
        http,
        vault: Arc::new(MemoryVault::default()),
        trust: Arc::new(Nobody),
        clock: Arc::new(SystemClock),
        random: Arc::new(SystemRandom),
    };
    Ok(Holder::new(ports, Options { addresses: AddressPolicy::Loopback, copies: 1, ..Options::default() }))
}

/// Asks until there is an answer, without a client library: that one takes longer to start than the service.
pub(super) async fn first_answer(url: &Url, start: Instant) -> anyhow::Result<()> {
    use std::io::{Read as _, Write as _};
    let port = url.port().context("no port")?;
    while start.elapsed() < PATIENCE {
        if let Ok(mut stream) = std::net::TcpStream::connect((Ipv4Addr::LOCALHOST, port)) {
            stream.write_all(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")?;
            let mut answer = String::new();
            stream.read_to_string(&mut answer)?;
            anyhow::ensure!(answer.starts_with("HTTP/1.1 200"), "the service is not well: {answer}");
            return Ok(());
        }
        tokio::time::sleep(Duration::from_micros(500)).await;
    }
    anyhow::bail!("the service did not answer")
}

/// The service's process; it ends with us.
pub(super) struct Service(Child);

impl Service {
    pub(super) fn start(config: &Path) -> anyhow::Result<Self> {
        let child = Command::new(std::env::current_exe()?)
            .args(["serve", "--config"])
            .arg(config)
            .env("RUST_LOG", "warn")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .context("starting the service")?;
        Ok(Self(child))
    }

    /// The CPU time that it has used, in user and system mode.
    pub(super) fn cpu(&self) -> anyhow::Result<Duration> {
        let stat =
            std::fs::read_to_string(format!("/proc/{}/stat", self.0.id())).context("needs /proc (Linux)")?;
        // After the name in parentheses: utime and stime are fields 14 and 15, in ticks of a hundredth of a second.
        let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
        let ticks = |index: usize| fields.get(index).and_then(|field| field.parse::<u64>().ok()).unwrap_or(0);
        Ok(Duration::from_millis((ticks(11) + ticks(12)) * 10))
    }

    /// The memory that it occupies, in megabytes.
    fn memory(&self) -> anyhow::Result<f64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.0.id()))
            .context("needs /proc (Linux)")?;
        let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default();
        let kilobytes: f64 =
            resident.split_whitespace().next().unwrap_or_default().parse().unwrap_or(f64::NAN);
        Ok(kilobytes / 1024.0)
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "Service over loopback HTTP, {} wallets, SQLite", self.wallets)?;
        writeln!(out, "  {:48} {:>9.0}", "complete pre-authorized flows a second", self.flows_per_second)?;
        let cpu = self.service_cpu_milliseconds_per_flow;
        writeln!(out, "  {:48} {cpu:>9.2} ms", "CPU time of the service for one flow")?;
        for Presentations { response_mode, rounds_per_second, service_cpu_milliseconds_per_round, .. } in
            &self.presentations
        {
            let what = format!("presentations a second, {response_mode}");
            writeln!(out, "  {what:48} {rounds_per_second:>9.0}")?;
            let what = "  CPU time of the service for one";
            writeln!(out, "  {what:48} {service_cpu_milliseconds_per_round:>9.2} ms")?;
        }
        let start = self.start_to_first_answer_milliseconds;
        writeln!(out, "  {:48} {start:>9.1} ms", "from its start to its first answer")?;
        write!(out, "  {:48} {:>9.1} MB", "memory when idle", self.idle_memory_megabytes)
    }
}
