//! A server of a test's own that can be killed and started again with the same data on the same port.

use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::time::Duration;

use tempfile::TempDir;

use crate::failure::Failure;
use crate::process::Process;

/// How a server is started, again and again, and how one sees that it is ready.
pub struct DaemonConfig {
    /// What failures call it.
    pub name: &'static str,
    /// Makes the command that runs it in the foreground.
    pub command: Box<dyn Fn() -> Command + Send + Sync>,
    /// Says whether it answers.
    pub ready: Box<dyn Fn() -> bool + Send + Sync>,
    /// How long it may take until it is ready.
    pub within: Duration,
}

impl DaemonConfig {
    /// One that is ready as soon as it listens there, within 10 s.
    pub fn listening(
        name: &'static str,
        address: SocketAddr,
        command: impl Fn() -> Command + Send + Sync + 'static,
    ) -> Self {
        let ready = move || TcpStream::connect(address).is_ok();
        Self { name, command: Box::new(command), ready: Box::new(ready), within: Duration::from_secs(10) }
    }
}

/// A running server and its folder, both gone when this is dropped.
pub struct Daemon {
    config: DaemonConfig,
    log: PathBuf,
    process: Option<Process>,
    folder: TempDir,
}

impl Daemon {
    /// Starts a server and waits until it is ready. Its log goes into `folder`, which is removed at the end.
    ///
    /// Fails, with the end of the log, when it is not ready in time.
    pub fn start(config: DaemonConfig, folder: TempDir) -> Result<Self, Failure> {
        let log = folder.path().join("log");
        let mut daemon = Self { config, log, process: None, folder };
        daemon.restart()?;
        Ok(daemon)
    }

    /// The folder of its data and its log.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// What it has printed since the first start.
    pub fn log(&self) -> String {
        std::fs::read(&self.log).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
    }

    /// The process, while it runs.
    pub fn process(&mut self) -> Option<&mut Process> {
        self.process.as_mut()
    }

    /// The process's number, while it runs.
    pub fn id(&self) -> Option<u32> {
        self.process.as_ref().map(Process::id)
    }

    /// Kills it and its children at once (SIGKILL), as a power cut would; its data stays.
    pub fn kill9(&mut self) {
        self.process = None;
    }

    /// Asks it to end (SIGTERM) and waits; its data stays.
    ///
    /// Fails, after killing it, when it has not ended `within` that time.
    pub fn stop(&mut self, within: Duration) -> Result<Option<ExitStatus>, Failure> {
        self.process.take().map(|mut process| process.terminate(within)).transpose()
    }

    /// Kills it if it runs, starts it, and waits until it is ready.
    ///
    /// Fails, with the end of the log, when it is not ready in time.
    pub fn restart(&mut self) -> Result<(), Failure> {
        self.kill9();
        let mut process = Process::start(self.config.name, (self.config.command)(), &self.log)?;
        process.wait_until(self.config.within, &self.config.ready)?;
        self.process = Some(process);
        Ok(())
    }
}
