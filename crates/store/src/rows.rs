//! Rows: what a transaction writes, made of what was decided.

mod decision;

use std::collections::{BTreeMap, HashMap};

use domain::agent::Agent;
use domain::attachment::{Attachment, Stored};
use domain::decision::Decision;
use domain::delivery::{Change as DeliveryChange, Delivery};
use domain::directory::Grant;
use domain::event::{EventKind, NewEvent};
use domain::message::{Message, MessageId, Priority};
use domain::{AgentName, Digest, State, TenantId, Time, chain};

use crate::attachment::WHOLE;
use crate::command::Fact;
use crate::idempotency::Idempotency;
use crate::key::KeyRow;
use crate::statements::{
    ADD_COUNT, INSERT_DELIVERY, INSERT_EVENT, INSERT_MESSAGE, PUT_AGENT, PUT_ATTACHED, PUT_ATTACHMENT, PUT_GRANT,
    PUT_IDEMPOTENCY, PUT_KEY, PUT_PUSH_LANE, PUT_STORER, PUT_WEBHOOK_SECRET, Statement, UPDATE_DELIVERY, UPDATE_HEAD,
};
use crate::value::{Row, Value};
use crate::{Error, Result};

/// A statement and the row that it writes.
pub(crate) type Write = (&'static Statement, Vec<Value>);

/// A statement and the rows that it writes, in their order.
pub(crate) type Group = (&'static Statement, Vec<Vec<Value>>);

/// The columns of a delivery, in the order of [`delivery_row`], behind the alias `d`.
pub(crate) const DELIVERY: &str = "d.agent, d.seq, d.message, d.priority, d.state, d.attempt, d.lease, d.lease_expires_at, \
     d.deferred_until, d.trigger_name, d.expires_at, d.ack_by, d.reminded, d.delivered_at, d.settled_at, d.note";

/// The head of a tenant's log.
#[derive(Clone, Debug)]
pub(crate) struct Head {
    pub(crate) seq: i64,
    pub(crate) hash: Digest,
    pub(crate) version: i64,
}

impl Head {
    /// Reads heads by tenant: number, position, hash and version.
    pub(crate) fn all(rows: impl Iterator<Item = Result<Row>>) -> Result<BTreeMap<TenantId, Self>> {
        rows.map(|row| {
            let mut row = row?;
            let head = Self { seq: row.int(1)?, hash: row.digest(2)?, version: row.int(3)? };
            Ok((TenantId(row.int(0)?), head))
        })
        .collect()
    }
}

/// The rows of one transaction, and the heads as they will be after it.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    pub(crate) heads: BTreeMap<TenantId, Head>,
    writes: Vec<Write>,
    dirty: bool,
    /// Deliveries as this transaction leaves them, for drivers that ask all questions before they write.
    moved: Option<HashMap<(TenantId, i64, AgentName), Delivery>>,
    /// Decisions as this transaction leaves them, likewise.
    ruled: Option<HashMap<(TenantId, MessageId), Decision>>,
    counts: BTreeMap<(TenantId, AgentName, State), i64>,
}

impl Batch {
    /// A batch of changes that ask all their questions before the first row is written.
    pub(crate) fn asked_first() -> Self {
        Self { moved: Some(HashMap::new()), ruled: Some(HashMap::new()), ..Self::default() }
    }

    /// A delivery as this transaction leaves it, where it has changed it.
    pub(crate) fn moved(&self, tenant: TenantId, delivery: &Delivery) -> Option<&Delivery> {
        self.moved.as_ref()?.get(&(tenant, delivery.seq, delivery.agent.clone()))
    }

    /// A decision as this transaction leaves it, where it has opened or changed it.
    pub(crate) fn ruled(&self, tenant: TenantId, message: MessageId) -> Option<&Decision> {
        self.ruled.as_ref()?.get(&(tenant, message))
    }

    /// The head of a tenant, loaded before any change of it is planned.
    pub(crate) fn head(&mut self, tenant: TenantId) -> Result<&mut Head> {
        self.heads.get_mut(&tenant).ok_or_else(|| Error::Corrupt(format!("tenant {} has no head", tenant.0)))
    }

    /// Adds a row.
    pub(crate) fn push(&mut self, write: Write) {
        self.dirty = true;
        self.writes.push(write);
    }

    /// Hands over the rows so far, those of each statement together: one tree of the database after the other is faster than
    /// all of them in turn, and no row of one table waits for another's.
    pub(crate) fn take_writes(&mut self) -> Vec<Group> {
        let mut groups: Vec<Group> = Vec::new();
        for (statement, row) in self.writes.drain(..) {
            match groups.iter_mut().find(|(known, _)| std::ptr::eq(*known, statement)) {
                Some((_, rows)) => rows.push(row),
                None => groups.push((statement, vec![row])),
            }
        }
        groups
    }

    /// Gives an event its place in the log; answers its position.
    pub(crate) fn event(&mut self, tenant: TenantId, event: NewEvent) -> Result<i64> {
        let head = self.head(tenant)?;
        head.seq += 1;
        head.hash = chain::link(&head.hash, head.seq, event.at, event.kind.as_str(), event.data.as_bytes());
        let (seq, hash) = (head.seq, head.hash);
        self.push((
            &INSERT_EVENT,
            vec![
                tenant.0.into(),
                seq.into(),
                event.kind.code().into(),
                event.at.into(),
                event.message.into(),
                event.agent.as_ref().into(),
                event.data.into(),
                hash.into(),
            ],
        ));
        Ok(seq)
    }

    /// Writes a message: its event, its index row and its deliveries. Answers its position.
    pub(crate) fn message(&mut self, tenant: TenantId, message: &Message, data: String) -> Result<i64> {
        let event = NewEvent { kind: EventKind::MessageSent, at: message.sent_at, message: None, agent: None, data };
        let seq = self.event(tenant, event)?;
        self.push((
            &INSERT_MESSAGE,
            vec![
                tenant.0.into(),
                seq.into(),
                message.id.into(),
                (&message.from).into(),
                Some(message.thread_id).filter(|_| !message.begins_thread()).into(),
                message.kind.code().into(),
                message.priority.code().into(),
                message.domain.as_deref().into(),
                message.fan_out.then_some("").into(),
            ],
        ));
        for agent in &message.recipients {
            self.new_delivery(tenant, message, seq, agent);
        }
        for attached in &message.attachments {
            let name = attached.name.as_deref();
            self.push((&PUT_ATTACHED, vec![tenant.0.into(), attached.sha256.into(), seq.into(), name.into()]));
        }
        Ok(seq)
    }

    pub(crate) fn new_delivery(&mut self, tenant: TenantId, message: &Message, seq: i64, agent: &AgentName) {
        let delivery = Delivery { seq, ..Delivery::new(message, agent.clone()) };
        self.count(tenant, &delivery, 1);
        let mut row =
            vec![tenant.0.into(), agent.into(), seq.into(), delivery.message.into(), delivery.priority.code().into()];
        row.extend(changing(&delivery));
        self.push((&INSERT_DELIVERY, row));
    }

    /// Changes a delivery and records it.
    pub(crate) fn change(
        &mut self,
        tenant: TenantId,
        before: &Delivery,
        change: &DeliveryChange,
        now: Time,
    ) -> Result<()> {
        let delivery = &change.delivery;
        self.event(tenant, NewEvent::of_delivery(change.kind, now, delivery, change.reason.as_deref()))?;
        if before.state != delivery.state {
            self.count(tenant, before, -1);
            self.count(tenant, delivery, 1);
        }
        let mut row = vec![tenant.0.into(), (&delivery.agent).into(), delivery.seq.into()];
        row.extend(changing(delivery));
        self.push((&UPDATE_DELIVERY, row));
        if let Some(moved) = &mut self.moved {
            moved.insert((tenant, delivery.seq, delivery.agent.clone()), delivery.clone());
        }
        Ok(())
    }

    /// Writes a delivery as it is, without an event: one that is already told of.
    pub(crate) fn rewrite(&mut self, tenant: TenantId, delivery: &Delivery) {
        let mut row = vec![tenant.0.into(), (&delivery.agent).into(), delivery.seq.into()];
        row.extend(changing(delivery));
        self.push((&UPDATE_DELIVERY, row));
    }

    /// Notes that this delivery is being pushed, for as long as its lease runs.
    pub(crate) fn push_lane(&mut self, tenant: TenantId, delivery: &Delivery) {
        let Delivery { seq, lease, lease_expires_at, .. } = *delivery;
        let row = vec![tenant.0.into(), (&delivery.agent).into(), seq.into(), lease.into(), lease_expires_at.into()];
        self.push((&PUT_PUSH_LANE, row));
    }

    fn count(&mut self, tenant: TenantId, delivery: &Delivery, by: i64) {
        *self.counts.entry((tenant, delivery.agent.clone(), delivery.state)).or_default() += by;
    }

    /// Counts one delivery less.
    pub(crate) fn uncount(&mut self, tenant: TenantId, agent: &AgentName, state: State) {
        *self.counts.entry((tenant, agent.clone(), state)).or_default() -= 1;
    }

    pub(crate) fn idempotency(&mut self, tenant: TenantId, idempotency: Idempotency, message: &Message) {
        self.push((
            &PUT_IDEMPOTENCY,
            vec![
                tenant.0.into(),
                idempotency.key.into(),
                idempotency.fingerprint.into(),
                message.id.into(),
                idempotency.until.into(),
            ],
        ));
    }

    pub(crate) fn fact(&mut self, tenant: TenantId, fact: Fact, now: Time) -> Result<()> {
        let write = match fact {
            Fact::Agent(agent) => {
                self.head(tenant)?.version += 1;
                agent_row(tenant, &agent)?
            }
            Fact::Grant(grant) => {
                self.head(tenant)?.version += 1;
                grant_row(tenant, grant)
            }
            Fact::Key(key) => key_row(key)?,
            Fact::Attachment(Stored { attachment, by }) => {
                for storer in storer_rows(tenant, &attachment, &by, now) {
                    self.push(storer);
                }
                attachment_row(tenant, attachment, now)
            }
            Fact::WebhookSecret { agent, secret, previous_until } => {
                let secret = Value::Bytes(secret.0.to_vec());
                (&PUT_WEBHOOK_SECRET, vec![tenant.0.into(), (&agent).into(), secret, previous_until.into()])
            }
        };
        self.push(write);
        Ok(())
    }

    /// Adds the rows that are written once for the whole batch, counts and heads, and says whether there is anything to write.
    pub(crate) fn finish(&mut self) -> bool {
        if !self.dirty {
            return false;
        }
        for ((tenant, agent, state), by) in std::mem::take(&mut self.counts) {
            if by != 0 {
                let row = vec![tenant.0.into(), (&agent).into(), state.code().into(), by.into()];
                self.writes.push((&ADD_COUNT, row));
            }
        }
        for (tenant, head) in &self.heads {
            let row = vec![tenant.0.into(), head.seq.into(), head.hash.into(), head.version.into()];
            self.writes.push((&UPDATE_HEAD, row));
        }
        true
    }
}

/// The columns of a delivery that change, in the order in which both statements take them.
fn changing(delivery: &Delivery) -> [Value; 13] {
    [
        delivery.state.code().into(),
        delivery.attempt.into(),
        delivery.lease.into(),
        delivery.lease_expires_at.into(),
        delivery.deferred_until.into(),
        delivery.trigger.as_deref().into(),
        delivery.expires_at.into(),
        delivery.ack_by.into(),
        delivery.reminded.into(),
        delivery.delivered_at.into(),
        delivery.settled_at.into(),
        delivery.note.as_deref().into(),
        delivery.due().into(),
    ]
}

/// Reads the columns of [`DELIVERY`] from the front of a row.
pub(crate) fn delivery_row(row: &mut Row) -> Result<Delivery> {
    let bad = |what: &str, code: i64| Error::Corrupt(format!("a delivery has the {what} {code}"));
    let (priority, state) = (row.int(3)?, row.int(4)?);
    Ok(Delivery {
        agent: row.agent(0)?,
        seq: row.int(1)?,
        message: row.message(2)?,
        priority: Priority::from_code(priority).ok_or_else(|| bad("priority", priority))?,
        state: State::from_code(state).ok_or_else(|| bad("state", state))?,
        attempt: row.int(5)?,
        lease: row.int(6)?,
        lease_expires_at: row.opt_time(7)?,
        deferred_until: row.opt_time(8)?,
        trigger: row.opt_text(9)?,
        expires_at: row.opt_time(10)?,
        ack_by: row.opt_time(11)?,
        reminded: row.int(12)? != 0,
        delivered_at: row.opt_time(13)?,
        settled_at: row.opt_time(14)?,
        note: row.opt_text(15)?,
    })
}

pub(crate) fn agent_row(tenant: TenantId, agent: &Agent) -> Result<Write> {
    let data = serde_json::to_string(agent).map_err(|error| Error::Corrupt(error.to_string()))?;
    Ok((&PUT_AGENT, vec![tenant.0.into(), (&agent.name).into(), data.into()]))
}

fn grant_row(tenant: TenantId, grant: Grant) -> Write {
    let Grant { domain, agent, until, reason, granted_at } = grant;
    (&PUT_GRANT, vec![tenant.0.into(), domain.into(), (&agent).into(), until.into(), granted_at.into(), reason.into()])
}

pub(crate) fn key_row(row: KeyRow) -> Result<Write> {
    let KeyRow { key, hash } = row;
    let agents = serde_json::to_string(&key.agents).map_err(|error| Error::Corrupt(error.to_string()))?;
    Ok((
        &PUT_KEY,
        vec![
            key.tenant.0.into(),
            key.id.into(),
            hash.into(),
            key.role.code().into(),
            agents.into(),
            key.name.into(),
            key.created_at.into(),
            key.revoked_at.into(),
        ],
    ))
}

/// Who stored an attachment, and as what: each of these agents, or whoever reads the whole tenant where there are none.
fn storer_rows(tenant: TenantId, attachment: &Attachment, by: &[AgentName], now: Time) -> Vec<Write> {
    let Attachment { sha256, media_type, name, .. } = attachment;
    let row = |agent: &str| {
        let (name, now) = (name.as_deref().into(), now.into());
        (&PUT_STORER, vec![tenant.0.into(), (*sha256).into(), agent.into(), media_type.as_str().into(), name, now])
    };
    if by.is_empty() { vec![row(WHOLE)] } else { by.iter().map(|agent| row(agent.as_str())).collect() }
}

fn attachment_row(tenant: TenantId, attachment: Attachment, now: Time) -> Write {
    let Attachment { sha256, size, media_type, name } = attachment;
    (
        &PUT_ATTACHMENT,
        vec![tenant.0.into(), sha256.into(), (size as i64).into(), media_type.into(), name.into(), now.into()],
    )
}
