//! Rows as statements, each prepared and with its parameters.

use std::collections::HashSet;

use tokio_postgres::types::ToSql;
use tokio_postgres::{Error, Statement};

use super::pipeline::Prepared;
use super::values;
use crate::rows::Group;
use crate::statements::UPDATE_DELIVERY;
use crate::value::Value;

/// What a statement is sent with.
pub(super) type Parameters = Vec<Box<dyn ToSql + Sync + Send>>;

/// The statements that write rows, prepared, each with its parameters.
pub(super) async fn statements(
    connection: &mut Prepared,
    writes: Vec<Group>,
) -> Result<Vec<(Statement, Parameters)>, Error> {
    let mut sent = Vec::new();
    for (statement, rows) in last_of_each(writes) {
        let same = if statement.folds() { values::same(&rows) } else { vec![false; statement.columns.len()] };
        if let Some(bulk) = statement.bulk(&same) {
            sent.push((connection.statement(&bulk).await?, values::columns(statement.columns, &same, rows)));
            continue;
        }
        for row in rows {
            sent.push((connection.statement(&statement.numbered()).await?, boxed(row)));
        }
    }
    Ok(sent)
}

pub(super) fn boxed(values: Vec<Value>) -> Parameters {
    values.into_iter().map(|value| Box::new(value) as _).collect()
}

/// Of a delivery that changed more than once only the last row: one statement writes them all.
fn last_of_each(mut groups: Vec<Group>) -> Vec<Group> {
    for (_, rows) in groups.iter_mut().filter(|(statement, _)| statement.sql == UPDATE_DELIVERY.sql) {
        let mut seen = HashSet::new();
        rows.reverse();
        rows.retain(|row| seen.insert(format!("{:?}", &row[..3])));
        rows.reverse();
    }
    groups
}
