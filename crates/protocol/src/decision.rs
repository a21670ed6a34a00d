use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::{DecisionState, DecisionStates, Kind, Timestamp, word::words};

/// What a `request` or `propose` asks to be decided, and what became of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(example = json!({
    "message_id": "01982f3c-7b1a-7c00-8000-5f0d8a3c1e42", "kind": "propose", "subject": "Release?", "domain": "strategy", "asked_by": "code",
    "asked_of": ["chat"], "state": "approved", "decided_by": "chat", "decided_at": "2026-03-14T09:27:10.000Z",
    "outcome_message_id": "01982f3d-0c11-7a00-8000-3b1d8a3c1e42", "note": "go ahead"
}))]
pub struct Decision {
    /// The message that asked.
    pub message_id: Uuid,
    /// The kind of that message: `request` or `propose`.
    pub kind: Kind,
    /// What that message is about.
    #[serde(default)]
    #[schema(required = true, example = "Release?")]
    pub subject: String,
    /// The domain in which it is decided; left out where those who were asked decide.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "strategy")]
    pub domain: Option<String>,
    /// Who asked.
    #[schema(example = "code")]
    pub asked_by: String,
    /// Who was asked; the addresses of the message where it has more recipients than `limits.inline_recipients`.
    #[serde(default)]
    #[schema(required = true, example = json!(["chat"]))]
    pub asked_of: Vec<String>,
    /// Where it stands.
    pub state: DecisionState,
    /// Until when it can be decided; left out where the message does not expire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due_at: Option<Timestamp>,
    /// Who decided or withdrew it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "chat")]
    pub decided_by: Option<String>,
    /// When it was decided, withdrawn or found to be expired.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decided_at: Option<Timestamp>,
    /// The message that says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome_message_id: Option<Uuid>,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "go ahead")]
    pub note: Option<String>,
    /// What was approved instead of what was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edits: Option<Edits>,
}

/// What is approved instead of what was asked.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = DecisionEdits, example = json!({"body": "Release on Monday.", "evidence": {"test_coverage": 0.91}}))]
pub struct Edits {
    /// The text that holds instead of the message's body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "Release on Monday.")]
    pub body: Option<String>,
    /// The measurements that hold instead of the message's evidence; the gates weigh them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = json!({"test_coverage": 0.91}))]
    pub evidence: Option<BTreeMap<String, f64>>,
}

words! {
    "outcome"
    /// What is decided.
    pub enum DecisionOutcome {
        /// Yes.
        Approve = "approve",
        /// No.
        Reject = "reject",
    }
}

/// Decides what a message asked.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"from": "chat", "outcome": "approve", "note": "go ahead"}))]
pub struct Decide {
    /// Who decides. A key bound to one agent may leave it out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "chat")]
    pub from: Option<String>,
    /// What is decided.
    pub outcome: DecisionOutcome,
    /// Why, to 1000 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "go ahead")]
    pub note: Option<String>,
    /// What is approved instead of what was asked; only with `approve`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edits: Option<Edits>,
    /// Whether an earlier decision is replaced: only by the final authority, and only with a `note`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    #[schema(example = false)]
    pub overturn: bool,
}

/// Takes back what was asked.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"from": "code", "reason": "no longer needed"}))]
pub struct Withdraw {
    /// Who asked. A key bound to one agent may leave it out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "code")]
    pub from: Option<String>,
    /// Why, to 1000 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "no longer needed")]
    pub reason: Option<String>,
}

/// Which decisions: all conditions hold at once.
#[derive(Debug, Clone, Default, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DecisionsQuery {
    /// Only these states, with commas between; all when left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(value_type = Option<String>, example = "open")]
    pub state: Option<DecisionStates>,
    /// Asked of this agent.
    #[serde(rename = "for", skip_serializing_if = "Option::is_none")]
    #[param(example = "chat")]
    pub for_: Option<String>,
    /// In this authority domain.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(example = "strategy")]
    pub domain: Option<String>,
    /// Asked by this agent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(example = "code")]
    pub from: Option<String>,
    /// How many entries at most: 1 to 1000, 100 when left out; `limits.page_items_max` and `limits.page_items` set both.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(example = 100, minimum = 1)]
    pub limit: Option<u32>,
    /// The `next` of the page before.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(example = "0.1773480413589000.01982f3c-7b1a-7c00-8000-5f0d8a3c1e42")]
    pub after: Option<String>,
}

/// How long to wait for a decision.
#[derive(Debug, Clone, Default, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct WaitQuery {
    /// How long to wait while it is open, `0s` to `60s`; `0s` when left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(example = "60s")]
    pub wait: Option<String>,
}
