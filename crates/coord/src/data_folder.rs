//! The folder that holds everything, and the lock that gives it to one server.

use std::fs::{self, File, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};

use directories::ProjectDirs;

/// The file that is locked while a server uses the folder. It holds the server's process id.
const LOCK: &str = "coord.lock";

/// A data folder that belongs to this process until it is dropped.
#[derive(Debug)]
pub(crate) struct DataFolder {
    path: PathBuf,
    _lock: File,
}

/// Why a data folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// Another server has it.
    #[error(
        "the data folder {path} is in use by {holder}: stop that server, or give this one its own folder with --data DIR"
    )]
    Held { path: String, holder: String },
    /// It cannot be made or written.
    #[error("the data folder {path} cannot be used: {source}")]
    Unusable { path: String, source: io::Error },
    /// There is no store in it.
    #[error(
        "there is nothing to read in the data folder {path}: name the one that has it with --data DIR or COORDINATION_DATA"
    )]
    Empty { path: String },
    /// Nothing says where it is.
    #[error("there is no home folder to keep data in: name a folder with --data DIR or COORDINATION_DATA")]
    Nowhere,
}

impl Error {
    /// The same for a command that was given `--offline`, which names its folder with that.
    pub(crate) fn offline(&self) -> String {
        match self {
            Self::Held { path, holder } => format!(
                "the data folder {path} is in use by {holder}: leave out --offline to ask that server, or name another \
                 folder with --offline=DIR"
            ),
            Self::Empty { path } => format!(
                "there is nothing to read in the data folder {path}: name the one that has it with --offline=DIR or \
                 COORDINATION_DATA"
            ),
            Self::Nowhere => {
                "there is no home folder that would hold data: name a folder with --offline=DIR or COORDINATION_DATA"
                    .to_owned()
            }
            Self::Unusable { .. } => self.to_string(),
        }
    }
}

impl DataFolder {
    /// Takes the folder at `path`, or the one in the user's data folder, where a store is in it; makes nothing.
    pub(crate) fn take_used(path: Option<&Path>) -> Result<Self, Error> {
        let path = place(path)?;
        if !path.join("coordination.db").is_file() {
            return Err(Error::Empty { path: path.display().to_string() });
        }
        Self::take(Some(&path))
    }

    /// Takes the folder at `path`, or the one in the user's data folder. Makes it, for its owner only, when it is missing.
    pub(crate) fn take(path: Option<&Path>) -> Result<Self, Error> {
        let path = place(path)?;
        let shown = || path.display().to_string();
        let unusable = |source| Error::Unusable { path: shown(), source };
        make(&path).map_err(unusable)?;
        let options = &mut File::options();
        let mut lock =
            options.create(true).truncate(false).read(true).write(true).open(path.join(LOCK)).map_err(unusable)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(Error::Held { path: shown(), holder: holder(&mut lock) }),
            Err(TryLockError::Error(source)) => return Err(unusable(source)),
        }
        // Only says who has it: a full disk keeps nobody from reading.
        let _ = sign(&mut lock);
        Ok(Self { path, _lock: lock })
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

fn place(path: Option<&Path>) -> Result<PathBuf, Error> {
    let path = match path {
        Some(path) => path.to_owned(),
        None => ProjectDirs::from("", "", "coordination").ok_or(Error::Nowhere)?.data_dir().to_owned(),
    };
    Ok(std::path::absolute(&path).unwrap_or(path))
}

fn make(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// Writes this process's id into the lock.
fn sign(lock: &mut File) -> io::Result<()> {
    lock.set_len(0)?;
    lock.rewind()?;
    writeln!(lock, "{}", std::process::id())
}

/// Who wrote its id into the lock.
fn holder(lock: &mut File) -> String {
    let mut text = String::new();
    match lock.read_to_string(&mut text) {
        Ok(1..) => format!("process {}", text.trim()),
        _ => "another process".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_has_one_holder_at_a_time() {
        let root = tempfile::tempdir().expect("a folder");
        let path = root.path().join("a/b");
        let first = DataFolder::take(Some(&path)).expect("free");
        assert_eq!(first.path(), path);
        let refused = DataFolder::take(Some(&path)).expect_err("held").to_string();
        assert!(refused.contains(&format!("process {}", std::process::id())), "{refused}");
        drop(first);
        DataFolder::take(Some(&path)).expect("free again");
    }

    #[test]
    fn a_file_is_no_folder() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        assert!(matches!(DataFolder::take(Some(file.path())), Err(Error::Unusable { .. })));
    }
}
