//! The index in a file of its own beside a SQLite store, made with FTS5.
//!
//! It is not flushed on every commit: it holds nothing that is not in the log.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use domain::TenantId;
use rusqlite::{Connection, OptionalExtension};

use super::{Term, Texts};
use crate::{Error, Result};

/// Rows of the index are numbered by tenant and position together.
const TENANT_SHIFT: u32 = 40;
/// The last position that has a number.
pub(super) const SEQ_MAX: i64 = 1 << TENANT_SHIFT;

const SCHEMA: &str = "CREATE VIRTUAL TABLE IF NOT EXISTS texts USING fts5(subject, body, content='', tokenize='unicode61 remove_diacritics 2');
CREATE TABLE IF NOT EXISTS cursors (tenant INTEGER PRIMARY KEY, seq INTEGER NOT NULL);";

/// The index.
#[derive(Clone)]
pub(crate) struct Folder {
    connection: Arc<Mutex<Connection>>,
}

impl Folder {
    /// Opens the index beside the store; one that cannot be read is made again.
    pub(super) fn open(folder: &Path) -> Result<Self> {
        let path = folder.join("search.db");
        let connection = prepare(&path).or_else(|error| {
            tracing::warn!(%error, "the search index is made again");
            for ending in ["search.db", "search.db-wal", "search.db-shm"] {
                drop(std::fs::remove_file(folder.join(ending)));
            }
            prepare(&path)
        })?;
        Ok(Self { connection: Arc::new(Mutex::new(connection)) })
    }

    async fn with<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let connection = Arc::clone(&self.connection);
        let run = move || work(&mut connection.lock().unwrap_or_else(PoisonError::into_inner));
        tokio::task::spawn_blocking(run).await.map_err(|error| Error::Unavailable(error.to_string()))?
    }

    pub(super) async fn cursors(&self) -> Result<HashMap<i64, i64>> {
        self.with(move |connection| {
            let mut statement = connection.prepare_cached("SELECT tenant, seq FROM cursors")?;
            let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
        .await
    }

    pub(super) async fn cursor(&self, tenant: TenantId) -> Result<i64> {
        self.with(move |connection| {
            let sql = "SELECT seq FROM cursors WHERE tenant = ?1";
            Ok(connection.query_row(sql, [tenant.0], |row| row.get(0)).optional()?.unwrap_or(0))
        })
        .await
    }

    pub(super) async fn add(&self, tenant: TenantId, texts: Vec<(i64, Texts)>, cursor: i64) -> Result<()> {
        self.with(move |connection| {
            let transaction = connection.transaction()?;
            insert(&transaction, tenant, texts, cursor)?;
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

/// Adds what no other step has added, and moves the cursor.
fn insert(connection: &Connection, tenant: TenantId, texts: Vec<(i64, Texts)>, cursor: i64) -> Result<()> {
    let sql = "SELECT seq FROM cursors WHERE tenant = ?1";
    let done: i64 = connection.query_row(sql, [tenant.0], |row| row.get(0)).optional()?.unwrap_or(0);
    let mut insert = connection.prepare_cached("INSERT INTO texts (rowid, subject, body) VALUES (?1, ?2, ?3)")?;
    for (seq, text) in texts.into_iter().filter(|(seq, _)| *seq > done) {
        insert.execute((base(tenant) + seq, text.subject, text.body))?;
    }
    let sql = "INSERT INTO cursors (tenant, seq) VALUES (?1, ?2) \
               ON CONFLICT (tenant) DO UPDATE SET seq = max(seq, excluded.seq)";
    connection.execute(sql, (tenant.0, cursor))?;
    Ok(())
}

fn prepare(path: &Path) -> Result<Connection> {
    let connection = Connection::open(path)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "OFF")?;
    connection.execute_batch(SCHEMA)?;
    Ok(connection)
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
