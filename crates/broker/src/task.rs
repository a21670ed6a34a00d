//! Tasks: work for a worker, as ids only.

use domain::{Priority, TenantId};
use serde::{Deserialize, Serialize};

/// A message that a worker is to see to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Task {
    /// The tenant.
    pub tenant: TenantId,
    /// The message's position.
    pub seq: i64,
    /// Its lane.
    pub lane: Priority,
    /// Whether recipients are still to be written.
    pub fan_out: bool,
}
