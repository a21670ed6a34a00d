//! Programs that were installed, and the user that they run as.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use std::os::unix::process::CommandExt;

use tempfile::TempDir;

use crate::failure::Failure;

/// Finds an executable in the folders given; `*` stands for one folder's name.
///
/// Fails with the command that installs it.
pub(crate) fn find(program: &str, folders: &[&str], name: &str) -> Result<PathBuf, Failure> {
    let candidates = folders.iter().flat_map(|folder| expand(folder));
    candidates.map(|folder| folder.join(program)).find(|path| path.exists()).ok_or_else(|| {
        let places = folders.join(" or ");
        Failure::new(format!("{program} is not in {places}: `cargo xtask install {name}` installs it"))
    })
}

fn expand(folder: &str) -> Vec<PathBuf> {
    let Some((parent, rest)) = folder.split_once("/*/") else { return vec![PathBuf::from(folder)] };
    let listed = fs::read_dir(parent).into_iter().flatten().flatten();
    listed.map(|entry| entry.path().join(rest)).collect()
}

/// The folder of what is built and installed here.
pub(crate) fn target() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target")
}

/// Puts what a folder holds into a new one, without copying its bytes where both are on one disk.
///
/// Fails when a folder or file cannot be read or made.
pub(crate) fn link(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir(to)?;
    for entry in fs::read_dir(from)? {
        let (path, to) = {
            let entry = entry?;
            (entry.path(), to.join(entry.file_name()))
        };
        let kind = fs::symlink_metadata(&path)?;
        if kind.is_dir() {
            link(&path, &to)?;
        } else if kind.is_symlink() {
            std::os::unix::fs::symlink(fs::read_link(&path)?, &to)?;
        } else if fs::hard_link(&path, &to).is_err() {
            fs::copy(&path, &to)?;
        }
    }
    Ok(())
}

/// Makes a folder for a server's files.
///
/// Fails when the folder for temporary files cannot be written.
pub(crate) fn folder(name: &str) -> Result<TempDir, Failure> {
    let made = tempfile::Builder::new().prefix(&format!("coord-{name}-")).tempdir();
    made.map_err(|error| Failure::of("make a temporary folder", &error))
}

/// The user for a program that refuses to run as root.
#[derive(Debug, Clone, Copy)]
pub(crate) struct User {
    /// What it is called.
    pub(crate) name: &'static str,
    uid: u32,
    gid: u32,
}

impl User {
    /// The first of `names` that exists, when this program runs as root; otherwise nobody else is needed.
    ///
    /// Fails when this is root and none of the users exists.
    pub(crate) fn instead_of_root(names: &[&'static str]) -> Result<Option<Self>, Failure> {
        if !rustix::process::getuid().is_root() {
            return Ok(None);
        }
        let passwd = fs::read_to_string("/etc/passwd").map_err(|error| Failure::of("read /etc/passwd", &error))?;
        let found = names.iter().find_map(|name| passwd.lines().find_map(|line| Self::parse(line, name)));
        found.map(Some).ok_or_else(|| Failure::new(format!("none of the users {} exists", names.join(", "))))
    }

    fn parse(line: &str, name: &'static str) -> Option<Self> {
        let mut fields = line.split(':');
        if fields.next()? != name {
            return None;
        }
        Some(Self { name, uid: fields.nth(1)?.parse().ok()?, gid: fields.next()?.parse().ok()? })
    }

    /// Gives a file or folder to the user.
    ///
    /// Fails when the system refuses.
    pub(crate) fn own(self, path: &Path) -> Result<(), Failure> {
        let changed = std::os::unix::fs::chown(path, Some(self.uid), Some(self.gid));
        changed.map_err(|error| Failure::of(&format!("give {} away", path.display()), &error))
    }

    /// Makes a command run as the user.
    pub(crate) fn run(self, command: &mut Command) {
        command.uid(self.uid).gid(self.gid);
    }
}
