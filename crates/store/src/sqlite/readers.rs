//! A few connections that read beside the writer, each used by one query at a time.

use std::path::Path;
use std::sync::{Mutex, PoisonError};

use rusqlite::Connection;
use tokio::sync::Semaphore;

use super::Options;
use super::open::{self, Shared};
use crate::value::{Row, Value};
use crate::{Error, Result};

pub(super) struct Readers {
    idle: std::sync::Arc<Mutex<Vec<Connection>>>,
    permits: Semaphore,
}

impl Readers {
    pub(super) fn open(path: &Path, shared: Shared, options: &Options) -> Result<Self> {
        let connections =
            (0..options.readers).map(|_| open::reader(path, shared, options)).collect::<Result<Vec<_>>>()?;
        let permits = Semaphore::new(connections.len());
        Ok(Self { idle: std::sync::Arc::new(Mutex::new(connections)), permits })
    }

    pub(super) async fn query(&self, sql: String, parameters: Vec<Value>) -> Result<Vec<Row>> {
        let gone = |_| Error::Unavailable("the store is closed".to_owned());
        let _permit = self.permits.acquire().await.map_err(gone)?;
        let idle = std::sync::Arc::clone(&self.idle);
        let work = move || {
            let taken = idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let connection = taken.ok_or_else(|| Error::Unavailable("no reader is idle".to_owned()))?;
            let rows = query(&connection, &sql, &parameters);
            idle.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
            rows
        };
        tokio::task::spawn_blocking(work).await.map_err(|error| Error::Unavailable(error.to_string()))?
    }
}

/// Runs one query. `$1` of the shared text is a name to SQLite and `?1` a number, so it is told the number.
pub(super) fn query(connection: &Connection, sql: &str, parameters: &[Value]) -> Result<Vec<Row>> {
    #[cfg(test)]
    super::plans::explain(connection, sql);
    let mut statement = connection.prepare_cached(&sql.replace('$', "?"))?;
    let columns = statement.column_count();
    let mut rows = statement.query(rusqlite::params_from_iter(parameters))?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let values = (0..columns).map(|column| {
            Ok(match row.get_ref(column)? {
                rusqlite::types::ValueRef::Null => Value::Null,
                rusqlite::types::ValueRef::Integer(int) => Value::Int(int),
                rusqlite::types::ValueRef::Real(real) => Value::Int(real as i64),
                // Text that is none is the row's fault, found where the row is read; the other rows are read all the same.
                rusqlite::types::ValueRef::Text(text) => match std::str::from_utf8(text) {
                    Ok(text) => Value::Text(text.to_owned()),
                    Err(_) => Value::Bytes(text.to_vec()),
                },
                rusqlite::types::ValueRef::Blob(bytes) => Value::Bytes(bytes.to_vec()),
            })
        });
        found.push(Row(values.collect::<Result<_>>()?));
    }
    Ok(found)
}

/// Runs one statement.
pub(super) fn execute(connection: &Connection, sql: &str, parameters: &[Value]) -> Result<()> {
    #[cfg(test)]
    super::plans::explain(connection, sql);
    connection.prepare_cached(&sql.replace('$', "?"))?.execute(rusqlite::params_from_iter(parameters))?;
    Ok(())
}
