//! What moves the log out: the changes, the question each asks under the lock of the tenant's head, and the rows that follow.

use domain::{AgentName, Digest, MessageId, State, TenantId};

use super::statements::{
    BUMP_TRIM, CLOSE_SEGMENT, DELETE_DELIVERY, DELETE_EVENT, DELETE_EVENTS_ABOUT, DELETE_KEPT, DELETE_KEPT_ABOUT,
    DELETE_MESSAGE, DROP_EVENTS, KEEP_EVENTS, PUT_REMOVED, PUT_TRIM, SEGMENT_WRITTEN, UNKEEP_EVENTS,
};
use crate::load::Query;
use crate::message::places;
use crate::rows::Batch;
use crate::statements::ADVANCE;
use crate::value::{Row, Value};
use crate::{Answer, Error, Result};

/// The cursor that says how far a tenant's log is in the archive.
pub const ARCHIVE_CURSOR: &str = "archive";

/// A step on the way of a log into the archive and out of the store. Each says what it was decided on; where that has changed
/// since, it is a conflict and nothing is done.
#[derive(Clone, Debug)]
pub enum Archiving {
    /// Closes the stretch after the last one, so that whoever writes it writes the same.
    Close {
        /// Its first position.
        first: i64,
        /// Its last position.
        last: i64,
        /// The name its object will have.
        object: String,
    },
    /// Says that the object of a closed stretch is written and was read back.
    Written {
        /// The stretch's first position.
        first: i64,
        /// And its last.
        last: i64,
        /// The SHA-256 of the object.
        sha256: Digest,
        /// Its size.
        bytes: i64,
    },
    /// Moves the beginning of the log and removes what was before it and is about no message.
    Trim {
        /// Where it begins now.
        after: i64,
        /// Where it will begin.
        to: i64,
    },
    /// Removes whole messages before the beginning of the log: their events, deliveries and counts.
    Remove {
        /// The messages; one that has changed since is left out.
        messages: Vec<Removal>,
    },
}

/// A message to be removed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Removal {
    /// Its position.
    pub seq: i64,
    /// Its id.
    pub id: MessageId,
    /// Its thread.
    pub thread: MessageId,
    /// The last event about it when it was decided on: another one since means that it has changed.
    pub last: i64,
    /// Its deliveries, all settled.
    pub deliveries: Vec<(AgentName, State)>,
}

/// The question of a step.
pub(crate) fn question(tenant: TenantId, step: &Archiving) -> Option<Query> {
    let tenant = Value::from(tenant.0);
    match step {
        Archiving::Close { last, .. } => {
            let sql = "SELECT t.seq, e.hash, s.last, CASE WHEN s.sha256 IS NULL THEN 0 ELSE 1 END FROM tenants t \
                       LEFT JOIN events e ON e.tenant = t.id AND e.seq = $2 \
                       LEFT JOIN segments s ON s.tenant = t.id AND s.first = \
                       (SELECT z.first FROM segments z WHERE z.tenant = $1 AND z.first > 0 ORDER BY z.first DESC LIMIT 1) WHERE t.id = $1";
            Some((sql.to_owned(), vec![tenant, (*last).into()]))
        }
        Archiving::Written { .. } => None,
        Archiving::Trim { to, .. } => {
            let sql = "SELECT t.seq, e.hash, COALESCE(x.seq, 0), COALESCE(c.seq, 0) FROM tenants t \
                       LEFT JOIN events e ON e.tenant = t.id AND e.seq = $2 LEFT JOIN trims x ON x.tenant = t.id \
                       LEFT JOIN cursors c ON c.tenant = t.id AND c.name = $3 WHERE t.id = $1";
            Some((sql.to_owned(), vec![tenant, (*to).into(), ARCHIVE_CURSOR.into()]))
        }
        Archiving::Remove { messages } => {
            let mut parameters = vec![tenant];
            let seqs = places(&mut parameters, messages.iter().map(|message| Value::Int(message.seq)));
            let sql = format!(
                "SELECT m.seq, COALESCE((SELECT e.seq FROM events e WHERE e.tenant = $1 AND e.message = m.id \
                 AND e.message IS NOT NULL ORDER BY e.seq DESC LIMIT 1), m.seq), x.seq FROM messages m \
                 JOIN trims x ON x.tenant = m.tenant WHERE m.tenant = $1 AND m.seq IN ({seqs})"
            );
            Some((sql, parameters))
        }
    }
}

/// What a step comes to, and its rows.
pub(crate) fn plan(tenant: TenantId, step: Archiving, rows: Vec<Row>, batch: &mut Batch) -> Result<Answer> {
    match step {
        Archiving::Close { first, last, object } => close(tenant, (first, last), object, rows, batch),
        Archiving::Written { first, last, sha256, bytes } => {
            batch.push((&SEGMENT_WRITTEN, vec![tenant.0.into(), first.into(), sha256.into(), bytes.into()]));
            batch.push((&ADVANCE, vec![tenant.0.into(), ARCHIVE_CURSOR.into(), last.into()]));
            Ok(Answer::Done)
        }
        Archiving::Trim { after, to } => trim(tenant, after, to, rows, batch),
        Archiving::Remove { messages } => remove(tenant, &messages, rows, batch),
    }
}

fn close(
    tenant: TenantId,
    (first, last): (i64, i64),
    object: String,
    rows: Vec<Row>,
    batch: &mut Batch,
) -> Result<Answer> {
    let mut row = rows.into_iter().next().ok_or(Error::Conflict)?;
    let (head, hash, before, written) = (row.int(0)?, row.opt_bytes(1)?, row.opt_int(2)?, row.int(3)? != 0);
    let follows = before.map_or(first == 1, |before| written && before + 1 == first);
    let Some(hash) = hash.map(Digest).filter(|_| follows && first <= last && last <= head) else {
        return Err(Error::Conflict);
    };
    batch.push((&CLOSE_SEGMENT, vec![tenant.0.into(), first.into(), last.into(), hash.into(), object.into()]));
    Ok(Answer::Done)
}

fn trim(tenant: TenantId, after: i64, to: i64, rows: Vec<Row>, batch: &mut Batch) -> Result<Answer> {
    let mut row = rows.into_iter().next().ok_or(Error::Conflict)?;
    let (head, hash, stands, archived) = (row.int(0)?, row.opt_bytes(1)?, row.int(2)?, row.int(3)?);
    // The last event stays: who follows the log can always tell that it is this one.
    let right = stands == after && after < to && to <= archived && to < head;
    let Some(hash) = hash.map(Digest).filter(|_| right) else { return Err(Error::Conflict) };
    let stretch = || vec![tenant.0.into(), after.into(), to.into()];
    batch.push((&KEEP_EVENTS, stretch()));
    batch.push((&DROP_EVENTS, stretch()));
    batch.push((&UNKEEP_EVENTS, stretch()));
    batch.push((&PUT_TRIM, vec![tenant.0.into(), to.into(), hash.into()]));
    Ok(Answer::Done)
}

fn remove(tenant: TenantId, messages: &[Removal], rows: Vec<Row>, batch: &mut Batch) -> Result<Answer> {
    let mut unchanged = Vec::with_capacity(rows.len());
    for mut row in rows {
        let (seq, last, trimmed) = (row.int(0)?, row.int(1)?, row.int(2)?);
        let same = |message: &&Removal| message.seq == seq && message.last == last && last <= trimmed;
        unchanged.extend(messages.iter().find(same));
    }
    for message in &unchanged {
        let (tenant_value, seq) = (Value::from(tenant.0), Value::from(message.seq));
        let about = || vec![tenant_value.clone(), message.id.into()];
        let there = || vec![tenant_value.clone(), seq.clone()];
        batch.push((&DELETE_KEPT_ABOUT, about()));
        batch.push((&DELETE_KEPT, there()));
        batch.push((&DELETE_EVENTS_ABOUT, about()));
        batch.push((&DELETE_EVENT, there()));
        batch.push((&DELETE_MESSAGE, there()));
        for (agent, state) in &message.deliveries {
            batch.uncount(tenant, agent, *state);
            batch.push((&DELETE_DELIVERY, vec![tenant_value.clone(), agent.into(), seq.clone()]));
        }
        batch.push((&PUT_REMOVED, vec![tenant_value.clone(), message.id.into(), seq.clone(), message.thread.into()]));
    }
    if !unchanged.is_empty() {
        batch.push((&BUMP_TRIM, vec![tenant.0.into(), (unchanged.len() as i64).into()]));
    }
    Ok(Answer::Moved(unchanged.len()))
}
