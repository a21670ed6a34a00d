//! Full-text search: an index that follows the log by a cursor and can be made again from it at any time.
//!
//! It lives in a file of its own that is not flushed on every commit: it holds nothing that is not in the log, and indexing
//! would cost the writer as much as everything else together. A search first brings the index up to the head, so it finds
//! what was sent before it.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use domain::TenantId;
use rusqlite::{Connection, OptionalExtension};
use serde::Deserialize;

use crate::event::EventFilter;
use crate::message::{MessageFilter, Order, StoredMessage};
use crate::{Error, Result, Store};

/// Messages that are indexed in one step.
const STEP: usize = 1_000;
/// Matches that one search looks at, at most, to fill its page.
const MATCHES_MAX: usize = 10_000;
/// Rows of the index are numbered by tenant and position together.
const TENANT_SHIFT: u32 = 40;

const SCHEMA: &str = "CREATE VIRTUAL TABLE IF NOT EXISTS texts USING fts5(subject, body, content='', tokenize='unicode61 remove_diacritics 2');
CREATE TABLE IF NOT EXISTS cursors (tenant INTEGER PRIMARY KEY, seq INTEGER NOT NULL);";

/// The index.
#[derive(Clone)]
pub(crate) struct Search {
    connection: Arc<Mutex<Connection>>,
}

/// What of a message is searched.
#[derive(Deserialize)]
struct Texts {
    subject: String,
    body: String,
}

impl Search {
    /// Opens the index beside the store; one that cannot be read is made again.
    pub(crate) fn open(folder: &Path) -> Result<Self> {
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

    async fn cursors(&self) -> Result<HashMap<i64, i64>> {
        self.with(move |connection| {
            let mut statement = connection.prepare_cached("SELECT tenant, seq FROM cursors")?;
            let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
        .await
    }

    async fn cursor(&self, tenant: TenantId) -> Result<i64> {
        self.with(move |connection| {
            let sql = "SELECT seq FROM cursors WHERE tenant = ?1";
            Ok(connection.query_row(sql, [tenant.0], |row| row.get(0)).optional()?.unwrap_or(0))
        })
        .await
    }

    async fn add(&self, tenant: TenantId, texts: Vec<(i64, Texts)>, cursor: i64) -> Result<()> {
        self.with(move |connection| {
            let transaction = connection.transaction()?;
            insert(&transaction, tenant, texts, cursor)?;
            Ok(transaction.commit()?)
        })
        .await
    }

    async fn matches(&self, tenant: TenantId, query: String, before: i64, limit: usize) -> Result<Vec<i64>> {
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

/// Makes a full-text query of what a person typed: every word must occur; `"a phrase"` stays together; `word*` is a beginning.
fn query(text: &str) -> String {
    let mut terms = Vec::new();
    // A control character parts words, and one of them would end the query.
    let text = text.replace(char::is_control, " ");
    for (index, part) in text.split('"').enumerate() {
        if index % 2 == 1 {
            terms.push(format!("\"{part}\""));
            continue;
        }
        for word in part.split_whitespace() {
            match word.strip_suffix('*') {
                Some(beginning) if !beginning.is_empty() => terms.push(format!("\"{beginning}\"*")),
                _ => terms.push(format!("\"{word}\"")),
            }
        }
    }
    terms.join(" ")
}

impl Store {
    /// Tenants whose log goes further than the index.
    pub async fn unindexed(&self) -> Result<Vec<TenantId>> {
        let cursors = self.search.cursors().await?;
        let heads = self.heads().await?;
        let behind = |(tenant, _, head): &(TenantId, String, i64)| cursors.get(&tenant.0).copied().unwrap_or(0) < *head;
        Ok(heads.into_iter().filter(behind).map(|(tenant, ..)| tenant).collect())
    }

    /// Indexes the next messages of a tenant; answers whether there are more.
    pub async fn index_step(&self, tenant: TenantId) -> Result<bool> {
        let cursor = self.search.cursor(tenant).await?;
        let events = self.events(tenant, &EventFilter::default(), cursor, STEP).await?;
        let Some(last) = events.last().map(|event| event.seq) else { return Ok(false) };
        let more = events.len() == STEP;
        let sent = events.into_iter().filter(|event| event.kind == domain::EventKind::MessageSent);
        let read = |event: domain::Event| {
            let texts = serde_json::from_str(&event.data).map_err(|error| Error::Corrupt(error.to_string()))?;
            Ok((event.seq, texts))
        };
        let texts = sent.map(read).collect::<Result<Vec<_>>>()?;
        self.search.add(tenant, texts, last).await?;
        Ok(more)
    }

    /// Messages that hold these words and meet the filter, newest first, before a position.
    pub async fn search(
        &self,
        tenant: TenantId,
        filter: &MessageFilter,
        before: Option<i64>,
        limit: usize,
    ) -> Result<Vec<StoredMessage>> {
        while self.index_step(tenant).await? {}
        let words = query(filter.q.as_deref().unwrap_or_default());
        if words.is_empty() {
            return self.messages(tenant, filter, Order::Newest, before, limit).await;
        }
        let (mut found, mut before, mut seen) = (Vec::new(), before.unwrap_or(1 << TENANT_SHIFT), 0);
        while found.len() < limit && seen < MATCHES_MAX {
            let matches = self.search.matches(tenant, words.clone(), before, STEP).await?;
            let Some(last) = matches.last().copied() else { break };
            seen += matches.len();
            before = last;
            found.extend(self.messages_of(tenant, filter, &matches, limit - found.len()).await?);
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::query;

    #[test]
    fn what_a_person_types_is_never_query_syntax() {
        let table = [
            ("hello world", r#""hello" "world""#),
            ("hel*", r#""hel"*"#),
            (r#"say "hello world" now"#, r#""say" "hello world" "now""#),
            ("a AND (b OR NOT c) ^x -y col:z", r#""a" "AND" "(b" "OR" "NOT" "c)" "^x" "-y" "col:z""#),
            (r#"odd " quote"#, r#""odd" " quote""#),
            ("  ", ""),
            ("*", r#""*""#),
            ("a\0b\nc", r#""a" "b" "c""#),
        ];
        for (text, expected) in table {
            assert_eq!(query(text), expected, "{text}");
        }
    }
}
