//! `cargo xtask cluster` and `cargo xtask chaos`: many processes on this machine, to try and to break.

use std::os::unix::process::CommandExt;
use std::process::Command;

use crate::install::{self, HAPROXY, POSTGRESQL, Program, RABBITMQ, REDIS};
use crate::root;

/// What a cluster stands on.
const NEEDS: &[Program] = &[POSTGRESQL, RABBITMQ, REDIS, HAPROXY];

/// The longest run that is of any use, in minutes.
const MINUTES_MAX: u64 = 24 * 60;

/// What `cargo xtask chaos` was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Chaos {
    minutes: u64,
    seed: Option<u64>,
}

impl Chaos {
    /// Reads `--minutes` (5, at most a day) and `--seed` (a new one).
    ///
    /// Fails with a sentence that says what is wrong.
    pub fn parse(words: &[&str]) -> Result<Self, String> {
        let mut chaos = Self { minutes: 5, seed: None };
        for pair in words.chunks(2) {
            let [name, value] = pair else { return Err(format!("`{}` wants a number", pair[0])) };
            let number = value.parse().map_err(|_| format!("`{name} {value}`: `{value}` is no number"))?;
            match *name {
                "--minutes" if (1..=MINUTES_MAX).contains(&number) => chaos.minutes = number,
                "--minutes" => return Err(format!("`--minutes` is 1 to {MINUTES_MAX}")),
                "--seed" => chaos.seed = Some(number),
                other => return Err(format!("`{other}` is no option of `chaos`: there are --minutes and --seed")),
            }
        }
        Ok(chaos)
    }

    /// Runs the chaos test for so long.
    ///
    /// Fails when a program is missing, or anything that was answered is not so.
    pub fn run(self) -> Result<(), String> {
        install::ensure(NEEDS)?;
        let mut command = cargo();
        command.args(["test", "--locked", "--quiet", "--package", "coord", "--test", "chaos", "--", "--nocapture"]);
        command.env("COORD_CHAOS_SECONDS", (self.minutes * 60).to_string());
        if let Some(seed) = self.seed {
            command.env("COORD_CHAOS_SEED", seed.to_string());
        }
        done(command)
    }
}

/// Builds the binary and starts a cluster of it, until Ctrl-C.
///
/// Returns only when something fails: the cluster takes the place of this process, so that Ctrl-C is its own.
pub fn start() -> Result<(), String> {
    install::ensure(NEEDS)?;
    let mut build = cargo();
    build.args(["build", "--locked", "--quiet", "--package", "coord"]);
    done(build)?;
    let binary = root().join("target/debug/coord");
    let mut run = cargo();
    run.args(["run", "--locked", "--quiet", "--package", "testkit", "--example", "cluster", "--"]).arg(binary);
    Err(format!("cannot run cargo: {}", run.exec()))
}

fn cargo() -> Command {
    let mut command = Command::new("cargo");
    command.current_dir(root());
    command
}

fn done(mut command: Command) -> Result<(), String> {
    let status = command.status().map_err(|error| format!("cannot run cargo: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("it ended with {status}")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chaos_goes_on_for_five_minutes_unless_told_otherwise() {
        assert_eq!(Chaos::parse(&[]), Ok(Chaos { minutes: 5, seed: None }));
        let told = Chaos::parse(&["--seed", "7", "--minutes", "1440"]);
        assert_eq!(told, Ok(Chaos { minutes: 1440, seed: Some(7) }));
    }

    #[test]
    fn what_chaos_does_not_understand_it_says() {
        for words in
            [&["--minutes"][..], &["--minutes", "0"], &["--minutes", "1441"], &["--seed", "x"], &["--speed", "1"]]
        {
            assert!(Chaos::parse(words).is_err(), "{words:?}");
        }
    }
}
