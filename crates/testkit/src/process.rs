//! A process of a test's own: in its own group, with its output in a file, gone when the test is gone.

use std::fs::{self, File, OpenOptions};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, kill_process, kill_process_group};

pub use rustix::process::Signal;

pub use crate::eventually::poll;
use crate::failure::Failure;

/// How long the end of a process that was killed may take.
const END_MAX: Duration = Duration::from_secs(10);

/// A running process and its children.
///
/// A guard, a shell that waits for this program's end, kills the group when the test dies without dropping it, so
/// that a test that is itself killed leaves nothing behind.
#[derive(Debug)]
pub struct Process {
    name: String,
    child: Child,
    guard: Child,
    log: PathBuf,
}

impl Process {
    /// Starts a command, with what it prints added to the file `log`.
    ///
    /// Fails when the log cannot be written or the program cannot be run.
    pub fn start(name: &str, mut command: Command, log: &Path) -> Result<Self, Failure> {
        let output = append(log)?;
        let errors = append(log)?;
        command.stdin(Stdio::null()).stdout(output).stderr(errors).process_group(0);
        let mut child = command.spawn().map_err(|error| Failure::of(&format!("start {name}"), &error))?;
        let guard = guard(child.id()).inspect_err(|_| {
            // Without its guard it must not stay; that the guard is missing is the failure to tell.
            let _ = child.kill().and_then(|()| child.wait());
        })?;
        Ok(Self { name: name.to_owned(), child, guard, log: log.to_owned() })
    }

    /// The process's number.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// How it ended, when it has.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    /// Waits until `ready` answers true.
    ///
    /// Fails, with the end of the log, when the process ends before or `within` passes.
    pub fn wait_until(&mut self, within: Duration, mut ready: impl FnMut() -> bool) -> Result<(), Failure> {
        let mut ended = None;
        let done = poll(within, || {
            ended = self.ended();
            ended.is_some() || ready()
        });
        match (ended, done) {
            (Some(status), _) => Err(self.failure(&format!("ended before it was ready, with {status}"))),
            (None, false) => Err(self.failure(&format!("was not ready within {within:?}"))),
            (None, true) => Ok(()),
        }
    }

    /// Asks the process to end (SIGTERM) and waits for it.
    ///
    /// Fails, after killing it, when it has not ended `within` that time.
    pub fn terminate(&mut self, within: Duration) -> Result<ExitStatus, Failure> {
        self.signal(Signal::TERM);
        if let Some(status) = self.wait(within) {
            return Ok(status);
        }
        self.kill9();
        Err(self.failure(&format!("did not end within {within:?} of SIGTERM")))
    }

    /// Sends the process itself a signal; one that has ended gets none.
    pub fn signal(&mut self, signal: Signal) {
        if self.ended().is_none()
            && let Some(pid) = pid(self.child.id())
        {
            // It may have ended in between: then there is nothing to signal.
            let _ = kill_process(pid, signal);
        }
    }

    /// Waits for the end, for a time.
    pub fn wait(&mut self, within: Duration) -> Option<ExitStatus> {
        let mut status = None;
        poll(within, || {
            status = self.ended();
            status.is_some()
        });
        status
    }

    /// Kills the process and all its descendants (SIGKILL) and returns when they are gone.
    pub fn kill9(&mut self) {
        let descendants = descendants(self.child.id());
        if let Some(group) = pid(self.child.id()) {
            // A group that has ended is what is wanted.
            let _ = kill_process_group(group, Signal::KILL);
        }
        for descendant in descendants.iter().copied().filter_map(pid) {
            let _ = kill_process(descendant, Signal::KILL);
        }
        self.wait(END_MAX);
        poll(END_MAX, || descendants.iter().all(|id| stat(*id).is_none()));
    }

    /// A failure of this process, with the end of its log.
    pub fn failure(&self, why: &str) -> Failure {
        let text = fs::read(&self.log).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default();
        let start = text.lines().count().saturating_sub(40);
        let tail: Vec<&str> = text.lines().skip(start).collect();
        Failure::new(format!("{} {why}; the end of its log:\n{}", self.name, tail.join("\n")))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill9();
        // The guard has nothing left to do; if it ended by itself, so much the better.
        let _ = self.guard.kill().and_then(|()| self.guard.wait());
    }
}

/// Starts the shell that kills the group once this program, and with it the other end of the pipe, is gone.
fn guard(group: u32) -> Result<Child, Failure> {
    Command::new("sh")
        .args(["-c", &format!("read _; kill -s KILL -- -{group}")])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn()
        .map_err(|error| Failure::of("start the guard of a process", &error))
}

fn append(log: &Path) -> Result<File, Failure> {
    let opened = OpenOptions::new().create(true).append(true).open(log);
    opened.map_err(|error| Failure::of(&format!("write {}", log.display()), &error))
}

fn pid(id: u32) -> Option<Pid> {
    Pid::from_raw(id.cast_signed())
}

/// Every process that descends from `id`, also those that left its group.
fn descendants(id: u32) -> Vec<u32> {
    let listed = fs::read_dir("/proc").into_iter().flatten().flatten();
    let ids = listed.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let parents: Vec<(u32, u32)> = ids.filter_map(|id| Some((id, stat(id)?))).collect();
    let mut found = vec![id];
    let mut at = 0;
    while at < found.len() {
        found.extend(parents.iter().filter(|(_, parent)| *parent == found[at]).map(|(id, _)| *id).collect::<Vec<_>>());
        at += 1;
    }
    found.split_off(1)
}

/// A living process's parent, from its line in `/proc`; the name in it may hold any character.
fn stat(id: u32) -> Option<u32> {
    let text = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    let mut fields = text.rsplit_once(')')?.1.split_whitespace();
    let state = fields.next()?;
    let parent = fields.next()?.parse().ok()?;
    (state != "Z").then_some(parent)
}
