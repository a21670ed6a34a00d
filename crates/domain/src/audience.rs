//! The audience of a message that is fanned out: everybody its addresses reach.

use std::collections::BTreeSet;

use crate::agent::{Agent, AgentName};
use crate::directory::Directory;
use crate::message::Message;

/// The active agents that a message's addresses reach, by name. Agents that were registered after it was sent are not among
/// them, and for `*` neither is the sender.
pub fn of(message: &Message, directory: &Directory) -> BTreeSet<AgentName> {
    let mut audience = BTreeSet::new();
    let there = |agent: &&Agent| agent.registered_at <= message.sent_at;
    for address in &message.to {
        if address == "*" {
            let others = directory.active().filter(there).filter(|agent| agent.name != message.from);
            audience.extend(others.map(|agent| agent.name.clone()));
        } else if let Some(domain) = address.strip_prefix("domain:") {
            let holders = directory.holders(domain, message.sent_at);
            let others = holders.len() > 1;
            audience.extend(holders.into_iter().filter(|name| !(others && *name == message.from)));
        } else {
            let agent = directory.agent(address).filter(|agent| agent.is_active());
            audience.extend(agent.map(|agent| agent.name.clone()));
        }
    }
    audience
}
