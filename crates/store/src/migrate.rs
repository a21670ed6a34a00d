//! Migrations: numbered SQL texts, each applied once, in order.

mod attached;

use rusqlite::Connection;

use tokio_postgres::Client;

use crate::{Error, Result};

const MIGRATIONS: &[(i64, &str)] = &[
    (1, include_str!("../migrations/0001_ground.sql")),
    (2, include_str!("../migrations/0002_archive.sql")),
    (3, include_str!("../migrations/0003_webhooks.sql")),
    (4, include_str!("../migrations/0004_duties.sql")),
    (5, include_str!("../migrations/0005_imports.sql")),
    (6, include_str!("../migrations/0006_words.sql")),
    (7, include_str!("../migrations/0007_told.sql")),
    (attached::VERSION, include_str!("../migrations/0008_attached.sql")),
];

/// Fails unless a SQLite database has the newest schema.
pub(crate) fn is_newest(connection: &Connection) -> Result<()> {
    let done: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let newest = MIGRATIONS.last().map_or(0, |(version, _)| *version);
    if done == newest {
        return Ok(());
    }
    Err(Error::Unavailable(format!(
        "the database has schema version {done}, this program wants {newest}: use the program that serves it"
    )))
}

/// Brings a SQLite database to the newest schema; each migration is one transaction.
pub(crate) fn sqlite(connection: &mut Connection) -> Result<()> {
    let done: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let newest = MIGRATIONS.last().map_or(0, |(version, _)| *version);
    if done > newest {
        return Err(Error::Unavailable(format!(
            "the database has schema version {done}, this program knows up to {newest}: use a newer program"
        )));
    }
    for (version, sql) in MIGRATIONS.iter().filter(|(version, _)| *version > done) {
        let transaction = connection.transaction()?;
        transaction.execute_batch(&sql.replace("/*without rowid*/", "WITHOUT ROWID"))?;
        if *version == attached::VERSION {
            attached::sqlite(&transaction)?;
        }
        transaction.pragma_update(None, "user_version", version)?;
        transaction.commit()?;
    }
    Ok(())
}

/// What only PostgreSQL needs: SQLite keeps its full-text index in a file of its own.
const POSTGRES: &[(i64, &str)] = &[
    (1, include_str!("../migrations/0001_texts.postgres.sql")),
    (6, include_str!("../migrations/0006_words.postgres.sql")),
];

/// Of all who migrate one database at a time, one goes first and the others find nothing left to do.
const LOCK: i64 = 0x636f_6f72_6469;

/// Brings a PostgreSQL database to the newest schema in one transaction under an advisory lock, which ends with it: so it is
/// safe behind a pool of connections, too.
pub(crate) async fn postgres(client: &Client) -> Result<()> {
    client.batch_execute("BEGIN").await?;
    client.execute("SELECT pg_advisory_xact_lock($1)", &[&LOCK]).await?;
    let outcome = under_lock(client).await;
    client.batch_execute(if outcome.is_ok() { "COMMIT" } else { "ROLLBACK" }).await?;
    outcome
}

async fn under_lock(client: &Client) -> Result<()> {
    client.batch_execute("CREATE TABLE IF NOT EXISTS schema_version (version BIGINT PRIMARY KEY)").await?;
    let done: i64 = client.query_one("SELECT COALESCE(MAX(version), 0) FROM schema_version", &[]).await?.try_get(0)?;
    for (version, sql) in MIGRATIONS.iter().filter(|(version, _)| *version > done) {
        // Names are compared byte by byte, as everywhere else.
        let sql =
            sql.replace("/*without rowid*/", "").replace(" BLOB", " BYTEA").replace(" TEXT", " TEXT COLLATE \"C\"");
        let own = POSTGRES.iter().find(|(of, _)| of == version).map_or("", |(_, sql)| *sql);
        let script = format!("{sql}; {own}; INSERT INTO schema_version VALUES ({version});");
        client.batch_execute(&script).await?;
        if *version == attached::VERSION {
            attached::postgres(client).await?;
        }
    }
    Ok(())
}
