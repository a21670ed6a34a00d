//! A private Redis server.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::Command;
use std::time::Duration;

use crate::daemon::{Daemon, DaemonConfig};
use crate::failure::Failure;
use crate::installed;
use crate::port::Port;

/// A Redis server on its own port, without a password.
pub struct Redis {
    /// The server's process: stop, kill and restart it here.
    pub daemon: Daemon,
    port: Port,
}

impl Redis {
    /// Starts a server that keeps nothing across a restart.
    ///
    /// Fails when Redis is not installed, or does not answer within 10 s.
    pub fn start() -> Result<Self, Failure> {
        Self::start_with(&["--appendonly", "no"])
    }

    /// Starts a server that flushes every write to disk before it answers.
    ///
    /// Fails as [`Redis::start`] does.
    pub fn start_durable() -> Result<Self, Failure> {
        Self::start_with(&["--appendonly", "yes", "--appendfsync", "always"])
    }

    fn start_with(settings: &'static [&'static str]) -> Result<Self, Failure> {
        let server = installed::find("redis-server", &["/usr/bin", "/usr/local/bin"], "redis")?;
        let port = Port::take()?;
        let folder = installed::folder("redis")?;
        let (address, number, data) = (port.address(), port.number().to_string(), folder.path().to_owned());
        let command = move || {
            let mut command = Command::new(&server);
            command.args(["--port", &number, "--bind", "127.0.0.1", "--save", "", "--daemonize", "no"]);
            command.args(settings).arg("--dir").arg(&data);
            command
        };
        let config = DaemonConfig {
            name: "redis",
            command: Box::new(command),
            ready: Box::new(move || answers(address)),
            within: Duration::from_secs(10),
        };
        Ok(Self { daemon: Daemon::start(config, folder)?, port })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.port.address()
    }

    /// Forgets everything (`FLUSHALL`).
    ///
    /// Fails when the server is down.
    pub fn flush(&self) -> Result<(), Failure> {
        match asked(self.address(), b"FLUSHALL\r\n") {
            Some(answer) if answer == *b"+OK\r\n" => Ok(()),
            _ => Err(Failure::new("Redis did not forget everything")),
        }
    }

    /// The URL for clients.
    pub fn url(&self) -> String {
        format!("redis://{}/0", self.address())
    }
}

fn answers(address: SocketAddr) -> bool {
    asked(address, b"PING\r\n").is_some_and(|answer| answer == *b"+PONG")
}

/// The first bytes of the answer to a command over a connection of its own.
fn asked(address: SocketAddr, command: &[u8]) -> Option<[u8; 5]> {
    let mut stream = TcpStream::connect(address).ok()?;
    let mut answer = [0_u8; 5];
    stream.set_read_timeout(Some(Duration::from_secs(5))).ok()?;
    stream.write_all(command).ok()?;
    stream.read_exact(&mut answer).ok()?;
    Some(answer)
}
