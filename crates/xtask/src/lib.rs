//! Development only: what `cargo xtask` does. `steps` is the list of checks, `suites` the table of tests and of what
//! they need, `install` brings programs from Debian, `tidy` is the style guide as a program, `template` checks the
//! Kubernetes template, `image` makes the images that it runs, `cluster` starts many processes, `dependencies`
//! looks at the crates of others, `retries` at tests that were run again.

pub mod cluster;
pub mod dependencies;
pub mod fuzz;
pub mod image;
pub mod install;
pub mod progress;
pub mod retries;
pub mod steps;
pub mod suites;
pub mod template;
pub mod tidy;

use std::path::{Path, PathBuf};

/// The folder of the workspace.
pub fn root() -> PathBuf {
    // Without `..` in it: it is printed, and copied from there.
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap_or(Path::new(".")).to_owned()
}
