//! A PostgreSQL server of our own on a free port of the loopback, gone with its handle.

use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How long a server may take to start.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) struct PostgresServer {
    programs: PathBuf,
    folder: tempfile::TempDir,
    port: u16,
    server: Child,
}

impl PostgresServer {
    /// Starts one; `None` where PostgreSQL is not installed, unless CREDENZA_TEST_POSTGRES says that it must be.
    pub(crate) fn start() -> Option<Self> {
        let Some(programs) = programs() else {
            let required = std::env::var_os("CREDENZA_TEST_POSTGRES").is_some();
            assert!(!required, "PostgreSQL is not installed: apt-get install postgresql");
            return None;
        };
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        if is_root() {
            let owned = Command::new("chown").arg("postgres").arg(folder.path()).status().unwrap();
            assert!(owned.success());
        }
        let made = command(&programs.join("initdb"))
            .args(["--auth=trust", "--username=credenza", "--encoding=UTF8", "--locale=C", "--no-sync", "-D"])
            .arg(&data)
            .stdout(Stdio::null())
            .status()
            .unwrap();
        assert!(made.success(), "initdb");
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
        let server = serve(&programs, folder.path(), port);
        Some(Self { programs, folder, port, server })
    }

    /// The URL of the database, in a schema of its own.
    pub(crate) fn url(&self, schema: &str) -> String {
        let port = self.port;
        format!(
            "postgres://credenza@127.0.0.1:{port}/postgres?sslmode=disable&options=-c%20search_path%3D{schema}"
        )
    }

    /// Ends it the hard way, as a loss of power would.
    pub(crate) fn kill(&mut self) {
        self.server.kill().unwrap();
        self.server.wait().unwrap();
    }

    /// Starts it again after [`kill`](Self::kill).
    pub(crate) fn restart(&mut self) {
        self.server = serve(&self.programs, self.folder.path(), self.port);
    }
}

impl Drop for PostgresServer {
    fn drop(&mut self) {
        // Its children see that it is gone, and end too.
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

fn serve(programs: &Path, folder: &Path, port: u16) -> Child {
    let mut server = command(&programs.join("postgres"))
        .arg("-D")
        .arg(folder.join("data"))
        .args(["-c", "listen_addresses=127.0.0.1", "-c", &format!("port={port}")])
        .args(["-c", &format!("unix_socket_directories={}", folder.display())])
        .args(["-c", "max_connections=200", "-c", "shared_buffers=16MB"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let started = Instant::now();
    while !ready(&programs.join("pg_isready"), port) {
        assert!(server.try_wait().unwrap().is_none(), "the server ended");
        assert!(started.elapsed() < PATIENCE, "the server did not start");
        std::thread::sleep(Duration::from_millis(20));
    }
    server
}

fn ready(pg_isready: &Path, port: u16) -> bool {
    TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok()
        && Command::new(pg_isready)
            .args(["-q", "-h", "127.0.0.1", "-p", &port.to_string()])
            .status()
            .is_ok_and(|status| status.success())
}

/// The server refuses to be root.
fn command(program: &Path) -> Command {
    if !is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups", "--"]).arg(program);
    command
}

fn is_root() -> bool {
    std::fs::metadata("/proc/self").is_ok_and(|own| std::os::unix::fs::MetadataExt::uid(&own) == 0)
}

/// Where Debian keeps the programs of the newest PostgreSQL.
fn programs() -> Option<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").ok()?;
    let folders = versions.flatten().map(|version| version.path().join("bin"));
    folders.filter(|folder| folder.join("initdb").is_file()).max()
}
