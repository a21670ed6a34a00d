//! What a person, or a log of a run, sees: which step runs, how long it took, what to run again.
#![expect(clippy::print_stdout, reason = "this is the face of a program for developers")]

use std::io::Write;
use std::time::{Duration, Instant};

/// Says one line.
pub fn say(line: &str) {
    println!("{line}");
    // A closed pipe is the reader's wish; the exit code still tells.
    let _ = std::io::stdout().flush();
}

/// Announces a step, does it, and says how long it took or how to run it again.
///
/// Fails when the work fails, with a sentence that holds the command to rerun.
pub fn step(position: &str, name: &str, rerun: &str, work: impl FnOnce() -> Result<(), String>) -> Result<(), String> {
    say(&format!("\n[{position}] {name}"));
    let started = now();
    let outcome = work();
    let took = started.elapsed();
    match outcome {
        Ok(()) => {
            say(&format!("[{position}] {name}: ok in {}", seconds(took)));
            Ok(())
        }
        Err(why) => Err(format!("{name} failed after {}: {why}\nrerun it alone: {rerun}", seconds(took))),
    }
}

/// The moment, for measuring how long something takes.
#[expect(clippy::disallowed_methods, reason = "the one place here that reads a clock, only to show it")]
pub fn now() -> Instant {
    Instant::now()
}

/// A duration as a person reads it.
pub fn seconds(duration: Duration) -> String {
    format!("{:.1} s", duration.as_secs_f64())
}
