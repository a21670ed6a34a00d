//! Whole objects under names, for those who keep more than attachments: in a folder or a bucket, with the same verbs.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use bytes::Bytes;

use crate::bucket::Bucket;
use crate::error::writing;
use crate::folder::{blocking, sync_folder};
use crate::place::Place;
use crate::{Error, S3Config};

/// A place for whole objects. Names are relative, their parts divided by `/`; cheap to clone.
#[derive(Debug, Clone)]
pub struct Objects {
    place: Kept,
}

#[derive(Debug, Clone)]
enum Kept {
    Folder(PathBuf),
    Bucket(Bucket),
}

impl Objects {
    /// Opens the place that `url` names, as [`Blobs::open`](crate::Blobs::open) does; a folder is made when it is missing.
    pub fn open(url: &str, s3: &S3Config) -> Result<Self, Error> {
        let place = match Place::parse(url)? {
            Place::Folder(path) => {
                fs::create_dir_all(&path).map_err(writing)?;
                Kept::Folder(path)
            }
            Place::Bucket { name, prefix } => Kept::Bucket(Bucket::open(&name, &prefix, s3)?),
        };
        Ok(Self { place })
    }

    /// Writes an object, whole and durable before anybody sees it; what stood under the name is replaced.
    pub async fn put(&self, name: &str, bytes: Bytes) -> Result<(), Error> {
        match &self.place {
            Kept::Folder(root) => {
                let (root, path) = (root.clone(), inside(root, name)?);
                blocking(move || write(&root, &path, &bytes).map_err(writing)).await
            }
            Kept::Bucket(bucket) => bucket.put_all(name, bytes).await,
        }
    }

    /// Reads a whole object; [`Error::Missing`] when there is none of that name.
    pub async fn get(&self, name: &str) -> Result<Bytes, Error> {
        match &self.place {
            Kept::Folder(root) => {
                let path = inside(root, name)?;
                blocking(move || Ok(Bytes::from(fs::read(path)?))).await
            }
            Kept::Bucket(bucket) => bucket.read_all(name).await,
        }
    }

    /// The names of all objects below a folder, sorted; none where there is no such folder.
    pub async fn list(&self, folder: &str) -> Result<Vec<String>, Error> {
        match &self.place {
            Kept::Folder(root) => {
                let path = inside(root, folder)?;
                let folder = folder.to_owned();
                blocking(move || {
                    let mut names = Vec::new();
                    collect(&path, &folder, &mut names)?;
                    names.sort();
                    Ok(names)
                })
                .await
            }
            Kept::Bucket(bucket) => bucket.list(folder).await,
        }
    }
}

/// The path of a name; one that would lead outside is no name.
fn inside(root: &Path, name: &str) -> Result<PathBuf, Error> {
    let plain = !name.is_empty() && name.split('/').all(|part| !matches!(part, "" | "." | ".."));
    if plain { Ok(root.join(name)) } else { Err(Error::Place(name.to_owned())) }
}

/// Writes a file under a name of its own and renames it, so that on a folder which many mount nobody sees half of it.
fn write(root: &Path, path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().unwrap_or(root);
    fs::create_dir_all(folder)?;
    let mut file = tempfile::Builder::new().prefix(".writing-").tempfile_in(folder)?;
    file.write_all(bytes)?;
    file.as_file().sync_data()?;
    file.persist(path)?;
    sync_folder(folder)?;
    sync_folder(root)
}

fn collect(path: &Path, name: &str, names: &mut Vec<String>) -> io::Result<()> {
    let entries = match fs::read_dir(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries?,
    };
    for entry in entries {
        let entry = entry?;
        let Ok(file) = entry.file_name().into_string() else { continue };
        let name = format!("{name}/{file}");
        if entry.file_type()?.is_dir() {
            collect(&entry.path(), &name, names)?;
        } else if !file.starts_with('.') {
            names.push(name);
        }
    }
    Ok(())
}
