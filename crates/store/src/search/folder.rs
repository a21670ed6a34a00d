//! The index in a file of its own beside a SQLite store, made with FTS5.
//!
//! It is not flushed on every commit: it holds nothing that is not in the log.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use domain::{Digest, TenantId};
use rusqlite::{Connection, OptionalExtension};

use super::words::{self, FORMAT, Term};
use super::{Cursor, Texts};
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
    /// None: it is in memory.
    folder: Option<PathBuf>,
}

impl Folder {
    /// Opens the index beside the store. One that is surely bad, or holds words of another form, is made again. One that cannot
    /// be opened for another reason, such as a full disk, is left as it is.
    pub(super) fn open(folder: &Path) -> Self {
        let connection = prepare_or_remake(folder);
        if let Err(error) = &connection {
            tracing::warn!(%error, "the search index cannot be opened: searches are refused until it can");
        }
        Self { connection: Arc::new(Mutex::new(connection.ok())), folder: Some(folder.to_owned()) }
    }

    /// An index in memory, which is gone with the process.
    pub(super) fn in_memory() -> Result<Self> {
        Ok(Self { connection: Arc::new(Mutex::new(Some(remake(None)?))), folder: None })
    }

    async fn with<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (connection, folder) = (Arc::clone(&self.connection), self.folder.clone());
        let run = move || {
            let mut held = connection.lock().unwrap_or_else(PoisonError::into_inner);
            let connection = match (&mut *held, folder.as_deref()) {
                (Some(connection), _) => connection,
                (none, Some(folder)) => none.insert(prepare_or_remake(folder)?),
                (none, None) => none.insert(remake(None)?),
            };
            let result = work(connection);
            let Err(Error::Corrupt(why)) = result else { return result };
            tracing::warn!(why, "the search index is made again");
            // The file has to be closed before it is removed.
            *held = None;
            *held = Some(remake(folder.as_deref())?);
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
        self.with(move |connection| {
            let sql = "SELECT rowid FROM texts WHERE texts MATCH ?1 AND rowid > ?2 AND rowid < ?3 ORDER BY rowid DESC LIMIT ?4";
            let mut statement = connection.prepare_cached(sql)?;
            let (start, end) = numbers(tenant, before);
            let rows = statement.query_map((query, start, end, limit as i64), |row| row.get::<_, i64>(0))?;
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
        let words = |text: &str| words::words(text).join(" ");
        insert.execute((base(tenant) + seq, words(&text.subject), words(&text.body)))?;
    }
    let sql = "INSERT INTO reached (tenant, seq, hash) VALUES (?1, ?2, ?3) ON CONFLICT (tenant) DO UPDATE SET \
               seq = excluded.seq, hash = excluded.hash WHERE excluded.seq > seq";
    connection.execute(sql, (tenant.0, seq, hash.0))?;
    Ok(())
}

/// Opens the index, and makes it again only where that cannot lose a good one.
fn prepare_or_remake(folder: &Path) -> Result<Connection> {
    match prepare(folder) {
        Err(Error::Corrupt(why)) => {
            tracing::warn!(why, "the search index is made again");
            remake(Some(folder))
        }
        outcome => outcome,
    }
}

/// Opens the index; [`Error::Corrupt`] where it has to be made again.
fn prepare(folder: &Path) -> Result<Connection> {
    let (connection, _) = sqlite::connect(&folder.join("search.db"))?;
    connection.pragma_update(None, "synchronous", "OFF")?;
    let tables: i64 = connection.query_row("SELECT COUNT(*) FROM sqlite_schema", [], |row| row.get(0))?;
    if tables == 0 {
        fill(&connection)?;
    }
    let format: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if format == FORMAT {
        return Ok(connection);
    }
    Err(Error::Corrupt(format!("its words have the form {format}, this program reads {FORMAT}")))
}

fn fill(connection: &Connection) -> Result<()> {
    connection.execute_batch(SCHEMA)?;
    Ok(connection.pragma_update(None, "user_version", FORMAT)?)
}

fn remake(folder: Option<&Path>) -> Result<Connection> {
    let Some(folder) = folder else {
        let connection = Connection::open_in_memory()?;
        fill(&connection)?;
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
