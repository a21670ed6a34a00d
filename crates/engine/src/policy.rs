//! From what configuration says to what the rules go by.

use domain::Time;
use domain::agent::Agent;
use domain::delivery::DeliveryPolicy;
use domain::directory::Policy;
use domain::gate::Gates;
use domain::limits::Limits;

use crate::Config;

/// The policy that every tenant goes by.
pub(crate) fn of(config: &Config) -> Policy {
    let limits = &config.limits;
    let bytes = |size: crate::config::Size| usize::try_from(size.0).unwrap_or(usize::MAX);
    Policy {
        final_authority: config.authority.final_agents.clone(),
        on_violation: config.authority.on_violation,
        self_approval: config.authority.self_approval,
        domains: config.authority.domains.clone(),
        gates: Gates {
            enabled: config.quality_gates.enabled,
            thresholds: config.quality_gates.thresholds.clone(),
            applies_to: config.quality_gates.applies_to.clone(),
            on_failure: config.quality_gates.on_failure,
        },
        delivery: DeliveryPolicy {
            lease: config.delivery.lease,
            lease_max: config.delivery.lease_max,
            max_attempts: i64::from(config.delivery.max_attempts),
            backoff: config.delivery.backoff.clone(),
        },
        limits: Limits {
            subject_chars: limits.subject_chars,
            body_bytes: bytes(limits.body_bytes),
            metadata_bytes: bytes(limits.metadata_bytes),
            recipients: limits.recipients,
            inline_recipients: limits.inline_recipients,
            evidence_entries: limits.evidence_entries,
            attachments: limits.attachments_per_message,
            reason_chars: limits.reason_chars,
            idempotency_key_bytes: bytes(limits.idempotency_key_bytes),
            horizon: limits.horizon,
            ack_within_max: limits.ack_within_max,
        },
    }
}

/// The agents that configuration names.
pub(crate) fn agents(config: &Config, now: Time) -> Vec<Agent> {
    let agent = |from: &crate::config::AgentConfig| {
        let mut agent = Agent::new(from.name.clone(), from.kind, now);
        agent.description = from.description.clone().unwrap_or_default();
        agent.authority_domains.clone_from(&from.authority_domains);
        agent.authority_domains.sort();
        agent.authority_domains.dedup();
        agent.webhook.clone_from(&from.webhook);
        agent.max_priority_sent = from.max_priority_sent;
        agent.escalate_to.clone_from(&from.escalate_to);
        agent
    };
    config.agents.iter().map(agent).collect()
}
