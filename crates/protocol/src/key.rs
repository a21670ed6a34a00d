use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{Role, Timestamp};

/// Asks for a new key.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"role": "agent", "agents": ["code"], "name": "the code agent on build-7"}))]
pub struct CreateKey {
    /// What the key's holder may do.
    pub role: Role,
    /// For `agent`: the agents it may speak and read for; one at least.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(example = json!(["code"]))]
    pub agents: Vec<String>,
    /// What people call the key, to 100 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "the code agent on build-7")]
    pub name: Option<String>,
    /// The tenant it belongs to; the caller's when left out. Only an admin of `default` may name another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "acme")]
    pub tenant: Option<String>,
}

/// A key that was just made: the only time the key itself is shown.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
pub struct CreatedKey {
    /// The key's id, for revoking it; the third part of the key.
    #[schema(example = "5f0d8a3c1e42")]
    pub id: String,
    /// The key itself; the server keeps only its hash.
    #[schema(example = "coord_1_5f0d8a3c1e42_9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822c")]
    pub key: String,
    /// What the key's holder may do.
    pub role: Role,
    /// The agents it may speak and read for.
    #[serde(default)]
    #[schema(required = true, example = json!(["code"]))]
    pub agents: Vec<String>,
    /// What people call it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "the code agent on build-7")]
    pub name: Option<String>,
    /// The tenant it belongs to.
    #[serde(default)]
    #[schema(required = true, example = "default")]
    pub tenant: String,
    /// When it was made.
    pub created_at: Timestamp,
}

impl std::fmt::Debug for CreatedKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CreatedKey")
            .field("id", &self.id)
            .field("key", &"***")
            .field("role", &self.role)
            .finish_non_exhaustive()
    }
}

/// A key as it is listed: everything but the key itself.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Key {
    /// The key's id.
    #[schema(example = "5f0d8a3c1e42")]
    pub id: String,
    /// What the key's holder may do.
    pub role: Role,
    /// The agents it may speak and read for.
    #[serde(default)]
    #[schema(required = true, example = json!(["code"]))]
    pub agents: Vec<String>,
    /// What people call it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "the code agent on build-7")]
    pub name: Option<String>,
    /// The tenant it belongs to.
    #[serde(default)]
    #[schema(required = true, example = "default")]
    pub tenant: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was revoked; left out while it works.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked_at: Option<Timestamp>,
}
