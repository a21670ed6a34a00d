//! Signals: the first asks for a quiet end, the second for an end.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};

/// The exit code of a process that a signal ended.
const INTERRUPTED: i32 = 130;

/// SIGTERM and SIGINT.
#[derive(Debug)]
pub(crate) struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    /// Begins to hear them.
    pub(crate) fn listen() -> io::Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    /// Waits for the next one and returns its name.
    pub(crate) async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
        }
    }

    /// Ends the process at the next one. Everything that was answered is on disk, so nothing is lost.
    #[expect(clippy::disallowed_methods, reason = "who asks twice wants no destructor to be waited for")]
    pub(crate) async fn exit_at_next(mut self) {
        let name = self.next().await;
        tracing::warn!(signal = name, "ended at once");
        std::process::exit(INTERRUPTED);
    }
}
