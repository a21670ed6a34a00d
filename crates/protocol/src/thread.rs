use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::Message;

/// Which part of a thread.
#[derive(Debug, Clone, Default, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ThreadQuery {
    /// How many entries at most: 1 to 1000, 100 when left out; `limits.page_items_max` and `limits.page_items` set both.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(example = 100, minimum = 1)]
    pub limit: Option<u32>,
    /// The `next` of the page before, or the `seq` of the last message that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(example = "1042")]
    pub after: Option<String>,
    /// How long to wait for the next message where there is none after `after`, `0s` to `60s`; `0s` when left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(example = "20s")]
    pub wait: Option<String>,
}

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
