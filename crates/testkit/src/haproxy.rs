//! A private HAProxy, as the balancer before several API processes.

use std::fmt::Write as _;
use std::fs;
use std::net::SocketAddr;
use std::process::Command;

use crate::daemon::{Daemon, DaemonConfig};
use crate::failure::Failure;
use crate::installed;
use crate::port::Port;

/// What an operator would set: a server that is not ready gets nothing new within a fifth of a second, what could not be
/// handed to one goes to another, and long polls and event streams outlive their longest silence.
const SETTINGS: &str = "\
global
    maxconn 4096
    nbthread 1
defaults
    mode http
    timeout connect 2s
    timeout client 90s
    timeout server 90s
    option redispatch
    retries 3
frontend api
    bind ADDRESS
    default_backend api
backend api
    balance roundrobin
    option httpchk GET /ready
    http-check expect status 200
    default-server check inter 200ms fall 1 rise 1
";

/// An HAProxy that spreads requests over servers and leaves out those whose `GET /ready` does not answer 200.
pub struct HaProxy {
    /// Its process: stop, kill and restart it here.
    pub daemon: Daemon,
    port: Port,
}

impl HaProxy {
    /// Starts one before these servers.
    ///
    /// Fails when HAProxy is not installed, or does not listen within 10 s.
    pub fn start(servers: &[SocketAddr]) -> Result<Self, Failure> {
        let program = installed::find("haproxy", &["/usr/sbin", "/usr/local/sbin"], "haproxy")?;
        let port = Port::take()?;
        let folder = installed::folder("haproxy")?;
        let settings = folder.path().join("haproxy.cfg");
        fs::write(&settings, text(&port, servers)).map_err(|error| Failure::of("write HAProxy's settings", &error))?;
        let command = move || {
            let mut command = Command::new(&program);
            command.arg("-db").arg("-f").arg(&settings);
            command
        };
        let config = DaemonConfig::listening("haproxy", port.address(), command);
        Ok(Self { daemon: Daemon::start(config, folder)?, port })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.port.address()
    }

    /// The URL for clients.
    pub fn url(&self) -> String {
        format!("http://{}", self.address())
    }
}

fn text(port: &Port, servers: &[SocketAddr]) -> String {
    let mut text = SETTINGS.replace("ADDRESS", &port.address().to_string());
    for (index, server) in servers.iter().enumerate() {
        // Writing to a String does not fail.
        let _ = writeln!(text, "    server api{} {server}", index + 1);
    }
    text
}
