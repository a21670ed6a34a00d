//! `cargo xtask fuzz`: the targets of the short runs, for as long as one likes.

use std::process::{Command, Stdio};

use crate::progress::say;
use crate::root;

/// How long each target goes on where nobody says.
const MINUTES: u64 = 60;
/// The longest that may be asked for: a week.
const MINUTES_MAX: u64 = 7 * 24 * 60;

/// What is to be fuzzed, and for how long.
#[derive(Debug, PartialEq, Eq)]
pub struct Wanted {
    minutes: u64,
    names: Vec<String>,
}

impl Wanted {
    /// Reads `[--minutes N] [NAME...]`. Fails with a sentence where that is no number of minutes.
    pub fn parse(words: &[&str]) -> Result<Self, String> {
        let (minutes, names) = match words {
            ["--minutes", number, names @ ..] => (number.parse().unwrap_or(0), names),
            ["--minutes"] => (0, words),
            names => (MINUTES, names),
        };
        if !(1..=MINUTES_MAX).contains(&minutes) {
            return Err(format!("--minutes wants a number from 1 to {MINUTES_MAX}"));
        }
        Ok(Self { minutes, names: names.iter().map(|name| (*name).to_owned()).collect() })
    }

    /// Lets every target go on. Fails where one fails; its output names the file with the input.
    pub fn run(&self) -> Result<(), String> {
        let of_names = self.names.iter().map(|name| format!("test({name})")).collect::<Vec<_>>().join(" | ");
        let named = if of_names.is_empty() { String::new() } else { format!(" & ({of_names})") };
        let filter = format!("test(fuzzed_){named}");
        let args =
            ["nextest", "run", "--workspace", "--locked", "--profile", "fuzz", "--no-fail-fast", "-E", filter.as_str()];
        say(&format!("$ cargo {} (each for {} minutes)", args.join(" "), self.minutes));
        let mut command = Command::new("cargo");
        command.args(args).current_dir(root()).stdin(Stdio::null());
        command.env("COORDINATION_FUZZ_SECONDS", (self.minutes * 60).to_string());
        match command.status() {
            Ok(status) if status.success() => Ok(()),
            Ok(status) => Err(format!("fuzzing ended with {status}; inputs that fail are in target/fuzz")),
            Err(error) => Err(format!("cannot run cargo: {error}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_hour_is_usual_and_minutes_have_bounds() {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        assert_eq!(Wanted::parse(&[]), Ok(Wanted { minutes: 60, names: Vec::new() }));
        let two = Wanted { minutes: 5, names: names(&["range", "sse"]) };
        assert_eq!(Wanted::parse(&["--minutes", "5", "range", "sse"]), Ok(two));
        for wrong in [&["--minutes"][..], &["--minutes", "0"], &["--minutes", "10081"], &["--minutes", "x"]] {
            assert!(Wanted::parse(wrong).is_err(), "{wrong:?}");
        }
        assert!(Wanted::parse(&["--minutes", "10080"]).is_ok());
    }
}
