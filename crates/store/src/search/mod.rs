//! Full-text search: an index that follows the log by a cursor and can be made again from it at any time.
//!
//! Indexing would cost a commit as much as everything else together, so it happens behind it. A search first brings the index
//! up to the head, so it finds what was sent before it. An index that is broken, or that followed another log than this one (a
//! database that was restored), is made again.

pub(crate) mod database;
mod folder;
mod words;

use std::any::Any;
use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use domain::{Code, Digest, Refusal, TenantId};
use serde::Deserialize;

use self::words::{Term, terms};
use crate::message::{Order, Readable, StoredMessage};
use crate::postgres::Postgres;
use crate::value::{Row, Value};
use crate::{Error, Result, Store};
use domain::filter::MessageFilter;

/// Events that are read in one step of indexing; each may hold a body.
const STEP: usize = 256;
/// Matches that are looked at together.
const MATCHES: usize = 1_000;
/// Words and phrases of one search.
const TERMS_MAX: usize = 64;
/// Matches that one search looks at, at most, to fill its page.
const MATCHES_MAX: usize = 10_000;

/// What is kept until the last query of a search is over, also where nobody waited for its end.
pub(crate) type Hold = Arc<dyn Any + Send + Sync>;

/// What of a message is searched.
#[derive(Deserialize)]
pub(crate) struct Texts {
    subject: String,
    body: String,
}

/// An event as the index wants it.
struct ToIndex {
    seq: i64,
    hash: Digest,
    /// None: it is no message.
    texts: Option<Texts>,
}

/// How far the index of a tenant has come.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cursor {
    /// The last position that is indexed; 0 before the first.
    pub(crate) seq: i64,
    /// The hash that stands there; none where index and log are written and restored together.
    pub(crate) hash: Option<Digest>,
}

/// The index: beside a SQLite store, or in the database itself.
#[derive(Clone)]
pub(crate) enum Search {
    Folder(folder::Folder),
    Database(database::Database),
}

impl Search {
    /// Opens the index beside the store in a folder, in which so many search at a time; one that cannot be read is made again.
    pub(crate) fn in_folder(folder: &Path, searches: usize) -> Result<Self> {
        folder::Folder::open(folder, searches).map(Self::Folder)
    }

    /// The same index, searched on behalf of who holds this.
    pub(crate) fn searching(&self, hold: Hold) -> Self {
        match self {
            Self::Folder(folder) => Self::Folder(folder.searching(hold)),
            Self::Database(database) => Self::Database(database.searching(hold)),
        }
    }

    /// An index of one's own, for who only reads the store.
    pub(crate) fn in_memory() -> Result<Self> {
        folder::Folder::in_memory().map(Self::Folder)
    }

    pub(crate) fn in_database(postgres: Postgres) -> Self {
        Self::Database(database::Database::new(postgres))
    }

    async fn cursors(&self) -> Result<HashMap<i64, i64>> {
        match self {
            Self::Folder(folder) => folder.cursors().await,
            Self::Database(database) => database.cursors().await,
        }
    }

    async fn cursor(&self, tenant: TenantId) -> Result<Cursor> {
        match self {
            Self::Folder(folder) => folder.cursor(tenant).await,
            Self::Database(database) => database.cursor(tenant).await,
        }
    }

    async fn add(&self, tenant: TenantId, from: i64, texts: Vec<(i64, Texts)>, up_to: (i64, Digest)) -> Result<()> {
        match self {
            Self::Folder(folder) => folder.add(tenant, from, texts, up_to).await,
            Self::Database(database) => database.add(tenant, texts, up_to.0).await,
        }
    }

    /// Throws away an index that can be made again.
    async fn forget(&self) -> Result<()> {
        match self {
            Self::Folder(folder) => folder.forget().await,
            Self::Database(_) => Ok(()),
        }
    }

    async fn matches(&self, tenant: TenantId, terms: &[Term], before: i64, limit: usize) -> Result<Vec<i64>> {
        match self {
            Self::Folder(folder) => folder.matches(tenant, terms, before, limit).await,
            Self::Database(database) => database.matches(tenant, terms, before, limit).await,
        }
    }
}

/// How much a search may ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SearchBounds {
    /// Characters.
    pub chars: usize,
    /// Words, phrases and beginnings of words.
    pub terms: usize,
    /// Beginnings of words: each stands for every word that begins so.
    pub prefixes: usize,
}

impl SearchBounds {
    /// Fails with `invalid-field` or `too-many-items` where a search asks for more.
    pub fn check(&self, q: &str) -> std::result::Result<(), Refusal> {
        let Self { chars, terms: terms_max, prefixes: prefixes_max } = self;
        let length = q.chars().count();
        if length > *chars {
            return Err(Refusal::field(
                Code::InvalidField,
                "q",
                format!("has {length} characters; {chars} are allowed"),
            ));
        }
        let terms = terms(q);
        let prefixes = terms.iter().filter(|term| term.begins).count();
        let too_many = |why: String| Err(Refusal::field(Code::TooManyItems, "q", why));
        if terms.len() > *terms_max {
            return too_many(format!("has {} words and phrases; {terms_max} are allowed", terms.len()));
        }
        if prefixes > *prefixes_max {
            return too_many(format!("has {prefixes} beginnings of words (`word*`); {prefixes_max} are allowed"));
        }
        Ok(())
    }
}

impl Store {
    /// The same store for one search: its queries run beside all others, a few at a time. `turn` is dropped when the last of
    /// them is over, also where the search was dropped before.
    #[must_use]
    pub fn searching(&self, turn: impl Any + Send + Sync) -> Self {
        let hold: Hold = Arc::new(turn);
        // A search that is cut off says nothing about reading as a whole.
        let health = Arc::default();
        Self { driver: self.driver.searching(Arc::clone(&hold)), search: self.search.searching(hold), health }
    }

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
        // The last one that is indexed is read again: it tells whether the index followed this log.
        let mut read = self.to_index(tenant, cursor.seq - 1).await?;
        if cursor.seq > 0 {
            let last = read.first().filter(|first| first.seq == cursor.seq);
            let follows = match last {
                Some(last) => cursor.hash.is_none_or(|hash| hash == last.hash),
                // It has gone to the archive, and what was indexed of it is found no more.
                None => cursor.seq <= self.trimmed(tenant).await?.seq,
            };
            if !follows {
                self.search.forget().await?;
                return Ok(true);
            }
            read.retain(|event| event.seq > cursor.seq);
        }
        let Some(last) = read.last().map(|last| (last.seq, last.hash)) else { return Ok(false) };
        let more = read.len() >= STEP - 1;
        let texts = read.into_iter().filter_map(|event| event.texts.map(|texts| (event.seq, texts))).collect();
        self.search.add(tenant, cursor.seq, texts, last).await?;
        Ok(more)
    }

    /// The next events after a position, as the index wants them.
    async fn to_index(&self, tenant: TenantId, after: i64) -> Result<Vec<ToIndex>> {
        let sql = "SELECT e.seq, e.hash, CASE WHEN e.kind = 0 THEN e.data END FROM events e \
                   WHERE e.tenant = $1 AND e.seq > $2 ORDER BY e.seq LIMIT $3";
        let rows = self.query(sql, vec![tenant.0.into(), after.into(), Value::Int(STEP as i64)]).await?;
        let read = |mut row: Row| {
            let texts = row.opt_text(2)?.map(|data| serde_json::from_str(&data)).transpose();
            let texts = texts.map_err(|error| Error::Corrupt(error.to_string()))?;
            Ok(ToIndex { seq: row.int(0)?, hash: row.digest(1)?, texts })
        };
        rows.into_iter().map(read).collect()
    }

    /// Messages that hold these words and meet the filter, newest first, before a position.
    ///
    /// Of more than 10,000 that hold the words, the newest 10,000 are held to the filter.
    /// Fails with [`Error::Refused`] where more than 64 words and phrases are asked for, or signs alone; blanks ask for everything.
    pub async fn search<'a>(
        &self,
        readable: impl Into<Readable<'a>>,
        filter: &MessageFilter,
        before: Option<i64>,
        limit: usize,
    ) -> Result<Vec<StoredMessage>> {
        let asked = filter.q.as_deref().unwrap_or_default();
        let terms = terms(asked);
        if terms.is_empty() && !asked.trim().is_empty() {
            let why = "holds no word to search for: a word is a run of letters or digits of any script, so signs and emoji are none";
            return Err(Refusal::field(Code::InvalidField, "q", why).into());
        }
        if terms.len() > TERMS_MAX {
            let why = format!("has {} words and phrases; {TERMS_MAX} are allowed", terms.len());
            return Err(Refusal::field(Code::TooManyItems, "q", why).into());
        }
        let readable = readable.into();
        let tenant = readable.tenant;
        while self.index_step(tenant).await? {}
        if terms.is_empty() {
            return self.messages(readable, filter, Order::Newest, before, limit).await;
        }
        let (mut found, mut before, mut seen) = (Vec::new(), before.unwrap_or(folder::SEQ_MAX), 0);
        while found.len() < limit && seen < MATCHES_MAX {
            let matches = self.search.matches(tenant, &terms, before, MATCHES).await?;
            let Some(last) = matches.last().copied() else { break };
            seen += matches.len();
            before = last;
            found.extend(self.messages_of(readable, filter, &matches, limit - found.len()).await?);
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::SearchBounds;

    #[test]
    fn a_search_has_bounds_and_each_names_itself() {
        let bounds = SearchBounds { chars: 20, terms: 4, prefixes: 2 };
        for within in ["", "a b c d", "a* b* c d", "\"a b c d\" e f g", &"x".repeat(20)] {
            assert_eq!(bounds.check(within), Ok(()), "{within}");
        }
        let table = [
            ("a b c d e", "has 5 words and phrases; 4 are allowed"),
            ("a* b* c*", "has 3 beginnings of words (`word*`); 2 are allowed"),
            ("ééééééééééééééééééééé", "has 21 characters; 20 are allowed"),
        ];
        for (beyond, why) in table {
            let refusal = bounds.check(beyond).expect_err(beyond);
            assert_eq!((refusal.errors[0].field.as_str(), refusal.errors[0].why.as_str()), ("q", why));
        }
    }
}
