//! What no render holds, because it is made in the cluster: Secrets, ConfigMaps and labels.

/// What `coord secrets` makes; a test of the binary compares this with what it prints.
const MADE: &str = include_str!("../secrets.txt");

/// What a user may make; whoever refers to it must do without.
const OFFERED: &[(&str, &[&str])] = &[("s3-credentials", &["access-key-id", "secret-access-key"])];

/// ConfigMaps that Kubernetes puts into every namespace.
pub(super) const CONFIG_MAPS: &[(&str, &[&str])] = &[("kube-root-ca.crt", &["ca.crt"])];

/// Labels that pods get while they run, and the values they take: Patroni says who is primary.
pub(super) const GIVEN_LABELS: &[(&str, &[&str])] = &[("role", &["primary", "replica"])];

/// The keys of a secret that is made in the cluster.
pub(super) fn keys(name: &str) -> Option<Vec<&'static str>> {
    let made = MADE.lines().filter_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    let offered = OFFERED.iter().find(|(known, _)| *known == name).map(|(_, keys)| keys.to_vec());
    made.map(|keys| keys.split(' ').collect()).next().or(offered)
}

/// Whether a secret is there only where a user has made it.
pub(super) fn is_offered(name: &str) -> bool {
    OFFERED.iter().any(|(known, _)| *known == name)
}
