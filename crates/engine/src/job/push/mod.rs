//! Pushing: deliveries that are handed to the webhooks of agents, which otherwise would have to ask for them.
//!
//! To each agent one message is pushed at a time, by whichever process claims it: the first of its inbox, as a receive would
//! give it. So a lane's order is the order in which its receiver is asked to take it. Who is to be pushed to is found by polling
//! the store; tasks of the broker and what this process does only bring the poll forward.

mod attempt;
mod dispatcher;
mod enqueue;
mod hooked;
mod outcome;
mod poll;
mod queue;

use std::time::Duration;

use domain::Span;
use domain::webhook::SigningSecret;
use futures_util::future::BoxFuture;

use crate::InboxItem;

pub(super) use dispatcher::Dispatcher;
pub(crate) use enqueue::PushQueue;
pub(super) use poll::PushPoll;

/// Hands deliveries to webhooks: the adapter that speaks HTTP to them.
pub trait Pusher: Send + Sync {
    /// Why nothing is ever pushed to this address, as far as it tells by itself; none where it may be tried.
    fn refusal(&self, url: &str) -> Option<String>;

    /// Pushes one delivery and answers what came of it, within the time the push names.
    fn push(&self, push: Push) -> BoxFuture<'_, Pushed>;
}

/// One attempt to push one delivery.
#[derive(Clone, Debug)]
pub struct Push {
    /// Where to. May hold a password: never logged.
    pub url: String,
    /// Its `webhook-id`, the same at every attempt.
    pub id: String,
    /// The seconds since 1970 that it is signed with.
    pub timestamp: i64,
    /// What it is signed with; each gives a signature.
    pub secrets: Vec<SigningSecret>,
    /// The delivery, leased.
    pub item: InboxItem,
    /// How long it may take.
    pub within: Duration,
}

/// What came of a push.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pushed {
    /// The receiver has done with it.
    Done,
    /// The receiver has it, and will settle it itself while the lease runs.
    Accepted,
    /// The receiver wants nothing more, ever.
    Gone,
    /// The receiver is there and wants to be left alone for a time.
    Later {
        /// For how long; none: it did not say.
        after: Option<Span>,
        /// What it answered.
        why: String,
    },
    /// It did not succeed.
    Failed {
        /// In which way, as the metrics count it.
        outcome: &'static str,
        /// Why, for the log and the sender.
        why: String,
    },
}
