//! Fuzzing on stable Rust: inputs of a corpus, changed in every way that breaks parsers, are handed to a function that must not
//! panic and must hold what it promises.
//!
//! A target is an ordinary test that calls [`fuzz`]. By itself it tries some thousand inputs, the same ones every time;
//! `cargo xtask fuzz` lets it go on for as long as one likes, from another seed each time. An input that fails is
//! written to `target/fuzz`, and belongs into the corpus once the fault is mended.

mod mutate;

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

pub use mutate::Mutator;

/// Inputs that are tried where nobody says for how long.
const INPUTS: usize = 3_000;
/// How long one input may take; so long that a busy machine is no fault of it.
const INPUT_TIME_MAX: Duration = Duration::from_secs(10);
/// Names how many seconds each target goes on for.
const SECONDS: &str = "COORDINATION_FUZZ_SECONDS";

/// Hands the inputs of the corpus `fuzz/<target>` to `check`, then changed ones.
///
/// # Panics
/// Where `check` panics, takes more than ten seconds, or there is no corpus; the message names the file with the input.
pub fn fuzz(target: &str, check: impl Fn(&[u8])) {
    let corpus = corpus(target);
    for input in &corpus {
        attempt(target, input, &check);
    }
    let (seconds, seed) = asked_for();
    let mut mutator = Mutator::new(corpus, seed);
    let (started, mut count) = (now(), 0);
    while seconds.map_or(count < INPUTS, |seconds| started.elapsed() < seconds) {
        attempt(target, &mutator.next_input(), &check);
        count += 1;
    }
}

/// The inputs of a target, in the order of their files' names.
fn corpus(target: &str) -> Vec<Vec<u8>> {
    let folder = root().join("fuzz").join(target);
    let listed = fs::read_dir(&folder).unwrap_or_else(|error| panic!("no corpus in {}: {error}", folder.display()));
    let mut files: Vec<PathBuf> = listed.filter_map(|entry| entry.ok().map(|entry| entry.path())).collect();
    files.sort();
    let inputs: Vec<Vec<u8>> = files.iter().filter_map(|file| fs::read(file).ok()).collect();
    assert!(!inputs.is_empty(), "the corpus in {} is empty", folder.display());
    inputs
}

fn attempt(target: &str, input: &[u8], check: &impl Fn(&[u8])) {
    let started = now();
    let outcome = catch_unwind(AssertUnwindSafe(|| check(input)));
    let too_long = started.elapsed() > INPUT_TIME_MAX;
    if outcome.is_ok() && !too_long {
        return;
    }
    let kept = keep(target, input);
    if let Err(panic) = outcome {
        write_note(&format!("the input that failed is {kept}: {}", input.escape_ascii()));
        resume_unwind(panic);
    }
    panic!("the input in {kept} took {:?}", started.elapsed());
}

/// Writes an input where it can be found again; answers where.
fn keep(target: &str, input: &[u8]) -> String {
    let sum = input
        .iter()
        .fold(0xcbf2_9ce4_8422_2325_u64, |sum, byte| (sum ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3));
    let path = root().join("target/fuzz").join(format!("{target}-{sum:016x}"));
    let written = fs::create_dir_all(path.parent().unwrap_or(&path)).and_then(|()| fs::write(&path, input));
    written.map_or_else(|error| format!("nowhere ({error})"), |()| path.display().to_string())
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

#[expect(clippy::print_stderr, reason = "beside the panic of a test")]
fn write_note(text: &str) {
    eprintln!("{text}");
}

/// For how long, and from which seed: another one each time where it goes on for long.
#[expect(clippy::disallowed_methods, reason = "a tool of tests: how long it runs is said from outside")]
fn asked_for() -> (Option<Duration>, u64) {
    let seconds = std::env::var(SECONDS).ok().and_then(|text| text.parse().ok()).map(Duration::from_secs);
    let seed = seconds.map_or(1, |_| u64::from(std::process::id()));
    (seconds, seed)
}

#[expect(clippy::disallowed_methods, reason = "a tool of tests measures how long they take")]
fn now() -> Instant {
    Instant::now()
}
