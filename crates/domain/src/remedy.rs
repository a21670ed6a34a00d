//! Remedies: what would make possible what was refused.

use std::borrow::Cow;

use crate::agent::AgentName;

/// What would make it possible. It names things and not how to reach them, so that each protocol can word it for its users: a
/// route, a command, a tool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Remedy {
    /// Words that hold in every protocol.
    Text(Cow<'static, str>),
    /// Register the agent; none: the one that is meant.
    RegisterAgent(Option<String>),
    /// Look which agents there are, or register one.
    FindAgent,
    /// Store the attachment before the message that names it.
    StoreAttachment,
    /// Propose it to those who may decide, or have the domain lent.
    Propose {
        /// Who may decide.
        to: Vec<AgentName>,
        /// In which domain.
        domain: String,
        /// Whose decision it was; none holds the domain where this is none.
        grant_to: Option<AgentName>,
    },
    /// Give evidence that meets every threshold.
    MeetThresholds,
    /// Send a valid key.
    SendKey,
    /// Make a key, so that the server is open no longer.
    MakeKey,
    /// Do the same again under the same idempotency key.
    Repeat,
}

impl From<&'static str> for Remedy {
    fn from(text: &'static str) -> Self {
        Self::Text(Cow::Borrowed(text))
    }
}

impl From<String> for Remedy {
    fn from(text: String) -> Self {
        Self::Text(Cow::Owned(text))
    }
}

/// Names in a sentence, as in "`a` or `b`".
pub fn any_of(names: &[AgentName]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" or ")
}
