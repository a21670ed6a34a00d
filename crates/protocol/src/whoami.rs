use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Role;

/// Who is calling: what the server makes of the key that was shown, or of none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(example = json!({
    "tenant": "default", "role": "agent", "agents": ["chat"], "agent": "chat", "key_id": "5f0d8a3c1e42"
}))]
pub struct Whoami {
    /// The tenant that the caller sees.
    #[schema(example = "default")]
    pub tenant: String,
    /// What the caller may do.
    pub role: Role,
    /// For `agent`: whom the caller speaks and reads for.
    #[serde(default)]
    #[schema(required = true, example = json!(["chat"]))]
    pub agents: Vec<String>,
    /// The agent that is meant where none is named: the only one of an `agent` key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "chat")]
    pub agent: Option<String>,
    /// The key's public id; left out where no key was needed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "5f0d8a3c1e42")]
    pub key_id: Option<String>,
}
