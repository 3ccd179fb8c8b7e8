//! Several nodes of one service, each a process of its own, over one PostgreSQL database; and who spreads requests.

use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use argon2::password_hash::{PasswordHasher as _, SaltString};
use argon2::{Argon2, Params};
use credenza::core::{AddressPolicy, Answer, Http, HttpError, Limits, SystemClock, SystemRandom};
use credenza::http::ReqwestHttp;
use credenza::trust::Nobody;
use credenza::wallet::vault::MemoryVault;
use credenza::wallet::{Holder, Options, Ports};
use http::{Method, Request, Response};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::postgres_server::PostgresServer;
use crate::redis_server::RedisServer;
use crate::world::{answer, call, free_port, good_json, pid_offer, pid_request, serve};

/// The authorization code flow, for a wallet and a person whose password is `lovelace`.
fn authorization() -> String {
    let salt = SaltString::encode_b64(b"a salt for tests").unwrap();
    let cheap = Params::new(8, 1, 1, None).unwrap();
    let cheap = Argon2::new(argon2::Algorithm::Argon2id, argon2::Version::V0x13, cheap);
    let hash = cheap.hash_password(b"lovelace", &salt).unwrap();
    format!(
        r#"
[authorization]

[[authorization.clients]]
id = "wallet"
name = "The Wallet"
redirect_uris = ["https://wallet.example/cb"]

[[authorization.users]]
name = "ada"
password_hash = "{hash}"
"#
    )
}

/// The nodes, with their database. Everything ends with the test.
pub(crate) struct Nodes {
    /// Under what wallets know the service.
    pub(crate) url: String,
    token: String,
    nodes: Vec<Node>,
    http: ReqwestHttp,
    pub(crate) database: PostgresServer,
    pub(crate) sessions: Option<RedisServer>,
    folder: TempDir,
}

struct Node {
    url: String,
    config: PathBuf,
    process: Mutex<Child>,
}

impl Nodes {
    /// So many, or `None` where there is no PostgreSQL.
    pub(crate) fn start(count: usize) -> Option<Self> {
        Self::start_over(PostgresServer::start()?, None, count, |_, text| text)
    }

    /// The same, with a configuration that was changed.
    pub(crate) fn start_with(count: usize, change: impl FnOnce(&Path, String) -> String) -> Option<Self> {
        Self::start_over(PostgresServer::start()?, None, count, change)
    }

    /// The same with their sessions in Redis, or `None` where one of the two is missing.
    pub(crate) fn start_with_redis(count: usize) -> Option<Self> {
        Self::start_over(PostgresServer::start()?, Some(RedisServer::start()?), count, |_, text| text)
    }

    fn start_over(
        database: PostgresServer,
        sessions: Option<RedisServer>,
        count: usize,
        change: impl FnOnce(&Path, String) -> String,
    ) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        // The first node is where a proxy would be: verifiers fetch status lists there.
        let public = free_port();
        let url = format!("http://127.0.0.1:{public}");
        let written = good_json(&["init", "--dir", folder.path().to_str().unwrap(), "--url", &url, "--json"]);
        let text = std::fs::read_to_string(folder.path().join("credenza.toml")).unwrap();
        let text = change(folder.path(), text);
        let configured: Vec<_> = (0..count)
            .map(|number| {
                let port = if number == 0 { public } else { free_port() };
                let lines = text.lines().map(|line| match line.split_once(" = ") {
                    Some(("listen", _)) => format!("listen = \"127.0.0.1:{port}\"\n"),
                    Some(("database", _)) => {
                        let sessions = sessions.as_ref().map(|server| server.url("test"));
                        let sessions = sessions.map(|url| format!("sessions = \"{url}\"\n"));
                        format!("database = \"{}\"\n{}", database.url("public"), sessions.unwrap_or_default())
                    }
                    _ => format!("{line}\n"),
                });
                let config = folder.path().join(format!("node-{number}.toml"));
                std::fs::write(&config, lines.chain([authorization()]).collect::<String>()).unwrap();
                (format!("http://127.0.0.1:{port}"), config)
            })
            .collect();
        // All at once: one of them makes the tables.
        let started: Vec<_> = configured
            .into_iter()
            .map(|(url, config)| {
                std::thread::spawn(move || Node { process: Mutex::new(serve(&config)), url, config })
            })
            .collect();
        let nodes = started.into_iter().map(|node| node.join().unwrap()).collect();
        let token = written["admin_token"].as_str().unwrap().to_owned();
        let http = ReqwestHttp::new(AddressPolicy::Loopback);
        Some(Self { url, token, nodes, http, database, sessions, folder })
    }

    /// The address of a node; the numbers go around.
    pub(crate) fn node(&self, number: usize) -> &str {
        &self.nodes[number % self.nodes.len()].url
    }

    /// Ends a node as hard as possible.
    pub(crate) fn kill(&mut self, number: usize) {
        let process = self.nodes[number].process.get_mut().unwrap();
        process.kill().unwrap();
        process.wait().unwrap();
    }

    /// Starts it again.
    pub(crate) fn restart(&mut self, number: usize) {
        *self.nodes[number].process.get_mut().unwrap() = serve(&self.nodes[number].config);
    }

    /// Asks a node to end, and starts it with the configuration and the keys as they are now.
    pub(crate) fn begin_again(&self, number: usize) {
        let mut process = self.nodes[number].process.lock().unwrap();
        let id = process.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
        assert!(process.wait().unwrap().success());
        *process = serve(&self.nodes[number].config);
    }

    /// Where the configuration and the keys of all nodes are.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) async fn api(
        &self,
        node: usize,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> (u16, Value) {
        answer(&self.send(self.call(node, method, path, body)).await.unwrap())
    }

    /// Sends a request that names its node.
    pub(crate) async fn send(&self, request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>, HttpError> {
        self.send_within(request, Limits::default()).await
    }

    /// The same, with other limits.
    pub(crate) async fn send_within(
        &self,
        request: Request<Vec<u8>>,
        limits: Limits,
    ) -> Result<Response<Vec<u8>>, HttpError> {
        self.http.send(request, limits).await
    }

    pub(crate) fn call(
        &self,
        node: usize,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> Request<Vec<u8>> {
        call(self.node(node), &self.token, method, path, body)
    }

    pub(crate) async fn offer(&self, node: usize, more: Value) -> Value {
        let (status, offer) = self.api(node, Method::POST, "/offers", Some(pid_offer(&more))).await;
        assert_eq!(status, 201, "{offer}");
        offer
    }

    pub(crate) async fn ask(&self, node: usize, more: Value) -> Value {
        let ask = pid_request(&json!([{"path": ["given_name"]}]), &more);
        let (status, request) = self.api(node, Method::POST, "/presentations", Some(ask)).await;
        assert_eq!(status, 201, "{request}");
        request
    }

    /// What a wallet sends through: each request goes to the next node.
    pub(crate) fn spread(&self) -> Arc<Spread> {
        Spread::over(&self.url, self.nodes.iter().map(|node| node.url.clone()).collect())
    }

    /// The same, without one of the nodes.
    pub(crate) fn spread_without(&self, node: usize) -> Arc<Spread> {
        let mut spread = Arc::into_inner(self.spread()).unwrap();
        spread.nodes.remove(node);
        Arc::new(spread)
    }

    /// The same, but the last POST to a path with `hold` in it is kept back, as if it had been accepted.
    pub(crate) fn holding(&self, hold: &'static str) -> Arc<Spread> {
        let mut spread = Arc::into_inner(self.spread()).unwrap();
        spread.hold = Some(hold);
        Arc::new(spread)
    }
}

impl Drop for Nodes {
    fn drop(&mut self) {
        for node in &mut self.nodes {
            if let Ok(process) = node.process.get_mut() {
                let _ = process.kill();
                let _ = process.wait();
            }
        }
    }
}

/// An [`Http`] in place of a proxy: it knows where the nodes are.
pub(crate) struct Spread {
    inner: ReqwestHttp,
    public: String,
    nodes: Vec<String>,
    next: AtomicUsize,
    hold: Option<&'static str>,
    kept: Mutex<Option<Request<Vec<u8>>>>,
}

impl Spread {
    /// Over services at these addresses, which the world knows as `public`.
    pub(crate) fn over(public: &str, nodes: Vec<String>) -> Arc<Self> {
        Arc::new(Self {
            inner: ReqwestHttp::new(AddressPolicy::Loopback),
            public: public.to_owned(),
            nodes,
            next: AtomicUsize::new(0),
            hold: None,
            kept: Mutex::default(),
        })
    }

    /// The request that was kept back.
    pub(crate) fn kept(&self) -> Request<Vec<u8>> {
        self.kept.lock().unwrap().take().unwrap()
    }

    /// The same request, to the next node.
    pub(crate) fn to_next(&self, mut request: Request<Vec<u8>>) -> Request<Vec<u8>> {
        let uri = request.uri().to_string();
        if let Some(path) = uri.strip_prefix(&self.public) {
            let number = self.next.fetch_add(1, Ordering::SeqCst);
            *request.uri_mut() = format!("{}{path}", self.nodes[number % self.nodes.len()]).parse().unwrap();
        }
        request
    }
}

impl Http for Spread {
    fn send(
        &self,
        request: Request<Vec<u8>>,
        limits: Limits,
    ) -> Answer<'_, Result<Response<Vec<u8>>, HttpError>> {
        let held = |hold: &str| request.method() == Method::POST && request.uri().path().contains(hold);
        if self.hold.is_some_and(held) {
            *self.kept.lock().unwrap() = Some(request);
            return Answer::ready(Ok(Response::new(b"{}".to_vec())));
        }
        self.inner.send(self.to_next(request), limits)
    }
}

/// A wallet.
pub(crate) fn holder(http: Arc<dyn Http>, vault: Arc<MemoryVault>) -> Holder {
    let (clock, random) = (Arc::new(SystemClock), Arc::new(SystemRandom));
    let ports = Ports { http, vault, trust: Arc::new(Nobody), clock, random };
    Holder::new(ports, Options { addresses: AddressPolicy::Loopback, copies: 1, ..Options::default() })
}
