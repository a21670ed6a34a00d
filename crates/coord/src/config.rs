//! Configuration: defaults, then the file, then the environment, then flags; read, checked and shown.

mod check;
mod complaint;
mod environment;
mod follow;
mod layer;
mod load;
mod logging;
mod node;
mod reader;
mod show;
#[cfg(test)]
mod tests;
mod traces;
mod yaml;

use std::path::PathBuf;

use blobs::S3Config;
use broker::BrokerConfig;
use engine::config::{
    AgentConfig, ArchiveConfig, AttachmentsConfig, AuthorityConfig, ConfigError, DeliveryConfig, GatesConfig, Limits,
    RetentionConfig, WebhooksConfig, WorkerConfig,
};
use ephemeral::EphemeralConfig;
use serde::{Deserialize, Serialize};
use server::config::{AuthConfig, MetricsConfig, ServerConfig};
use store::DatabaseConfig;

pub(crate) use complaint::Complaints;
pub(crate) use load::{Loaded, Sources};
pub(crate) use logging::{Format, Level, LoggingConfig};
pub(crate) use show::show;
pub(crate) use traces::TracesConfig;

/// The reference page: every setting with its default, commented.
pub(crate) const REFERENCE: &str = include_str!("config/reference.yaml");

/// All of `config.yaml`, checked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Config {
    /// The agents that exist from the start.
    pub(crate) agents: Vec<AgentConfig>,
    /// Who has the last word.
    pub(crate) authority: AuthorityConfig,
    /// What evidence a message must carry.
    pub(crate) quality_gates: GatesConfig,
    /// Leases, attempts and pauses.
    pub(crate) delivery: DeliveryConfig,
    /// Every bound on size, number and time.
    pub(crate) limits: Limits,
    /// How long facts are kept.
    pub(crate) retention: RetentionConfig,
    /// How deliveries are pushed to webhooks.
    pub(crate) webhooks: WebhooksConfig,
    /// Where attachments are kept.
    pub(crate) attachments: AttachmentsConfig,
    /// Where old events go.
    pub(crate) archive: ArchiveConfig,
    /// The object store behind URLs that begin with `s3://`.
    pub(crate) s3: S3Config,
    /// What a worker may take.
    pub(crate) worker: WorkerConfig,
    /// Where and how the API is served.
    pub(crate) server: ServerConfig,
    /// Where metrics are served.
    pub(crate) metrics: MetricsConfig,
    /// Who may ask.
    pub(crate) auth: AuthConfig,
    /// What is written about what happens.
    pub(crate) logging: LoggingConfig,
    /// Where the spans of requests go.
    pub(crate) traces: TracesConfig,
    /// The folder of the embedded forms; absent: the user's data folder.
    pub(crate) data: Option<PathBuf>,
    /// PostgreSQL, in place of SQLite.
    pub(crate) database: DatabaseConfig,
    /// RabbitMQ, in place of queues in this process.
    pub(crate) rabbitmq: BrokerConfig,
    /// Redis, in place of this process's memory.
    pub(crate) redis: EphemeralConfig,
}

impl Default for Config {
    fn default() -> Self {
        let engine = engine::config::Config::default();
        Self {
            agents: engine.agents,
            authority: engine.authority,
            quality_gates: engine.quality_gates,
            delivery: engine.delivery,
            limits: engine.limits,
            retention: engine.retention,
            webhooks: engine.webhooks,
            attachments: AttachmentsConfig::default(),
            archive: engine.archive,
            s3: S3Config::default(),
            worker: engine.worker,
            server: ServerConfig::default(),
            metrics: MetricsConfig::default(),
            auth: AuthConfig::default(),
            logging: LoggingConfig::default(),
            traces: TracesConfig::default(),
            data: None,
            database: DatabaseConfig::default(),
            rabbitmq: BrokerConfig::default(),
            redis: EphemeralConfig::default(),
        }
    }
}

impl Config {
    /// What is allowed and hardly meant, each named by its dotted key.
    pub(crate) fn warnings(&self) -> Vec<ConfigError> {
        let mut warnings = Vec::new();
        if self.quality_gates.enabled && self.quality_gates.thresholds.is_empty() {
            let why = "the gates are enabled and nothing is checked: set quality_gates.thresholds";
            warnings.push(ConfigError::new("quality_gates.enabled", why));
        }
        warnings
    }

    /// The engine's part.
    pub(crate) fn engine(&self) -> engine::config::Config {
        engine::config::Config {
            agents: self.agents.clone(),
            authority: self.authority.clone(),
            quality_gates: self.quality_gates.clone(),
            delivery: self.delivery.clone(),
            limits: self.limits.clone(),
            retention: self.retention.clone(),
            archive: self.archive.clone(),
            worker: self.worker.clone(),
            webhooks: self.webhooks.clone(),
        }
    }
}
