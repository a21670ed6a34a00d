//! Fills the table of what messages attach from the messages that were sent before there was one.

use domain::attachment::Attached;
use rusqlite::Connection;
use serde::Deserialize;
use tokio_postgres::Client;

use crate::{Error, Result};

/// The migration that makes the table.
pub(super) const VERSION: i64 = 8;

/// Messages that are read at a time.
const PAGE: i64 = 500;

/// What of a message is read.
#[derive(Deserialize)]
struct Attaching {
    #[serde(default)]
    attachments: Vec<Attached>,
}

fn attached(data: &str) -> Result<Vec<Attached>> {
    let read: Attaching = serde_json::from_str(data).map_err(|error| Error::Corrupt(error.to_string()))?;
    Ok(read.attachments)
}

pub(super) fn sqlite(connection: &Connection) -> Result<()> {
    let sql = r#"SELECT tenant, seq, data FROM events WHERE kind = 0 AND data LIKE '%"attachments":[{%'"#;
    let mut messages = connection.prepare(sql)?;
    let mut insert =
        connection.prepare("INSERT OR IGNORE INTO attached (tenant, sha256, seq, name) VALUES (?1, ?2, ?3, ?4)")?;
    let mut rows = messages.query([])?;
    while let Some(row) = rows.next()? {
        let (tenant, seq, data): (i64, i64, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
        for Attached { sha256, name } in attached(&data)? {
            insert.execute((tenant, sha256.0, seq, name))?;
        }
    }
    Ok(())
}

pub(super) async fn postgres(client: &Client) -> Result<()> {
    let sql = r#"SELECT tenant, seq, data FROM events WHERE kind = 0 AND (tenant, seq) > ($1, $2)
                 AND data LIKE '%"attachments":[{%' ORDER BY tenant, seq LIMIT $3"#;
    let insert = "INSERT INTO attached (tenant, sha256, seq, name) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING";
    let (mut tenant, mut seq) = (0_i64, 0_i64);
    loop {
        let page = client.query(sql, &[&tenant, &seq, &PAGE]).await?;
        for row in &page {
            (tenant, seq) = (row.try_get(0)?, row.try_get(1)?);
            for Attached { sha256, name } in attached(row.try_get(2)?)? {
                client.execute(insert, &[&tenant, &sha256.0.as_slice(), &seq, &name]).await?;
            }
        }
        if page.is_empty() {
            return Ok(());
        }
    }
}
