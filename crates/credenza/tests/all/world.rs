//! A service in a process of its own, and clients for it.

use std::io::{BufRead as _, BufReader, Read as _};
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use credenza::core::{AddressPolicy, Http as _, Limits};
use credenza::http::ReqwestHttp;
use http::{Method, Request, Response};
use serde_json::{Value, json};
use tempfile::TempDir;

/// The binary with these arguments.
pub(crate) fn credenza(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_credenza"));
    command
        .args(arguments)
        .stdin(Stdio::null())
        .env_remove("CREDENZA_WALLET_PASSPHRASE")
        .env_remove("RUST_LOG");
    command
}

/// Runs it to its end.
pub(crate) fn run(arguments: &[&str]) -> Output {
    credenza(arguments).output().unwrap()
}

/// What it printed, when it succeeded.
pub(crate) fn good(arguments: &[&str]) -> String {
    let output = run(arguments);
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

pub(crate) fn good_json(arguments: &[&str]) -> Value {
    serde_json::from_str(&good(arguments)).unwrap()
}

/// What it complained about, when it ended with this code.
pub(crate) fn bad(code: i32, arguments: &[&str]) -> String {
    let output = run(arguments);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {said}");
    said
}

/// A port that nobody uses at the moment.
pub(crate) fn free_port() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port()
}

/// A service with its folder. It is killed when the test ends.
pub(crate) struct Service {
    pub(crate) folder: TempDir,
    pub(crate) url: String,
    pub(crate) token: String,
    process: Child,
}

impl Service {
    pub(crate) fn start() -> Self {
        Self::start_with("127.0.0.1", |_, text| text)
    }

    /// One whose URL has this name of the machine, and whose configuration was changed before it started.
    pub(crate) fn start_with(host: &str, change: impl FnOnce(&Path, String) -> String) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("http://{host}:{}", free_port());
        let home = folder.path().to_str().unwrap();
        let written = good_json(&["init", "--dir", home, "--url", &url, "--json"]);
        let token = written["admin_token"].as_str().unwrap().to_owned();
        let file = folder.path().join("credenza.toml");
        let text = change(folder.path(), std::fs::read_to_string(&file).unwrap());
        std::fs::write(&file, text).unwrap();
        let process = serve(&file);
        Self { folder, url, token, process }
    }

    /// Ends it as hard as possible, as the machine's last moment would.
    pub(crate) fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    /// Starts it again on the same folder.
    pub(crate) fn restart(&mut self) {
        self.kill();
        self.process = serve(&self.folder.path().join("credenza.toml"));
    }

    /// Asks it to stop, and says how it ended.
    pub(crate) fn stop(&mut self) -> std::process::ExitStatus {
        let id = self.process.id().to_string();
        Command::new("kill").args(["-TERM", &id]).status().unwrap();
        self.process.wait().unwrap()
    }

    pub(crate) fn root(&self) -> PathBuf {
        self.folder.path().join("keys/root.pem")
    }

    pub(crate) async fn api(&self, method: Method, path: &str, body: Option<Value>) -> (u16, Value) {
        answer(&send(call(&self.url, &self.token, method, path, body)).await.unwrap())
    }

    /// Makes an offer of the example's credential.
    pub(crate) async fn offer(&self, more: Value) -> Value {
        let offer = pid_offer(&more);
        let (status, offer) = self.api(Method::POST, "/offers", Some(offer)).await;
        assert_eq!(status, 201, "{offer}");
        offer
    }

    /// Asks for a claim of it.
    pub(crate) async fn ask(&self, claims: Value, more: Value) -> Value {
        let ask = pid_request(&claims, &more);
        let (status, request) = self.api(Method::POST, "/presentations", Some(ask)).await;
        assert_eq!(status, 201, "{request}");
        request
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Starts a service from its configuration, and waits until it serves.
pub(crate) fn serve(config: &Path) -> Child {
    let mut child = credenza(&["serve", "--config", config.to_str().unwrap()])
        .env("RUST_LOG", "warn")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    if !line.starts_with("Credenza serves ") {
        let _ = child.kill();
        let mut said = String::new();
        child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        panic!("it did not start: {line}{said}");
    }
    child
}

/// A process that ends with its handle.
pub(crate) struct Process(pub(crate) Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A request to the admin plane.
pub(crate) fn call(
    service: &str,
    token: &str,
    method: Method,
    path: &str,
    body: Option<Value>,
) -> Request<Vec<u8>> {
    Request::builder()
        .method(method)
        .uri(format!("{service}/api/v1{path}"))
        .header("authorization", format!("Bearer {token}"))
        .header("content-type", "application/json")
        .body(body.map(|body| body.to_string().into_bytes()).unwrap_or_default())
        .unwrap()
}

/// An offer of the example's credential.
pub(crate) fn pid_offer(more: &Value) -> Value {
    let mut offer = json!({"credentials": [{"type": "pid", "claims": {
        "family_name": "Mustermann", "given_name": "Erika", "birthdate": "1964-08-12",
        "age_equal_or_over": {"18": true},
    }}]});
    offer.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    offer
}

/// A request for claims of it.
pub(crate) fn pid_request(claims: &Value, more: &Value) -> Value {
    let mut ask = json!({"dcql_query": {"credentials": [{
        "id": "pid", "format": "dc+sd-jwt", "meta": {"vct_values": ["urn:eudi:pid:1"]}, "claims": claims,
    }]}});
    ask.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    ask
}

/// Sends a request, as a stranger can.
pub(crate) async fn send(request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>, credenza::core::HttpError> {
    ReqwestHttp::new(AddressPolicy::Loopback).send(request, Limits::default()).await
}

pub(crate) fn answer(response: &Response<Vec<u8>>) -> (u16, Value) {
    let body = serde_json::from_slice(response.body()).unwrap_or(Value::Null);
    (response.status().as_u16(), body)
}

/// A POST of a form.
pub(crate) fn form(url: &str, fields: &[(&str, &str)]) -> Request<Vec<u8>> {
    Request::post(url)
        .header("content-type", "application/x-www-form-urlencoded")
        .body(serde_urlencoded::to_string(fields).unwrap().into_bytes())
        .unwrap()
}

/// The pre-authorized code of an offer that was made by value.
pub(crate) fn code(offer: &Value) -> String {
    let link: url::Url = offer["uri"].as_str().unwrap().parse().unwrap();
    let (_, value) = link.query_pairs().find(|(name, _)| name == "credential_offer").unwrap();
    let value: Value = serde_json::from_str(&value).unwrap();
    let grant = &value["grants"]["urn:ietf:params:oauth:grant-type:pre-authorized_code"];
    grant["pre-authorized_code"].as_str().unwrap().to_owned()
}

/// The request that redeems a code.
pub(crate) fn redeem(service: &str, code: &str) -> Request<Vec<u8>> {
    let grant = "urn:ietf:params:oauth:grant-type:pre-authorized_code";
    form(&format!("{service}/token"), &[("grant_type", grant), ("pre-authorized_code", code)])
}
