use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{Decision, GateResult};

/// Why a request was refused: RFC 9457 `application/problem+json`.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[schema(example = json!({
    "type": "/problems/unknown-recipient",
    "title": "A recipient does not exist",
    "status": 422,
    "detail": "There is no agent `chatt`; did you mean `chat`?",
    "code": "unknown-recipient",
    "request_id": "01982f3c-7b1a-7c00-8000-5f0d8a3c1e42",
    "errors": [{"field": "to", "why": "there is no agent `chatt`; did you mean `chat`?"}]
}))]
pub struct Problem {
    /// A URI reference that names the kind of problem; its last segment is `code`.
    #[serde(rename = "type", default)]
    #[schema(required = true, example = "/problems/unknown-recipient")]
    pub kind: String,
    /// What kind of problem this is, the same words for every occurrence.
    #[serde(default)]
    #[schema(required = true, example = "A recipient does not exist")]
    pub title: String,
    /// The HTTP status.
    #[serde(default)]
    #[schema(required = true, example = 422)]
    pub status: u16,
    /// What went wrong this time and what to change.
    #[serde(default)]
    #[schema(required = true, example = "There is no agent `chatt`; did you mean `chat`?")]
    pub detail: String,
    /// The stable code that programs may match on. Each has a page at `/problems/{code}`.
    #[schema(value_type = crate::Code)]
    pub code: String,
    /// The request's id, as in the server's log and the `X-Request-Id` header.
    #[serde(default)]
    #[schema(required = true, example = "01982f3c-7b1a-7c00-8000-5f0d8a3c1e42")]
    pub request_id: String,
    /// The fields at fault; left out when no field is.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldError>,
    /// The rule that refused, for `outside-authority` and `gate-failed`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "decide in `strategy` needs that domain or final authority")]
    pub rule: Option<String>,
    /// Who holds the authority that was missing, for `outside-authority`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = json!(["chat", "human"]))]
    pub holders: Option<Vec<String>>,
    /// What the caller can do instead, for `outside-authority`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "Send it as a `propose` to domain:strategy, or ask an admin for a grant.")]
    pub remedy: Option<String>,
    /// The same as one known step, for programs; left out where it is none of these.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action: Option<Action>,
    /// What each gate found, for `gate-failed`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gates: Option<Vec<GateResult>>,
    /// The decision that stands, for `already-decided`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decision: Option<Decision>,
    /// When to try again, in seconds; the same as the `Retry-After` header.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = 1)]
    pub retry_after_s: Option<u64>,
}

/// A step that would make possible what was refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "do", rename_all = "kebab-case")]
#[schema(as = ProblemAction, example = json!({"do": "propose", "to": ["chat"], "domain": "strategy", "grant_to": "code"}))]
pub enum Action {
    /// Register an agent.
    RegisterAgent {
        /// Its name, where one is meant.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<String>,
    },
    /// Look which agents there are.
    FindAgent,
    /// Store the attachment before the message that names it.
    StoreAttachment,
    /// Propose it to those who may decide, or have the domain lent.
    Propose {
        /// Who may decide.
        to: Vec<String>,
        /// In which domain.
        domain: String,
        /// To whom the domain could be lent; left out where nobody holds it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        grant_to: Option<String>,
    },
    /// Give evidence that meets every threshold.
    MeetThresholds,
    /// Send a valid key.
    SendKey,
    /// Make a key.
    MakeKey,
    /// Do the same again under the same idempotency key.
    Repeat,
    /// A step that a newer server knows.
    #[serde(other)]
    Other,
}

/// One field at fault.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FieldError {
    /// The field's path, as in `attachments[0].sha256`.
    #[schema(example = "to")]
    pub field: String,
    /// What is wrong with it.
    #[schema(example = "there is no agent `chatt`; did you mean `chat`?")]
    pub why: String,
}

#[cfg(test)]
mod tests {
    use super::Problem;

    #[test]
    fn a_problem_with_unknown_members_still_reads() {
        let read: Problem = serde_json::from_str(r#"{"code":"x","status":409,"version":7}"#).unwrap();
        assert_eq!((read.code.as_str(), read.status), ("x", 409));
    }
}
