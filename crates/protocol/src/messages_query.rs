use serde::{Deserialize, Serialize};
use utoipa::IntoParams;
use uuid::Uuid;

use crate::{Kind, Priority, Timestamp};

/// Which messages: all conditions hold at once.
#[derive(Debug, Clone, Default, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct MessagesQuery {
    /// Sent by this agent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(example = "code")]
    pub from: Option<String>,
    /// Delivered to this agent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(example = "chat")]
    pub to: Option<String>,
    /// In this thread.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub thread: Option<Uuid>,
    /// In this authority domain.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(example = "testing")]
    pub domain: Option<String>,
    /// Of this kind.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<Kind>,
    /// Of this priority.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub priority: Option<Priority>,
    /// With these words in subject or body: every word, `"a phrase"` in its order, `word*` as a beginning; case and accents do
    /// not matter. What holds no letter and no digit of any script is refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(example = "flaky login test")]
    pub q: Option<String>,
    /// Sent at or after this moment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// Sent before this moment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// How many entries at most: 1 to 1000, 100 when left out; `limits.page_items_max` and `limits.page_items` set both.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(example = 100, minimum = 1)]
    pub limit: Option<u32>,
    /// The `next` of the page before.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(example = "1042")]
    pub after: Option<String>,
}
