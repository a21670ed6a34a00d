//! The index in PostgreSQL: a `tsvector` per message under a GIN index.

use std::collections::HashMap;

use domain::TenantId;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use super::{Cursor, Term, Texts};
use crate::Result;
use crate::message::places;
use crate::postgres::Postgres;
use crate::value::Value;

const READER: &str = "search";

#[derive(Clone)]
pub(crate) struct Database {
    postgres: Postgres,
}

impl Database {
    pub(super) fn new(postgres: Postgres) -> Self {
        Self { postgres }
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
        let sql = "WITH added AS (INSERT INTO texts (tenant, seq, words) \
                   SELECT $1, t.seq, to_tsvector('simple', t.text) FROM UNNEST($3::bigint[], $4::text[]) AS t (seq, text) \
                   ON CONFLICT (tenant, seq) DO NOTHING) \
                   INSERT INTO cursors (tenant, name, seq) VALUES ($1, 'search', $2) \
                   ON CONFLICT (tenant, name) DO UPDATE SET seq = GREATEST(cursors.seq, excluded.seq)";
        let text = |Texts { subject, body }| plain(&format!("{subject}\n{body}"));
        let (seqs, texts): (Vec<i64>, Vec<String>) = texts.into_iter().map(|(seq, texts)| (seq, text(texts))).unzip();
        self.postgres.write(sql, &[&tenant.0, &cursor, &seqs, &texts]).await
    }

    pub(super) async fn matches(
        &self,
        tenant: TenantId,
        terms: &[Term],
        before: i64,
        limit: usize,
    ) -> Result<Vec<i64>> {
        let mut parameters = vec![tenant.0.into(), before.into(), Value::Int(limit as i64)];
        let mut queries = Vec::with_capacity(terms.len());
        for term in terms {
            queries.push(match term {
                Term::Words(words) => {
                    format!("phraseto_tsquery('simple', {})", places(&mut parameters, [plain(words).into()]))
                }
                Term::Beginning(beginning) => {
                    let letters: String = plain(beginning).chars().filter(|letter| letter.is_alphanumeric()).collect();
                    format!("to_tsquery('simple', {})", places(&mut parameters, [format!("{letters}:*").into()]))
                }
            });
        }
        let sql = format!(
            "SELECT seq FROM texts WHERE tenant = $1 AND seq < $2 AND words @@ ({}) ORDER BY seq DESC LIMIT $3",
            queries.join(" && ")
        );
        self.postgres.query(sql, parameters).await?.into_iter().map(|mut row| row.int(0)).collect()
    }
}

/// The text without accents, as the other index reads it too, and without NULs, which PostgreSQL does not take.
fn plain(text: &str) -> String {
    let bare = text.nfd().filter(|letter| !is_combining_mark(*letter));
    bare.map(|letter| if letter == '\0' { ' ' } else { letter }).collect()
}
