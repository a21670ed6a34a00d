//! The index in a file of its own beside a SQLite store, made with FTS5.
//!
//! It is not flushed on every commit: it holds nothing that is not in the log.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use domain::{Digest, TenantId};
use rusqlite::{Connection, OpenFlags, OptionalExtension};

use super::words::{self, FORMAT, Term};
use super::{Cursor, Hold, Texts};
use crate::sqlite::interrupt::Awaited;
use crate::sqlite::lane::Lane;
use crate::{Error, Result, sqlite};

/// Rows of the index are numbered by tenant and position together.
const TENANT_SHIFT: u32 = 40;
/// The position behind the last one that has a number.
pub(super) const SEQ_MAX: i64 = 1 << TENANT_SHIFT;

const SCHEMA: &str = "CREATE VIRTUAL TABLE IF NOT EXISTS texts USING fts5(subject, body, content='', tokenize='ascii');
CREATE TABLE IF NOT EXISTS reached (tenant INTEGER PRIMARY KEY, seq INTEGER NOT NULL, hash BLOB NOT NULL);";

/// The index.
#[derive(Clone)]
pub(crate) struct Folder {
    /// None: it could not be opened, and is tried again when it is wanted.
    connection: Arc<Mutex<Option<Connection>>>,
    state: Arc<State>,
    /// None: it is in memory.
    place: Option<Place>,
    hold: Option<Hold>,
}

/// What those who search know of who writes.
#[derive(Default)]
struct State {
    /// Whether the index is open, in a way that other connections can read along.
    readable: AtomicBool,
    /// How often it was made again: whoever has the earlier one open opens the new one.
    remade: AtomicU64,
}

/// Where the index is, and those who search in it.
#[derive(Clone)]
struct Place {
    folder: PathBuf,
    searches: Lane<Searcher>,
}

/// A connection that only reads, opened when it is needed.
#[derive(Default)]
struct Searcher {
    connection: Option<Connection>,
    /// Which index it has open.
    remade: u64,
}

impl Folder {
    /// Opens the index beside the store, in which so many search at a time. One that is surely bad, or holds words of another form, is made again. One that cannot
    /// be opened for another reason, such as a full disk, is left as it is.
    pub(super) fn open(folder: &Path, searches: usize) -> Result<Self> {
        let state = Arc::<State>::default();
        let connection = prepare_or_remake(folder, &state);
        if let Err(error) = &connection {
            tracing::warn!(%error, "the search index cannot be opened: searches are refused until it can");
        }
        let seats = (0..searches.max(1)).map(|_| Searcher::default()).collect();
        let place = Place { folder: folder.to_owned(), searches: Lane::start("search index", seats)? };
        Ok(Self { connection: Arc::new(Mutex::new(connection.ok())), state, place: Some(place), hold: None })
    }

    /// An index in memory, which is gone with the process.
    pub(super) fn in_memory() -> Result<Self> {
        let state = Arc::<State>::default();
        let connection = remake(None, &state)?;
        Ok(Self { connection: Arc::new(Mutex::new(Some(connection))), state, place: None, hold: None })
    }

    /// The same index, searched on behalf of who holds this.
    pub(super) fn searching(&self, hold: Hold) -> Self {
        Self { hold: Some(hold), ..self.clone() }
    }

    async fn with<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (connection, state, hold) = (Arc::clone(&self.connection), Arc::clone(&self.state), self.hold.clone());
        let folder = self.place.as_ref().map(|place| place.folder.clone());
        let run = move || {
            let _hold = hold;
            let mut open = connection.lock().unwrap_or_else(PoisonError::into_inner);
            let connection = match (&mut *open, folder.as_deref()) {
                (Some(connection), _) => connection,
                (none, Some(folder)) => none.insert(prepare_or_remake(folder, &state)?),
                (none, None) => none.insert(remake(None, &state)?),
            };
            let result = work(connection);
            let Err(Error::Corrupt(why)) = result else { return result };
            tracing::warn!(why, "the search index is made again");
            // The file has to be closed before it is removed.
            *open = None;
            *open = Some(remake(folder.as_deref(), &state)?);
            Err(Error::Unavailable("the search index is being made again".to_owned()))
        };
        tokio::task::spawn_blocking(run).await.map_err(|error| Error::Unavailable(error.to_string()))?
    }

    /// Reads beside who writes, on the threads for searches.
    async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let place = self.place.clone().filter(|_| self.state.readable.load(Ordering::Acquire));
        let Some(Place { folder, searches }) = place else { return self.with(work).await };
        let state = Arc::clone(&self.state);
        let read = move |searcher: &mut Searcher, awaited: &Awaited| {
            let connection = searcher.connection(&folder, state.remade.load(Ordering::Acquire))?;
            awaited.run(connection, work)
        };
        match searches.run(self.hold.clone(), read).await {
            Err(Error::Corrupt(why)) => self.with(|_| Err(Error::Corrupt(why))).await,
            result => result,
        }
    }

    pub(super) async fn cursors(&self) -> Result<HashMap<i64, i64>> {
        self.read(move |connection| {
            let mut statement = connection.prepare_cached("SELECT tenant, seq FROM reached")?;
            let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
        .await
    }

    pub(super) async fn cursor(&self, tenant: TenantId) -> Result<Cursor> {
        self.read(move |connection| {
            let sql = "SELECT seq, hash FROM reached WHERE tenant = ?1";
            let read = |row: &rusqlite::Row<'_>| Ok(Cursor { seq: row.get(0)?, hash: Some(Digest(row.get(1)?)) });
            Ok(connection.query_row(sql, [tenant.0], read).optional()?.unwrap_or(Cursor { seq: 0, hash: None }))
        })
        .await
    }

    /// Throws the whole index away, so that it is made again from the start.
    pub(super) async fn forget(&self) -> Result<()> {
        self.with(|connection| {
            let transaction = connection.transaction()?;
            transaction.execute_batch("INSERT INTO texts (texts) VALUES ('delete-all'); DELETE FROM reached")?;
            Ok(transaction.commit()?)
        })
        .await
    }

    /// Adds the texts between two positions.
    pub(super) async fn add(
        &self,
        tenant: TenantId,
        from: i64,
        texts: Vec<(i64, Texts)>,
        up_to: (i64, Digest),
    ) -> Result<()> {
        self.with(move |connection| {
            let transaction = connection.transaction()?;
            insert(&transaction, tenant, from, texts, up_to)?;
            Ok(transaction.commit()?)
        })
        .await
    }

    pub(super) async fn matches(
        &self,
        tenant: TenantId,
        terms: &[Term],
        before: i64,
        limit: usize,
    ) -> Result<Vec<i64>> {
        let query = query(terms);
        self.read(move |connection| {
            let sql = "SELECT rowid FROM texts WHERE texts MATCH ?1 AND rowid > ?2 AND rowid < ?3 ORDER BY rowid DESC LIMIT ?4";
            let mut statement = connection.prepare_cached(sql)?;
            let (start, end) = numbers(tenant, before);
            let rows = statement.query_map((query, start, end, limit as i64), |row| row.get::<_, i64>(0))?;
            rows.map(|row| Ok(row? - start)).collect()
        })
        .await
    }
}

impl Searcher {
    /// The connection, to the index that stands there now.
    fn connection(&mut self, folder: &Path, remade: u64) -> Result<&mut Connection> {
        if self.remade != remade {
            self.connection = None;
        }
        if self.connection.is_none() {
            let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
            self.connection = Some(Connection::open_with_flags(folder.join("search.db"), flags)?);
            self.remade = remade;
        }
        self.connection.as_mut().ok_or_else(|| Error::Unavailable("the search index is closed".to_owned()))
    }
}

/// Adds what no other step has added, and says how far it has come.
fn insert(
    connection: &Connection,
    tenant: TenantId,
    from: i64,
    texts: Vec<(i64, Texts)>,
    (seq, hash): (i64, Digest),
) -> Result<()> {
    let sql = "SELECT seq FROM reached WHERE tenant = ?1";
    let done: i64 = connection.query_row(sql, [tenant.0], |row| row.get(0)).optional()?.unwrap_or(0);
    if done < from {
        // Thrown away since the texts were read.
        return Ok(());
    }
    let mut insert = connection.prepare_cached("INSERT INTO texts (rowid, subject, body) VALUES (?1, ?2, ?3)")?;
    for (seq, text) in texts.into_iter().filter(|(seq, _)| *seq > done) {
        let words = |text: &str| words::words(text).join(" ");
        insert.execute((base(tenant) + seq, words(&text.subject), words(&text.body)))?;
    }
    let sql = "INSERT INTO reached (tenant, seq, hash) VALUES (?1, ?2, ?3) ON CONFLICT (tenant) DO UPDATE SET \
               seq = excluded.seq, hash = excluded.hash WHERE excluded.seq > seq";
    connection.execute(sql, (tenant.0, seq, hash.0))?;
    Ok(())
}

/// Opens the index, and makes it again only where that cannot lose a good one.
fn prepare_or_remake(folder: &Path, state: &State) -> Result<Connection> {
    match prepare(folder, state) {
        Err(Error::Corrupt(why)) => {
            tracing::warn!(why, "the search index is made again");
            remake(Some(folder), state)
        }
        outcome => outcome,
    }
}

/// Opens the index; [`Error::Corrupt`] where it has to be made again.
fn prepare(folder: &Path, state: &State) -> Result<Connection> {
    let (connection, shared) = sqlite::connect(&folder.join("search.db"))?;
    connection.pragma_update(None, "synchronous", "OFF")?;
    let tables: i64 = connection.query_row("SELECT COUNT(*) FROM sqlite_schema", [], |row| row.get(0))?;
    if tables == 0 {
        fill(&connection)?;
    }
    let format: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if format == FORMAT {
        state.readable.store(shared == sqlite::Shared::File, Ordering::Release);
        return Ok(connection);
    }
    Err(Error::Corrupt(format!("its words have the form {format}, this program reads {FORMAT}")))
}

fn fill(connection: &Connection) -> Result<()> {
    connection.execute_batch(SCHEMA)?;
    Ok(connection.pragma_update(None, "user_version", FORMAT)?)
}

fn remake(folder: Option<&Path>, state: &State) -> Result<Connection> {
    let Some(folder) = folder else {
        let connection = Connection::open_in_memory()?;
        fill(&connection)?;
        return Ok(connection);
    };
    for file in ["search.db", "search.db-wal", "search.db-shm"] {
        drop(std::fs::remove_file(folder.join(file)));
    }
    state.remade.fetch_add(1, Ordering::AcqRel);
    prepare(folder, state)
}

fn base(tenant: TenantId) -> i64 {
    tenant.0 << TENANT_SHIFT
}

/// Between which numbers the rows of a tenant lie that stand before a position: behind the first and before the second. Where
/// the position lies behind every other, the next tenant's rows begin at the second.
fn numbers(tenant: TenantId, before: i64) -> (i64, i64) {
    (base(tenant), base(tenant) + before.clamp(0, SEQ_MAX))
}

/// The terms in FTS5's own syntax, each quoted: what a person types is never syntax.
fn query(terms: &[Term]) -> String {
    let quoted = terms.iter().map(|Term { words, begins }| {
        let goes_on = if *begins { " *" } else { "" };
        format!("\"{}\"{goes_on}", words.join(" "))
    });
    quoted.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn no_position_leads_to_the_rows_of_another_tenant() {
        let index = Folder::in_memory().expect("an index");
        let texts = |seq| (seq, Texts { subject: "word".to_owned(), body: String::new() });
        for tenant in 1..=3 {
            index.add(TenantId(tenant), 0, (1..=3).map(texts).collect(), (3, Digest::ZERO)).await.expect("added");
        }
        let terms = [Term { words: vec!["word".to_owned()], begins: false }];
        for tenant in 1..=3 {
            for (before, expected) in [
                (i64::MIN, &[][..]),
                (-1, &[]),
                (0, &[]),
                (3, &[2, 1]),
                (SEQ_MAX - 1, &[3, 2, 1]),
                (SEQ_MAX, &[3, 2, 1]),
                (SEQ_MAX + 2, &[3, 2, 1]),
                (4 * SEQ_MAX, &[3, 2, 1]),
                (i64::MAX, &[3, 2, 1]),
            ] {
                let found = index.matches(TenantId(tenant), &terms, before, 100).await.expect("matches");
                assert_eq!(found, expected, "tenant {tenant} before {before}");
            }
        }
    }
}
