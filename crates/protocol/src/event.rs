use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::Timestamp;

/// One immutable, numbered, hash-chained fact in the tenant's log: `CloudEvents` 1.0 in JSON.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[schema(example = json!({
    "specversion": "1.0", "id": "default/7", "source": "/tenants/default",
    "type": "coordination.message.sent", "subject": "01982f3c-7b1a-7c00-8000-5f0d8a3c1e42",
    "time": "2026-03-14T09:26:53.589Z", "datacontenttype": "application/json", "sequence": 7,
    "hash": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "previoushash": "60303ae22b998861bce3b28f33eec1be758a213c86c93c076dbe9f558c11c752",
    "data": {
        "id": "01982f3c-7b1a-7c00-8000-5f0d8a3c1e42", "from": "code", "to": ["chat"], "recipients": ["chat"],
        "subject": "Hello k8s", "body": "It works.", "content_type": "text/markdown", "kind": "inform",
        "priority": "normal", "thread_id": "01982f3c-7b1a-7c00-8000-5f0d8a3c1e42",
        "sent_at": "2026-03-14T09:26:53.589Z"
    }
}))]
pub struct Event {
    /// The version of `CloudEvents`, always `1.0`.
    #[schema(example = "1.0")]
    pub specversion: String,
    /// The event's id, unique with its source.
    #[schema(example = "default/7")]
    pub id: String,
    /// Where it happened: the tenant.
    #[schema(example = "/tenants/default")]
    pub source: String,
    /// What happened, beginning with `coordination.`.
    #[serde(rename = "type")]
    #[schema(example = "coordination.message.sent")]
    pub kind: String,
    /// What it happened to: a message's id, an agent's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "01982f3c-7b1a-7c00-8000-5f0d8a3c1e42")]
    pub subject: Option<String>,
    /// When it happened.
    pub time: Timestamp,
    /// The media type of `data`, always `application/json`.
    #[serde(default)]
    #[schema(required = true, example = "application/json")]
    pub datacontenttype: String,
    /// Its position in the tenant's log: 1, 2, 3 and so on without a hole.
    #[schema(example = 7)]
    pub sequence: u64,
    /// The SHA-256 over the hash before, the position, the time, the type and the stored data, in hexadecimal.
    #[schema(example = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08")]
    pub hash: String,
    /// The hash of the event before; zeros for the first.
    #[schema(example = "60303ae22b998861bce3b28f33eec1be758a213c86c93c076dbe9f558c11c752")]
    pub previoushash: String,
    /// The fact itself, byte for byte as it was stored.
    #[schema(value_type = Object)]
    pub data: Box<RawValue>,
}

/// Which events, in the log's order.
#[derive(Debug, Clone, Default, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct EventsQuery {
    /// Only events after this position.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(example = 1042)]
    pub after: Option<u64>,
    /// How many at most: 1 to 1000, 100 when left out; `limits.page_items_max` and `limits.page_items` set both.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(example = 100, minimum = 1)]
    pub limit: Option<u32>,
    /// Only this type, with or without `coordination.` before it.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    #[param(example = "message.sent")]
    pub kind: Option<String>,
    /// Only events that concern this agent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(example = "chat")]
    pub agent: Option<String>,
    /// Only events that concern this message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<Uuid>,
}

/// The last event of the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct EventsHead {
    /// Its position; 0 while the log is empty.
    #[schema(example = 1042)]
    pub seq: u64,
    /// Its hash.
    #[schema(example = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08")]
    pub hash: String,
}

/// What is checked.
#[derive(Debug, Clone, Default, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct VerifyQuery {
    /// Whether the archive is read too, and archive and log are checked as one chain.
    #[serde(default)]
    #[param(example = false)]
    pub archive: bool,
    /// Whether the bytes of every attachment are read and compared with the SHA-256 they are known by.
    #[serde(default)]
    #[param(example = false)]
    pub attachments: bool,
}

/// What checking the log found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(example = json!({
    "ok": true, "checked": 1042, "deliveries_checked": 512, "rows_checked": 17, "trimmed": 0, "left_out": [], "problems": [],
    "head": {"seq": 1042, "hash": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"}
}))]
pub struct Verification {
    /// Whether the chain is whole, everything that follows from it is stored so, and what was read is undamaged.
    #[schema(example = true)]
    pub ok: bool,
    /// How many events were checked.
    #[schema(example = 1042)]
    pub checked: u64,
    /// The last event.
    pub head: EventsHead,
    /// How many deliveries were rebuilt from the log and compared.
    #[serde(default)]
    #[schema(required = true, example = 512)]
    pub deliveries_checked: u64,
    /// How many agents, grants, keys, attachments and webhook secrets were made again from the log and compared.
    #[serde(default)]
    #[schema(required = true, example = 17)]
    pub rows_checked: u64,
    /// How many attachments' bytes were read, where that was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = 5)]
    pub attachments_checked: Option<u64>,
    /// The position that the log begins after; what was before it has gone to the archive. 0 where nothing has.
    #[serde(default)]
    #[schema(required = true, example = 0)]
    pub trimmed: u64,
    /// What checking the archive found, where it was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub archive: Option<ArchiveVerification>,
    /// What was not checked, and why.
    #[serde(default)]
    #[schema(required = true)]
    pub left_out: Vec<String>,
    /// What is wrong, if anything is.
    #[serde(default)]
    #[schema(required = true)]
    pub problems: Vec<ChainProblem>,
}

/// What was read of an archive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(example = json!({"segments": 3, "checked": 150_000, "last": 150_000}))]
pub struct ArchiveVerification {
    /// How many stretches of the log.
    #[schema(example = 3)]
    pub segments: u64,
    /// How many events.
    #[schema(example = 150_000)]
    pub checked: u64,
    /// The last event in it.
    #[schema(example = 150_000)]
    pub last: u64,
}

/// One thing that is wrong with the log or with a state that should follow from it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(example = json!({"seq": 17, "what": "hash-mismatch", "detail": "the data of event 17 was changed"}))]
pub struct ChainProblem {
    /// The position it was found at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = 17)]
    pub seq: Option<u64>,
    /// What kind of damage it is.
    #[schema(example = "hash-mismatch")]
    pub what: String,
    /// The same in a sentence.
    #[schema(example = "the data of event 17 was changed")]
    pub detail: String,
}
