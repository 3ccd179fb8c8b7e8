//! Signing in with a browser: where it comes back to, on this machine alone.

use std::io::IsTerminal as _;
use std::net::Ipv4Addr;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::Context as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use url::Url;

/// No request line of a browser is longer, in bytes.
const MAX_REQUEST: usize = 16 * 1024;

/// How long a browser may take to send its request, once it is connected.
const PATIENCE: Duration = Duration::from_secs(5);

/// A port that waits for the browser (RFC 8252 §7.3).
pub(super) struct Callback {
    listener: TcpListener,
    uri: String,
}

impl Callback {
    pub(super) async fn open() -> anyhow::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.context("a port for the browser")?;
        let uri = format!("http://127.0.0.1:{}/callback", listener.local_addr()?.port());
        Ok(Self { listener, uri })
    }

    /// The redirect URI.
    pub(super) fn uri(&self) -> &str {
        &self.uri
    }

    /// Waits until a browser comes back, and lets `judge` say whether that was the right answer: `Err` is shown, and
    /// the next one waited for.
    pub(super) async fn wait<T>(
        &self,
        mut judge: impl FnMut(&Url) -> Result<T, String>,
    ) -> anyhow::Result<T> {
        loop {
            let (mut stream, _) = self.listener.accept().await?;
            // A browser that connects and says nothing, or a scanner, holds nobody up.
            let Ok(Some(target)) = timeout(PATIENCE, target(&mut stream)).await else { continue };
            let url = Url::parse(&self.uri)?.join(&target).ok().filter(|url| url.path() == "/callback");
            let Some(url) = url else {
                reply(&mut stream, "404 Not Found", "There is nothing here.").await;
                continue;
            };
            match judge(&url) {
                Ok(done) => {
                    reply(
                        &mut stream,
                        "200 OK",
                        "Done. You can close this page and go back to the terminal.",
                    )
                    .await;
                    return Ok(done);
                }
                Err(why) => {
                    eprintln!("credenza: {why}");
                    reply(&mut stream, "400 Bad Request", "That was not the answer. See the terminal.").await;
                }
            }
        }
    }
}

/// The target of a GET request: its first line is enough.
async fn target(stream: &mut TcpStream) -> Option<String> {
    let mut read = Vec::new();
    while !read.windows(4).any(|end| end == b"\r\n\r\n") && read.len() < MAX_REQUEST {
        if stream.read_buf(&mut read).await.ok()? == 0 {
            break;
        }
    }
    let text = String::from_utf8(read).ok()?;
    let target = text.lines().next()?.strip_prefix("GET ")?.split(' ').next()?;
    target.starts_with('/').then(|| target.to_owned())
}

async fn reply(stream: &mut TcpStream, status: &str, text: &str) {
    let page = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Credenza</title><p>{text}</p></html>"
    );
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-type: text/html\r\ncontent-length: {}\r\ncache-control: no-store\r\n\
         content-security-policy: default-src 'none'\r\nreferrer-policy: no-referrer\r\nconnection: close\r\n\r\n",
        page.len()
    );
    // The answer was taken whether or not the browser hears of it.
    let _ = stream.write_all(head.as_bytes()).await;
    let _ = stream.write_all(page.as_bytes()).await;
    let _ = stream.shutdown().await;
}

/// Opens the person's browser, where there is one; the URL is printed in any case.
pub(super) fn open_browser(url: &Url) {
    if !std::io::stderr().is_terminal() {
        return;
    }
    let program = if cfg!(target_os = "macos") { "open" } else { "xdg-open" };
    // Without one, the person opens the URL by hand.
    let _ = Command::new(program).arg(url.as_str()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
}
