//! A few connections that read beside the writer, each used by one query at a time.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::Connection;
use tokio::sync::Semaphore;

use super::Options;
use super::interrupt::Awaited;
use super::open::{self, Shared};
use crate::value::{Row, Value};
use crate::{Error, Result};

pub(super) struct Readers {
    idle: Arc<Mutex<Vec<Connection>>>,
    permits: Arc<Semaphore>,
}

impl Readers {
    pub(super) fn open(path: &Path, shared: Shared, options: &Options) -> Result<Self> {
        let connections =
            (0..options.readers).map(|_| open::reader(path, shared, options)).collect::<Result<Vec<_>>>()?;
        let permits = Arc::new(Semaphore::new(connections.len()));
        Ok(Self { idle: Arc::new(Mutex::new(connections)), permits })
    }

    /// Runs one query on the next connection that is idle. Dropped, it interrupts the query, whose connection is idle again
    /// when it has ended.
    pub(super) async fn query(&self, sql: String, parameters: Vec<Value>, bytes: usize) -> Result<(Vec<Row>, bool)> {
        let gone = |_| Error::Unavailable("the store is closed".to_owned());
        let permit = Arc::clone(&self.permits).acquire_owned().await.map_err(gone)?;
        let idle = Arc::clone(&self.idle);
        let (awaited, _waiting) = Awaited::new();
        let work = move || {
            let taken = idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let mut connection = taken.ok_or_else(|| Error::Unavailable("no reader is idle".to_owned()))?;
            let rows = awaited.run(&mut connection, |connection| query_within(connection, &sql, &parameters, bytes));
            idle.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
            drop(permit);
            rows
        };
        tokio::task::spawn_blocking(work).await.map_err(|error| Error::Unavailable(error.to_string()))?
    }
}

/// Runs one query.
pub(super) fn query(connection: &Connection, sql: &str, parameters: &[Value]) -> Result<Vec<Row>> {
    Ok(query_within(connection, sql, parameters, usize::MAX)?.0)
}

/// Runs one query for as many rows as have so many bytes together, and for one at least; and tells whether there are more. `$1` of the shared text is a name to
/// SQLite and `?1` a number, so it is told the number.
pub(super) fn query_within(
    connection: &Connection,
    sql: &str,
    parameters: &[Value],
    bytes: usize,
) -> Result<(Vec<Row>, bool)> {
    #[cfg(test)]
    super::plans::explain(connection, sql);
    let mut statement = connection.prepare_cached(&sql.replace('$', "?"))?;
    let columns = statement.column_count();
    let mut rows = statement.query(rusqlite::params_from_iter(parameters))?;
    let (mut found, mut read) = (Vec::new(), 0_usize);
    while let Some(row) = rows.next()? {
        let values = (0..columns).map(|column| {
            Ok(match row.get_ref(column)? {
                rusqlite::types::ValueRef::Null => Value::Null,
                rusqlite::types::ValueRef::Integer(int) => Value::Int(int),
                rusqlite::types::ValueRef::Real(number) => Value::Int(number as i64),
                // Text that is none is the row's fault, found where the row is read; the other rows are read all the same.
                rusqlite::types::ValueRef::Text(text) => match std::str::from_utf8(text) {
                    Ok(text) => Value::Text(text.to_owned()),
                    Err(_) => Value::Bytes(text.to_vec()),
                },
                rusqlite::types::ValueRef::Blob(bytes) => Value::Bytes(bytes.to_vec()),
            })
        });
        let row = Row(values.collect::<Result<_>>()?);
        read = read.saturating_add(row.bytes());
        if read > bytes && !found.is_empty() {
            return Ok((found, true));
        }
        found.push(row);
    }
    Ok((found, false))
}

/// Runs one statement.
pub(super) fn execute(connection: &Connection, sql: &str, parameters: &[Value]) -> Result<()> {
    #[cfg(test)]
    super::plans::explain(connection, sql);
    connection.prepare_cached(&sql.replace('$', "?"))?.execute(rusqlite::params_from_iter(parameters))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const ENDLESS: &str = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT MAX(i) FROM n";

    #[tokio::test]
    async fn a_query_whose_caller_is_gone_gives_its_connection_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.db");
        Connection::open(&path).unwrap().execute_batch("CREATE TABLE t (i INTEGER)").unwrap();
        let readers = Readers::open(&path, Shared::File, &Options { readers: 1, ..Options::default() }).unwrap();
        for _ in 0..3 {
            let endless = readers.query(ENDLESS.to_owned(), vec![], usize::MAX);
            assert!(tokio::time::timeout(Duration::from_millis(20), endless).await.is_err(), "it has no end");
        }
        let (rows, _) = readers.query("SELECT 7".to_owned(), vec![], usize::MAX).await.unwrap();
        assert_eq!(rows[0].peek_int(0), Some(7));
    }

    #[test]
    fn rows_are_read_up_to_so_many_bytes_and_one_at_least() {
        let connection = Connection::open_in_memory().unwrap();
        let sql = "SELECT 'xxxx' UNION ALL SELECT 'yyyy' UNION ALL SELECT 'zzzz'";
        let read = |bytes| {
            let (rows, cut) = query_within(&connection, sql, &[], bytes).unwrap();
            (rows.len(), cut)
        };
        let expected = [(1, true), (1, true), (1, true), (2, true), (3, false), (3, false)];
        assert_eq!([0, 4, 7, 8, 12, usize::MAX].map(read), expected);
    }
}
