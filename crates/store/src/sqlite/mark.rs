//! The mark: how far the store had come, in a small file beside the database.
//!
//! A database whose newest part is missing is as whole as any other, only shorter: nothing in it tells that more was there. So
//! a thread writes down now and then, and at the end, where every tenant's log stood. What it writes down is on the disk by
//! then, and nothing that is committed waits for it.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread::JoinHandle;
use std::time::Duration;

use domain::Digest;
use rusqlite::{Connection, OptionalExtension};
use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// The file's name.
const FILE: &str = "coordination.mark";
/// How often it is written, where anything has changed.
const EVERY: Duration = Duration::from_secs(10);

/// How far the store had come.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Mark {
    tenants: Vec<Reached>,
}

/// How far a tenant's log had come.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Reached {
    id: i64,
    name: String,
    seq: i64,
    hash: Digest,
}

impl Mark {
    /// Reads the mark in a folder; none where there is none. One that cannot be read is said so and taken for none: it is
    /// replaced as a whole, so it was not left behind by us.
    pub(super) fn read(folder: &Path) -> Option<Self> {
        let path = folder.join(FILE);
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return None,
            Err(error) => {
                tracing::warn!(%error, path = %path.display(), "how far the store had come cannot be read");
                return None;
            }
        };
        let mark = serde_json::from_slice(&bytes);
        mark.inspect_err(|error| tracing::warn!(%error, path = %path.display(), "the mark is damaged")).ok()
    }

    /// Fails where the database's file is not there and was, so that none is made in its place.
    pub(super) fn must_have_file(marked: Option<&Self>, database: &Path) -> Result<()> {
        let log = database.with_extension("db-wal");
        let had =
            marked.is_some_and(|mark| !mark.tenants.is_empty()) || fs::metadata(log).is_ok_and(|log| log.len() > 0);
        if had && !database.exists() {
            return Err(behind("it is missing, and parts of it are here"));
        }
        Ok(())
    }

    /// Fails where the database has not come as far as the mark, or has another history.
    pub(super) fn must_be_reached(&self, connection: &Connection) -> Result<()> {
        let tables = "SELECT COUNT(*) FROM sqlite_schema WHERE name IN ('tenants', 'events', 'trims')";
        let has_tables = connection.query_row(tables, [], |row| row.get::<_, i64>(0))? == 3;
        for reached in &self.tenants {
            let why = if has_tables { reached.differs(connection)? } else { Some("it holds nothing".to_owned()) };
            if let Some(why) = why {
                return Err(behind(&why));
            }
        }
        Ok(())
    }

    fn of(connection: &Connection) -> rusqlite::Result<Self> {
        let sql = "SELECT id, name, seq, hash FROM tenants WHERE seq > 0 ORDER BY id";
        let mut statement = connection.prepare_cached(sql)?;
        let read = |row: &rusqlite::Row<'_>| {
            Ok(Reached { id: row.get(0)?, name: row.get(1)?, seq: row.get(2)?, hash: Digest(row.get(3)?) })
        };
        let tenants = statement.query_map([], read)?.collect::<rusqlite::Result<_>>()?;
        Ok(Self { tenants })
    }

    /// Writes it whole: who reads it finds the old one or this one.
    fn write(&self, folder: &Path) -> io::Result<()> {
        let (path, draft) = (folder.join(FILE), folder.join(format!("{FILE}.new")));
        let mut file = File::create(&draft)?;
        file.write_all(&serde_json::to_vec(self)?)?;
        file.sync_all()?;
        fs::rename(draft, path)?;
        File::open(folder)?.sync_all()
    }
}

impl Reached {
    /// In what a database has not come so far.
    fn differs(&self, connection: &Connection) -> Result<Option<String>> {
        let Self { id, name, seq, hash } = self;
        let sql = "SELECT t.seq, COALESCE(x.seq, 0), e.hash FROM tenants t LEFT JOIN trims x ON x.tenant = t.id \
                   LEFT JOIN events e ON e.tenant = t.id AND e.seq = ?2 WHERE t.id = ?1";
        let read = |row: &rusqlite::Row<'_>| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?, row.get(2)?));
        let found = connection.query_row(sql, (id, seq), read).optional()?;
        Ok(match found {
            None => Some(format!("it knows no tenant `{name}`, whose log had come to event {seq}")),
            Some((head, ..)) if head < *seq => {
                Some(format!("the log of tenant `{name}` ends at event {head} and had come to event {seq}"))
            }
            Some((_, _, Some(found))) if Digest(found) != *hash => {
                Some(format!("event {seq} of tenant `{name}` is another one than was here"))
            }
            Some((_, trimmed, None)) if trimmed < *seq => Some(format!("event {seq} of tenant `{name}` is missing")),
            Some(_) => None,
        })
    }
}

fn behind(why: &str) -> Error {
    Error::Behind(format!(
        "coordination.db is not what was left in this folder: {why}. Put the right coordination.db back, together with its \
         coordination.db-wal if there was one. If this older state is meant, as after restoring a backup, remove {FILE} from \
         the folder and start again: what came after it is then lost"
    ))
}

/// The thread that writes the mark.
pub(super) struct Keeper {
    /// Dropped: it writes a last time and ends.
    going: mpsc::Sender<()>,
    thread: JoinHandle<()>,
}

impl Keeper {
    /// Starts to write the mark of a store whose heads this connection reads.
    pub(super) fn start(connection: Connection, folder: PathBuf, known: Option<Mark>) -> Result<Self> {
        let (going, gone) = mpsc::channel();
        let run = move || {
            let mut writer = MarkWriter { connection, folder, written: known.unwrap_or_default(), fails: false };
            while gone.recv_timeout(EVERY) == Err(RecvTimeoutError::Timeout) {
                writer.step();
            }
            writer.step();
        };
        let thread = std::thread::Builder::new().name("store-mark".to_owned()).spawn(run);
        thread.map(|thread| Self { going, thread }).map_err(|error| Error::Unavailable(error.to_string()))
    }

    /// Writes the mark a last time.
    pub(super) fn finish(self) {
        let Self { going, thread } = self;
        drop(going);
        drop(thread.join());
    }
}

struct MarkWriter {
    connection: Connection,
    folder: PathBuf,
    written: Mark,
    /// Whether it could not be written the last time, which is said once.
    fails: bool,
}

impl MarkWriter {
    fn step(&mut self) {
        let outcome = match Mark::of(&self.connection) {
            Ok(mark) if mark == self.written => return,
            Ok(mark) => mark.write(&self.folder).map(|()| self.written = mark).map_err(|error| error.to_string()),
            Err(error) => Err(error.to_string()),
        };
        match outcome {
            Ok(()) => self.fails = false,
            Err(error) if !self.fails => {
                self.fails = true;
                tracing::warn!(error, "how far the store has come cannot be written down");
            }
            Err(_) => {}
        }
    }
}
