//! Agents: named participants in the exchange of messages.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::key::Caller;
use crate::message::Priority;
use crate::time::Time;
use crate::webhook_address;
use crate::words::words;

words! {
    /// What sort of participant an agent is.
    pub enum AgentKind: "agent kind" {
        /// A language-model agent.
        Ai = 0 "ai",
        /// A person.
        Human = 1 "human",
        /// A program.
        Service = 2 "service",
    }
}

/// The sender of bounces, reminders and escalations. No agent may take this name.
pub const SYSTEM: &str = "system";

/// An agent's name: 1 to 64 of `a-z A-Z 0-9 . _ -`, beginning with a letter or digit, so that it is safe in a path, a log
/// line and a shell.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AgentName(String);

impl AgentName {
    /// The longest name, in characters.
    pub const CHARS_MAX: usize = 64;

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name `system`.
    pub fn system() -> Self {
        Self(SYSTEM.to_owned())
    }

    /// Takes a name that the store has kept, without checking it again.
    pub fn stored(name: String) -> Self {
        Self(name)
    }

    /// Whether `text` follows the rules for names.
    pub fn is_valid(text: &str) -> bool {
        let mut bytes = text.bytes();
        text.len() <= Self::CHARS_MAX
            && bytes.next().is_some_and(|first| first.is_ascii_alphanumeric())
            && bytes.all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'))
    }
}

impl TryFrom<String> for AgentName {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        if Self::is_valid(&text) {
            return Ok(Self(text));
        }
        Err(format!(
            "`{}` is no name: 1 to 64 of letters, digits, `.`, `_` and `-`, beginning with a letter or digit",
            text.chars().take(80).collect::<String>()
        ))
    }
}

impl FromStr for AgentName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::try_from(text.to_owned())
    }
}

impl From<AgentName> for String {
    fn from(name: AgentName) -> Self {
        name.0
    }
}

impl fmt::Display for AgentName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl std::borrow::Borrow<str> for AgentName {
    fn borrow(&self) -> &str {
        &self.0
    }
}

/// What is known of one agent. Retired agents stay, for their history.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Agent {
    /// Its name, unique in the tenant.
    pub name: AgentName,
    /// What sort of participant it is.
    pub kind: AgentKind,
    /// What it is for, in its owner's words; to 1,000 characters.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// The domains it may decide in, sorted.
    #[serde(default)]
    pub authority_domains: Vec<String>,
    /// Where its messages are pushed, if anywhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub webhook: Option<String>,
    /// The highest priority it may send with; none: any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_priority_sent: Option<Priority>,
    /// Who hears of its overdue messages; none: the final authority.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub escalate_to: Option<AgentName>,
    /// When it was first registered.
    pub registered_at: Time,
    /// When it was retired, if it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retired_at: Option<Time>,
}

impl Agent {
    /// A new agent with a name, a kind and nothing else.
    pub fn new(name: AgentName, kind: AgentKind, registered_at: Time) -> Self {
        Self {
            name,
            kind,
            description: String::new(),
            authority_domains: Vec::new(),
            webhook: None,
            max_priority_sent: None,
            escalate_to: None,
            registered_at,
            retired_at: None,
        }
    }

    /// The agent as everybody may see it, and as events tell of it: of the webhook's address what is no secret.
    #[must_use]
    pub fn published(&self) -> Self {
        Self { webhook: self.webhook.as_deref().map(webhook_address::published), ..self.clone() }
    }

    /// The agent as a caller may see it: its address whole for admins and for the agent itself.
    #[must_use]
    pub fn seen_by(&self, caller: &Caller) -> Self {
        if caller.must_act_as(self.name.as_str()).is_ok() { self.clone() } else { self.published() }
    }

    /// Whether messages may be sent to it.
    pub fn is_active(&self) -> bool {
        self.retired_at.is_none()
    }
}

/// What is put of an agent; its name stands in the path.
#[derive(Clone, Debug)]
pub struct AgentPut {
    /// What sort of participant it is.
    pub kind: AgentKind,
    /// What it is for.
    pub description: String,
    /// The domains it may decide in.
    pub authority_domains: Vec<String>,
    /// Where its messages are pushed.
    pub webhook: Option<String>,
    /// The highest priority it may send with.
    pub max_priority_sent: Option<Priority>,
    /// Who hears of its overdue messages.
    pub escalate_to: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_held_to_their_rules() {
        for good in ["a", "code", "Code-2.x_y", &"a".repeat(64)] {
            assert!(good.parse::<AgentName>().is_ok(), "{good}");
        }
        for bad in ["", "-a", ".a", "a b", "a/b", "*", "domain:x", "é", &"a".repeat(65)] {
            assert!(bad.parse::<AgentName>().is_err(), "{bad}");
        }
    }
}
