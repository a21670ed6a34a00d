//! Tenants: isolated worlds, each with its own agents, messages, keys and event log.

use serde::{Deserialize, Serialize};

/// A tenant's number. It leads every key in the store, so that one tenant's rows lie together and none can be reached
/// without naming whose they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct TenantId(pub i64);

impl TenantId {
    /// The tenant `default`, which exists from the start.
    pub const DEFAULT: Self = Self(1);
}

/// A tenant as it is listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tenant {
    /// Its number.
    pub id: TenantId,
    /// Its name: unique, and as strict as an agent's.
    pub name: String,
    /// When it was made.
    pub created_at: crate::Time,
}
