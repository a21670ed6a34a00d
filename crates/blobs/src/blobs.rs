use std::path::{Path, PathBuf};
use std::time::Duration;

use bytes::Bytes;
use domain::Digest;
use futures_util::Stream;

use crate::bucket::Bucket;
use crate::folder::Folder;
use crate::place::Place;
use crate::remote::{self, Remote};
use crate::{Blob, Error, S3Config};

/// Where blobs are kept: a closed set of places behind the same five verbs.
#[derive(Debug, Clone)]
pub enum Blobs {
    /// A folder on a local or mounted disk.
    Folder(Folder),
    /// A bucket of an object store that speaks S3.
    Remote(Remote),
    /// No place: nothing can be stored, and nothing is found.
    Nowhere,
}

/// The folder beside the blobs for those whose bytes are not those of their name.
pub(crate) const DAMAGED: &str = "damaged";

/// What an upload may take.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// Bytes in all, this many allowed; in a bucket 5 GiB at most.
    pub bytes: u64,
    /// How long the sender may send nothing.
    pub idle: Duration,
}

/// A blob that is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stored {
    /// The name of its content.
    pub sha256: Digest,
    /// Bytes.
    pub size: u64,
    /// Whether these bytes were not here before.
    pub fresh: bool,
}

impl Blobs {
    /// Opens the place that `url` names: a folder, `file:///folder`, or `s3://bucket/prefix` with the settings in `s3`. A folder
    /// is made when it is missing, and what a crashed server left half-written in it is removed; a bucket is not talked to yet.
    pub fn open(url: &str, s3: &S3Config) -> Result<Self, Error> {
        match Place::parse(url)? {
            Place::Folder(path) => Self::in_folder(&path),
            Place::Bucket { name, prefix } => Ok(Self::Remote(Remote::new(Bucket::open(&name, &prefix, s3)?))),
        }
    }

    /// Opens a folder; see [`Blobs::open`].
    pub fn in_folder(path: &Path) -> Result<Self, Error> {
        Ok(Self::Folder(Folder::open(PathBuf::from(path))?))
    }

    /// Stores the bytes of `body` under their SHA-256, in constant memory (1 MiB in a folder, 10 MiB to a bucket), and answers
    /// when they are durable.
    ///
    /// Fails with [`Error::TooLarge`], [`Error::Idle`], [`Error::Interrupted`] (the sender broke off),
    /// [`Error::Unavailable`] or [`Error::Io`]; nothing is left behind then, nor when the future is dropped.
    pub async fn put<S, E>(&self, body: S, bounds: Bounds) -> Result<Stored, Error>
    where
        S: Stream<Item = Result<Bytes, E>>,
        E: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        match self {
            Self::Folder(folder) => folder.put(body, bounds).await,
            Self::Remote(remote) => remote.put(body, bounds).await,
            Self::Nowhere => Err(Error::Nowhere),
        }
    }

    /// Opens a blob for reading; [`Error::Missing`] when there is none of that content.
    pub async fn get(&self, sha256: Digest) -> Result<Blob, Error> {
        match self {
            Self::Folder(folder) => folder.get(sha256).await,
            Self::Remote(remote) => {
                let name = remote::path(sha256);
                let size = remote.bucket().size(&name).await?;
                Ok(Blob::remote(remote.bucket().clone(), name, size))
            }
            Self::Nowhere => Err(Error::Nowhere),
        }
    }

    /// Returns whether there is a blob of that content.
    pub async fn exists(&self, sha256: Digest) -> Result<bool, Error> {
        match self {
            Self::Folder(folder) => folder.exists(sha256).await,
            Self::Remote(remote) => Ok(remote.bucket().find(&remote::path(sha256)).await?.is_some()),
            Self::Nowhere => Err(Error::Nowhere),
        }
    }

    /// Moves a damaged blob aside, to `damaged/` and its name, so that nobody reads it and the next upload of the right bytes
    /// takes its place; one that is not there is as good as moved.
    pub async fn set_aside(&self, sha256: Digest) -> Result<(), Error> {
        match self {
            Self::Folder(folder) => folder.set_aside(sha256).await,
            Self::Remote(remote) => {
                let (name, aside) = (remote::path(sha256), format!("{DAMAGED}/{sha256}"));
                match remote.bucket().find(&name).await? {
                    Some(_) => remote.bucket().copy(&name, &aside).await?,
                    None => return Ok(()),
                }
                remote.bucket().remove(&name).await
            }
            Self::Nowhere => Err(Error::Nowhere),
        }
    }

    /// Removes a blob and returns whether there was one.
    pub async fn delete(&self, sha256: Digest) -> Result<bool, Error> {
        match self {
            Self::Folder(folder) => folder.delete(sha256).await,
            Self::Remote(remote) => {
                let there = self.exists(sha256).await?;
                remote.bucket().remove(&remote::path(sha256)).await?;
                Ok(there)
            }
            Self::Nowhere => Err(Error::Nowhere),
        }
    }
}
