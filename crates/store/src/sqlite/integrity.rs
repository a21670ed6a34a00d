//! The structure of the database file, as SQLite checks it itself.

use std::collections::BTreeMap;

use rusqlite::Connection;

use super::{Options, Sqlite, open};
use crate::{Error, Result};

impl Sqlite {
    /// What `PRAGMA integrity_check` finds wrong, a line each, with the names of tables and indexes. Reads the whole file, on a
    /// connection of its own.
    pub(crate) async fn integrity(&self) -> Result<Vec<String>> {
        let (path, shared) = (std::sync::Arc::clone(&self.path), self.shared);
        let work = move || {
            let connection = open::reader(&path, shared, &Options::default())?;
            match lines(&connection) {
                Ok(lines) => Ok(lines),
                Err(Error::Corrupt(why)) => Ok(vec![why]),
                Err(error) => Err(error),
            }
        };
        tokio::task::spawn_blocking(work).await.map_err(|error| Error::Unavailable(error.to_string()))?
    }
}

fn lines(connection: &Connection) -> Result<Vec<String>> {
    let mut names = connection.prepare("SELECT rootpage, name FROM sqlite_schema WHERE rootpage > 0")?;
    let names = names.query_map([], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?)))?;
    let names: BTreeMap<i64, String> = names.collect::<rusqlite::Result<_>>()?;
    let mut check = connection.prepare("PRAGMA integrity_check(100)")?;
    let rows = check.query_map([], |row| row.get::<_, String>(0))?;
    let found: Vec<String> = rows.collect::<rusqlite::Result<_>>()?;
    let lines = found.iter().flat_map(|row| row.lines()).filter(|line| *line != "ok" && !line.starts_with("***"));
    Ok(lines.map(|line| named(line, &names)).collect())
}

/// SQLite names a tree by the number of its first page.
fn named(line: &str, names: &BTreeMap<i64, String>) -> String {
    let Some(rest) = line.strip_prefix("Tree ") else { return line.to_owned() };
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    let name = rest[..digits].parse().ok().and_then(|page| names.get(&page));
    name.map_or_else(|| line.to_owned(), |name| format!("{name}: {line}"))
}
