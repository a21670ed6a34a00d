//! What every outside protocol shares: the shapes on the wire, the way between them and the domain, faults in JSON, the table of
//! problems, the fingerprint of a request, trace contexts, and the guard of an open server.
//!
//! Requests refuse unknown fields; answers are read leniently, so that an older client understands a newer server.
//! One file per thing, in the words of the contract. Nothing here decides anything: the rules are the `domain` crate's, and so
//! are the vocabularies (kinds, priorities, states, roles, problem codes), which are only named here.

mod agent;
mod attachment;
mod authority;
mod batch;
mod dead_letter;
mod delivery;
mod duration;
mod event;
mod fingerprint;
mod gate;
pub mod guard;
mod health;
mod ijson;
mod inbox;
pub mod json;
mod key;
mod message;
mod messages_query;
mod metadata;
mod page;
mod problem;
pub mod problems;
mod receipt;
mod receive;
mod recipients;
mod send;
mod settle;
pub mod shape;
mod tenant;
mod thread;
mod timestamp;
pub mod traceparent;
mod trigger;
mod webhook;
mod word;

pub use domain::authority::OnViolation;
pub use domain::gate::OnFailure;
pub use domain::key::Role;
pub use domain::loopback::leads_here;
pub use domain::message::{Action as OutcomeAction, Kind};
pub use domain::{AgentKind, Code, Priority, State};

pub use agent::{Agent, AgentState, PutAgent};
pub use attachment::{AttachmentRef, StoredAttachment};
pub use authority::{
    Authority, AuthorityCheck, AuthorityDecision, AuthorityDomain, AuthorityOutcome, CreateGrant, Grant, Holder,
    HolderVia,
};
pub use batch::{BatchRequest, BatchResult, BatchResults};
pub use dead_letter::DeadLettersQuery;
pub use delivery::{Delivery, States};
pub use duration::parse_duration;
pub use event::{ArchiveVerification, ChainProblem, Event, EventsHead, EventsQuery, Verification, VerifyQuery};
pub use fingerprint::fingerprint;
pub use gate::{EvaluateGates, GateEvaluation, GateResult, Gates, Threshold};
pub use health::{Check, CheckStatus, Health, Ready, ReadyStatus};
pub use inbox::{Counts, Inbox, InboxItem, InboxQuery};
pub use key::{CreateKey, CreatedKey, Key};
pub use message::{Message, Outcome, RecipientState, RecipientStatus};
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
