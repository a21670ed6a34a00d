//! What a change needs to know before it is decided, and where that stands. Every change asks one question at most, so that a
//! driver can ask the questions of a whole batch at once.

use domain::delivery::{Delivery, Verb};
use domain::message::{Message, MessageId};
use domain::{State, Time};

use crate::change::{Change, What};
use crate::rows::{Batch, DELIVERY, delivery_row};
use crate::value::{Row, Value};
use crate::{Error, Result, archive, idempotency, webhook};

/// A query and its parameters.
pub(crate) type Query = (String, Vec<Value>);

/// What a change was told.
#[derive(Debug)]
pub(crate) enum Facts {
    Nothing,
    SentBefore(MessageId),
    Deliveries(Vec<(Delivery, String)>),
    FanOut(Option<(String, Box<Message>)>),
    Archive(Vec<Row>),
}

/// The question of a change, if it has one. A claim asks for `more` than it wants where others that ask at the same time take
/// the first ones.
pub(crate) fn query(change: &Change, more: usize) -> Option<Query> {
    let tenant = Value::from(change.tenant.0);
    match &change.what {
        What::Send(sending) => {
            let key = sending.idempotency.as_ref().map(|idempotency| idempotency.key.as_str())?;
            Some(idempotency::query(change.tenant, key, change.now))
        }
        What::Claim { agent, max, push, .. } => {
            let free = if *push { format!("AND NOT {}", webhook::busy("d")) } else { String::new() };
            // What has expired is not handed out, though nobody has said so yet.
            let rest = format!(
                "WHERE d.tenant = $1 AND d.agent = $2 AND d.state = 0 AND (d.expires_at IS NULL OR d.expires_at > $4) \
                 {free} ORDER BY d.priority, d.seq LIMIT $3"
            );
            Some((with_message(&rest), vec![tenant, agent.into(), ((max + more) as i64).into(), change.now.into()]))
        }
        What::Settle { agent, message, verb, .. } => {
            let rest = "WHERE d.tenant = $1 AND d.agent = $2 AND \
                        d.seq = (SELECT m.seq FROM messages m WHERE m.tenant = $1 AND m.id = $3)";
            // Only these may end in a bounce, which is made of the message.
            let sql = match verb {
                Verb::Nack { .. } | Verb::Terminate { .. } => with_message(rest),
                Verb::Ack { .. } | Verb::Extend { .. } | Verb::Defer { .. } | Verb::Redrive => {
                    format!("SELECT {DELIVERY}, '' FROM deliveries d {rest}")
                }
            };
            Some((sql, vec![tenant, agent.into(), (*message).into()]))
        }
        What::Elapse { agent, seq, .. } => {
            let rest = "WHERE d.tenant = $1 AND d.agent = $2 AND d.seq = $3";
            Some((with_message(rest), vec![tenant, agent.into(), (*seq).into()]))
        }
        What::Trigger { name, max } => {
            let sql = format!(
                "SELECT {DELIVERY}, '' FROM deliveries w CROSS JOIN deliveries d \
                 WHERE w.tenant = $1 AND w.trigger_name = $2 AND w.trigger_name IS NOT NULL \
                 AND d.tenant = $1 AND d.agent = w.agent AND d.seq = w.seq ORDER BY w.agent, w.seq LIMIT $3"
            );
            Some((sql, vec![tenant, name.as_str().into(), (*max as i64).into()]))
        }
        What::FanOut { seq, .. } => {
            let sql = "SELECT m.fan_out, e.data FROM messages m JOIN events e ON e.tenant = m.tenant AND e.seq = m.seq \
                       WHERE m.tenant = $1 AND m.seq = $2 AND m.fan_out < '~'";
            Some((sql.to_owned(), vec![tenant, (*seq).into()]))
        }
        What::Archive(step) => archive::question(change.tenant, step),
        What::Record { .. } | What::Advance { .. } | What::Forget { .. } => None,
    }
}

/// The columns of a delivery and its message's data.
pub(crate) fn with_message(rest: &str) -> String {
    format!("SELECT {DELIVERY}, e.data FROM deliveries d JOIN events e ON e.tenant = d.tenant AND e.seq = d.seq {rest}")
}

/// Reads the answer to [`query`].
pub(crate) fn facts(change: &Change, rows: Vec<Row>) -> Result<Facts> {
    match &change.what {
        What::Send(sending) => match (&sending.idempotency, rows.into_iter().next()) {
            (Some(idempotency), Some(row)) => idempotency.answer(idempotency::known(row)?).map(Facts::SentBefore),
            _ => Ok(Facts::Nothing),
        },
        What::FanOut { .. } => {
            let row = rows.into_iter().next();
            let known = row.map(|mut row| Ok((row.text(0)?, Box::new(message(&row.text(1)?)?))));
            known.transpose().map(Facts::FanOut)
        }
        What::Claim { .. } | What::Settle { .. } | What::Elapse { .. } | What::Trigger { .. } => {
            let read = |mut row: Row| Ok((delivery_row(&mut row)?, row.text(16)?));
            rows.into_iter().map(read).collect::<Result<_>>().map(Facts::Deliveries)
        }
        What::Archive(_) => Ok(Facts::Archive(rows)),
        _ => Ok(Facts::Nothing),
    }
}

/// Reads a message from the data of its event.
pub(crate) fn message(data: &str) -> Result<Message> {
    serde_json::from_str(data).map_err(|error| Error::Corrupt(format!("a message cannot be read: {error}")))
}

/// Whether a delivery has anything due.
pub(crate) fn is_due(delivery: &Delivery, now: Time) -> bool {
    delivery.due().is_some_and(|due| due <= now)
}

/// Brings what was loaded up to date with what the same transaction has changed since: deliveries are as it leaves them, and
/// those that are no longer what was asked for drop out.
pub(crate) fn overlay(change: &Change, facts: Facts, batch: &Batch) -> Facts {
    let Facts::Deliveries(mut found) = facts else { return facts };
    for (delivery, _) in &mut found {
        if let Some(now) = batch.moved(change.tenant, delivery) {
            *delivery = now.clone();
        }
    }
    match &change.what {
        What::Claim { max, .. } => {
            found.retain(|(delivery, _)| delivery.state == State::Pending);
            found.truncate(*max);
        }
        What::Trigger { name, .. } => found.retain(|(delivery, _)| delivery.trigger.as_ref() == Some(name)),
        _ => {}
    }
    Facts::Deliveries(found)
}
