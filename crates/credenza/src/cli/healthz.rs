//! `credenza healthz`.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;
use credenza::config;
use credenza::core::SystemClock;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::{Usage, Verdict, output};

/// How long the answer may take.
const PATIENCE: Duration = Duration::from_secs(3);

/// More than any probe answers.
const LARGEST: u64 = 16 * 1024;

/// Asks the service of a configuration on this machine: 0 when it is well, 1 when it is not. With TLS in the process
/// itself, whether its port is open.
#[derive(clap::Args)]
pub(super) struct Arguments {
    /// The configuration of the service.
    #[arg(long, default_value = "credenza.toml", env = "CREDENZA_CONFIG")]
    config: PathBuf,

    /// Whether it can work, too: its database answers, and the clocks agree.
    #[arg(long)]
    ready: bool,
}

pub(super) async fn run(arguments: Arguments, json: bool) -> anyhow::Result<Verdict> {
    let settings =
        config::read(&arguments.config, &SystemClock).map_err(|error| Usage::error(error.to_string()))?;
    let probe = if arguments.ready { "readyz" } else { "healthz" };
    let path = format!("{}/{probe}", settings.url.path().trim_end_matches('/'));
    let host = settings.url.host_str().unwrap_or("localhost").to_owned();
    let at = reachable(settings.listen);
    let asked = tokio::time::timeout(PATIENCE, ask(at, &host, &path, settings.tls.is_some()));
    let (status, said) = asked.await.context("no answer in time")?.with_context(|| at.to_string())?;
    let good = status == 200;
    if json {
        output::json(&json!({"ok": good, "status": status, "answer": said}))?;
    } else {
        let word = said.get("detail").or_else(|| said.get("status")).and_then(Value::as_str);
        output::line(word.unwrap_or(if good { "alive" } else { "not well" }))?;
    }
    Ok(if good { Verdict::Good } else { Verdict::Bad })
}

/// Where a service answers that listens at any address.
fn reachable(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, listen.port())
}

/// Its status, and what it says.
async fn ask(at: SocketAddr, host: &str, path: &str, tls: bool) -> anyhow::Result<(u16, Value)> {
    let mut stream = TcpStream::connect(at).await?;
    if tls {
        return Ok((200, Value::Null));
    }
    let request = format!("GET {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    stream.take(LARGEST).read_to_string(&mut answer).await?;
    let status =
        answer.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3)).and_then(|it| it.parse().ok());
    let body = answer.split_once("\r\n\r\n").map(|(_, body)| body).unwrap_or_default();
    Ok((status.context("no HTTP")?, serde_json::from_str(body).unwrap_or(Value::Null)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_address_is_asked_at_the_loopback() {
        for (listen, asked) in
            [("0.0.0.0:80", "127.0.0.1:80"), ("[::]:80", "[::1]:80"), ("192.0.2.1:80", "192.0.2.1:80")]
        {
            assert_eq!(reachable(listen.parse().unwrap()), asked.parse().unwrap());
        }
    }
}
