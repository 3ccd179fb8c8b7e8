//! A Redis or Valkey server of our own on a free port of the loopback, gone with its handle.

use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How long a server may take to start.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) struct RedisServer {
    program: &'static str,
    folder: tempfile::TempDir,
    port: u16,
    arguments: Vec<String>,
    server: Child,
}

impl RedisServer {
    /// Starts one that keeps what it has acknowledged; `None` where neither is installed, unless CREDENZA_TEST_REDIS says
    /// that it must be.
    pub(crate) fn start() -> Option<Self> {
        Self::start_with(&["--appendonly", "yes", "--appendfsync", "always"])
    }

    pub(crate) fn start_with(arguments: &[&str]) -> Option<Self> {
        let Some(program) = program() else {
            let required = std::env::var_os("CREDENZA_TEST_REDIS").is_some();
            assert!(!required, "Redis is not installed: apt-get install redis-server");
            return None;
        };
        let folder = tempfile::tempdir().unwrap();
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
        let arguments: Vec<String> = arguments.iter().map(|&argument| argument.to_owned()).collect();
        let server = serve(program, folder.path(), port, &arguments);
        Some(Self { program, folder, port, arguments, server })
    }

    /// The URL of a store in it, apart from others.
    pub(crate) fn url(&self, prefix: &str) -> String {
        format!("{}?prefix={prefix}", self.address())
    }

    /// Where it is.
    pub(crate) fn address(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Empties it.
    pub(crate) fn flush(&self) {
        use std::io::{Read as _, Write as _};
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).unwrap();
        let mut answer = [0; 3];
        stream.write_all(b"FLUSHALL\r\n").unwrap();
        stream.read_exact(&mut answer).unwrap();
        assert_eq!(&answer, b"+OK");
    }

    /// Ends it the hard way, as a loss of power would.
    pub(crate) fn kill(&mut self) {
        self.server.kill().unwrap();
        self.server.wait().unwrap();
    }

    /// Starts it again after [`kill`](Self::kill).
    pub(crate) fn restart(&mut self) {
        self.server = serve(self.program, self.folder.path(), self.port, &self.arguments);
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

fn serve(program: &str, folder: &Path, port: u16, arguments: &[String]) -> Child {
    let mut server = Command::new(program)
        .args(["--bind", "127.0.0.1", "--port", &port.to_string(), "--save", "", "--dir"])
        .arg(folder)
        .args(arguments)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let started = Instant::now();
    while !ready(port) {
        assert!(server.try_wait().unwrap().is_none(), "the server ended");
        assert!(started.elapsed() < PATIENCE, "the server did not start");
        std::thread::sleep(Duration::from_millis(10));
    }
    server
}

/// Whether it answers, and has read its file.
fn ready(port: u16) -> bool {
    use std::io::{Read as _, Write as _};
    let Ok(mut stream) = TcpStream::connect((Ipv4Addr::LOCALHOST, port)) else { return false };
    let mut answer = [0; 5];
    stream.write_all(b"PING\r\n").is_ok()
        && stream.read_exact(&mut answer).is_ok()
        && [b"+PONG", b"-NOAU"].contains(&&answer)
}

fn program() -> Option<&'static str> {
    let installed = |program: &&str| {
        let version = Command::new(program).arg("--version").stdout(Stdio::null()).status();
        version.is_ok_and(|status| status.success())
    };
    ["valkey-server", "redis-server"].into_iter().find(installed)
}
