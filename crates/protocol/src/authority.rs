use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{Code, Decision, Kind, OnViolation, Timestamp, word::words};

/// Who may decide what, at this moment.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[schema(example = json!({
    "final": ["human"], "on_violation": "reject",
    "domains": [{"domain": "testing", "holders": [{"agent": "code", "via": "assigned"}]}], "grants": []
}))]
pub struct Authority {
    /// The agents with final authority over every domain.
    #[serde(rename = "final")]
    #[schema(example = json!(["human"]))]
    pub final_: Vec<String>,
    /// What happens to a message outside its sender's authority.
    pub on_violation: OnViolation,
    /// Every domain with its holders.
    pub domains: Vec<AuthorityDomain>,
    /// The grants that hold now.
    #[serde(default)]
    #[schema(required = true)]
    pub grants: Vec<Grant>,
}

/// A field of decisions and who holds it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AuthorityDomain {
    /// The domain's name.
    #[schema(example = "testing")]
    pub domain: String,
    /// Who holds it.
    pub holders: Vec<Holder>,
}

/// One holder of a domain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Holder {
    /// The agent.
    #[schema(example = "code")]
    pub agent: String,
    /// Where it has the domain from.
    pub via: HolderVia,
    /// When a grant ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

words! {
    "source of authority"
    /// Where a holder has its domain from.
    pub enum HolderVia {
        /// It is one of the agent's `authority_domains`.
        Assigned = "assigned",
        /// It was lent for a time.
        Grant = "grant",
    }
}

/// A domain lent to an agent for a time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Grant {
    /// The domain.
    #[schema(example = "strategy")]
    pub domain: String,
    /// Who may decide in it.
    #[schema(example = "code")]
    pub agent: String,
    /// When it ends by itself.
    pub until: Timestamp,
    /// Why it was lent.
    #[schema(example = "chat is away this week")]
    pub reason: String,
    /// When it was lent.
    pub granted_at: Timestamp,
}

/// Lends a domain to an agent for a time.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "domain": "strategy", "agent": "code", "until": "2026-03-21T00:00:00.000Z", "reason": "chat is away this week"
}))]
pub struct CreateGrant {
    /// The domain.
    #[schema(example = "strategy")]
    pub domain: String,
    /// Who may decide in it.
    #[schema(example = "code")]
    pub agent: String,
    /// When it ends by itself.
    pub until: Timestamp,
    /// Why, 1 to 1000 characters.
    #[schema(example = "chat is away this week")]
    pub reason: String,
}

/// Asks what would become of a message, without sending one.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"from": "code", "kind": "decide", "domain": "strategy"}))]
pub struct AuthorityCheck {
    /// Who would send; `agent` means the same. A key bound to one agent may leave it out.
    #[serde(default, alias = "agent", skip_serializing_if = "Option::is_none")]
    #[schema(example = "code")]
    pub from: Option<String>,
    /// The kind of the message.
    pub kind: Kind,
    /// The domain of the message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "strategy")]
    pub domain: Option<String>,
    /// The message that it would answer: its thread says in which domain it is decided, by whom it was asked, and whether it is
    /// decided already.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub in_reply_to: Option<Uuid>,
}

/// What would become of a message.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(example = json!({
    "allowed": false, "outcome": "refused", "rule": "decide in `strategy` needs that domain or final authority",
    "holders": ["chat"], "detail": "`code` does not hold `strategy`.",
    "remedy": "Send it as a `propose` to domain:strategy, or ask an admin for a grant."
}))]
pub struct AuthorityDecision {
    /// Whether it would be sent as it is.
    #[schema(example = false)]
    pub allowed: bool,
    /// What would happen.
    pub outcome: AuthorityOutcome,
    /// The code that sending would be refused with; left out when allowed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Code>, example = "outside-authority")]
    pub code: Option<Code>,
    /// The rule that applies.
    #[schema(example = "decide in `strategy` needs that domain or final authority")]
    pub rule: String,
    /// The domain in which it would be decided, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "strategy")]
    pub domain: Option<String>,
    /// The decision that stands already, for `already-decided`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decision: Option<Decision>,
    /// Who may decide in the domain.
    #[serde(default)]
    #[schema(required = true, example = json!(["chat"]))]
    pub holders: Vec<String>,
    /// The decision in a sentence.
    #[serde(default)]
    #[schema(required = true, example = "`code` does not hold `strategy`.")]
    pub detail: String,
    /// What the sender can do instead; left out when allowed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "Send it as a `propose` to domain:strategy, or ask an admin for a grant.")]
    pub remedy: Option<String>,
}

words! {
    "outcome"
    /// What the rules of authority make of a message.
    pub enum AuthorityOutcome {
        /// It goes out as it is.
        Allowed = "allowed",
        /// It goes to the holders as a `propose`.
        Escalated = "escalated",
        /// It is refused.
        Refused = "refused",
    }
}

#[cfg(test)]
mod tests {
    use super::AuthorityCheck;

    #[test]
    fn a_check_takes_agent_for_from() {
        let read: AuthorityCheck = serde_json::from_str(r#"{"agent":"code","kind":"decide","domain":"x"}"#).unwrap();
        assert_eq!(read.from.as_deref(), Some("code"));
    }
}
