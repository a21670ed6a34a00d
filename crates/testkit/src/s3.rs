//! A private object store that speaks S3: moto, from PyPI.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use crate::daemon::{Daemon, DaemonConfig};
use crate::failure::Failure;
use crate::installed;
use crate::port::Port;

/// The script that runs the server.
const SERVER: &str = include_str!("s3/server.py");

/// An S3 server with one bucket, over plain HTTP on one port and over TLS on another. Its objects live in its memory, so they
/// are gone when it is restarted. It asks for no signature and so takes any key.
pub struct S3 {
    /// The server's process: stop, kill and restart it here.
    pub daemon: Daemon,
    plain: Port,
    tls: Port,
}

impl S3 {
    /// The bucket that is there from the start.
    pub const BUCKET: &str = "coordination";
    /// The region that it says it is in.
    pub const REGION: &str = "us-east-1";
    /// A key that it takes; its secret is [`S3::SECRET`].
    pub const KEY: &str = "testing";
    /// The secret of [`S3::KEY`].
    pub const SECRET: &str = "testing-secret";

    /// Starts a server.
    ///
    /// Fails when moto is not installed, or does not answer within 30 s.
    pub fn start() -> Result<Self, Failure> {
        let python = python()?;
        let (plain, tls) = (Port::take()?, Port::take()?);
        let folder = installed::folder("s3")?;
        let script = folder.path().join("server.py");
        std::fs::write(&script, SERVER).map_err(|error| Failure::of("write the S3 server's script", &error))?;
        let (data, address) = (folder.path().to_owned(), plain.address());
        let ports = [plain.number().to_string(), tls.number().to_string()];
        let command = move || {
            let mut command = Command::new(&python);
            command.arg(&script).arg(&data).args(&ports);
            // Its own idea of where AWS is must not come from the test's environment.
            command.env_clear().env("HOME", &data).env("AWS_DEFAULT_REGION", Self::REGION);
            command
        };
        let config = DaemonConfig {
            name: "moto",
            command: Box::new(command),
            ready: Box::new(move || has_bucket(address)),
            within: Duration::from_secs(30),
        };
        Ok(Self { daemon: Daemon::start(config, folder)?, plain, tls })
    }

    /// Where it listens without TLS.
    pub fn address(&self) -> SocketAddr {
        self.plain.address()
    }

    /// Where it listens with TLS; the name in its certificate is `localhost` or `127.0.0.1`.
    pub fn tls_address(&self) -> SocketAddr {
        self.tls.address()
    }

    /// The endpoint without TLS.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address())
    }

    /// The endpoint with TLS.
    pub fn tls_endpoint(&self) -> String {
        format!("https://{}", self.tls_address())
    }

    /// The file with the authority to trust, PEM.
    pub fn ca_file(&self) -> PathBuf {
        self.daemon.folder().join("ca.pem")
    }
}

/// The Python that has moto.
fn python() -> Result<PathBuf, Failure> {
    let venv = installed::target().join("python/moto");
    let (python, server) = (venv.join("bin/python"), venv.join("bin/moto_server"));
    if python.exists() && server.exists() {
        return Ok(python);
    }
    Err(Failure::new(format!("moto is not in {}: `cargo xtask install moto` installs it", venv.display())))
}

/// Makes the bucket, or finds that it is there.
fn has_bucket(address: SocketAddr) -> bool {
    let Ok(mut stream) = TcpStream::connect(address) else { return false };
    let request =
        format!("PUT /{} HTTP/1.1\r\nHost: {address}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", S3::BUCKET);
    let mut answer = String::new();
    let asked = stream.set_read_timeout(Some(Duration::from_secs(10))).is_ok()
        && stream.write_all(request.as_bytes()).is_ok()
        && stream.read_to_string(&mut answer).is_ok();
    asked && (answer.starts_with("HTTP/1.1 200") || answer.contains("BucketAlreadyOwnedByYou"))
}
