//! What a user may set of the moving parts: one plain struct per section of `config.yaml`.
//!
//! The structs hold values, the `faults` functions say what is wrong with them, and nothing here reads a file.
//! `Default` equals the reference page that ships with the binary.

mod agents;
mod allowed;
mod archive;
mod authority;
mod delivery;
mod fault;
mod gates;
mod limits;
mod limits_faults;
mod places;
mod size;
mod webhooks;
mod worker;

use serde::{Deserialize, Serialize};

pub use agents::AgentConfig;
pub use allowed::Allowed;
pub use archive::ArchiveConfig;
pub use authority::AuthorityConfig;
pub use delivery::DeliveryConfig;
pub use fault::{ConfigError, ConfigErrors};
pub use gates::GatesConfig;
pub use limits::Limits;
pub use places::{AttachmentsConfig, RetentionConfig};
pub use size::{Size, SizeError};
pub use webhooks::WebhooksConfig;
pub use worker::WorkerConfig;

/// Everything the engine may be told, already read and checked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The agents that exist from the start.
    pub agents: Vec<AgentConfig>,
    /// Who has the last word, and what happens to a decision outside one's authority.
    pub authority: AuthorityConfig,
    /// What evidence a message must carry.
    pub quality_gates: GatesConfig,
    /// Leases, attempts and pauses between them.
    pub delivery: DeliveryConfig,
    /// Every bound on size, number and time.
    pub limits: Limits,
    /// How long facts are kept.
    pub retention: RetentionConfig,
    /// Where closed segments of the log go.
    pub archive: ArchiveConfig,
    /// What a worker may take.
    pub worker: WorkerConfig,
    /// How deliveries are pushed to webhooks.
    pub webhooks: WebhooksConfig,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            agents: AgentConfig::first_three(),
            authority: AuthorityConfig::default(),
            quality_gates: GatesConfig::default(),
            delivery: DeliveryConfig::default(),
            limits: Limits::default(),
            retention: RetentionConfig::default(),
            archive: ArchiveConfig::default(),
            worker: WorkerConfig::default(),
            webhooks: WebhooksConfig::default(),
        }
    }
}

impl Config {
    /// Everything that is wrong with these values, each named by its dotted key; empty when they are fine.
    pub fn faults(&self) -> Vec<ConfigError> {
        let mut faults = self.limits.faults();
        faults.extend(self.delivery.faults());
        faults.extend(self.webhooks.faults(&self.delivery));
        faults.extend(self.quality_gates.faults());
        faults.extend(self.worker.faults());
        faults.extend(self.authority.faults(&self.agents));
        faults.extend(agents::faults(&self.agents, &self.limits));
        faults.extend(self.archive.faults());
        let archive = self.archive.url.as_deref();
        faults.extend(self.retention.faults(archive, self.limits.idempotency_retention));
        faults
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_free_of_faults() {
        assert_eq!(Config::default().faults(), []);
    }
}
