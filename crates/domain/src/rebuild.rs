//! Rebuilding: the state of every delivery and decision, from the log alone.

use std::collections::BTreeMap;

use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::Digest as _;

use crate::agent::AgentName;
use crate::decision::{Decision, DecisionState};
use crate::delivery::{Delivery, State};
use crate::event::{DecisionChanged, DeliveryChanged, Event, EventKind};
use crate::message::{Message, MessageId, Priority};

/// The deliveries as the log tells them: of each what is told to a person, and a fingerprint of the rest, so that a million
/// of them take about a hundred megabytes.
#[derive(Debug, Default)]
pub struct Rebuilt {
    agents: BTreeMap<AgentName, u32>,
    names: Vec<AgentName>,
    deliveries: BTreeMap<(MessageId, u32), Told>,
    /// A delivery of each message whose recipients are not all told yet; its recipient is the last one told, or nobody.
    fanning: BTreeMap<MessageId, Delivery>,
    decisions: BTreeMap<MessageId, ToldDecision>,
}

/// What the log tells of one decision.
#[derive(Debug)]
struct ToldDecision {
    state: DecisionState,
    fingerprint: [u8; 16],
    compared: bool,
}

/// What the log tells of one delivery.
#[derive(Debug)]
struct Told {
    seq: i64,
    attempt: i64,
    state: State,
    priority: Priority,
    fingerprint: [u8; 16],
    compared: bool,
}

impl Told {
    fn new(delivery: &Delivery) -> Self {
        let Delivery { seq, attempt, state, priority, .. } = *delivery;
        Self { seq, attempt, state, priority, fingerprint: fingerprint(delivery), compared: false }
    }

    fn agrees(&self, stored: &Delivery) -> bool {
        self.seq == stored.seq && self.priority == stored.priority && self.fingerprint == fingerprint(stored)
    }
}

/// The first half of the SHA-256 over all that events tell of a thing, as they write it.
///
/// # Panics
/// Never: deliveries and decisions always become JSON.
fn fingerprint(thing: &impl Serialize) -> [u8; 16] {
    let told = serde_json::to_vec(thing).expect("plain structs become JSON");
    let digest: [u8; 32] = sha2::Sha256::digest(told).into();
    std::array::from_fn(|byte| digest[byte])
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

fn read<T: DeserializeOwned>(event: &Event) -> Result<T, String> {
    serde_json::from_str(&event.data).map_err(|error| format!("its data cannot be read: {error}"))
}

impl Rebuilt {
    /// Applies the next event. Fails with a sentence where its data cannot be read, contradict what came before, or are about
    /// another message or agent than the event says.
    pub fn apply(&mut self, event: &Event) -> Result<(), String> {
        match event.kind {
            EventKind::MessageSent => self.sent(event),
            EventKind::MessageFannedOut => self.fanned_out(event),
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
            | EventKind::MessageEscalated => self.changed(event),
            EventKind::DecisionOpened
            | EventKind::DecisionMade
            | EventKind::DecisionOverturned
            | EventKind::DecisionWithdrawn
            | EventKind::DecisionExpired
            | EventKind::DecisionReassigned => self.ruled(event),
            EventKind::AuthorityRefused
            | EventKind::AuthorityGranted
            | EventKind::GateFailed
            | EventKind::AgentRegistered
            | EventKind::AgentUpdated
            | EventKind::AgentRetired
            | EventKind::AttachmentStored
            | EventKind::KeyCreated
            | EventKind::KeyRevoked
            | EventKind::TenantCreated
            | EventKind::WebhookSecretRotated => Ok(()),
        }
    }

    fn sent(&mut self, event: &Event) -> Result<(), String> {
        let message: Message = read(event)?;
        about(event, message.id, Some(&message.from))?;
        let one = Delivery { seq: event.seq, ..Delivery::new(&message, message.from.clone()) };
        for agent in message.recipients {
            self.add(&one, agent);
        }
        if message.fan_out {
            self.fanning.insert(message.id, Delivery { agent: AgentName::stored(String::new()), ..one });
        }
        Ok(())
    }

    fn fanned_out(&mut self, event: &Event) -> Result<(), String> {
        let part: FannedOut = read(event)?;
        about(event, part.message_id, None)?;
        let one = self.fanning.get(&part.message_id).cloned();
        let one = one.ok_or("it fans out a message that is not being fanned out")?;
        if let Some(fanning) = self.fanning.get_mut(&part.message_id) {
            fanning.agent = part.recipients.last().unwrap_or(&fanning.agent).clone();
        }
        for agent in part.recipients {
            self.add(&one, agent);
        }
        if part.done {
            self.fanning.remove(&part.message_id);
        }
        Ok(())
    }

    fn changed(&mut self, event: &Event) -> Result<(), String> {
        let delivery = read::<DeliveryChanged<'static>>(event)?.delivery.into_owned();
        about(event, delivery.message, Some(&delivery.agent))?;
        let told =
            self.agents.get(&delivery.agent).and_then(|agent| self.deliveries.get_mut(&(delivery.message, *agent)));
        let told = told.ok_or_else(|| format!("it changes a delivery to `{}` that was never made", delivery.agent))?;
        *told = Told::new(&Delivery { seq: told.seq, priority: told.priority, ..delivery });
        Ok(())
    }

    fn ruled(&mut self, event: &Event) -> Result<(), String> {
        let decision = read::<DecisionChanged<'static>>(event)?.decision;
        about(event, decision.message_id, Some(decision.agent()))?;
        let opens = event.kind == EventKind::DecisionOpened;
        if opens == self.decisions.contains_key(&decision.message_id) {
            let why = if opens { "it opens a decision again" } else { "it changes a decision that was never opened" };
            return Err(why.to_owned());
        }
        let (state, fingerprint) = (decision.state, fingerprint(&*decision));
        self.decisions.insert(decision.message_id, ToldDecision { state, fingerprint, compared: false });
        Ok(())
    }

    /// Says whether a stored decision is as the log tells it; where not, in what.
    pub fn compare_decision(&mut self, stored: &Decision) -> Result<(), String> {
        let Some(told) = self.decisions.get_mut(&stored.message_id) else {
            return Err("the log knows of no such decision".to_owned());
        };
        told.compared = true;
        if told.fingerprint == fingerprint(stored) {
            return Ok(());
        }
        if told.state == stored.state {
            return Err(format!("log and store both say {}, and differ in the rest", told.state));
        }
        Err(format!("the log says {}, the store says {}", told.state, stored.state))
    }

    /// The decisions that the log tells of and that were never compared with a stored one.
    pub fn missing_decisions(&self) -> impl Iterator<Item = MessageId> {
        self.decisions.iter().filter(|(_, told)| !told.compared).map(|(message, _)| *message)
    }

    fn add(&mut self, one: &Delivery, agent: AgentName) {
        let delivery = Delivery { agent, ..one.clone() };
        let number = self.agents.get(&delivery.agent).copied().unwrap_or_else(|| {
            let number = self.names.len() as u32;
            self.names.push(delivery.agent.clone());
            self.agents.insert(delivery.agent.clone(), number);
            number
        });
        self.deliveries.insert((delivery.message, number), Told::new(&delivery));
    }

    /// Says whether a stored delivery is as the log tells it; where not, in what.
    pub fn compare(&mut self, stored: &Delivery) -> Result<(), String> {
        let told = self.agents.get(&stored.agent).and_then(|agent| self.deliveries.get_mut(&(stored.message, *agent)));
        let Some(told) = told else { return Err("the log knows of no such delivery".to_owned()) };
        told.compared = true;
        if told.agrees(stored) {
            return Ok(());
        }
        if (told.state, told.attempt) == (stored.state, stored.attempt) {
            let (state, attempt) = (told.state, told.attempt);
            return Err(format!("log and store both say {state} at attempt {attempt}, and differ in the rest"));
        }
        Err(format!(
            "the log says {} at attempt {}, the store says {} at attempt {}",
            told.state, told.attempt, stored.state, stored.attempt
        ))
    }

    /// The messages whose recipients are not all told yet, each with the last one that is; an empty name before the first.
    pub fn fanning_out(&self) -> impl Iterator<Item = (MessageId, &AgentName)> {
        self.fanning.iter().map(|(message, last)| (*message, &last.agent))
    }

    /// The deliveries that the log tells of and that were never compared with a stored one: position, message, recipient.
    pub fn missing(&self) -> impl Iterator<Item = (i64, MessageId, &AgentName)> {
        let missing = self.deliveries.iter().filter(|(_, told)| !told.compared);
        missing.filter_map(|((message, agent), told)| Some((told.seq, *message, self.names.get(*agent as usize)?)))
    }
}

/// Holds the columns beside an event's data, which the hash does not cover, to what the data say.
fn about(event: &Event, message: MessageId, agent: Option<&AgentName>) -> Result<(), String> {
    if event.message == Some(message) && event.agent.as_ref() == agent {
        return Ok(());
    }
    let name = |agent: Option<&AgentName>| agent.map_or_else(|| "nobody".to_owned(), |agent| format!("`{agent}`"));
    Err(format!(
        "its data are about message {message} and {}, its row says {} and {}",
        name(agent),
        event.message.map_or_else(|| "none".to_owned(), |message| message.to_string()),
        name(event.agent.as_ref())
    ))
}
