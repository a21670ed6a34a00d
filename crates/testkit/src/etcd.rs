//! A private etcd, where a Patroni cluster of a test agrees on who leads.

use std::process::Command;
use std::time::Duration;

use crate::daemon::{Daemon, DaemonConfig};
use crate::failure::Failure;
use crate::http;
use crate::installed;
use crate::port::Port;

/// One etcd node with an empty store.
pub struct Etcd {
    /// The node's process: stop, kill and restart it here.
    pub daemon: Daemon,
    client: Port,
    _peer: Port,
}

impl Etcd {
    /// Starts a node.
    ///
    /// Fails when etcd is not installed, or does not answer within 30 s.
    pub fn start() -> Result<Self, Failure> {
        let program = installed::find("etcd", &["/usr/bin", "/usr/local/bin"], "etcd")?;
        let (client, peer) = (Port::take()?, Port::take()?);
        let folder = installed::folder("etcd")?;
        let (data, address) = (folder.path().join("data"), client.address());
        let (here, other) = (format!("http://{address}"), format!("http://{}", peer.address()));
        let command = move || {
            let mut command = Command::new(&program);
            command.arg("--data-dir").arg(&data);
            command.args(["--listen-client-urls", &here, "--advertise-client-urls", &here]);
            command.args(["--listen-peer-urls", &other, "--initial-advertise-peer-urls", &other]);
            command.arg("--initial-cluster").arg(format!("default={other}"));
            command
        };
        let config = DaemonConfig {
            name: "etcd",
            command: Box::new(command),
            ready: Box::new(move || http::status(address, "/health") == Some(200)),
            within: Duration::from_secs(30),
        };
        Ok(Self { daemon: Daemon::start(config, folder)?, client, _peer: peer })
    }

    /// Where it listens for clients, as `host:port`.
    pub fn endpoint(&self) -> String {
        self.client.address().to_string()
    }
}
