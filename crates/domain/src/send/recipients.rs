//! Recipients: from addresses to agents.

use std::collections::BTreeSet;

use super::Known;
use crate::agent::{Agent, AgentName};
use crate::directory::Directory;
use crate::message::{Kind, Message};
use crate::nearest;
use crate::refusal::{Code, Refusal};
use crate::remedy::Remedy;

/// Finds the recipients: written with the message up to the limit, fanned out by workers beyond it.
pub(super) fn resolve(message: &mut Message, known: &Known<'_>) -> Result<(), Refusal> {
    let directory = known.directory;
    if message.to.is_empty() {
        message.to.push(implied_address(message)?);
    }
    let mut found: BTreeSet<&AgentName> = BTreeSet::new();
    let mut ordered: Vec<&AgentName> = Vec::new();
    for (index, address) in message.to.iter().enumerate() {
        if address == "*" {
            ordered.extend(
                directory.active().map(|agent| &agent.name).filter(|name| **name != message.from && found.insert(name)),
            );
        } else if let Some(domain) = address.strip_prefix("domain:") {
            let holders = directory.holders(domain, known.now);
            if holders.is_empty() {
                return Err(nobody_holds(directory, domain, index));
            }
            // A holder that asks its own domain asks the others; alone, itself.
            let others = holders.len() > 1;
            let names = holders.iter().filter(|name| !(others && **name == message.from));
            let known = names.filter_map(|name| directory.agent(name.as_str())).map(|agent| &agent.name);
            ordered.extend(known.filter(|name| found.insert(name)));
        } else {
            let name = &recipient(directory, address, index)?.name;
            ordered.extend(Some(name).filter(|name| found.insert(name)));
        }
    }
    if ordered.is_empty() {
        return Err(Refusal::field(Code::NoRecipients, "to", "there is no other active agent to send to"));
    }
    if ordered.len() > directory.policy.limits.inline_recipients {
        message.fan_out = true;
        return Ok(());
    }
    message.recipients = ordered.into_iter().cloned().collect();
    Ok(())
}

fn implied_address(message: &Message) -> Result<String, Refusal> {
    match (&message.domain, message.kind) {
        (Some(domain), Kind::Request | Kind::Propose) => Ok(format!("domain:{domain}")),
        _ => Err(Refusal::field(
            Code::MissingField,
            "to",
            "say who gets it; only a `request` or `propose` with a `domain` goes to the domain's holders by itself",
        )),
    }
}

fn nobody_holds(directory: &Directory, domain: &str, index: usize) -> Refusal {
    let finals = directory.final_authority().iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    let known: BTreeSet<&str> =
        directory.active().flat_map(|agent| agent.authority_domains.iter().map(String::as_str)).collect();
    let near =
        nearest::nearest(domain, known).map(|near| format!("; did you mean `domain:{near}`?")).unwrap_or_default();
    let why = format!("no active agent holds `{}`{near}", nearest::shown(domain));
    let remedy = match finals.as_str() {
        "" => "Give an agent this domain.".to_owned(),
        finals => format!("Send it to the final authority ({finals}), or give an agent this domain."),
    };
    Refusal::field(Code::UnknownRecipient, format!("to[{index}]"), why).with_remedy(remedy)
}

fn recipient<'a>(directory: &'a Directory, name: &str, index: usize) -> Result<&'a Agent, Refusal> {
    let field = format!("to[{index}]");
    match directory.agent(name) {
        Some(agent) if agent.is_active() => Ok(agent),
        Some(_) => {
            Err(Refusal::field(Code::RetiredRecipient, field, format!("`{name}` is retired and takes no new messages")))
        }
        None => {
            let names: Vec<&str> = directory.active().map(|agent| agent.name.as_str()).collect();
            Err(Refusal::field(Code::UnknownRecipient, field, nearest::unknown("agent", name, names))
                .with_remedy(Remedy::RegisterAgent(None)))
        }
    }
}
