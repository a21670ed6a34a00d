//! Queries that end when nobody waits for them any more.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rusqlite::Connection;

use crate::Result;

/// SQLite asks this often, in its own steps, whether a query is to go on: several thousand times a second.
const STEPS: i32 = 1_000;

/// Whether somebody waits for a query.
#[derive(Clone, Default)]
pub(crate) struct Awaited(Arc<AtomicBool>);

/// Held by who waits; dropped, it ends the query.
pub(crate) struct Waiting(Arc<AtomicBool>);

impl Awaited {
    /// A query and who waits for it.
    pub(crate) fn new() -> (Self, Waiting) {
        let given_up = Arc::new(AtomicBool::new(false));
        (Self(Arc::clone(&given_up)), Waiting(given_up))
    }

    /// Whether nobody waits any more.
    pub(crate) fn given_up(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// Runs work on a connection, which fails soon after nobody waits for it any more. One step inside the full-text index
    /// is not interrupted.
    pub(crate) fn run<T>(
        &self,
        connection: &mut Connection,
        work: impl FnOnce(&mut Connection) -> Result<T>,
    ) -> Result<T> {
        let awaited = self.clone();
        connection.progress_handler(STEPS, Some(move || awaited.given_up()))?;
        let result = work(connection);
        connection.progress_handler(0, None::<fn() -> bool>)?;
        result
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Error;

    const ENDLESS: &str = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT MAX(i) FROM n";

    fn count(connection: &mut Connection, sql: &str) -> Result<i64> {
        Ok(connection.query_row(sql, [], |row| row.get(0))?)
    }

    #[test]
    fn a_query_that_nobody_waits_for_ends() {
        let mut connection = Connection::open_in_memory().unwrap();
        let (awaited, waiting) = Awaited::new();
        drop(waiting);
        let result = awaited.run(&mut connection, |connection| count(connection, ENDLESS));
        assert!(matches!(result, Err(Error::Unavailable(_))), "{result:?}");
    }

    #[test]
    fn the_next_query_on_the_connection_is_not_interrupted() {
        let mut connection = Connection::open_in_memory().unwrap();
        let (ended, waiting) = Awaited::new();
        drop(waiting);
        drop(ended.run(&mut connection, |connection| count(connection, ENDLESS)));
        let (awaited, _waiting) = Awaited::new();
        assert_eq!(awaited.run(&mut connection, |connection| count(connection, "SELECT 7")).unwrap(), 7);
    }
}
