//! Opening the database with the settings that make a commit durable and readers free of the writer.

use std::path::Path;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::Options;
use super::mark::Mark;
use crate::{Result, migrate};

const PAGE_BYTES: u32 = 8_192;

/// How the connections to a database find each other's place in its write-ahead log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shared {
    /// Through a file beside it, so that other processes may read along.
    File,
    /// Through the memory of this process, which alone may then open it: on a full disk there is no room for the file.
    Memory,
}

/// Opens a database with a write-ahead log, also where the disk has no room for the file that its connections share.
///
/// Fails with [`Error::Corrupt`](crate::Error::Corrupt) where it is surely bad.
pub(crate) fn connect(path: &Path) -> Result<(Connection, Shared)> {
    let connection = Connection::open(path)?;
    let error = match write_ahead(&connection) {
        Ok(()) => return Ok((connection, Shared::File)),
        Err(error) => error,
    };
    let no_room = matches!(
        error.sqlite_error_code(),
        Some(ErrorCode::DiskFull | ErrorCode::SystemIoFailure | ErrorCode::CannotOpen)
    );
    if !no_room {
        return Err(error.into());
    }
    drop(connection);
    let connection = in_memory_of_this_process(path)?;
    write_ahead(&connection)?;
    tracing::warn!(%error, path = %path.display(), "the disk has no room: no other process can read this database along");
    Ok((connection, Shared::Memory))
}

fn in_memory_of_this_process(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    Connection::open_with_flags_and_vfs(path, flags, c"unix-excl")
}

fn write_ahead(connection: &Connection) -> rusqlite::Result<()> {
    // Takes effect on a new database only. A commit appends to a dozen trees; larger pages are fewer writes.
    connection.pragma_update(None, "page_size", PAGE_BYTES)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    // Reads through the log, and so needs what its readers share.
    connection.query_row("SELECT COUNT(*) FROM sqlite_schema", [], |row| row.get::<_, i64>(0)).map(drop)
}

/// Opens the one connection that writes, and migrates the schema.
///
/// Fails with [`Error::Behind`](crate::Error::Behind) where the database has not come as far as was `marked`, and leaves all files
/// as they are then.
pub(super) fn writer(path: &Path, marked: Option<&Mark>, options: &Options) -> Result<(Connection, Shared)> {
    let (mut connection, shared) = connect(path)?;
    if let Some(mark) = marked {
        // The last connection that closes would fold in, and so remove, a log that may still be mended.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
        mark.must_be_reached(&connection)?;
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, false)?;
    }
    prepare_once(&connection)?;
    // FULL: a commit has reached the disk, not only the operating system, when it returns.
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "wal_autocheckpoint", options.checkpoint_pages)?;
    // After a burst the log file shrinks back to this when it is next folded in.
    connection.pragma_update(None, "journal_size_limit", 64 * 1024 * 1024)?;
    connection.pragma_update(None, "cache_size", -(i64::from(options.cache_mib) * 1024))?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    migrate::sqlite(&mut connection)?;
    Ok((connection, shared))
}

/// Keeps statements prepared. SQLite would otherwise prepare some again whenever a parameter changes, to look whether another
/// plan is better for the new value: here the text alone decides.
fn prepare_once(connection: &Connection) -> Result<()> {
    connection.set_prepared_statement_cache_capacity(128);
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    Ok(())
}

/// Opens a connection that only reads.
pub(super) fn reader(path: &Path, shared: Shared, options: &Options) -> Result<Connection> {
    let connection = match shared {
        Shared::File => {
            let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
            Connection::open_with_flags(path, flags)?
        }
        Shared::Memory => {
            let connection = in_memory_of_this_process(path)?;
            connection.pragma_update(None, "query_only", true)?;
            connection
        }
    };
    prepare_once(&connection)?;
    connection.busy_timeout(std::time::Duration::from_secs(5))?;
    connection.pragma_update(None, "cache_size", -(i64::from(options.cache_mib) * 256))?;
    Ok(connection)
}
