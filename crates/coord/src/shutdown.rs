//! Signals: the first asks for a quiet end, the second for an end.

use std::io;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};

/// The exit code of a process that a signal ended.
const INTERRUPTED: i32 = 130;

/// The exit code of a process whose work did not end in time.
const CUT_OFF: i32 = 1;

/// What is left after the grace until the process ends, whatever still runs.
const AFTER_GRACE: Duration = Duration::from_millis(1_500);

/// Ends the process a moment after `grace` is over, also where every thread is busy. Everything that was answered is on disk, so
/// nothing is lost.
#[expect(clippy::disallowed_methods, reason = "what does not end cannot be waited for")]
pub(crate) fn exit_after(grace: Duration) -> io::Result<()> {
    let wait = move || {
        let (_open, nothing) = mpsc::channel::<()>();
        let _ = nothing.recv_timeout(grace + AFTER_GRACE);
        tracing::warn!(grace_s = grace.as_secs_f32(), "ended although work was under way");
        std::process::exit(CUT_OFF);
    };
    thread::Builder::new().name("hard end".to_owned()).spawn(wait).map(drop)
}

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
