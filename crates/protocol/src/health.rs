use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::word::words;

/// The answer of `GET /health`: the process is alive.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Health {
    /// Always `ok`; a process that cannot say so does not answer.
    #[schema(example = "ok")]
    pub status: String,
    /// The server's version.
    #[serde(default)]
    #[schema(required = true, example = "0.1.0")]
    pub version: String,
}

/// The answer of `GET /ready`: whether requests should be sent here.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[schema(example = json!({"status": "ready", "checks": {"database": {"status": "ok"}, "broker": {"status": "ok"}}}))]
pub struct Ready {
    /// The sum of the checks.
    pub status: ReadyStatus,
    /// Each part's state, by name.
    #[serde(default)]
    #[schema(required = true)]
    pub checks: BTreeMap<String, Check>,
}

words! {
    "readiness"
    /// Whether a server wants requests.
    pub enum ReadyStatus {
        /// Everything works: 200.
        Ready = "ready",
        /// A part is down that the server can do without: 200.
        Degraded = "degraded",
        /// Draining, or no database: 503.
        Unavailable = "unavailable",
    }
}

/// One part's state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Check {
    /// Whether the part works.
    pub status: CheckStatus,
    /// What is wrong, when something is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "no room on the disk")]
    pub detail: Option<String>,
}

words! {
    "check status"
    /// Whether a part of the server works.
    pub enum CheckStatus {
        /// It works.
        Ok = "ok",
        /// It is down and the server does without.
        Degraded = "degraded",
        /// It is down and the server cannot do without.
        Failed = "failed",
    }
}
