//! Whole flows over several nodes with a database of their own, behind a proxy in our process; and what the store adds to
//! the database.

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use credenza::config;
use credenza::core::{AddressPolicy, Clock as _, Http, SystemClock, SystemRandom};
use credenza::http::ReqwestHttp;
use serde::Serialize;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use url::Url;

use super::flows::{self, Service};
use super::store_speed::{self, Operation};
use crate::cli::demo::{Client, TemporaryFolder};

/// What was measured.
#[derive(Debug, Serialize)]
pub(super) struct Figures {
    nodes: u32,
    wallets: u32,
    sessions_apart: bool,
    flows: u32,
    flows_per_second: f64,
    cpu_milliseconds_per_flow: f64,
    cpu_of_each_node_milliseconds_per_flow: Vec<f64>,
    store: Vec<Operation>,
}

/// Which stores, and how many nodes over them.
pub(super) struct Setting<'a> {
    pub(super) database: &'a str,
    pub(super) sessions: Option<&'a str>,
    pub(super) nodes: u32,
    pub(super) wallets: u32,
    pub(super) seconds: u32,
    pub(super) rounds: u32,
}

/// The flows of [`flows::measure`]'s issuance, request by request on whichever node has the connection.
pub(super) async fn measure(setting: Setting<'_>) -> anyhow::Result<Figures> {
    let folder = TemporaryFolder::new()?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let url: Url = format!("http://{}", listener.local_addr()?).parse()?;
    let mark = "0.0.0.0:1";
    let written = config::init(&folder.0, &url, mark, SystemClock.now(), &SystemRandom)?;
    config::name_stores(&written.file, Some(setting.database), setting.sessions)?;
    let text = std::fs::read_to_string(&written.file)?;
    let (mut nodes, mut addresses) = (Vec::new(), Vec::new());
    for number in 0..setting.nodes {
        let port = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let file = folder.0.join(format!("node-{number}.toml"));
        std::fs::write(&file, text.replace(mark, &address.to_string()))?;
        nodes.push(Service::start(&file)?);
        flows::first_answer(&format!("http://{address}").parse()?, Instant::now()).await?;
        addresses.push(address);
    }
    let proxy = Proxy(tokio::spawn(proxy(listener, addresses)));

    let http: Arc<dyn Http> = Arc::new(ReqwestHttp::new(AddressPolicy::Loopback));
    let client = Client::new(url.clone(), written.admin_token.clone());
    flows::flow(&client, &flows::holder(http)?).await?;
    let before = cpu(&nodes)?;
    let begin = Instant::now();
    let end = begin + Duration::from_secs(u64::from(setting.seconds));
    let wallet = |_| tokio::spawn(flows::wallet(url.clone(), written.admin_token.clone(), end));
    let running: Vec<_> = (0..setting.wallets).map(wallet).collect();
    let mut done = 0;
    for wallet in running {
        done += wallet.await??;
    }
    let took = begin.elapsed();
    let each = |(before, after): (&Duration, Duration)| {
        after.saturating_sub(*before).as_secs_f64() * 1e3 / f64::from(done.max(1))
    };
    let each: Vec<f64> = before.iter().zip(cpu(&nodes)?).map(each).collect();
    drop((proxy, nodes));
    Ok(Figures {
        nodes: setting.nodes,
        wallets: setting.wallets,
        sessions_apart: setting.sessions.is_some(),
        flows: done,
        flows_per_second: f64::from(done) / took.as_secs_f64(),
        cpu_milliseconds_per_flow: each.iter().sum(),
        cpu_of_each_node_milliseconds_per_flow: each,
        store: store_speed::measure(setting.database, setting.sessions, setting.rounds).await?,
    })
}

fn cpu(nodes: &[Service]) -> anyhow::Result<Vec<Duration>> {
    nodes.iter().map(Service::cpu).collect()
}

/// Ends with its handle.
struct Proxy(JoinHandle<anyhow::Result<()>>);

impl Drop for Proxy {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Hands each connection to the next node.
async fn proxy(listener: TcpListener, nodes: Vec<SocketAddr>) -> anyhow::Result<()> {
    let next = AtomicUsize::new(0);
    loop {
        let (mut client, _) = listener.accept().await?;
        let number = next.fetch_add(1, Ordering::Relaxed).checked_rem(nodes.len());
        let node = *number.and_then(|number| nodes.get(number)).context("no nodes")?;
        tokio::spawn(async move {
            let Ok(mut node) = TcpStream::connect(node).await else { return };
            // Ends when one of the two does.
            let _ = tokio::io::copy_bidirectional(&mut client, &mut node).await;
        });
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let apart = if self.sessions_apart { ", sessions apart" } else { "" };
        writeln!(out, "{} node(s) behind a proxy, {} wallets{apart}", self.nodes, self.wallets)?;
        writeln!(out, "  {:48} {:>9.0}", "complete pre-authorized flows a second", self.flows_per_second)?;
        let cpu = self.cpu_milliseconds_per_flow;
        writeln!(out, "  {:48} {cpu:>9.2} ms", "CPU time of all nodes for one flow")?;
        write!(out, "Store operations, one at a time: ours, and the server's own of the same effect")?;
        for Operation { name, ours_microseconds, raw_microseconds, ratio } in &self.store {
            write!(
                out,
                "\n  {name:32} {ours_microseconds:>9.1} µs {raw_microseconds:>9.1} µs {ratio:>6.2} ×"
            )?;
        }
        Ok(())
    }
}
