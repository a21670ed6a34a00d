//! What may vanish: notifications, presence, rate limits, and cache invalidation.
//!
//! Nothing here is a source of truth. A lost notification costs a moment, because every waiter also polls; a lost
//! presence costs a "last seen"; a lost count lets a few more requests pass.

mod config;
mod ephemeral;
mod invalidation;
mod limits;
mod local;
mod notifier;
mod presence;
mod rate;
mod redis;

pub use config::EphemeralConfig;
pub use ephemeral::{Ephemeral, Status};
pub use invalidation::Stale;
pub use limits::{Admission, Scope};
pub use notifier::Subscription;
pub use rate::{Rate, RateError};
pub use redis::UrlError;
