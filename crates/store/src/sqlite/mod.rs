//! The SQLite driver: one writer thread that commits in groups, a few readers, WAL with a flush per commit.

#[cfg(test)]
mod closing;
#[cfg(test)]
mod full;
mod integrity;
mod mark;
mod open;
#[cfg(test)]
mod plans;
mod readers;
mod writer;

use std::path::Path;
use std::sync::Arc;

use crate::Result;
use mark::{Keeper, Mark};
use open::Shared;
pub(crate) use open::connect;

use crate::queue::Queue;
use crate::value::{Row, Value};

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
    /// Pages in the write-ahead log at which it is folded back into the database.
    pub checkpoint_pages: u32,
    /// Megabytes of page cache of the writer; each reader has a quarter.
    pub cache_mib: u32,
}

impl Default for Options {
    fn default() -> Self {
        Self { queue: 8_192, queue_bytes: 64 << 20, batch: 512, readers: 4, checkpoint_pages: 2_000, cache_mib: 32 }
    }
}

#[derive(Clone)]
pub(crate) struct Sqlite {
    pub(crate) queue: Queue,
    readers: Arc<readers::Readers>,
    path: Arc<Path>,
    shared: Shared,
}

impl Sqlite {
    pub(crate) fn open(folder: &Path, options: &Options) -> Result<Self> {
        let path = folder.join("coordination.db");
        let marked = Mark::read(folder);
        Mark::must_have_file(marked.as_ref(), &path)?;
        let (connection, shared) = open::writer(&path, marked.as_ref(), options)?;
        let mark = Keeper::start(open::reader(&path, shared, options)?, folder.to_owned(), marked)?;
        let readers = Arc::new(readers::Readers::open(&path, shared, options)?);
        let (queue, waiting) = Queue::new(options.queue, options.queue_bytes);
        writer::start(connection, waiting, options.batch, mark)?;
        Ok(Self { queue, readers, path: path.into(), shared })
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
        Ok(Self { queue, readers, path: path.into(), shared: Shared::File })
    }

    pub(crate) async fn query(&self, sql: String, parameters: Vec<Value>) -> Result<Vec<Row>> {
        self.readers.query(sql, parameters).await
    }
}
