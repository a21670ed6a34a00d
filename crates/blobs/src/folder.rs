use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use domain::Digest;
use futures_util::Stream;
use tempfile::NamedTempFile;

use crate::blobs::DAMAGED;
use crate::error::writing;
use crate::upload::{self, Upload};
use crate::{Blob, Bounds, Error, Stored};

/// The folder beside the blobs where uploads grow.
const INCOMING: &str = "incoming";

/// Blobs as files: `ab/abcdef…`, so that no folder holds more than one in 256 of them.
#[derive(Debug, Clone)]
pub struct Folder {
    root: PathBuf,
}

impl Folder {
    pub(crate) fn open(root: PathBuf) -> Result<Self, Error> {
        fs::create_dir_all(root.join(INCOMING)).map_err(writing)?;
        sweep(&root.join(INCOMING)).map_err(writing)?;
        Ok(Self { root })
    }

    pub(crate) async fn put<S, E>(&self, body: S, bounds: Bounds) -> Result<Stored, Error>
    where
        S: Stream<Item = Result<Bytes, E>>,
        E: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let incoming = self.root.join(INCOMING);
        let upload = blocking(move || Upload::begin(&incoming).map_err(writing)).await?;
        let upload = upload::receive(upload, body, bounds).await?;
        let folder = self.clone();
        blocking(move || folder.keep(upload).map_err(writing)).await
    }

    pub(crate) async fn get(&self, sha256: Digest) -> Result<Blob, Error> {
        let path = self.path(sha256);
        blocking(move || {
            let file = File::open(path)?;
            let size = file.metadata()?.len();
            Ok(Blob::file(file, size))
        })
        .await
    }

    pub(crate) async fn exists(&self, sha256: Digest) -> Result<bool, Error> {
        let path = self.path(sha256);
        blocking(move || Ok(path.try_exists()?)).await
    }

    /// Moves a blob where nobody looks for it.
    pub(crate) async fn set_aside(&self, sha256: Digest) -> Result<(), Error> {
        let (path, aside) = (self.path(sha256), self.root.join(DAMAGED));
        let work = move || {
            fs::create_dir_all(&aside)?;
            match fs::rename(&path, aside.join(sha256.to_string())) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
                moved => moved,
            }
        };
        blocking(move || work().map_err(writing)).await
    }

    pub(crate) async fn delete(&self, sha256: Digest) -> Result<bool, Error> {
        let path = self.path(sha256);
        blocking(move || match fs::remove_file(path) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error.into()),
        })
        .await
    }

    fn path(&self, sha256: Digest) -> PathBuf {
        let name = sha256.to_string();
        self.root.join(&name[..2]).join(name)
    }

    /// Flushes a whole upload and gives it its name.
    fn keep(&self, upload: Upload) -> io::Result<Stored> {
        let (file, sha256, size) = upload.finish()?;
        let path = self.path(sha256);
        let shard = path.parent().unwrap_or(&self.root);
        fs::create_dir_all(shard)?;
        let fresh = rename(file, &path, size)?;
        // Also when the bytes were here: whoever brought them may not have come to this line yet.
        sync_folder(shard)?;
        sync_folder(&self.root)?;
        Ok(Stored { sha256, size, fresh })
    }
}

/// Gives `file` its name, and returns whether no file of this size had it. What had it may be damaged: the bytes in hand
/// take its place.
fn rename(file: NamedTempFile, path: &Path, size: u64) -> io::Result<bool> {
    let taken = match file.persist_noclobber(path) {
        Ok(_) => return Ok(true),
        Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => error.file,
        Err(error) => return Err(error.error),
    };
    let was_cut = fs::metadata(path).map_or(true, |file| file.len() != size);
    taken.persist(path)?;
    Ok(was_cut)
}

/// Flushes the names in a folder.
pub(crate) fn sync_folder(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

/// Removes uploads that nobody holds: a live one is locked by the process that writes it.
fn sweep(incoming: &Path) -> io::Result<()> {
    for entry in fs::read_dir(incoming)? {
        let path = entry?.path();
        let unheld = File::open(&path).is_ok_and(|file| file.try_lock().is_ok());
        if unheld {
            fs::remove_file(path)?;
        }
    }
    Ok(())
}

/// Runs disk work where it may block.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) => Err(Error::Io(io::Error::other(error))),
    }
}
