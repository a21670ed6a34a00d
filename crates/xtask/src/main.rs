//! `cargo xtask`: the checks of this workspace, all together or one alone.

use std::process::ExitCode;

use xtask::progress::say;
use xtask::{cluster, fuzz, image, install, steps, suites, template};

const USAGE: &str = "\
Usage: cargo xtask COMMAND

  test                      every check and every test, as before a change is handed in
  test --only SUITE [NAME]  one suite of tests; with NAME, those whose name holds it
  test NAME...              the tests whose name holds NAME
  failover                  kills the primary of a real Patroni cluster under load; part of `test` too
  fmt                       is everything formatted?
  lint                      clippy over everything, warnings are errors; licences, duplicate versions and sources
                            of what we depend on, and the oldest Rust that it builds with
  tidy                      the style guide: lengths, arrows, places, names, links, sleeps
  template                  the Kubernetes template: renders, schemas, references, scans, rules
  image [--profile NAME] [--tag TAG] [--to FOLDER] [--binary FILE]
                            archives of both images, for docker load and kind load image-archive
  cluster                   three API processes, two workers and all engines on this machine, until Ctrl-C
  chaos [--minutes 5] [--seed N]
                            a cluster under load while everything that it is made of is killed
  fuzz [--minutes 60] [NAME...]
                            throws changed inputs at every parser of outside input, or at those whose test holds NAME
  bench                     how fast a release build is: embedded, on PostgreSQL, with everything; about five minutes
  install [PROGRAM...]      installs what all tests need, or these programs, from Debian";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match dispatch(&args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::Usage(why)) => {
            say(&format!("{why}\n\n{}", usage()));
            ExitCode::from(2)
        }
        Err(Failure::Step(why)) => {
            say(&format!("\n{why}"));
            ExitCode::FAILURE
        }
    }
}

enum Failure {
    Usage(String),
    Step(String),
}

fn dispatch(args: &[String]) -> Result<(), Failure> {
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    let outcome = match words.as_slice() {
        ["test"] => steps::everything(),
        ["test", "--only", suite, ..] => steps::some_tests(Some(suite), &args[3..]),
        ["test", first, ..] if !first.starts_with('-') => steps::some_tests(None, &args[1..]),
        ["failover"] => steps::some_tests(Some("failover"), &[]),
        ["fmt"] => steps::format_check(),
        ["lint"] => steps::lint(),
        ["tidy"] => steps::tidy_check(),
        ["template"] => template::check(),
        ["image", args @ ..] => image::make(&image::Wanted::parse(args).map_err(Failure::Usage)?),
        ["cluster"] => cluster::start(),
        ["chaos", words @ ..] => cluster::Chaos::parse(words).map_err(Failure::Usage)?.run(),
        ["fuzz", words @ ..] => fuzz::Wanted::parse(words).map_err(Failure::Usage)?.run(),
        ["bench"] => steps::bench(),
        ["install"] => steps::install_needs(None),
        ["install", names @ ..] => install::ensure(&programs(names)?),
        ["help" | "--help" | "-h"] => {
            say(&usage());
            Ok(())
        }
        [] => return Err(Failure::Usage("a command is missing".to_owned())),
        other => return Err(Failure::Usage(format!("`{}` is no command", other.join(" ")))),
    };
    outcome.map_err(Failure::Step)
}

fn programs(names: &[&str]) -> Result<Vec<install::Program>, Failure> {
    let find = |name: &&str| {
        let known = install::PROGRAMS.iter().find(|program| program.name == *name);
        known.copied().ok_or_else(|| Failure::Usage(format!("`{name}` is no program that a test needs")))
    };
    names.iter().map(find).collect()
}

fn usage() -> String {
    let suites: Vec<String> = suites::SUITES.iter().map(|suite| format!("{} ({})", suite.name, suite.about)).collect();
    let programs: Vec<&str> = install::PROGRAMS.iter().map(|program| program.name).collect();
    format!("{USAGE}\n\nSUITE: unit (all the rest), {}\nPROGRAM: {}", suites.join(", "), programs.join(", "))
}
