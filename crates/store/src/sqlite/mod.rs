//! The SQLite driver: one writer thread that commits in groups, a few readers, WAL with a flush per commit.

mod open;
mod readers;
mod writer;

use std::path::Path;
use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};

use crate::change::{Change, Committed};
use crate::rows::Write;
use crate::value::{Row, Value};
use crate::{Error, Result};

/// Sizes of the store.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Changes that may wait to be committed; further ones are refused as overloaded.
    pub queue: usize,
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
        Self { queue: 8_192, batch: 512, readers: 4, checkpoint_pages: 4_000, cache_mib: 32 }
    }
}

/// A change that waits, and who waits for it.
pub(crate) struct Waiting {
    change: Change,
    answer: oneshot::Sender<Result<Committed>>,
}

/// What the writer takes from its queue.
pub(crate) enum Item {
    Change(Box<Waiting>),
    Statement(Write, oneshot::Sender<Result<()>>),
    Close(oneshot::Sender<()>),
}

#[derive(Clone)]
pub(crate) struct Sqlite {
    queue: mpsc::Sender<Item>,
    readers: Arc<readers::Readers>,
}

impl Sqlite {
    pub(crate) fn open(folder: &Path, options: &Options) -> Result<Self> {
        let path = folder.join("coordination.db");
        let connection = open::writer(&path, options)?;
        let readers = Arc::new(readers::Readers::open(&path, options)?);
        let (queue, waiting) = mpsc::channel(options.queue);
        writer::start(connection, waiting, options.batch)?;
        Ok(Self { queue, readers })
    }

    pub(crate) async fn commit(&self, change: Change) -> Result<Committed> {
        let (answer, committed) = oneshot::channel();
        self.queue.try_send(Item::Change(Box::new(Waiting { change, answer }))).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => Error::Overloaded,
            mpsc::error::TrySendError::Closed(_) => closed(),
        })?;
        outcome(committed).await
    }

    pub(crate) async fn commit_all(&self, changes: Vec<Change>) -> Vec<Result<Committed>> {
        let mut waiting = Vec::with_capacity(changes.len());
        for change in changes {
            let (answer, committed) = oneshot::channel();
            let sent = self.queue.send(Item::Change(Box::new(Waiting { change, answer }))).await;
            waiting.push(sent.map(|()| committed).map_err(|_| closed()));
        }
        let mut outcomes = Vec::with_capacity(waiting.len());
        for committed in waiting {
            outcomes.push(match committed {
                Ok(committed) => outcome(committed).await,
                Err(error) => Err(error),
            });
        }
        outcomes
    }

    /// Runs one statement by itself, behind whatever waits.
    pub(crate) async fn execute(&self, sql: &'static str, parameters: Vec<Value>) -> Result<()> {
        let (answer, done) = oneshot::channel();
        self.queue.send(Item::Statement((sql, parameters), answer)).await.map_err(|_| closed())?;
        done.await.unwrap_or_else(|_| Err(Error::Unknown("the committer stopped".to_owned())))
    }

    pub(crate) async fn query(&self, sql: String, parameters: Vec<Value>) -> Result<Vec<Row>> {
        self.readers.query(sql, parameters).await
    }

    pub(crate) async fn close(&self) {
        let (closed, done) = oneshot::channel();
        if self.queue.send(Item::Close(closed)).await.is_ok() {
            drop(done.await);
        }
    }

    pub(crate) fn queue_depth(&self) -> usize {
        self.queue.max_capacity() - self.queue.capacity()
    }
}

async fn outcome(committed: oneshot::Receiver<Result<Committed>>) -> Result<Committed> {
    committed.await.unwrap_or_else(|_| Err(Error::Unknown("the committer stopped".to_owned())))
}

fn closed() -> Error {
    Error::Unavailable("the store is closed".to_owned())
}
