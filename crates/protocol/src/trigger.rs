use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The answer of `POST /api/v1/triggers/{name}`.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Triggered {
    /// The trigger's name.
    #[schema(example = "tests-green")]
    pub trigger: String,
    /// How many deferred deliveries came back.
    #[schema(example = 3)]
    pub returned: u64,
}
