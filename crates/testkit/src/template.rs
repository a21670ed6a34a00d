//! The Kubernetes template's own scripts and settings, put where a private server's user can read them.

use std::fs;
use std::path::{Path, PathBuf};

use crate::failure::Failure;
use crate::installed::User;

/// The template's folder, or one within it.
pub fn folder(part: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../templates/platform-kubernetes").join(part)
}

/// Copies the files of one part of the template into a new folder `into`, which `user` may read.
///
/// Fails when the part is not there or the copy cannot be written.
pub(crate) fn copy(part: &str, into: &Path, user: Option<User>) -> Result<(), Failure> {
    let wrong = |error: std::io::Error| Failure::of(&format!("copy the template's {part}"), &error);
    fs::create_dir_all(into).map_err(wrong)?;
    for entry in fs::read_dir(folder(part)).map_err(wrong)? {
        let entry = entry.map_err(wrong)?;
        let copy = into.join(entry.file_name());
        if entry.file_type().map_err(wrong)?.is_file() {
            // Whether it may be executed is copied too.
            fs::copy(entry.path(), &copy).map_err(wrong)?;
            give(&copy, user)?;
        }
    }
    give(into, user)
}

/// Writes a file that belongs to `user`.
///
/// Fails when the system refuses.
pub(crate) fn write(path: &Path, text: &str, user: Option<User>) -> Result<(), Failure> {
    fs::write(path, text).map_err(|error| Failure::of(&format!("write {}", path.display()), &error))?;
    give(path, user)
}

/// Makes a folder that belongs to `user`.
///
/// Fails when the system refuses.
pub(crate) fn make(path: &Path, user: Option<User>) -> Result<(), Failure> {
    fs::create_dir_all(path).map_err(|error| Failure::of(&format!("make {}", path.display()), &error))?;
    give(path, user)
}

fn give(path: &Path, user: Option<User>) -> Result<(), Failure> {
    user.map_or(Ok(()), |user| user.own(path))
}
