//! The manifest: what an export holds, and how far it has come.

use std::fs;
use std::io;
use std::path::Path;

use domain::{Digest, Time};
use serde::{Deserialize, Serialize};

use super::Error;
use super::files::Draft;

const NAME: &str = "manifest.json";
/// What this program writes and reads.
const FORMAT: &str = "coordination.export/1";

/// The contents of an export.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Manifest {
    format: String,
    /// Whether everything is here.
    pub(super) complete: bool,
    /// The tenant's name.
    pub(super) tenant: String,
    /// Its number, by which its keys' texts begin.
    pub(super) number: i64,
    /// When it was made.
    pub(super) created_at: Time,
    /// The end of the log when the export began.
    pub(super) head: Mark,
    /// The log, in files one after the other.
    pub(super) parts: Vec<Part>,
    /// What the log does not tell.
    pub(super) rest: Option<Rest>,
    /// How many attachments there are, by content.
    pub(super) attachments: u64,
}

/// An event by its position and hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Mark {
    pub(super) seq: i64,
    pub(super) hash: Digest,
}

/// A file of events.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Part {
    pub(super) file: String,
    pub(super) first: i64,
    pub(super) last: Mark,
    pub(super) sha256: Digest,
    pub(super) bytes: u64,
}

/// The file of the rest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Rest {
    pub(super) file: String,
    pub(super) sha256: Digest,
    pub(super) bytes: u64,
}

impl Manifest {
    /// An export that has not begun.
    pub(super) fn new(tenant: domain::tenant::Tenant, head: Mark) -> Self {
        Self {
            format: FORMAT.to_owned(),
            complete: false,
            tenant: tenant.name,
            number: tenant.id.0,
            created_at: tenant.created_at,
            head,
            parts: Vec::new(),
            rest: None,
            attachments: 0,
        }
    }

    /// The last event that is here.
    pub(super) fn reached(&self) -> Mark {
        self.parts.last().map_or(Mark { seq: 0, hash: Digest::ZERO }, |part| part.last)
    }

    /// Reads that of a folder; none where there is none.
    pub(super) fn read(folder: &Path) -> Result<Option<Self>, Error> {
        let path = folder.join(NAME);
        let damaged = |why: String| Error::Damaged { file: path.display().to_string(), why };
        let text = match fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(Error::io(&path)(error)),
        };
        let manifest: Self = serde_json::from_slice(&text).map_err(|error| damaged(error.to_string()))?;
        if manifest.format != FORMAT {
            return Err(damaged(format!("its format is {}, this program reads {FORMAT}", manifest.format)));
        }
        let mut next = 1;
        for part in &manifest.parts {
            if part.first != next || part.last.seq < part.first {
                return Err(damaged(format!("{} begins at {}, not at {next}", part.file, part.first)));
            }
            next = part.last.seq + 1;
        }
        if manifest.complete && manifest.reached() != manifest.head {
            return Err(damaged("its files do not end where the log does".to_owned()));
        }
        Ok(Some(manifest))
    }

    /// Writes it into a folder.
    pub(super) fn write(&self, folder: &Path) -> Result<(), Error> {
        let path = folder.join(NAME);
        let mut text = serde_json::to_vec_pretty(self).map_err(|error| Error::Refused(error.to_string()))?;
        text.push(b'\n');
        let mut draft = Draft::begin(&path)?;
        draft.write(&text)?;
        draft.finish().map(drop)
    }
}
