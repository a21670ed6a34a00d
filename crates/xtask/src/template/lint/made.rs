//! What no render holds, because it is made in the cluster: Secrets, ConfigMaps and labels.

/// What `coord secrets` makes.
pub(super) const MADE: &[(&str, &[&str])] = &[
    ("db-credentials", &["url", "username", "password", "superuser-password", "replication-password"]),
    ("rabbitmq-credentials", &["url", "username", "password", "erlang-cookie", "definitions.json"]),
    ("redis-credentials", &["url", "password"]),
    ("coordination-admin-key", &["key"]),
];

/// What a user may make; whoever refers to it must do without.
pub(super) const OFFERED: &[(&str, &[&str])] = &[("s3-credentials", &["access-key-id", "secret-access-key"])];

/// ConfigMaps that Kubernetes puts into every namespace.
pub(super) const CONFIG_MAPS: &[(&str, &[&str])] = &[("kube-root-ca.crt", &["ca.crt"])];

/// Labels that pods get while they run, and the values they take: Patroni says who is primary.
pub(super) const GIVEN_LABELS: &[(&str, &[&str])] = &[("role", &["primary", "replica"])];

/// The keys of a secret that is made in the cluster.
pub(super) fn keys(name: &str) -> Option<&'static [&'static str]> {
    MADE.iter().chain(OFFERED).find(|(known, _)| *known == name).map(|(_, keys)| *keys)
}

/// Whether a secret is there only where a user has made it.
pub(super) fn is_offered(name: &str) -> bool {
    OFFERED.iter().any(|(known, _)| *known == name)
}
