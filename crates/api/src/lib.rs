//! The shapes on the wire and a thin typed HTTP client.
//!
//! Requests refuse unknown fields; answers are read leniently, so that an older client understands a newer server.
//! One file per thing, in the words of the contract. Nothing here decides anything: the rules are the `domain` crate's.

mod agent;
mod attachment;
mod authority;
mod dead_letter;
mod event;
mod gate;
mod health;
mod inbox;
mod key;
mod message;
mod metadata;
mod page;
mod problem;
mod receipt;
mod recipients;
mod tenant;
mod thread;
mod timestamp;
mod trigger;
mod word;

pub use agent::{Agent, AgentKind, AgentState, PutAgent};
pub use attachment::{AttachmentRef, StoredAttachment};
pub use authority::{
    Authority, AuthorityCheck, AuthorityDecision, AuthorityDomain, AuthorityOutcome, CreateGrant,
    Grant, Holder, HolderVia, OnViolation,
};
pub use dead_letter::DeadLettersQuery;
pub use event::{ChainProblem, Event, EventsHead, EventsQuery, Verification};
pub use gate::{EvaluateGates, GateEvaluation, GateResult, Gates, OnFailure, Threshold};
pub use health::{Check, CheckStatus, Health, Ready, ReadyStatus};
pub use inbox::{
    Ack, Counts, Defer, Delivery, Extend, Inbox, InboxItem, InboxQuery, Nack, Receive, Received,
    ReceivedList, State, States, Terminate,
};
pub use key::{CreateKey, CreatedKey, Key, Role};
pub use message::{
    BatchRequest, BatchResult, BatchResults, Kind, Message, MessagesQuery, Outcome, OutcomeAction,
    Priority, RecipientState, RecipientStatus, SendMessage,
};
pub use metadata::Metadata;
pub use page::{Page, PageQuery};
pub use problem::{FieldError, Problem};
pub use receipt::{DeliveryReceipt, Receipts};
pub use recipients::Recipients;
pub use tenant::{CreateTenant, Tenant};
pub use thread::Thread;
pub use timestamp::Timestamp;
pub use trigger::Triggered;
pub use word::UnknownWord;
