//! Files that are there whole or not at all.

use std::fs::{self, File};
use std::io::{BufReader, BufWriter, Read, Seek, Write};
use std::path::{Path, PathBuf};

use domain::Digest;
use sha2::{Digest as _, Sha256};

use super::Error;

/// A file in the making: it takes its name when it is finished.
pub(super) struct Draft {
    path: PathBuf,
    unfinished: PathBuf,
    file: BufWriter<File>,
    hasher: Sha256,
    bytes: u64,
}

/// What a finished file holds.
pub(super) struct Written {
    pub(super) sha256: Digest,
    pub(super) bytes: u64,
}

impl Draft {
    /// Begins a file; what an earlier attempt left is written over.
    pub(super) fn begin(path: &Path) -> Result<Self, Error> {
        let unfinished = path.with_extension("unfinished");
        let file = File::create(&unfinished).map_err(Error::io(&unfinished))?;
        Ok(Self { path: path.to_owned(), unfinished, file: BufWriter::new(file), hasher: Sha256::new(), bytes: 0 })
    }

    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.hasher.update(bytes);
        self.bytes += bytes.len() as u64;
        self.file.write_all(bytes).map_err(Error::io(&self.unfinished))
    }

    /// Bytes so far.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// What it would be if it ended here.
    pub(super) fn sha256(&self) -> Digest {
        Digest(self.hasher.clone().finalize().into())
    }

    /// Flushes it to the disk and gives it its name.
    pub(super) fn finish(mut self) -> Result<Written, Error> {
        let written = Written { sha256: self.sha256(), bytes: self.bytes };
        let flushed = self.file.flush().and_then(|()| self.file.get_ref().sync_all());
        flushed.and_then(|()| fs::rename(&self.unfinished, &self.path)).map_err(Error::io(&self.path))?;
        let folder = self.path.parent().unwrap_or(Path::new("."));
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(Error::io(folder))?;
        Ok(written)
    }
}

/// Opens a file of an export for reading line by line, after all of it was held to what the manifest says of it.
pub(super) fn checked(folder: &Path, name: &str, sha256: Digest) -> Result<BufReader<File>, Error> {
    let path = folder.join(name);
    let damaged = |why: String| Error::Damaged { file: path.display().to_string(), why };
    let mut file = File::open(&path).map_err(|error| damaged(error.to_string()))?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 128 * 1024];
    loop {
        match file.read(&mut buffer).map_err(Error::io(&path))? {
            0 => break,
            read => hasher.update(buffer.get(..read).unwrap_or_default()),
        }
    }
    let found = Digest(hasher.finalize().into());
    if found != sha256 {
        return Err(damaged(format!("its SHA-256 is {found}, the manifest says {sha256}")));
    }
    file.rewind().map_err(Error::io(&path))?;
    Ok(BufReader::new(file))
}

/// Reads a file of an export whole, and holds it to what the manifest says of it.
pub(super) fn read(folder: &Path, name: &str, sha256: Digest) -> Result<Vec<u8>, Error> {
    let path = folder.join(name);
    let damaged = |why: String| Error::Damaged { file: path.display().to_string(), why };
    let bytes = fs::read(&path).map_err(|error| damaged(error.to_string()))?;
    let found = Digest(Sha256::digest(&bytes).into());
    if found == sha256 {
        return Ok(bytes);
    }
    Err(damaged(format!("its SHA-256 is {found}, the manifest says {sha256}")))
}
