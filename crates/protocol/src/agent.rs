use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{AgentKind, Priority, Timestamp, word::words};

words! {
    "agent state"
    /// Whether an agent takes part.
    pub enum AgentState {
        /// It sends and receives.
        Active = "active",
        /// Its history stays; new messages to it are refused.
        Retired = "retired",
    }
}

/// Registers an agent or changes it: what is left out goes back to its default.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"kind": "ai", "description": "Writes and runs tests", "authority_domains": ["testing"]}))]
pub struct PutAgent {
    /// The name, which must be the one in the path when given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "code")]
    pub name: Option<String>,
    /// What stands behind the name; `ai` when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<AgentKind>,
    /// What it does, for the others to read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "Writes and runs tests")]
    pub description: Option<String>,
    /// The fields of decisions it holds.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(example = json!(["implementation", "testing"]))]
    pub authority_domains: Vec<String>,
    /// Where its deliveries are pushed to, an `https` address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "https://agents.example.org/code")]
    pub webhook: Option<String>,
    /// The highest priority it may send with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_priority_sent: Option<Priority>,
    /// Who hears of a message to it that was not acknowledged in time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "human")]
    pub escalate_to: Option<String>,
}

/// A named participant: an AI agent, a person, a service.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Agent {
    /// The name that messages are sent to.
    #[schema(example = "code")]
    pub name: String,
    /// What stands behind the name.
    pub kind: AgentKind,
    /// Whether it takes part.
    pub state: AgentState,
    /// What it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "Writes and runs tests")]
    pub description: Option<String>,
    /// The fields of decisions it holds of its own; grants are in `GET /api/v1/authority`.
    #[serde(default)]
    #[schema(required = true, example = json!(["implementation", "testing"]))]
    pub authority_domains: Vec<String>,
    /// Whether it has final authority over every domain.
    #[serde(default)]
    #[schema(required = true, example = false)]
    pub final_authority: bool,
    /// Where its deliveries are pushed to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "https://agents.example.org/code")]
    pub webhook: Option<String>,
    /// The highest priority it may send with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_priority_sent: Option<Priority>,
    /// Who hears of a message to it that was not acknowledged in time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "human")]
    pub escalate_to: Option<String>,
    /// When it was registered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_at: Option<Timestamp>,
    /// When it was retired.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retired_at: Option<Timestamp>,
    /// When it was last heard of: a heartbeat, a receive, a send.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_seen_at: Option<Timestamp>,
}
