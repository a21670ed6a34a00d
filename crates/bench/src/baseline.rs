//! What the measured server is compared with: a handler that reads the same JSON, answers it, and stores nothing. It runs in a
//! process of its own, as the server does; the binary serves it.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use cli::Failure;

use crate::requests::Target;

/// The word that makes the binary this process: known to `coord bench --baseline`, and no command of anybody's.
pub const COMMAND: &str = "bench-baseline";

/// The process that answers; it ends with this value.
pub(crate) struct Baseline {
    target: Target,
    process: Child,
}

impl Baseline {
    /// Starts it and waits until it listens.
    pub(crate) fn start() -> Result<Self, Failure> {
        let cannot = |why| Failure::io("cannot start the baseline", why);
        let program = std::env::current_exe().map_err(cannot)?;
        let mut command = Command::new(program);
        command.arg(COMMAND).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = command.spawn().map_err(cannot)?;
        let mut url = String::new();
        if let Some(stdout) = process.stdout.take() {
            BufReader::new(stdout).read_line(&mut url).map_err(cannot)?;
        }
        Ok(Self { target: Target::parse(url.trim())?, process })
    }

    pub(crate) fn target(&self) -> &Target {
        &self.target
    }
}

impl Drop for Baseline {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}
