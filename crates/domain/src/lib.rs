//! The rules of coordination, pure: what is known, a command and the time go in; a decision or a refusal comes out.
//!
//! Nothing here awaits, does I/O, reads a clock or draws a random number, so every rule can be tested with a table and
//! every face of the system (HTTP, command line, MCP) obeys the same one.

pub mod agent;
pub mod attachment;
pub mod audience;
pub mod authority;
pub mod bounds;
pub mod chain;
pub mod delivery;
pub mod directory;
pub mod domain_name;
pub mod event;
pub mod filter;
pub mod gate;
pub mod idempotency;
pub mod key;
pub mod limits;
pub mod look_alike;
pub mod loopback;
pub mod message;
pub mod nearest;
pub mod notice;
pub mod page;
pub mod rebuild;
pub mod recorded;
pub mod refusal;
pub mod remedy;
mod rfc3339;
pub mod secret;
pub mod send;
pub mod tenant;
pub mod text;
pub mod threshold;
pub mod time;
pub mod view;
pub mod webhook;
pub mod webhook_address;
mod words;

pub use agent::{Agent, AgentKind, AgentName};
pub use attachment::Digest;
pub use delivery::{Delivery, State};
pub use directory::Directory;
pub use domain_name::DomainName;
pub use event::{Event, EventKind};
pub use idempotency::IdempotencyKey;
pub use message::{Message, MessageId, Priority};
pub use page::{Page, Paged};
pub use refusal::{Code, Refusal};
pub use remedy::Remedy;
pub use secret::Secret;
pub use tenant::TenantId;
pub use time::{Span, Time};
