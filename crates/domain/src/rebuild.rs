//! Rebuilding: the state of every delivery, from the log alone.

use std::collections::BTreeMap;

use crate::agent::AgentName;
use crate::delivery::Delivery;
use crate::event::{DeliveryChanged, EventKind};
use crate::message::{Message, MessageId};

/// The deliveries as the log tells them, by message and recipient.
#[derive(Debug, Default)]
pub struct Rebuilt {
    /// Each delivery in its latest state.
    pub deliveries: BTreeMap<(MessageId, AgentName), Delivery>,
    fanning: BTreeMap<MessageId, (i64, Message)>,
}

/// The data of a `message.fanned_out` event.
#[derive(Debug, serde::Serialize, serde::Deserialize)]
pub struct FannedOut {
    /// The message.
    pub message_id: MessageId,
    /// The recipients of this part, by name.
    pub recipients: Vec<AgentName>,
    /// Whether it is the last part.
    pub done: bool,
}

impl Rebuilt {
    /// Applies the next event. Fails with a sentence where its data cannot be read or contradicts what came before.
    pub fn apply(&mut self, seq: i64, kind: EventKind, data: &str) -> Result<(), String> {
        let unreadable = |error: serde_json::Error| format!("its data cannot be read: {error}");
        match kind {
            EventKind::MessageSent => {
                let message: Message = serde_json::from_str(data).map_err(unreadable)?;
                for agent in &message.recipients {
                    self.add(&message, seq, agent);
                }
                if message.fan_out {
                    self.fanning.insert(message.id, (seq, message));
                }
            }
            EventKind::MessageFannedOut => {
                let part: FannedOut = serde_json::from_str(data).map_err(unreadable)?;
                let (seq, message) = self
                    .fanning
                    .get(&part.message_id)
                    .cloned()
                    .ok_or("it fans out a message that is not being fanned out")?;
                for agent in &part.recipients {
                    self.add(&message, seq, agent);
                }
                if part.done {
                    self.fanning.remove(&part.message_id);
                }
            }
            EventKind::MessageDelivered
            | EventKind::MessageLeased
            | EventKind::MessageExtended
            | EventKind::MessageReturned
            | EventKind::MessageAcked
            | EventKind::MessageNacked
            | EventKind::MessageDeferred
            | EventKind::MessageExpired
            | EventKind::MessageDead
            | EventKind::MessageRedriven
            | EventKind::MessageReminded
            | EventKind::MessageEscalated => {
                let changed: DeliveryChanged<'_> = serde_json::from_str(data).map_err(unreadable)?;
                self.change(changed.delivery.into_owned())?;
            }
            _ => {}
        }
        Ok(())
    }

    fn add(&mut self, message: &Message, seq: i64, agent: &AgentName) {
        let delivery = Delivery { seq, ..Delivery::new(message, agent.clone()) };
        self.deliveries.insert((message.id, agent.clone()), delivery);
    }

    fn change(&mut self, changed: Delivery) -> Result<(), String> {
        let known = self.deliveries.get_mut(&(changed.message, changed.agent.clone()));
        let known = known.ok_or_else(|| format!("it changes a delivery to `{}` that was never made", changed.agent))?;
        *known = Delivery { seq: known.seq, priority: known.priority, ..changed };
        Ok(())
    }

    /// Says whether a stored delivery is as the log tells it; where not, in what.
    pub fn compare(&self, stored: &Delivery) -> Result<(), String> {
        let Some(told) = self.deliveries.get(&(stored.message, stored.agent.clone())) else {
            return Err("the log knows of no such delivery".to_owned());
        };
        let told = Delivery { lease: stored.lease, ..told.clone() };
        if told == *stored {
            return Ok(());
        }
        Err(format!(
            "the log says {} at attempt {}, the store says {} at attempt {}",
            told.state, told.attempt, stored.state, stored.attempt
        ))
    }
}
