use serde::{Deserialize, Serialize};
use utoipa::IntoParams;

/// Which dead letters: the answer is a page of [`crate::InboxItem`].
#[derive(Debug, Clone, Default, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DeadLettersQuery {
    /// Only those of this recipient.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(example = "chat")]
    pub agent: Option<String>,
    /// How many entries at most: 1 to 1000, 100 when left out; `limits.page_items_max` and `limits.page_items` set both.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(example = 100, minimum = 1)]
    pub limit: Option<u32>,
    /// The `next` of the page before.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(example = "1042")]
    pub after: Option<String>,
}
