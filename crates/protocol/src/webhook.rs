use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Timestamp;

/// What pushes to an agent's webhook are signed with, by the scheme of Standard Webhooks.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
pub struct WebhookSecret {
    /// The agent.
    #[schema(example = "chat")]
    pub agent: String,
    /// The secret in force: `whsec_` and Base64, as the libraries that verify signatures take it.
    #[schema(example = "whsec_BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=")]
    pub secret: String,
    /// Until when pushes carry a signature by the secret before this one too; left out where they do not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous_until: Option<Timestamp>,
}

impl std::fmt::Debug for WebhookSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WebhookSecret").field("agent", &self.agent).field("secret", &"***").finish_non_exhaustive()
    }
}
