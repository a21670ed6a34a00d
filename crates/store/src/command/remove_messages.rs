//! Removes whole messages before the beginning of a log.

use domain::{AgentName, MessageId, State};

use super::{Command, Context, Plan, Query, Sharing};
use crate::Result;
use crate::archive::statements::{
    BUMP_TRIM, DELETE_ATTACHED, DELETE_DELIVERY, DELETE_EVENT, DELETE_EVENTS_ABOUT, DELETE_KEPT, DELETE_KEPT_ABOUT,
    DELETE_MESSAGE, PUT_REMOVED,
};
use crate::message::places;
use crate::value::{Row, Value};

/// Removes whole messages before the beginning of the log: their events, deliveries and counts. How many went is the outcome.
#[derive(Clone, Debug)]
pub struct RemoveMessages {
    /// The messages; one that has changed since is left out.
    pub messages: Vec<Removal>,
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

/// A message as it stands.
pub struct Standing {
    seq: i64,
    /// The last event about it.
    last: i64,
    /// Where the log begins.
    trimmed: i64,
}

impl Command for RemoveMessages {
    type Loaded = Vec<Standing>;
    type Outcome = usize;

    fn sharing(&self) -> Sharing<'_> {
        Sharing::Alone
    }

    fn query(&self, context: &Context) -> Option<Query> {
        let mut parameters = vec![context.tenant.0.into()];
        let seqs = places(&mut parameters, self.messages.iter().map(|message| Value::Int(message.seq)));
        let sql = format!(
            "SELECT m.seq, COALESCE((SELECT e.seq FROM events e WHERE e.tenant = $1 AND e.message = m.id \
             AND e.message IS NOT NULL ORDER BY e.seq DESC LIMIT 1), m.seq), x.seq FROM messages m \
             JOIN trims x ON x.tenant = m.tenant WHERE m.tenant = $1 AND m.seq IN ({seqs})"
        );
        Some((sql, parameters))
    }

    fn load(&self, rows: Vec<Row>) -> Result<Vec<Standing>> {
        let read = |mut row: Row| Ok(Standing { seq: row.int(0)?, last: row.int(1)?, trimmed: row.int(2)? });
        rows.into_iter().map(read).collect()
    }

    fn plan(self, found: Vec<Standing>, plan: &mut Plan<'_>) -> Result<usize> {
        let mut unchanged = Vec::with_capacity(found.len());
        for Standing { seq, last, trimmed } in found {
            let same = |message: &&Removal| message.seq == seq && message.last == last && last <= trimmed;
            unchanged.extend(self.messages.iter().find(same));
        }
        for message in &unchanged {
            remove(message, plan);
        }
        if !unchanged.is_empty() {
            plan.push((&BUMP_TRIM, vec![plan.tenant.0.into(), (unchanged.len() as i64).into()]));
        }
        Ok(unchanged.len())
    }
}

fn remove(message: &Removal, plan: &mut Plan<'_>) {
    let (tenant, seq) = (Value::from(plan.tenant.0), Value::from(message.seq));
    let about = || vec![tenant.clone(), message.id.into()];
    let there = || vec![tenant.clone(), seq.clone()];
    plan.push((&DELETE_KEPT_ABOUT, about()));
    plan.push((&DELETE_KEPT, there()));
    plan.push((&DELETE_EVENTS_ABOUT, about()));
    plan.push((&DELETE_EVENT, there()));
    plan.push((&DELETE_MESSAGE, there()));
    plan.push((&DELETE_ATTACHED, there()));
    for (agent, state) in &message.deliveries {
        plan.batch.uncount(plan.tenant, agent, *state);
        plan.push((&DELETE_DELIVERY, vec![tenant.clone(), agent.into(), seq.clone()]));
    }
    plan.push((&PUT_REMOVED, vec![tenant.clone(), message.id.into(), seq.clone(), message.thread.into()]));
}
