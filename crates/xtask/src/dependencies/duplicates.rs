//! No crate is compiled in two versions without a reason.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// Crates that are here in several versions, how many, and who still asks for an older one.
const KNOWN: &[(&str, usize, &str)] = &[
    ("base64", 2, "many libraries are not yet at 0.23"),
    ("crypto-common", 2, "with `digest`"),
    ("digest", 2, "some libraries still hash with 0.10"),
    ("fallible-iterator", 2, "rusqlite and postgres-protocol"),
    ("getrandom", 3, "ring 0.2, ahash and rand 0.9 0.3, uuid and ours 0.4"),
    ("nom", 2, "the parsers of AMQP and of certificates"),
    ("rand", 2, "proptest and lapin"),
    ("rand_core", 2, "with `rand`"),
    ("spin", 2, "small locks of small libraries"),
    ("syn", 2, "procedural macros move to 3 one by one"),
    ("synstructure", 2, "with `syn`"),
];

/// Finds crates in several versions that the table does not know, and entries that are no longer so.
pub fn unexplained(packages: &[Value]) -> Vec<String> {
    unexplained_but(packages, KNOWN)
}

fn unexplained_but(packages: &[Value], known: &[(&str, usize, &str)]) -> Vec<String> {
    let mut versions: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for package in packages {
        let text = |key: &str| package[key].as_str().unwrap_or_default();
        versions.entry(text("name")).or_default().insert(text("version"));
    }
    let expected = |name: &str| known.iter().find(|(krate, ..)| *krate == name).map_or(1, |(_, count, _)| *count);
    let more = versions.iter().filter(|(name, versions)| versions.len() > expected(name)).map(|(name, versions)| {
        let list = versions.iter().copied().collect::<Vec<_>>().join(", ");
        format!(
            "{name} is here in versions {list}: agree on one, or say why in crates/xtask/src/dependencies/duplicates.rs"
        )
    });
    let fewer = known.iter().filter_map(|(name, count, _)| {
        let found = versions.get(name).map_or(0, BTreeSet::len);
        (found < *count).then(|| {
            format!("{name} has {found} versions, not {count}: correct crates/xtask/src/dependencies/duplicates.rs")
        })
    });
    more.chain(fewer).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn found(versions: &[&str], known: &[(&str, usize, &str)]) -> usize {
        let packages: Vec<Value> = versions.iter().map(|version| json!({"name": "a", "version": version})).collect();
        unexplained_but(&packages, known).len()
    }

    #[test]
    fn a_second_version_wants_a_reason() {
        assert_eq!(found(&["1.0.0", "2.0.0"], &[]), 1);
        assert_eq!(found(&["1.0.0", "2.0.0"], &[("a", 2, "why")]), 0);
        assert_eq!(found(&["1.0.0", "2.0.0", "3.0.0"], &[("a", 2, "why")]), 1);
    }

    #[test]
    fn a_reason_that_is_no_longer_needed_is_refused() {
        assert_eq!(found(&["2.0.0"], &[("a", 2, "why")]), 1);
        assert_eq!(found(&["2.0.0"], &[]), 0);
    }
}
