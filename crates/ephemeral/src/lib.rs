//! What may vanish: wake-ups, presence, rate limits, and word that something remembered is old.
//!
//! Nothing true lives here. A lost wake-up costs a moment, because whoever waits also looks by itself now and then; a lost
//! presence costs a "last seen"; a lost count lets a few requests more pass.

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
