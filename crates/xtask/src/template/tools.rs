//! The programs that the checks run, and room for their files below `target`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::install::{self, PROMETHEUS, TEMPLATE_TOOLS};

/// The programs, installed, and a folder.
pub struct Tools {
    programs: PathBuf,
    folder: PathBuf,
}

impl Tools {
    /// Makes the programs ready: from Debian and PyPI the first time, and whenever a version has changed.
    ///
    /// Fails when they cannot be installed.
    pub fn ready(root: &Path) -> Result<Self, String> {
        install::ensure(&[PROMETHEUS, TEMPLATE_TOOLS])?;
        let folder = root.join("target/template");
        fs::create_dir_all(&folder).map_err(|error| format!("cannot make {}: {error}", folder.display()))?;
        let folder = folder.canonicalize().map_err(|error| format!("cannot find {}: {error}", folder.display()))?;
        let programs = TEMPLATE_TOOLS.find().ok_or("kubectl is not where it was installed")?;
        Ok(Self { programs: programs.parent().unwrap_or(root).to_owned(), folder })
    }

    /// A command of one of the programs.
    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.programs.join(program));
        command.stdin(Stdio::null());
        command
    }

    /// A folder of that name for files, kept from run to run.
    ///
    /// Fails when it cannot be made.
    pub fn folder(&self, name: &str) -> Result<PathBuf, String> {
        let folder = self.folder.join(name);
        fs::create_dir_all(&folder).map_err(|error| format!("cannot make {}: {error}", folder.display()))?;
        Ok(folder)
    }
}

/// Runs a command to its end.
///
/// Fails, with all that it wrote, when it cannot be run or does not succeed.
pub fn run(command: &mut Command) -> Result<(), String> {
    output(command).map(drop)
}

/// Runs a command to its end and answers what it wrote on standard output.
///
/// Fails, with all that it wrote, when it cannot be run or does not succeed.
pub fn output(command: &mut Command) -> Result<Vec<u8>, String> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command.output().map_err(|error| format!("cannot run {program}: {error}"))?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    let (said, complained) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    Err(format!("{program} ended with {}:\n{said}{complained}", output.status))
}
