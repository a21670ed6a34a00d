use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::Message;

/// The messages of one conversation, oldest first.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Thread {
    /// The id of the first message.
    pub thread_id: Uuid,
    /// The subject of the first message.
    #[serde(default)]
    #[schema(required = true, example = "Hello k8s")]
    pub subject: String,
    /// The messages of this page.
    pub items: Vec<Message>,
    /// What to give as `after` for the next page; `null` on the last one.
    #[schema(required = true, example = "1042")]
    pub next: Option<String>,
}
