//! Processes of tests end when they are told to, with all that they started.

#![cfg(test)]

use std::process::Command;
use std::time::Duration;

use testkit::process::{Process, poll};

const SOON: Duration = Duration::from_secs(10);

fn shell(script: &str) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", script]);
    command
}

fn lives(id: &str) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", id.trim()));
    stat.is_ok_and(|stat| !stat.contains(") Z "))
}

#[test]
fn a_kill_reaches_a_child_that_left_the_group() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("child");
    let script = format!("setsid sleep 1000 & echo $! > {0}.new; mv {0}.new {0}; wait", file.display());
    let mut process = Process::start("shell", shell(&script), &folder.path().join("log")).unwrap();
    process.wait_until(SOON, || file.exists()).unwrap();
    let child = std::fs::read_to_string(&file).unwrap();
    assert!(lives(&child));
    process.kill9();
    assert!(process.ended().is_some());
    assert!(!lives(&child));
}

#[test]
fn a_process_that_ends_too_soon_is_shown_with_its_log() {
    let folder = tempfile::tempdir().unwrap();
    let mut process = Process::start("shell", shell("echo no such file; exit 3"), &folder.path().join("log")).unwrap();
    let failure = process.wait_until(SOON, || false).unwrap_err().to_string();
    assert!(failure.contains("exit status: 3") && failure.contains("no such file"), "{failure}");
}

#[test]
fn a_process_that_does_not_end_when_asked_is_killed() {
    let folder = tempfile::tempdir().unwrap();
    let ready = folder.path().join("ready");
    let script = format!("trap '' TERM; touch {}; while :; do sleep 1000 & wait; done", ready.display());
    let mut process = Process::start("shell", shell(&script), &folder.path().join("log")).unwrap();
    process.wait_until(SOON, || ready.exists()).unwrap();
    assert!(process.terminate(Duration::from_millis(100)).is_err());
    assert!(process.ended().is_some());
}

#[test]
fn a_process_dies_with_the_program_that_started_it() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("child");
    let mut other = Command::new(std::env::current_exe().unwrap());
    other.args(["--exact", "started_and_never_dropped", "--nocapture"]).env("TESTKIT_CHILD_FILE", &file);
    assert!(other.output().unwrap().status.success());
    let child = std::fs::read_to_string(&file).unwrap();
    assert!(poll(SOON, || !lives(&child)), "process {child} outlived its program");
}

/// The other program of the test above; on its own it does nothing.
#[test]
#[expect(clippy::disallowed_methods, reason = "the test above says by the environment that this is its child")]
fn started_and_never_dropped() {
    let Some(file) = std::env::var_os("TESTKIT_CHILD_FILE") else { return };
    let log = std::path::Path::new(&file).with_extension("log");
    let process = Process::start("sleep", shell("exec sleep 1000"), &log).unwrap();
    std::fs::write(file, process.id().to_string()).unwrap();
    std::mem::forget(process);
}
