//! The checks, in the order in which they are likely to fail soonest.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::progress::{say, seconds, step};
use crate::{dependencies, install, progress, retries, root, suites, template, tidy};

/// Runs every check and every test.
///
/// Fails at the first step that fails.
pub fn everything() -> Result<(), String> {
    let started = progress::now();
    step("1/7", "install what the tests need", "cargo xtask install", || install_needs(None))?;
    step("2/7", "fmt", "cargo xtask fmt", format_check)?;
    step("3/7", "tidy", "cargo xtask tidy", tidy_check)?;
    step("4/7", "lint", "cargo xtask lint", lint)?;
    step("5/7", "template", "cargo xtask template", template::check)?;
    step("6/7", "doc tests", "cargo test --workspace --doc", doc_tests)?;
    step("7/7", "tests", "cargo xtask test --only SUITE, or cargo nextest run -p CRATE NAME", || run_tests(None, &[]))?;
    say(&format!("\neverything passed in {}", seconds(started.elapsed())));
    Ok(())
}

/// Runs one suite, after installing what it needs, or of all suites the tests whose names hold one of `names`; of
/// those, one that needs a program says so itself.
///
/// Fails when a program cannot be installed, or a test fails.
pub fn some_tests(only: Option<&str>, names: &[String]) -> Result<(), String> {
    if only.is_some() {
        install_needs(only)?;
    }
    let outcome = run_tests(only, names);
    if only == Some(suites::UNIT) {
        say(&suites::left_out(&root()));
    }
    outcome
}

/// Installs what one suite needs, or what all need.
///
/// Fails when something is missing and cannot be installed.
pub fn install_needs(only: Option<&str>) -> Result<(), String> {
    install::ensure(&suites::needs(&root(), only))
}

/// Compares every file with what `cargo fmt` would write.
///
/// Fails when they differ.
pub fn format_check() -> Result<(), String> {
    cargo(&["fmt", "--all", "--check"]).map_err(|why| format!("{why}; `cargo fmt --all` puts it right"))
}

/// Checks the dependencies, then runs clippy over everything; a warning is an error.
///
/// Fails after all complaints are told.
pub fn lint() -> Result<(), String> {
    dependencies::check()?;
    cargo(&["clippy", "--workspace", "--all-targets", "--locked", "--quiet", "--keep-going", "--", "-D", "warnings"])
}

/// Runs the style guide.
///
/// Fails when something is not tidy.
pub fn tidy_check() -> Result<(), String> {
    let report = tidy::check(&root())?;
    for note in &report.notes {
        say(&format!("note: {note}"));
    }
    for finding in &report.findings {
        say(&format!("error: {finding}"));
    }
    match report.findings.len() {
        0 => {
            say(&format!("{} files read, all tidy", report.files));
            Ok(())
        }
        count => Err(format!("{count} things are not tidy")),
    }
}

/// Measures a release build as docs/performance.md says, on private servers.
///
/// Fails when a program cannot be installed, or a measurement fails.
pub fn bench() -> Result<(), String> {
    install::ensure(&[install::POSTGRESQL, install::RABBITMQ, install::REDIS])?;
    cargo(&["build", "--release", "--locked", "--quiet", "-p", "coord"])?;
    let binary = root().join("target/release/coord");
    let example = ["run", "--locked", "--quiet", "-p", "testkit", "--example", "speed", "--"];
    cargo(&[&example[..], &[&*binary.to_string_lossy()]].concat())
}

/// Compiles and runs the examples in the documentation.
fn doc_tests() -> Result<(), String> {
    cargo(&["test", "--workspace", "--doc", "--locked", "--quiet"])
}

fn run_tests(only: Option<&str>, names: &[String]) -> Result<(), String> {
    let nextest = has_nextest();
    let mut args = if nextest { vec!["nextest".to_owned(), "run".to_owned()] } else { vec!["test".to_owned()] };
    if nextest {
        args.extend(["--workspace", "--no-fail-fast"].map(str::to_owned));
        args.extend(suites::nextest_filter(&root(), only)?);
    } else {
        args.push("--no-fail-fast".to_owned());
        args.extend(suites::cargo_filter(&root(), only)?);
    }
    args.push("--locked".to_owned());
    args.extend_from_slice(names);
    retries::forget(&root());
    let outcome = cargo(&args.iter().map(String::as_str).collect::<Vec<_>>());
    if nextest {
        retries::print(&root());
    } else {
        say(
            "retries: none, `cargo test` runs each test once; cargo-nextest repeats those that .config/nextest.toml names",
        );
    }
    outcome
}

fn has_nextest() -> bool {
    let mut probe = Command::new("cargo");
    probe.args(["nextest", "--version"]).stdout(Stdio::null()).stderr(Stdio::null());
    probe.status().is_ok_and(|status| status.success())
}

/// Runs cargo in the workspace with its output as it comes.
fn cargo(args: &[&str]) -> Result<(), String> {
    let line = format!("cargo {}", args.join(" "));
    say(&format!("$ {line}"));
    run(&root(), "cargo", args, &line)
}

fn run(folder: &Path, program: &str, args: &[&str], line: &str) -> Result<(), String> {
    let status = Command::new(program).args(args).current_dir(folder).stdin(Stdio::null()).status();
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("`{line}` ended with {status}")),
        Err(error) => Err(format!("cannot run {program}: {error}")),
    }
}
