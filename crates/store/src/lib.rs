//! Facts in SQLite or PostgreSQL: the only crate with SQL.
//!
//! Writes are [`Change`]s. A committer gathers those that wait, lets the pure rules of `domain` decide each under the lock of
//! its tenant's head, and makes them durable with one transaction and one flush: group commit. Reads are plain queries over
//! indexes. What a change means is written once, in its [`Command`]; a driver only loads what it has to know and applies the
//! rows that come out.

mod agent;
mod archive;
mod arrivals;
mod attachment;
mod command;
mod config;
#[cfg(feature = "conformance")]
pub mod conformance;
mod cursor;
mod decision;
mod duty;
mod error;
mod event;
mod health;
mod idempotency;
mod inbox;
mod key;
mod load;
mod message;
mod migrate;
mod moving;
mod postgres;
mod queue;
mod rows;
mod search;
mod sqlite;
mod statements;
mod tenant;
mod value;
mod verify;
mod webhook;

use std::path::Path;

pub use archive::{ARCHIVE_CURSOR, Progress, Removable, Removed, Segment, Sized, Trimmed};
pub use arrivals::Arrivals;
pub use command::{
    AdoptDecisions, Advance, Change, Claim, Claimed, CloseSegment, Command, Committed, ConfirmSegment, Elapse,
    ExpireDecision, Fact, FanOut, Forget, ReassignDecision, Record, Removal, RemoveMessages, SendMessage, SendOutcome,
    Settle, Trigger, TrimLog,
};
pub use config::DatabaseConfig;
pub use cursor::RELAY_CURSOR;
pub use decision::{DecisionDue, DecisionFilter};
pub use domain::filter::{EventFilter, MessageFilter};
pub use domain::view::{PROBLEMS_MAX, Problem, Report};
pub use duty::Duty;
pub use error::Error;
pub use idempotency::Idempotency;
pub use inbox::{Due, Found};
pub use key::KeyRow;
pub use message::{Dispatch, Order, Readable, StoredMessage};
pub use moving::{Importing, Rest};
pub use postgres::PostgresOptions;
pub use queue::Submitted;
pub use search::SearchBounds;
pub use sqlite::Options;
pub use verify::Structure;

/// What the store answers.
pub type Result<T> = std::result::Result<T, Error>;

/// How much is read at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReadBounds {
    /// Items.
    pub items: usize,
    /// Bytes of them together; the first may be larger.
    pub bytes: usize,
}

impl From<usize> for ReadBounds {
    fn from(items: usize) -> Self {
        Self { items, bytes: usize::MAX }
    }
}

/// The facts. Cheap to clone; every clone is the same store.
#[derive(Clone)]
pub struct Store {
    driver: Driver,
    search: search::Search,
    health: std::sync::Arc<health::Health>,
}

/// The two databases.
#[derive(Clone)]
enum Driver {
    Sqlite(sqlite::Sqlite),
    Postgres(postgres::Postgres),
}

impl Driver {
    fn queue(&self) -> &queue::Queue {
        match self {
            Self::Sqlite(sqlite) => &sqlite.queue,
            Self::Postgres(postgres) => &postgres.queue,
        }
    }

    /// The same database, queried as a search does.
    fn searching(&self, hold: search::Hold) -> Self {
        match self {
            Self::Sqlite(sqlite) => Self::Sqlite(sqlite.searching(hold)),
            Self::Postgres(postgres) => Self::Postgres(postgres.searching(hold)),
        }
    }
}

impl Store {
    /// Opens, and where needed creates and migrates, the store in this folder. Exactly one process may have it open.
    ///
    /// Blocks; call it before serving. Fails with [`Error::Unavailable`] where the folder cannot be written.
    pub fn open_sqlite(folder: &Path, options: Options) -> Result<Self> {
        let driver = Driver::Sqlite(sqlite::Sqlite::open(folder, &options)?);
        let search = search::Search::in_folder(folder, options.searches)?;
        Ok(Self { driver, search, health: std::sync::Arc::default() })
    }

    /// Opens a store in a folder to read it beside the process that has it open; changes are refused. What is searched is
    /// indexed anew, in memory.
    ///
    /// Blocks. Fails with [`Error::Unavailable`] where there is none, or its schema is not the one of this program.
    pub fn read_sqlite(folder: &Path) -> Result<Self> {
        let driver = Driver::Sqlite(sqlite::Sqlite::read(folder, &Options::default())?);
        Ok(Self { driver, search: search::Search::in_memory()?, health: std::sync::Arc::default() })
    }

    /// Opens the store in a PostgreSQL database, which any number of processes share; brings its schema up to date first where
    /// `migrate` says so. Its committer runs on the current tokio runtime.
    ///
    /// Fails with [`Error::Unavailable`] where no host takes writes.
    pub async fn open_postgres(options: &PostgresOptions, migrate: bool) -> Result<Self> {
        let postgres = postgres::Postgres::open(options, migrate).await?;
        let search = search::Search::in_database(postgres.clone());
        Ok(Self { search, driver: Driver::Postgres(postgres), health: std::sync::Arc::default() })
    }

    /// Whether other processes may change the same facts.
    pub fn is_shared(&self) -> bool {
        matches!(self.driver, Driver::Postgres(_))
    }

    /// Makes a change durable together with whatever else waits, and answers when it is.
    ///
    /// Fails with [`Error::Refused`] where the rules say no, [`Error::Conflict`] where the directory has changed since the
    /// decision, [`Error::Overloaded`] where the queue is full; with all of these and [`Error::Unavailable`] nothing was done.
    /// [`Error::Unknown`]: perhaps done.
    pub async fn commit<C: Command>(&self, change: Change<C>) -> Result<Committed<C::Outcome>> {
        let outcome = self.driver.queue().commit(change).await;
        self.health.wrote(&outcome);
        outcome
    }

    /// Puts a change into the queue as soon as there is room, behind those before it. It is made whether or not somebody waits
    /// for what it comes to.
    ///
    /// Fails with [`Error::Unavailable`] where the store is closed.
    pub async fn submit<C: Command>(&self, change: Change<C>) -> Result<Submitted<C::Outcome>> {
        self.driver.queue().submit(change).await
    }

    /// Commits many changes in their order, each with its own answer; waits for room in the queue.
    pub async fn commit_all<C: Command>(&self, changes: Vec<Change<C>>) -> Vec<Result<Committed<C::Outcome>>> {
        let outcomes = self.driver.queue().commit_all(changes).await;
        for outcome in &outcomes {
            self.health.wrote(outcome);
        }
        outcomes
    }

    /// Answers whether the store can be read now.
    pub async fn ping(&self) -> Result<()> {
        self.query("SELECT 1", vec![]).await.map(drop)
    }

    /// Why reading failed the last time, or fails again and again where the database is damaged; none: it works.
    pub fn failing_reads(&self) -> Option<String> {
        self.health.reads()
    }

    /// Why writing failed the last time; none: it works. Where it failed it is tried again, with a write of no
    /// consequence. It changes a row, since SQLite writes nothing where nothing changes.
    pub async fn failing_writes(&self) -> Option<String> {
        self.health.writes()?;
        let sql = "INSERT INTO cursors (tenant, name, seq) VALUES (0, 'probe', 1) \
                   ON CONFLICT (tenant, name) DO UPDATE SET seq = cursors.seq + 1";
        let outcome = self.driver.queue().execute(sql, vec![]).await;
        self.health.wrote(&outcome);
        self.health.writes()
    }

    /// Runs one query on a connection that only reads. The drivers' futures are large and boxed here: they are part of those of
    /// every verb, also where it hardly ever asks anything, and would be moved about with them.
    async fn query(&self, sql: impl Into<String>, parameters: Vec<value::Value>) -> Result<Vec<value::Row>> {
        Ok(self.query_within(sql, parameters, usize::MAX).await?.0)
    }

    /// The same for as many rows as have so many bytes together, and for one at least; and whether there are more rows.
    async fn query_within(
        &self,
        sql: impl Into<String>,
        parameters: Vec<value::Value>,
        bytes: usize,
    ) -> Result<(Vec<value::Row>, bool)> {
        let outcome = match &self.driver {
            Driver::Sqlite(sqlite) => Box::pin(sqlite.query(sql.into(), parameters, bytes)).await,
            Driver::Postgres(postgres) => Box::pin(postgres.query_within(sql.into(), parameters, bytes)).await,
        };
        self.health.read(&outcome);
        outcome
    }

    /// Changes that wait to be committed.
    pub fn queue_depth(&self) -> usize {
        self.driver.queue().depth()
    }

    /// Finishes the changes in hand and closes; later ones are refused.
    pub async fn close(&self) {
        self.driver.queue().close().await;
    }
}
