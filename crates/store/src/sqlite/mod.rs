//! The SQLite driver: one writer thread that commits in groups, a few readers, WAL with a flush per commit.

#[cfg(test)]
mod closing;
#[cfg(test)]
mod full;
mod integrity;
pub(crate) mod interrupt;
pub(crate) mod lane;
mod mark;
mod open;
#[cfg(test)]
mod plans;
mod readers;
mod writer;

use std::path::Path;
use std::sync::Arc;

use rusqlite::Connection;

use crate::Result;
use mark::{Keeper, Mark};
pub(crate) use open::{Shared, connect};

use crate::queue::Queue;
use crate::search::Hold;
use crate::value::{Row, Value};
use lane::Lane;

/// Sizes of the store.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Changes that may wait to be committed; further ones are refused as overloaded.
    pub queue: usize,
    /// Bytes of changes that may wait, roughly; one alone may be larger.
    pub queue_bytes: u32,
    /// Changes in one transaction at most.
    pub batch: usize,
    /// Connections for reading.
    pub readers: usize,
    /// Searches at a time, each on a thread and on connections of its own.
    pub searches: usize,
    /// Pages in the write-ahead log at which it is folded back into the database.
    pub checkpoint_pages: u32,
    /// Megabytes of page cache of the writer; each reader has a quarter.
    pub cache_mib: u32,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            queue: 8_192,
            queue_bytes: 64 << 20,
            batch: 512,
            readers: 4,
            searches: 2,
            checkpoint_pages: 2_000,
            cache_mib: 32,
        }
    }
}

#[derive(Clone)]
pub(crate) struct Sqlite {
    pub(crate) queue: Queue,
    readers: Arc<readers::Readers>,
    path: Arc<Path>,
    shared: Shared,
    searches: Lane<Connection>,
    /// Present where queries are those of a search.
    search: Option<Hold>,
}

impl Sqlite {
    pub(crate) fn open(folder: &Path, options: &Options) -> Result<Self> {
        let path = folder.join("coordination.db");
        let marked = Mark::read(folder);
        Mark::must_have_file(marked.as_ref(), &path)?;
        let (connection, shared) = open::writer(&path, marked.as_ref(), options)?;
        let mark = Keeper::start(open::reader(&path, shared, options)?, folder.to_owned(), marked)?;
        let readers = Arc::new(readers::Readers::open(&path, shared, options)?);
        let searches = searches(&path, shared, options)?;
        let (queue, waiting) = Queue::new(options.queue, options.queue_bytes);
        writer::start(connection, waiting, options.batch, mark)?;
        Ok(Self { queue, readers, path: path.into(), shared, searches, search: None })
    }

    /// Opens a database that another process writes.
    pub(crate) fn read(folder: &Path, options: &Options) -> Result<Self> {
        let path = folder.join("coordination.db");
        let readers = Arc::new(readers::Readers::open(&path, Shared::File, options)?);
        let connection = open::reader(&path, Shared::File, options)?;
        crate::migrate::is_newest(&connection)?;
        if let Some(mark) = Mark::read(folder) {
            mark.must_be_reached(&connection)?;
        }
        // Nobody takes from this queue: changes are refused as to a closed store.
        let (queue, _) = Queue::new(1, 1);
        let (shared, searches) = (Shared::File, searches(&path, Shared::File, options)?);
        Ok(Self { queue, readers, path: path.into(), shared, searches, search: None })
    }

    /// The same database, queried on the threads for searches.
    pub(crate) fn searching(&self, hold: Hold) -> Self {
        Self { search: Some(hold), ..self.clone() }
    }

    pub(crate) async fn query(&self, sql: String, parameters: Vec<Value>, bytes: usize) -> Result<(Vec<Row>, bool)> {
        let Some(hold) = self.search.clone() else { return self.readers.query(sql, parameters, bytes).await };
        let work = move |connection: &mut Connection, awaited: &interrupt::Awaited| {
            awaited.run(connection, |connection| readers::query_within(connection, &sql, &parameters, bytes))
        };
        self.searches.run(Some(hold), work).await
    }
}

fn searches(path: &Path, shared: Shared, options: &Options) -> Result<Lane<Connection>> {
    let connections =
        (0..options.searches.max(1)).map(|_| open::reader(path, shared, options)).collect::<Result<_>>()?;
    Lane::start("search", connections)
}
