//! From events to rows.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use domain::decision::Decision;
use domain::delivery::Delivery;
use domain::event::{DecisionChanged, DeliveryChanged, Event, EventKind, NewEvent};
use domain::message::{Message, MessageId};
use domain::rebuild::FannedOut;
use domain::{AgentName, Priority, TenantId};
use serde::de::DeserializeOwned;

use super::Importing;
use crate::command::FANNED_OUT;
use crate::message::places;
use crate::rows::{Batch, Head};
use crate::statements::UPDATE_FAN_OUT;
use crate::value::{Row, Value};
use crate::{Error, Fact, Result, Store, load};

/// Messages that one query asks for.
const PART: usize = 200;

/// What is known of the messages that a batch of events is about: their position and lane.
type Known = HashMap<MessageId, (i64, Priority)>;

/// Rows in the making.
struct Load {
    tenant: TenantId,
    batch: Batch,
    known: Known,
    /// Of those messages whose recipients this batch goes on to write.
    spreading: HashMap<MessageId, Message>,
    /// Deliveries as the batch leaves them: written last, over the rows of those that it makes itself.
    changed: BTreeMap<(AgentName, i64), Delivery>,
    /// Decisions, likewise.
    ruled: BTreeMap<MessageId, Decision>,
}

impl Store {
    /// The rows of the next events, and how far they lead.
    pub(super) async fn load(&self, importing: &Importing, events: Vec<Event>) -> Result<(Batch, Importing)> {
        let Importing { tenant, seq, hash } = *importing;
        let mut batch = Batch::default();
        batch.heads.insert(tenant, Head { seq, hash, version: 0 });
        let asked = |event: &Event| event.kind != EventKind::MessageSent;
        let ids: BTreeSet<MessageId> = events.iter().filter(|event| asked(event)).filter_map(|e| e.message).collect();
        let fanned = events.iter().filter(|event| event.kind == EventKind::MessageFannedOut);
        let spreading = self.spreading(tenant, &fanned.filter_map(|event| event.message).collect()).await?;
        let known = self.positions(tenant, &ids).await?;
        let mut load = Load { tenant, batch, known, spreading, changed: BTreeMap::new(), ruled: BTreeMap::new() };
        for event in events {
            let at = event.seq;
            load.event(event).map_err(|why| Error::Corrupt(format!("event {at}: {why}")))?;
        }
        load.finish()
    }

    async fn positions(&self, tenant: TenantId, ids: &BTreeSet<MessageId>) -> Result<Known> {
        let mut known = Known::new();
        let read = |mut row: Row| {
            let lane = row.int(2)?;
            let lane = Priority::from_code(lane).ok_or_else(|| Error::Corrupt(format!("a priority {lane}")))?;
            Ok((row.message(0)?, (row.int(1)?, lane)))
        };
        for part in ids.iter().collect::<Vec<_>>().chunks(PART) {
            let mut parameters = vec![tenant.0.into()];
            let wanted = places(&mut parameters, part.iter().map(|id| Value::from(**id)));
            let sql =
                format!("SELECT m.id, m.seq, m.priority FROM messages m WHERE m.tenant = $1 AND m.id IN ({wanted})");
            let rows = self.query(sql, parameters).await?;
            known.extend(rows.into_iter().map(read).collect::<Result<Vec<_>>>()?);
        }
        Ok(known)
    }

    async fn spreading(&self, tenant: TenantId, ids: &BTreeSet<MessageId>) -> Result<HashMap<MessageId, Message>> {
        let mut found = HashMap::new();
        for (id, (seq, _)) in self.positions(tenant, ids).await? {
            if let Some(event) = self.event(tenant, seq).await? {
                found.insert(id, load::message(&event.data)?);
            }
        }
        Ok(found)
    }
}

fn read<T: DeserializeOwned>(event: &Event) -> std::result::Result<T, String> {
    serde_json::from_str(&event.data).map_err(|error| format!("its data cannot be read: {error}"))
}

impl Load {
    fn event(&mut self, event: Event) -> std::result::Result<(), String> {
        let expected = self.head().seq + 1;
        if event.seq != expected {
            return Err(format!("event {expected} should come next"));
        }
        let hash = event.hash;
        self.rows(event)?;
        let ours = self.head().hash;
        if ours == hash {
            Ok(())
        } else {
            Err(format!("its hash is {hash}, its content and the event before give {ours}"))
        }
    }

    fn head(&self) -> Head {
        self.batch.heads.get(&self.tenant).cloned().unwrap_or(Head { seq: 0, hash: domain::Digest::ZERO, version: 0 })
    }

    fn rows(&mut self, event: Event) -> std::result::Result<(), String> {
        match event.kind {
            EventKind::MessageSent => return self.sent(event),
            EventKind::MessageFannedOut => self.fanned_out(&event)?,
            EventKind::AgentRegistered | EventKind::AgentUpdated | EventKind::AgentRetired => {
                self.fact(Fact::Agent(read(&event)?), &event)?;
            }
            EventKind::AuthorityGranted => self.fact(Fact::Grant(read(&event)?), &event)?,
            EventKind::AttachmentStored => self.fact(Fact::Attachment(read(&event)?), &event)?,
            kind if kind.is_of_delivery() => self.delivery(&event)?,
            kind if kind.is_of_decision() => self.decision(&event)?,
            _ => {}
        }
        let Event { kind, at, message, agent, data, .. } = event;
        self.batch.event(self.tenant, NewEvent { kind, at, message, agent, data }).map_err(text)?;
        Ok(())
    }

    fn sent(&mut self, event: Event) -> std::result::Result<(), String> {
        let message: Message = read(&event)?;
        if event.message != Some(message.id)
            || event.agent.as_ref() != Some(&message.from)
            || event.at != message.sent_at
        {
            return Err("what stands beside its data says something else".to_owned());
        }
        let seq = self.batch.message(self.tenant, &message, event.data).map_err(text)?;
        self.known.insert(message.id, (seq, message.priority));
        if message.fan_out {
            self.spreading.insert(message.id, message);
        }
        Ok(())
    }

    fn fanned_out(&mut self, event: &Event) -> std::result::Result<(), String> {
        let part: FannedOut = read(event)?;
        let (seq, _) = self.position(part.message_id, event)?;
        let message = self.spreading.get(&part.message_id).ok_or("it fans out a message that was never sent")?;
        for agent in &part.recipients {
            self.batch.new_delivery(self.tenant, message, seq, agent);
        }
        let written = part.recipients.last().map(AgentName::as_str).filter(|_| !part.done).unwrap_or(FANNED_OUT);
        self.batch.push((&UPDATE_FAN_OUT, vec![self.tenant.0.into(), seq.into(), written.into()]));
        Ok(())
    }

    fn delivery(&mut self, event: &Event) -> std::result::Result<(), String> {
        let delivery = read::<DeliveryChanged<'static>>(event)?.delivery.into_owned();
        if event.agent.as_ref() != Some(&delivery.agent) {
            return Err("what stands beside its data says something else".to_owned());
        }
        let (seq, priority) = self.position(delivery.message, event)?;
        self.changed.insert((delivery.agent.clone(), seq), Delivery { seq, priority, ..delivery });
        Ok(())
    }

    fn decision(&mut self, event: &Event) -> std::result::Result<(), String> {
        let decision = read::<DecisionChanged<'static>>(event)?.decision.into_owned();
        if event.agent.as_ref() != Some(decision.agent()) {
            return Err("what stands beside its data says something else".to_owned());
        }
        self.position(decision.message_id, event)?;
        self.ruled.insert(decision.message_id, decision);
        Ok(())
    }

    /// Where the message stands that an event is about.
    fn position(&self, message: MessageId, event: &Event) -> std::result::Result<(i64, Priority), String> {
        if event.message != Some(message) {
            return Err("what stands beside its data says something else".to_owned());
        }
        self.known.get(&message).copied().ok_or_else(|| format!("it is about message {message}, which was never sent"))
    }

    fn fact(&mut self, fact: Fact, event: &Event) -> std::result::Result<(), String> {
        self.batch.fact(self.tenant, fact, event.at).map_err(text)
    }

    fn finish(mut self) -> Result<(Batch, Importing)> {
        for delivery in std::mem::take(&mut self.changed).into_values() {
            self.batch.rewrite(self.tenant, &delivery);
        }
        for decision in std::mem::take(&mut self.ruled).into_values() {
            self.batch.bring_decision(self.tenant, &decision)?;
        }
        let Head { seq, hash, .. } = self.head();
        Ok((self.batch, Importing { tenant: self.tenant, seq, hash }))
    }
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn text(error: Error) -> String {
    error.to_string()
}
