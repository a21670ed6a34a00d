//! From the rules' types to the wire's and back, one file per thing. Nothing here decides anything.

pub(crate) mod agent;
pub(crate) mod attachment;
pub(crate) mod authority;
pub(crate) mod event;
pub(crate) mod gate;
pub(crate) mod health;
pub(crate) mod inbox;
pub(crate) mod key;
pub(crate) mod message;
pub(crate) mod page;
pub(crate) mod problem;
mod reading;
pub(crate) mod receipt;
pub(crate) mod remedy;
pub(crate) mod tenant;
pub(crate) mod webhook;
pub(crate) mod word;

use domain::Time;
use protocol::Timestamp;

pub(crate) use reading::Reading;

/// A time as it is written.
pub(crate) fn time(time: Time) -> Timestamp {
    Timestamp(time.to_string())
}

/// Names as texts.
pub(crate) fn names(names: Vec<domain::AgentName>) -> Vec<String> {
    names.into_iter().map(String::from).collect()
}
