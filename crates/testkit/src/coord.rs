//! The real binary, serving in a process of its own.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::daemon::{Daemon, DaemonConfig};
use crate::failure::Failure;
use crate::installed;
use crate::port::Port;

/// `coord serve`, `api` or `worker` on ports of its own, the first with a data folder; nothing of the test's environment
/// reaches it.
pub struct Coord {
    /// The server's process: stop, kill and restart it here.
    pub daemon: Daemon,
    binary: PathBuf,
    port: Port,
    metrics: Port,
}

impl Coord {
    /// Starts `coord serve` as [`Coord::start_as`] does.
    pub fn start(binary: &str, environment: &[(&str, &str)]) -> Result<Self, Failure> {
        Self::start_as("serve", binary, environment)
    }

    /// Starts the command `role` of `binary`, which is `env!("CARGO_BIN_EXE_coord")` in the binary's own tests, with more environment
    /// variables as given, and waits until it is ready.
    ///
    /// Fails, with its log, when it is not ready within 60 s.
    pub fn start_as(role: &'static str, binary: &str, environment: &[(&str, &str)]) -> Result<Self, Failure> {
        let (port, metrics) = (Port::take()?, Port::take()?);
        let folder = installed::folder(role)?;
        let data = folder.path().join("data");
        let mut variables: Vec<(String, String)> = vec![
            ("COORDINATION__SERVER__LISTEN".to_owned(), port.address().to_string()),
            ("COORDINATION__METRICS__LISTEN".to_owned(), metrics.address().to_string()),
        ];
        variables.extend(environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        let (executable, address) = (PathBuf::from(binary), port.address());
        let command = move || {
            let mut command = clean(&executable, &data);
            command.arg(role).envs(variables.iter().map(|(name, value)| (name, value)));
            if role == "serve" {
                command.arg("--data").arg(&data);
            }
            command
        };
        let config = DaemonConfig {
            name: role,
            command: Box::new(command),
            ready: Box::new(move || is_ready(address)),
            within: Duration::from_secs(60),
        };
        Ok(Self { daemon: Daemon::start(config, folder)?, binary: PathBuf::from(binary), port, metrics })
    }

    /// Where the API listens.
    pub fn address(&self) -> SocketAddr {
        self.port.address()
    }

    /// Where the metrics are served.
    pub fn metrics_address(&self) -> SocketAddr {
        self.metrics.address()
    }

    /// The URL for clients.
    pub fn url(&self) -> String {
        format!("http://{}", self.address())
    }

    /// The data folder.
    pub fn data(&self) -> PathBuf {
        self.daemon.folder().join("data")
    }

    /// A client of this server.
    ///
    /// Fails when there can be no client at all.
    pub fn client(&self) -> Result<client::Client, Failure> {
        client::Client::new(&self.url(), None).map_err(|error| Failure::of("make a client", &error))
    }

    /// A command of the same binary that talks to this server; add its arguments.
    pub fn command(&self) -> Command {
        let mut command = clean(&self.binary, self.daemon.folder());
        command.env("COORDINATION_URL", self.url());
        command
    }
}

/// The binary with an environment that holds nothing but a home.
fn clean(binary: &Path, home: &Path) -> Command {
    let mut command = Command::new(binary);
    command.env_clear().env("HOME", home).env("RUST_BACKTRACE", "1");
    command
}

/// Whether `GET /ready` answers 200.
fn is_ready(address: SocketAddr) -> bool {
    let Ok(mut stream) = TcpStream::connect(address) else { return false };
    let mut answer = [0_u8; 12];
    stream.set_read_timeout(Some(Duration::from_secs(1))).is_ok()
        && stream.write_all(b"GET /ready HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").is_ok()
        && stream.read_exact(&mut answer).is_ok()
        && answer == *b"HTTP/1.1 200"
}
