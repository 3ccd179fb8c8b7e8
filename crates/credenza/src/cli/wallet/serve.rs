//! `credenza wallet serve`.

mod page;
mod presenting;
mod receiving;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use axum::Router;
use axum::routing::{delete, get, post};
use credenza::core::AddressPolicy;
use credenza::crypto::x509;
use credenza::http::{Outgoing, ReqwestHttp};
use credenza::keys;
use credenza::server::{Limits, Tls, serve, serve_tls};
use credenza::vp::Profile;
use credenza::wallet::{CLIENT_ID, Holder, Unknown};
use http::{HeaderMap, header};
use serde_json::{Map, Value, json};
use tokio::net::TcpListener;
use tokio::sync::{Notify, Semaphore, watch};
use url::Url;

use super::Home;
use super::home::Reach;
use crate::cli::{Usage, Verdict, output, serve as service};

/// Answer requests, and accept offers, over HTTP with nobody there: for tests and certification.
///
/// GET /authorize takes a request as an authorization endpoint does, answers it, and sends the browser on. POST /dc-api
/// takes {"origin": …, "request": …}, where the request is what a website gives to navigator.credentials.get, and
/// answers with {"protocol": …, "data": …}.
///
/// GET /offer?credential_offer=… or ?credential_offer_uri=… accepts an offer; POST /offer one that a website has given
/// to navigator.credentials.create, as /dc-api takes requests. POST /issue with {"issuer": …, "configuration": …} asks an
/// issuer that has offered nothing. The wallet follows the authorization server by itself, which must not show a
/// page, and comes for what was promised. GET /credentials lists (with ?wait=SECONDS once nothing is promised any more),
/// DELETE /credentials/ID removes.
///
/// What was refused is said on a page. Whoever reaches it gets whatever he asks for: let it have no credential of value.
#[derive(clap::Args)]
pub(super) struct Arguments {
    /// Where to listen. Another address than one of this machine needs --public.
    #[arg(long, default_value = "127.0.0.1:8090")]
    listen: SocketAddr,
    /// The URL under which it is reached; what it listens on unless said. The redirect URI is URL/callback.
    #[arg(long)]
    url: Option<Url>,
    /// Accept and present without asking: there is no other way here.
    #[arg(long, required = true)]
    yes: bool,
    /// Also answer verifiers that nobody you trust vouches for.
    #[arg(long)]
    allow_unknown: bool,
    /// Let other machines reach it.
    #[arg(long)]
    public: bool,
    /// Follow requests and offers to addresses on this machine, over http too.
    #[arg(long)]
    local: bool,
    /// A host (without port) that may be at an internal address, and may speak http.
    #[arg(long, value_name = "HOST")]
    internal_host: Vec<String>,
    /// Root certificates of servers (PEM), beside those of the platform.
    #[arg(long, value_name = "PEM")]
    trusted_roots: Vec<PathBuf>,
    /// Serve over TLS: the certificate, and after it those that lead to a root (PEM).
    #[arg(long, value_name = "PEM", requires = "tls_key")]
    tls_certificate: Option<PathBuf>,
    /// The private key of that certificate (PEM), which you alone may read.
    #[arg(long, value_name = "PEM", requires = "tls_certificate")]
    tls_key: Option<PathBuf>,
    /// Keep to the High Assurance Interoperability Profile.
    #[arg(long)]
    haip: bool,
    /// Given to issuers that ask for a transaction code.
    #[arg(long, value_name = "CODE")]
    tx_code: Option<String>,
    /// What the wallet calls itself towards issuers.
    #[arg(long, value_name = "NAME", default_value = CLIENT_ID)]
    client_id: String,
    /// How many copies to ask for, each with a key of its own, where the issuer allows it.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=100))]
    copies: u32,
}

/// So many offers are accepted at the same time.
const MAX_ACCEPTING: usize = 32;

struct Served {
    holder: Holder,
    unknown: Unknown,
    browser: ReqwestHttp,
    redirect_uri: Url,
    tx_code: Option<String>,
    slots: Arc<Semaphore>,
    /// Something may have been promised.
    promised: Notify,
    /// Counts how often was asked for what was promised.
    rounds: watch::Sender<u64>,
}

pub(super) async fn run(home: &Home, arguments: Arguments, json: bool) -> anyhow::Result<Verdict> {
    if !arguments.public && !arguments.listen.ip().is_loopback() {
        return Err(Usage::error("other machines could reach that address: say --public if they shall"));
    }
    let addresses = if arguments.local { AddressPolicy::Loopback } else { AddressPolicy::Public };
    let profile = if arguments.haip { Profile::Haip } else { home.profile() };
    let roots: Vec<_> = arguments.trusted_roots.iter().map(|file| roots(file)).collect::<Result<_, _>>()?;
    let outgoing = Outgoing { roots: roots.concat(), internal_hosts: arguments.internal_host };
    let tls = match (&arguments.tls_certificate, &arguments.tls_key) {
        (Some(certificate), Some(key)) => Some(tls(certificate, key)?),
        _ => None,
    };
    let browser = outgoing.client(addresses);
    let reach = Reach { addresses, outgoing, copies: arguments.copies, client_id: arguments.client_id };
    let holder = home.open_within(reach, profile)?;
    let unknown = if arguments.allow_unknown { Unknown::Answer } else { Unknown::Refuse };
    let listener = TcpListener::bind(arguments.listen)
        .await
        .with_context(|| format!("can't listen on {}", arguments.listen))?;
    let at = listener.local_addr()?;
    let scheme = if tls.is_some() { "https" } else { "http" };
    let url = arguments.url.map_or_else(|| format!("{scheme}://{at}"), String::from);
    let url = url.trim_end_matches('/');
    let served = Arc::new(Served {
        holder,
        unknown,
        browser,
        redirect_uri: format!("{url}/callback").parse().context("--url")?,
        tx_code: arguments.tx_code,
        slots: Arc::new(Semaphore::new(MAX_ACCEPTING)),
        promised: Notify::new(),
        rounds: watch::Sender::new(0),
    });
    output::line(&if json {
        json!({"listen": at.to_string(), "url": url, "redirect_uri": served.redirect_uri}).to_string()
    } else {
        format!("Answering whoever asks: {url}/authorize, {url}/dc-api, {url}/offer and {url}/issue")
    })?;
    let router = Router::new()
        .route("/authorize", get(presenting::authorize))
        .route("/dc-api", post(presenting::dc_api))
        .route("/offer", get(receiving::offer).post(receiving::dc_api_offer))
        .route("/issue", post(receiving::issue))
        .route("/credentials", get(receiving::credentials))
        .route("/credentials/{id}", delete(receiving::remove))
        .with_state(Arc::clone(&served));
    let asking = tokio::spawn(receiving::keep_asking(served));
    match tls {
        Some(tls) => serve_tls(listener, tls, router, Limits::default(), service::shutdown()).await?,
        None => serve(listener, router, Limits::default(), service::shutdown()).await?,
    }
    asking.abort();
    Ok(Verdict::Good)
}

fn roots(file: &Path) -> anyhow::Result<Vec<Vec<u8>>> {
    let said = || file.display().to_string();
    x509::pem_to_der_chain(&std::fs::read_to_string(file).with_context(said)?).with_context(said)
}

fn tls(certificate: &Path, key: &Path) -> anyhow::Result<Tls> {
    let chain = std::fs::read(certificate).with_context(|| certificate.display().to_string())?;
    let private = keys::read_private(key)?;
    Tls::from_pem(&chain, &private).with_context(|| certificate.display().to_string())
}

/// A JSON object, if that is what was sent. A page in somebody's browser can't send this type without asking first,
/// and is not answered.
fn json_object(headers: &HeaderMap, body: &[u8]) -> Option<Map<String, Value>> {
    let as_json = headers.get(header::CONTENT_TYPE).is_some_and(|it| it == "application/json");
    as_json.then(|| credenza::core::json::parse_object(body).ok()).flatten()
}

/// A website's call of the Digital Credentials API: its origin, and the options.
fn call(headers: &HeaderMap, body: &[u8]) -> Option<(String, Vec<u8>)> {
    let mut members = json_object(headers, body)?;
    let Some(Value::String(origin)) = members.remove("origin") else { return None };
    Some((origin, members.remove("request")?.to_string().into_bytes()))
}
