//! The index in a file of its own beside a SQLite store, made with FTS5.
//!
//! It is not flushed on every commit: it holds nothing that is not in the log.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use domain::{Digest, TenantId};
use rusqlite::{Connection, OptionalExtension};

use super::{Cursor, Term, Texts};
use crate::{Error, Result};

/// Rows of the index are numbered by tenant and position together.
const TENANT_SHIFT: u32 = 40;
/// The last position that has a number.
pub(super) const SEQ_MAX: i64 = 1 << TENANT_SHIFT;

const SCHEMA: &str = "CREATE VIRTUAL TABLE IF NOT EXISTS texts USING fts5(subject, body, content='', tokenize='unicode61 remove_diacritics 2');
CREATE TABLE IF NOT EXISTS reached (tenant INTEGER PRIMARY KEY, seq INTEGER NOT NULL, hash BLOB NOT NULL);";

/// The index.
#[derive(Clone)]
pub(crate) struct Folder {
    connection: Arc<Mutex<Connection>>,
    /// None: it is in memory.
    folder: Option<PathBuf>,
}

impl Folder {
    /// Opens the index beside the store; one that cannot be read is made again.
    pub(super) fn open(folder: &Path) -> Result<Self> {
        let connection = prepare(folder).or_else(|error| {
            tracing::warn!(%error, "the search index cannot be read and is made again");
            remake(Some(folder))
        })?;
        Ok(Self { connection: Arc::new(Mutex::new(connection)), folder: Some(folder.to_owned()) })
    }

    /// An index in memory, which is gone with the process.
    pub(super) fn in_memory() -> Result<Self> {
        Ok(Self { connection: Arc::new(Mutex::new(remake(None)?)), folder: None })
    }

    async fn with<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (connection, folder) = (Arc::clone(&self.connection), self.folder.clone());
        let run = move || {
            let mut connection = connection.lock().unwrap_or_else(PoisonError::into_inner);
            let result = work(&mut connection);
            let Err(Error::Corrupt(why)) = result else { return result };
            tracing::warn!(why, "the search index is made again");
            *connection = Connection::open_in_memory()?;
            *connection = remake(folder.as_deref())?;
            Err(Error::Unavailable("the search index is being made again".to_owned()))
        };
        tokio::task::spawn_blocking(run).await.map_err(|error| Error::Unavailable(error.to_string()))?
    }

    pub(super) async fn cursors(&self) -> Result<HashMap<i64, i64>> {
        self.with(move |connection| {
            let mut statement = connection.prepare_cached("SELECT tenant, seq FROM reached")?;
            let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
        .await
    }

    pub(super) async fn cursor(&self, tenant: TenantId) -> Result<Cursor> {
        self.with(move |connection| {
            let sql = "SELECT seq, hash FROM reached WHERE tenant = ?1";
            let read = |row: &rusqlite::Row<'_>| Ok(Cursor { seq: row.get(0)?, hash: Some(Digest(row.get(1)?)) });
            Ok(connection.query_row(sql, [tenant.0], read).optional()?.unwrap_or(Cursor { seq: 0, hash: None }))
        })
        .await
    }

    /// Throws the whole index away, so that it is made again from the start.
    pub(super) async fn forget(&self) -> Result<()> {
        let folder = self.folder.clone();
        self.with(move |connection| {
            // The file has to be closed before it is removed.
            *connection = Connection::open_in_memory()?;
            *connection = remake(folder.as_deref())?;
            Ok(())
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
        self.with(move |connection| {
            let sql = "SELECT rowid FROM texts WHERE texts MATCH ?1 AND rowid > ?2 AND rowid < ?3 ORDER BY rowid DESC LIMIT ?4";
            let mut statement = connection.prepare_cached(sql)?;
            let start = base(tenant);
            let rows = statement.query_map((query, start, start + before, limit as i64), |row| row.get::<_, i64>(0))?;
            rows.map(|row| Ok(row? - start)).collect()
        })
        .await
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
        insert.execute((base(tenant) + seq, text.subject, text.body))?;
    }
    let sql = "INSERT INTO reached (tenant, seq, hash) VALUES (?1, ?2, ?3) ON CONFLICT (tenant) DO UPDATE SET \
               seq = excluded.seq, hash = excluded.hash WHERE excluded.seq > seq";
    connection.execute(sql, (tenant.0, seq, hash.0))?;
    Ok(())
}

fn prepare(folder: &Path) -> Result<Connection> {
    let connection = Connection::open(folder.join("search.db"))?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "OFF")?;
    connection.execute_batch(SCHEMA)?;
    Ok(connection)
}

fn remake(folder: Option<&Path>) -> Result<Connection> {
    let Some(folder) = folder else {
        let connection = Connection::open_in_memory()?;
        connection.execute_batch(SCHEMA)?;
        return Ok(connection);
    };
    for file in ["search.db", "search.db-wal", "search.db-shm"] {
        drop(std::fs::remove_file(folder.join(file)));
    }
    prepare(folder)
}

fn base(tenant: TenantId) -> i64 {
    tenant.0 << TENANT_SHIFT
}

/// The terms in FTS5's own syntax, each quoted: what a person types is never syntax.
fn query(terms: &[Term]) -> String {
    let quoted = terms.iter().map(|term| match term {
        Term::Words(words) => format!("\"{words}\""),
        Term::Beginning(beginning) => format!("\"{beginning}\"*"),
    });
    quoted.collect::<Vec<_>>().join(" ")
}
