//! The index in PostgreSQL: a `tsvector` per message under a GIN index.

use std::collections::HashMap;

use super::words::{self, FORMAT, Term};
use super::{Cursor, Hold, Texts};
use crate::Result;
use crate::postgres::Postgres;
use crate::value::Value;
use domain::TenantId;

/// The cursor of the index. It ends with the words' form, so that processes of two versions index beside each other while one
/// replaces the other; all names of such cursors begin with `search`.
pub(crate) const READER: &str = "search-2";

/// Positions that a `tsvector` tells apart.
const POSITIONS: usize = 16_383;
/// Bytes of a `tsvector`, roughly: 1 MiB is what PostgreSQL takes.
const BYTES_MAX: usize = 1_000_000;
/// Bytes of a word in a `tsvector` beside its own.
const WORD_BYTES: usize = 6;

#[derive(Clone)]
pub(crate) struct Database {
    postgres: Postgres,
}

impl Database {
    pub(super) fn new(postgres: Postgres) -> Self {
        Self { postgres }
    }

    /// The same index, searched on behalf of who holds this.
    pub(super) fn searching(&self, hold: Hold) -> Self {
        Self { postgres: self.postgres.searching(hold) }
    }

    pub(super) async fn cursors(&self) -> Result<HashMap<i64, i64>> {
        let sql = "SELECT tenant, seq FROM cursors WHERE name = $1".to_owned();
        let rows = self.postgres.query(sql, vec![READER.into()]).await?;
        rows.into_iter().map(|mut row| Ok((row.int(0)?, row.int(1)?))).collect()
    }

    pub(super) async fn cursor(&self, tenant: TenantId) -> Result<Cursor> {
        let sql = "SELECT seq FROM cursors WHERE tenant = $1 AND name = $2".to_owned();
        let rows = self.postgres.query(sql, vec![tenant.0.into(), READER.into()]).await?;
        let seq = rows.into_iter().next().map_or(Ok(0), |mut row| row.int(0))?;
        Ok(Cursor { seq, hash: None })
    }

    /// Adds texts and moves the cursor in one statement; what another process has added stays as it is.
    pub(super) async fn add(&self, tenant: TenantId, texts: Vec<(i64, Texts)>, cursor: i64) -> Result<()> {
        let sql = "WITH added AS (INSERT INTO texts (tenant, seq, words, format) \
                   SELECT $1, t.seq, t.words::tsvector, $6 FROM UNNEST($3::bigint[], $4::text[]) AS t (seq, words) \
                   ON CONFLICT (tenant, seq) DO UPDATE SET words = excluded.words, format = excluded.format \
                   WHERE texts.format < excluded.format) \
                   INSERT INTO cursors (tenant, name, seq) VALUES ($1, $5, $2) \
                   ON CONFLICT (tenant, name) DO UPDATE SET seq = GREATEST(cursors.seq, excluded.seq)";
        let (seqs, texts): (Vec<i64>, Vec<String>) =
            texts.into_iter().map(|(seq, texts)| (seq, vector(&texts))).unzip();
        self.postgres.write(sql, &[&tenant.0, &cursor, &seqs, &texts, &READER, &FORMAT]).await
    }

    pub(super) async fn matches(
        &self,
        tenant: TenantId,
        terms: &[Term],
        before: i64,
        limit: usize,
    ) -> Result<Vec<i64>> {
        let parameters =
            vec![tenant.0.into(), before.into(), Value::Int(limit as i64), query(terms).into(), FORMAT.into()];
        let sql = "SELECT seq FROM texts WHERE tenant = $1 AND seq < $2 AND words @@ ($4::text)::tsquery AND format = $5 \
                   ORDER BY seq DESC LIMIT $3";
        self.postgres.query(sql.to_owned(), parameters).await?.into_iter().map(|mut row| row.int(0)).collect()
    }
}

/// The text as a `tsvector`. Beyond the last position counting begins again, so that what stands far behind is found, too.
fn vector(Texts { subject, body }: &Texts) -> String {
    let mut vector = String::with_capacity(2 * (subject.len() + body.len()));
    // A phrase does not begin in the subject and end in the body.
    let apart = std::iter::once(String::new());
    let (mut at, mut bytes) = (0, 0);
    for word in words::words(subject).into_iter().chain(apart).chain(words::words(body)) {
        at = at % POSITIONS + 1;
        bytes += word.len() + WORD_BYTES;
        if bytes > BYTES_MAX {
            break;
        }
        if !word.is_empty() {
            vector.push_str(&format!("'{word}':{at} "));
        }
    }
    vector
}

/// The terms as a `tsquery`: words hold letters and digits only, so none is syntax.
fn query(terms: &[Term]) -> String {
    let phrases = terms.iter().map(|Term { words, begins }| {
        let words: Vec<String> = words.iter().map(|word| format!("'{word}'")).collect();
        format!("({}{})", words.join(" <-> "), if *begins { ":*" } else { "" })
    });
    phrases.collect::<Vec<_>>().join(" & ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cursor_is_named_after_the_form_of_the_words() {
        assert_eq!(READER, format!("search-{FORMAT}"));
    }

    #[test]
    fn a_text_becomes_its_words_with_their_positions() {
        let texts = Texts { subject: "Go 検索".to_owned(), body: "it's".to_owned() };
        assert_eq!(vector(&texts), "'go':1 '検索':2 '索':3 'it':5 's':6 ");
        let long = Texts { subject: String::new(), body: "a ".repeat(20_000) };
        assert!(vector(&long).ends_with(&format!("'a':{} ", 20_001 - POSITIONS)));
    }

    #[test]
    fn what_postgresql_would_not_take_is_cut() {
        let texts = Texts { subject: String::new(), body: "ﷺ ".repeat(100_000) };
        let written: usize = vector(&texts).split(' ').map(str::len).sum();
        assert!(written < 2 * BYTES_MAX, "{written}");
    }

    #[test]
    fn terms_become_a_query() {
        let terms = words::terms("\"to be\" o* !");
        assert_eq!(query(&terms), "('to' <-> 'be') & ('o':*)");
    }
}
