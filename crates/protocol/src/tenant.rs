use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Timestamp;

/// Asks for a new tenant; only an admin of `default` may.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"name": "acme"}))]
pub struct CreateTenant {
    /// The new tenant's name: lower-case letters, digits, `-`, `_` and `.`.
    #[schema(example = "acme")]
    pub name: String,
}

/// An isolated world with its own agents, messages, keys and event log.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Tenant {
    /// The tenant's name.
    #[schema(example = "acme")]
    pub name: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// The position of the last event in its log.
    #[serde(default)]
    #[schema(required = true, example = 1042)]
    pub seq: u64,
}
