//! Whole issuances of other kinds over loopback HTTP, and how their cost grows with the sessions that are alive.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use credenza::core::{
    AddressPolicy, Clock as _, Http, Key, Secret, Store, StoreError, SystemClock, SystemRandom, Write, id,
};
use credenza::crypto::x509;
use credenza::http::ReqwestHttp;
use credenza::keys;
use credenza::store;
use credenza::trust::Nobody;
use credenza::wallet::vault::MemoryVault;
use credenza::wallet::{Alone, CLIENT_ID, Holder, Options, Ports, WalletProvider, Wanted};
use serde::Serialize;
use serde_json::{Value, json};
use url::Url;

use super::flows::{self, Service};
use crate::cli::demo::{Client, TemporaryFolder, sample};

/// Nobody listens there: the wallet follows the authorization server itself.
const CALLBACK: &str = "http://127.0.0.1:1/callback";

/// So many copies of each of two credentials.
const BATCH: u32 = 10;

/// Sessions that are alive in the store.
const SESSIONS: [u32; 3] = [1, 10_000, 1_000_000];

/// What the store calls a session of an offer.
const KIND: &str = "vci.session";

/// So many sessions are written at a time.
const CHUNK: u32 = 10_000;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

const CODE_FLOW: &str = "authorization code, PAR, DPoP, attestation";
const TWO_BATCHES: &str = "pre-authorized, 10 SD-JWT VCs and 10 mdocs";
const PRE_AUTHORIZED: &str = "pre-authorized, one SD-JWT VC";

/// One kind of flow.
#[derive(Debug, Serialize)]
struct Row {
    flow: &'static str,
    flows: u32,
    service_cpu_milliseconds_per_flow: f64,
}

/// The pre-authorized flow beside sessions that are alive.
#[derive(Debug, Serialize)]
struct Grown {
    live_sessions: u32,
    flows: u32,
    service_cpu_milliseconds_per_flow: f64,
    /// Held against the first.
    ratio: f64,
}

/// What was measured.
#[derive(Debug, Serialize)]
pub(super) struct Figures {
    flows: Vec<Row>,
    growth: Vec<Grown>,
}

pub(super) async fn measure(seconds: u32) -> anyhow::Result<Figures> {
    let time = Duration::from_secs(u64::from(seconds));
    let haip = World::new(true)?;
    let mut rows = Vec::new();
    {
        let service = haip.start().await?;
        let (flows, cpu) = haip.run(&service, time, Flow::Code).await?;
        rows.push(Row { flow: CODE_FLOW, flows, service_cpu_milliseconds_per_flow: cpu });
    }
    {
        let world = World::new(false)?;
        let service = world.start().await?;
        for (flow, kind) in [(PRE_AUTHORIZED, Flow::PreAuthorized), (TWO_BATCHES, Flow::TwoBatches)] {
            let (flows, cpu) = world.run(&service, time, kind).await?;
            rows.push(Row { flow, flows, service_cpu_milliseconds_per_flow: cpu });
        }
    }
    Ok(Figures { flows: rows, growth: grow(time).await? })
}

async fn grow(time: Duration) -> anyhow::Result<Vec<Grown>> {
    let mut world = World::new(false)?;
    // One that nobody takes up is the model of all that are alive.
    let service = world.start().await?;
    world.client.post("/offers", &offer(&[sample::CONFIGURATION])).await?;
    drop(service);
    let model = world.sessions().await?.list(KIND, None, 1).await?;
    let (_, model) = model.into_iter().next().context("there is no session in the store")?;
    let mut growth: Vec<Grown> = Vec::new();
    for live_sessions in SESSIONS {
        world.fill(&model.value, live_sessions).await?;
        let service = world.start().await?;
        let (flows, cpu) = world.run(&service, time, Flow::PreAuthorized).await?;
        let first = growth.first().map_or(cpu, |first| first.service_cpu_milliseconds_per_flow);
        let ratio = cpu / first;
        growth.push(Grown { live_sessions, flows, service_cpu_milliseconds_per_flow: cpu, ratio });
    }
    Ok(growth)
}

#[derive(Clone, Copy)]
enum Flow {
    Code,
    PreAuthorized,
    TwoBatches,
}

/// A service on one folder, which can be started again.
struct World {
    folder: TemporaryFolder,
    file: PathBuf,
    url: Url,
    client: Client,
    provider: WalletProvider,
    filled: u32,
}

impl World {
    fn new(haip: bool) -> anyhow::Result<Self> {
        let folder = TemporaryFolder::new()?;
        let (url, written) = flows::configuration(&folder.0)?;
        let (provider, root) = WalletProvider::generate(SystemClock.now(), &SystemRandom)?;
        if haip {
            std::fs::write(folder.0.join("provider.pem"), x509::der_to_pem(&root))?;
            let claims = json!({sample::CONFIGURATION: sample::claims()});
            std::fs::write(folder.0.join("user.json"), claims.to_string())?;
            automatic(&written.file)?;
        }
        let client = Client::new(url.clone(), written.admin_token);
        Ok(Self { folder, file: written.file, url, client, provider, filled: 1 })
    }

    async fn start(&self) -> anyhow::Result<Service> {
        let service = Service::start(&self.file)?;
        flows::first_answer(&self.url, Instant::now()).await?;
        Ok(service)
    }

    /// How many flows, and the CPU time of the service for each, in milliseconds.
    async fn run(&self, service: &Service, time: Duration, flow: Flow) -> anyhow::Result<(u32, f64)> {
        let http = Arc::new(ReqwestHttp::new(AddressPolicy::Loopback));
        self.once(&http, flow).await?;
        let (cpu, begin) = (service.cpu()?, Instant::now());
        let mut flows = 0_u32;
        while begin.elapsed() < time {
            self.once(&http, flow).await?;
            flows += 1;
        }
        let cpu = service.cpu()?.saturating_sub(cpu);
        Ok((flows, cpu.as_secs_f64() * 1e3 / f64::from(flows.max(1))))
    }

    async fn once(&self, http: &Arc<ReqwestHttp>, flow: Flow) -> anyhow::Result<()> {
        let copies = if matches!(flow, Flow::TwoBatches) { BATCH } else { 1 };
        let holder = holder(Arc::clone(http) as _, copies);
        let redirect_uri = CALLBACK.parse()?;
        let alone = Alone { tx_code: None, redirect_uri: &redirect_uri, browser: http };
        let types: &[&str] = match flow {
            Flow::Code => {
                let configurations = &[sample::CONFIGURATION];
                let wanted =
                    Wanted::Issuer { issuer: self.url.as_str().trim_end_matches('/'), configurations };
                let accepted =
                    holder.vouched_by(self.provider.clone(), CLIENT_ID).obtain(wanted, alone).await?;
                anyhow::ensure!(accepted.credentials.len() == 1, "nothing has come");
                return Ok(());
            }
            Flow::PreAuthorized => &[sample::CONFIGURATION],
            Flow::TwoBatches => &[sample::CONFIGURATION, MDOC],
        };
        let made = self.client.post("/offers", &offer(types)).await?;
        let link = made.get("uri").and_then(Value::as_str).context("no offer")?;
        let accepted = holder.obtain(Wanted::Offer(link), alone).await?;
        let copies = usize::try_from(copies)?;
        let all = accepted.credentials.len() == types.len();
        anyhow::ensure!(all && accepted.credentials.iter().all(|card| card.copies == copies), "too few");
        Ok(())
    }

    /// The store of the service, which is not running.
    async fn sessions(&self) -> anyhow::Result<Arc<dyn Store>> {
        let url = format!("sqlite:{}?durability=process", self.folder.0.join("credenza.db").display());
        Ok(store::open(&url, Arc::new(SystemClock)).await?.sessions)
    }

    /// Makes as many sessions as there shall be, all like the one that is there. The service is not running.
    async fn fill(&mut self, model: &[u8], sessions: u32) -> anyhow::Result<()> {
        let store = self.sessions().await?;
        let expires = SystemClock.now() + DAY;
        while self.filled < sessions {
            let count = CHUNK.min(sessions - self.filled);
            let insert = |_| Write::Insert {
                key: Key::new(KIND, id::unguessable(&SystemRandom)),
                value: model.to_vec(),
                expires,
            };
            let written: Result<(), StoreError> = store.commit((0..count).map(insert).collect()).await;
            written?;
            self.filled += count;
        }
        Ok(())
    }
}

const MDOC: &str = "pid-mdoc";

fn offer(types: &[&str]) -> Value {
    let known = sample::all().into_iter().filter(|(name, _)| types.contains(name));
    let offered: Vec<Value> = known.map(|(name, claims)| json!({"type": name, "claims": claims})).collect();
    json!({"credentials": offered})
}

fn holder(http: Arc<dyn Http>, copies: u32) -> Holder {
    let ports = Ports {
        http,
        vault: Arc::new(MemoryVault::default()),
        trust: Arc::new(Nobody),
        clock: Arc::new(SystemClock),
        random: Arc::new(SystemRandom),
    };
    Holder::new(ports, Options { addresses: AddressPolicy::Loopback, copies, ..Options::default() })
}

/// Lets the configuration comply with HAIP, and nobody be asked.
fn automatic(file: &Path) -> anyhow::Result<()> {
    let text = std::fs::read_to_string(file)?;
    let text = format!(
        "profile = \"haip\"\n{text}\n[authorization]\nwallet_providers = [\"provider.pem\"]\n\
         dpop = {{ required = true, nonce = true }}\n\n[[authorization.clients]]\nid = \"{CLIENT_ID}\"\n\
         redirect_uris = [\"http://127.0.0.1/callback\"]\nauthentication = \"attestation\"\n\n\
         [[authorization.users]]\nname = \"erika\"\nclaims = \"user.json\"\n\
         password_hash = \"{NO_PASSWORD}\"\n\n[authorization.automatic]\nuser = \"erika\"\n"
    );
    keys::write_private(file, Secret::new(text).expose().as_bytes())?;
    Ok(())
}

/// Nobody signs in by it.
const NO_PASSWORD: &str =
    "$argon2id$v=19$m=8,t=1,p=1$YSBzYWx0IGZvciBkZW1vcw$7kc6E0m9hTB+7EiUmwFZIb/eWnVA/MHGRyZpOhKQatI";

impl fmt::Display for Figures {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "CPU time of the service for one flow, SQLite, one wallet")?;
        for Row { flow, service_cpu_milliseconds_per_flow: cpu, .. } in &self.flows {
            writeln!(out, "  {flow:48} {cpu:>9.2} ms")?;
        }
        write!(out, "Pre-authorized flows beside sessions that are alive")?;
        for Grown { live_sessions, service_cpu_milliseconds_per_flow: cpu, ratio, .. } in &self.growth {
            write!(out, "\n  {live_sessions:<48} {cpu:>9.2} ms  = {ratio:.2} × the first")?;
        }
        Ok(())
    }
}
