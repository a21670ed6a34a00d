use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{Delivery, Message, States};

/// Which deliveries of an inbox.
#[derive(Debug, Clone, Default, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct InboxQuery {
    /// Only these states, with commas between; the live ones (`pending,leased,deferred`) when left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(value_type = Option<String>, example = "pending,leased")]
    pub state: Option<States>,
    /// How many entries at most: 1 to 1000, 100 when left out; `limits.page_items_max` and `limits.page_items` set both.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(example = 100, minimum = 1)]
    pub limit: Option<u32>,
    /// The `next` of the page before.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(example = "2.1042")]
    pub after: Option<String>,
}

/// What an agent has before it: priority lane first, then first in, first out.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Inbox {
    /// The deliveries of this page with their messages.
    pub items: Vec<InboxItem>,
    /// How many deliveries are in each state, over the whole inbox.
    #[serde(default)]
    #[schema(required = true)]
    pub counts: Counts,
    /// What to give as `after` for the next page; `null` on the last one.
    #[schema(required = true, example = "2.1042")]
    pub next: Option<String>,
}

/// How many deliveries are in each state.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
#[schema(example = json!({"pending": 3, "leased": 1, "deferred": 0, "acked": 120, "expired": 0, "dead": 1}))]
pub struct Counts {
    /// Waiting.
    #[schema(required = true)]
    pub pending: u64,
    /// Received and not yet settled.
    #[schema(required = true)]
    pub leased: u64,
    /// Put off.
    #[schema(required = true)]
    pub deferred: u64,
    /// Done.
    #[schema(required = true)]
    pub acked: u64,
    /// Too late.
    #[schema(required = true)]
    pub expired: u64,
    /// Given up.
    #[schema(required = true)]
    pub dead: u64,
}

/// One delivery with its message; also what each event of an inbox stream carries.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct InboxItem {
    /// The delivery.
    pub delivery: Delivery,
    /// The message.
    pub message: Message,
}
