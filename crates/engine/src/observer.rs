//! Observers: who takes note of what happens, for measuring.

use domain::Span;
use domain::message::{Kind, Priority};

/// Takes note of what happens. Called on the way of every message: must be quick and never block.
pub trait Observer: Send + Sync {
    /// A message was accepted.
    fn sent(&self, tenant: &str, kind: Kind, priority: Priority);
    /// A delivery was leased or pushed for the first time, so long after it was sent.
    fn delivered(&self, after: Span);
    /// A push ended, in this way.
    fn webhook(&self, outcome: &'static str);
    /// The bytes of an attachment were found damaged or gone.
    fn attachment_damaged(&self);
}
