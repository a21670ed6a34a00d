//! From the rules' types to the wire's and back, one file per thing. Nothing here decides anything.

/// Agents.
pub mod agent;
/// Attachments.
pub mod attachment;
/// Authority: who may decide what.
pub mod authority;
/// Decisions.
pub mod decision;
/// Events, the log's end, and what checking it found.
pub mod event;
/// Quality gates.
pub mod gate;
/// Readiness.
pub mod health;
/// Inboxes: deliveries, and the verbs on them.
pub mod inbox;
/// Keys.
pub mod key;
/// Messages and drafts.
pub mod message;
/// Pages of lists.
pub mod page;
/// Problems: refusals on the wire.
pub mod problem;
mod reading;
/// What became of a message.
pub mod receipt;
pub mod remedy;
/// Tenants.
pub mod tenant;
/// Secrets of webhooks.
pub mod webhook;

use crate::Timestamp;
use domain::Time;

pub use reading::Reading;

/// A time as it is written.
pub fn time(time: Time) -> Timestamp {
    Timestamp(time.to_string())
}

/// Names as texts.
pub fn names(names: Vec<domain::AgentName>) -> Vec<String> {
    names.into_iter().map(String::from).collect()
}
