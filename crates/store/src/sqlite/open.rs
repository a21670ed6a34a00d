//! Opening the database with the settings that make a commit durable and readers free of the writer.

use std::path::Path;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use super::Options;
use crate::{Result, migrate};

const PAGE_BYTES: u32 = 8_192;

/// Opens the one connection that writes, and migrates the schema.
pub(super) fn writer(path: &Path, options: &Options) -> Result<Connection> {
    let mut connection = Connection::open(path)?;
    prepare_once(&connection)?;
    // Takes effect on a new database only. A commit appends to a dozen trees; larger pages are fewer writes.
    connection.pragma_update(None, "page_size", PAGE_BYTES)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    // FULL: a commit has reached the disk, not only the operating system, when it returns.
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "wal_autocheckpoint", options.checkpoint_pages)?;
    // After a burst the log file shrinks back to this when it is next folded in.
    connection.pragma_update(None, "journal_size_limit", 64 * 1024 * 1024)?;
    connection.pragma_update(None, "cache_size", -(i64::from(options.cache_mib) * 1024))?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    migrate::sqlite(&mut connection)?;
    Ok(connection)
}

/// Keeps statements prepared. SQLite would otherwise prepare some again whenever a parameter changes, to look whether another
/// plan is better for the new value: here the text alone decides.
fn prepare_once(connection: &Connection) -> Result<()> {
    connection.set_prepared_statement_cache_capacity(128);
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    Ok(())
}

/// Opens a connection that only reads.
pub(super) fn reader(path: &Path, options: &Options) -> Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    prepare_once(&connection)?;
    connection.busy_timeout(std::time::Duration::from_secs(5))?;
    connection.pragma_update(None, "cache_size", -(i64::from(options.cache_mib) * 256))?;
    Ok(connection)
}
