//! What is wrong with values that are of the right type.

use engine::config::ConfigError;

use super::Config;
use super::complaint::Complaint;
use super::node::Node;

/// Adds every fault of `config` to `complaints`, placed by `root`.
pub(super) fn faults(config: &Config, root: &Node, complaints: &mut Vec<Complaint>) {
    let mut faults = config.engine().faults();
    faults.extend(config.server.faults());
    faults.extend(config.auth.faults());
    faults.extend(config.traces.faults());
    let parts = [
        ("database", config.database.faults()),
        ("rabbitmq", config.rabbitmq.faults()),
        ("redis", config.redis.faults()),
        ("s3", config.s3.faults()),
    ];
    for (section, found) in parts {
        faults.extend(found.into_iter().map(|(key, why)| ConfigError::new(format!("{section}.{key}"), why)));
    }
    // What could not be read is not there: who names it, or holds it, is not to blame.
    let is_agent = |key: &str| {
        let item = key.strip_suffix(".name").unwrap_or(key);
        item == "agents" || (item.starts_with("agents[") && item.ends_with(']') && !item.contains('.'))
    };
    let lacking = complaints.iter().any(|complaint| is_agent(&complaint.key));
    let names_agent = |key: &str| key.ends_with(".escalate_to") || key.starts_with("authority.final");
    faults.retain(|ConfigError { key, .. }| {
        let unread = complaints.iter().any(|complaint| complaint.key.starts_with(key.as_str()));
        let blameless = unread || (lacking && names_agent(key));
        !blameless
    });
    complaints.extend(faults.into_iter().map(|ConfigError { key, why }| Complaint {
        origin: root.origin_near(&key),
        key,
        why,
    }));
}
