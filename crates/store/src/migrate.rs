//! Migrations: numbered SQL texts, each applied once, in order.

use rusqlite::Connection;

use crate::{Error, Result};

const MIGRATIONS: &[(i64, &str)] = &[(1, include_str!("../migrations/0001_ground.sql"))];

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
        transaction.pragma_update(None, "user_version", version)?;
        transaction.commit()?;
    }
    Ok(())
}
