//! What every outside protocol shares: the shapes on the wire.
//!
//! Requests refuse unknown fields; answers are read leniently, so that an older client understands a newer server.
//! One file per thing, in the words of the contract. Nothing here decides anything: the rules are the `domain` crate's.

mod agent;
mod attachment;
mod authority;
mod batch;
mod dead_letter;
mod delivery;
mod duration;
mod event;
mod gate;
mod health;
mod ijson;
mod inbox;
mod key;
mod message;
mod messages_query;
mod metadata;
mod page;
mod problem;
mod receipt;
mod receive;
mod recipients;
mod send;
mod settle;
mod tenant;
mod thread;
mod timestamp;
mod trigger;
mod webhook;
mod word;

pub use agent::{Agent, AgentKind, AgentState, PutAgent};
pub use attachment::{AttachmentRef, StoredAttachment};
pub use authority::{
    Authority, AuthorityCheck, AuthorityDecision, AuthorityDomain, AuthorityOutcome, CreateGrant, Grant, Holder,
    HolderVia, OnViolation,
};
pub use batch::{BatchRequest, BatchResult, BatchResults};
pub use dead_letter::DeadLettersQuery;
pub use delivery::{Delivery, State, States};
pub use duration::parse_duration;
pub use event::{ArchiveVerification, ChainProblem, Event, EventsHead, EventsQuery, Verification, VerifyQuery};
pub use gate::{EvaluateGates, GateEvaluation, GateResult, Gates, OnFailure, Threshold};
pub use health::{Check, CheckStatus, Health, Ready, ReadyStatus};
pub use inbox::{Counts, Inbox, InboxItem, InboxQuery};
pub use key::{CreateKey, CreatedKey, Key, Role};
pub use message::{Kind, Message, Outcome, OutcomeAction, Priority, RecipientState, RecipientStatus};
pub use messages_query::MessagesQuery;
pub use metadata::Metadata;
pub use page::{Page, PageQuery};
pub use problem::{Action, FieldError, Problem};
pub use receipt::{DeliveryReceipt, Receipts};
pub use receive::{Push, Receive, Received, ReceivedList};
pub use recipients::Recipients;
pub use send::SendMessage;
pub use settle::{Ack, Defer, Extend, Nack, Terminate};
pub use tenant::{CreateTenant, Tenant};
pub use thread::Thread;
pub use timestamp::Timestamp;
pub use trigger::Triggered;
pub use webhook::WebhookSecret;
pub use word::UnknownWord;
