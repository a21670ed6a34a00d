//! Programs from PyPI, each in an environment of its own below `target/python`.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::{Program, cannot_write};
use crate::progress::say;

/// What a package from PyPI begins with.
pub(super) const PREFIX: &str = "pip:";

/// What a program needs from PyPI.
fn requirements(program: &Program) -> Vec<&'static str> {
    program.packages.iter().filter_map(|package| package.strip_prefix(PREFIX)).collect()
}

fn folder(program: &Program) -> PathBuf {
    crate::root().join("target/python").join(program.name)
}

/// The file that says what was installed when all of it was.
fn marker(folder: &Path) -> PathBuf {
    folder.join("installed.txt")
}

/// Whether everything that the program needs from PyPI, in these versions, is there.
pub(super) fn is_complete(program: &Program) -> bool {
    let wanted = requirements(program);
    wanted.is_empty() || fs::read_to_string(marker(&folder(program))).is_ok_and(|found| found == wanted.join("\n"))
}

/// Makes the environment of a program anew, where it is not complete.
///
/// Fails with the end of what pip said.
pub(super) fn install(program: &Program) -> Result<(), String> {
    let (folder, wanted) = (folder(program), requirements(program));
    let parent = folder.parent().unwrap_or(&folder);
    fs::create_dir_all(parent).map_err(|error| cannot_write(parent, &error))?;
    // Whoever comes second waits, and finds it done.
    let lock = parent.join(format!("{}.lock", program.name));
    let held = File::create(&lock).and_then(|file| file.lock().map(|()| file));
    let _held = held.map_err(|error| cannot_write(&lock, &error))?;
    if is_complete(program) {
        return Ok(());
    }
    say(&format!("installing {} from PyPI ({})", program.name, wanted.join(", ")));
    run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder))?;
    let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input", "--retries", "3"];
    run(Command::new(folder.join("bin/python")).args(pip).args(&wanted))?;
    fs::write(marker(&folder), wanted.join("\n")).map_err(|error| cannot_write(&folder, &error))
}

fn run(command: &mut Command) -> Result<(), String> {
    let output = command.stdin(Stdio::null()).output().map_err(|error| format!("cannot run python3: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8_lossy(&text);
    let tail: Vec<&str> = text.lines().rev().take(15).collect();
    let tail: Vec<&str> = tail.into_iter().rev().collect();
    Err(format!("{command:?} failed:\n{}", tail.join("\n")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_from_pypi_is_complete_only_when_its_marker_says_so() {
        const NONE: Program = Program { name: "none", paths: &[], packages: &["python3-venv"] };
        const SOME: Program = Program { name: "no-such", paths: &[], packages: &["pip:no-such==1"] };
        assert!(is_complete(&NONE));
        assert!(!is_complete(&SOME));
        assert_eq!(requirements(&SOME), ["no-such==1"]);
    }
}
