//! Finding the changes of a group that the database refuses: each is tried by itself, all in one transaction that is rolled back.
//!
//! It takes two round trips, however many changes the group has and however many of them are refused. So what a refused change
//! costs those that came with it does not grow with their number.

use std::collections::BTreeMap;

use domain::TenantId;
use tokio_postgres::Row as Answer;

use super::committer::{Failure, HEADS};
use super::group::Asking;
use super::pipeline::{Pipeline, Prepared};
use super::values;
use super::writes::{boxed, statements};
use crate::rows::{Batch, Head};
use crate::value::Row;
use crate::{Error, Result};

/// Undoes one change, and what the database had against it, before the next one is tried.
const NEXT: &str = "ROLLBACK TO SAVEPOINT probe";

/// What the database answered to one statement.
type Said = std::result::Result<Vec<Answer>, tokio_postgres::Error>;

/// What the database has against each change of a group by itself. Nothing is written.
pub(super) async fn probe(
    connection: &mut Prepared,
    group: &mut [Asking],
) -> std::result::Result<Vec<Option<Error>>, Failure> {
    let mut refused: Vec<Option<Error>> = group.iter().map(|_| None).collect();
    let (heads, answers) = ask(connection, group, &mut refused).await?;
    let mut tried = Vec::new();
    for (at, ((waiting, _), rows)) in group.iter_mut().zip(answers).enumerate().filter(|(at, _)| refused[*at].is_none())
    {
        let mut batch = Batch::asked_first();
        let own = heads.get_key_value(&waiting.tenant());
        batch.heads.extend(own.map(|(tenant, head)| (*tenant, head.clone())));
        waiting.decide(rows, &mut batch, true);
        if batch.finish() {
            tried.push((at, statements(connection, batch.take_writes()).await?));
        }
    }
    let mut pipeline = Pipeline::new(&connection.client);
    let mut lengths = Vec::with_capacity(tried.len());
    for (at, writes) in tried {
        lengths.push((at, writes.len()));
        for (statement, parameters) in writes {
            pipeline.statement(statement, parameters);
        }
        pipeline.text(NEXT);
    }
    pipeline.text("ROLLBACK");
    let mut answers = pipeline.each().await.into_iter();
    for (at, length) in lengths {
        // All of them, also those behind the first that was refused.
        let own: Vec<Said> = answers.by_ref().take(length + 1).collect();
        refused[at] = against(own)?;
    }
    against(answers)?.map_or(Ok(refused), |error| Err(Failure::Final(error)))
}

/// Begins, locks the heads and asks the question of each change; notes those whose question is refused.
async fn ask(
    connection: &mut Prepared,
    group: &mut [Asking],
    refused: &mut [Option<Error>],
) -> std::result::Result<(BTreeMap<TenantId, Head>, Vec<Vec<Row>>), Failure> {
    let locked = connection.statement(HEADS).await?;
    let mut questions = Vec::with_capacity(group.len());
    for (at, (waiting, more)) in group.iter_mut().enumerate() {
        if let Some((sql, parameters)) = waiting.query(*more) {
            questions.push((at, connection.statement(&sql).await?, parameters));
        }
    }
    let mut tenants: Vec<i64> = group.iter().map(|(waiting, _)| waiting.tenant().0).collect();
    tenants.sort_unstable();
    tenants.dedup();
    let mut pipeline = Pipeline::new(&connection.client);
    pipeline.text("BEGIN");
    pipeline.statement(locked, vec![Box::new(tenants)]);
    pipeline.text("SAVEPOINT probe");
    let asked: Vec<usize> = questions.iter().map(|(at, ..)| *at).collect();
    for (_, statement, parameters) in questions {
        pipeline.statement(statement, boxed(parameters));
        pipeline.text(NEXT);
    }
    let mut answers = pipeline.each().await.into_iter();
    let mut next = || answers.next().unwrap_or_else(|| Ok(Vec::new()));
    next()?;
    let heads = Head::all(next()?.iter().map(values::row))?;
    next()?;
    let mut rows: Vec<Vec<Row>> = group.iter().map(|_| Vec::new()).collect();
    for at in asked {
        match next() {
            Ok(answer) => rows[at] = answer.iter().map(values::row).collect::<Result<_>>()?,
            Err(error) => refused[at] = against([Err(error)])?,
        }
        next()?;
    }
    Ok((heads, rows))
}

/// What the database has against the first statement that it refused, if it refused one; what follows says only that one was.
fn against(answers: impl IntoIterator<Item = Said>) -> std::result::Result<Option<Error>, Failure> {
    match answers.into_iter().find_map(std::result::Result::err).map(Failure::from) {
        None => Ok(None),
        Some(Failure::Row(error)) => Ok(Some(error)),
        Some(other) => Err(other),
    }
}
