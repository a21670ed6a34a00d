//! Which crate may know which, and which library belongs to one crate alone. Arrows point down only.

use std::path::Path;

use serde_json::Value;

use crate::tidy::Finding;

/// For each crate the crates of ours that it may depend on. `testkit` may know all but `xtask`.
const ARROWS: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("protocol", &["domain"]),
    ("client", &["protocol"]),
    ("cli", &["client", "protocol"]),
    ("bench", &["cli", "client", "protocol"]),
    ("store", &["domain"]),
    ("blobs", &["domain"]),
    ("broker", &["domain"]),
    ("ephemeral", &["domain"]),
    ("engine", &["domain", "store", "blobs", "broker", "ephemeral"]),
    ("server", &["protocol", "engine", "domain", "blobs"]),
    ("webhook", &["protocol", "engine", "domain"]),
    ("mcp", &["protocol", "engine", "domain"]),
    ("console", &["protocol", "engine", "domain"]),
    (
        "coord",
        &[
            "domain",
            "protocol",
            "client",
            "cli",
            "bench",
            "store",
            "blobs",
            "broker",
            "ephemeral",
            "engine",
            "server",
            "webhook",
            "mcp",
            "console",
        ],
    ),
    (
        "testkit",
        &[
            "domain",
            "protocol",
            "client",
            "store",
            "blobs",
            "broker",
            "ephemeral",
            "engine",
            "server",
            "mcp",
            "console",
            "coord",
        ],
    ),
    ("fuzz", &[]),
    ("xtask", &[]),
];

/// Libraries that one crate keeps to itself, outside of tests.
const KEPT: &[(&str, &str)] = &[
    ("rusqlite", "store"),
    ("tokio-postgres", "store"),
    ("deadpool-postgres", "store"),
    ("lapin", "broker"),
    ("object_store", "blobs"),
    ("fred", "ephemeral"),
    ("redis", "ephemeral"),
    ("axum", "server"),
];

/// Finds the arrows that the tables do not have, in the answer of `cargo metadata`.
pub fn wrong(metadata: &Value) -> Vec<Finding> {
    let packages = array(&metadata["packages"]);
    let ours: Vec<&str> = packages.iter().filter_map(|package| package["name"].as_str()).collect();
    packages.iter().flat_map(|package| wrong_of(package, &ours)).collect()
}

fn wrong_of(package: &Value, ours: &[&str]) -> Vec<Finding> {
    let name = package["name"].as_str().unwrap_or_default();
    let path = Path::new("crates").join(name).join("Cargo.toml");
    let Some((_, allowed)) = ARROWS.iter().find(|(from, _)| *from == name) else {
        let why = format!("`{name}` is not in the table of arrows: add it to crates/xtask/src/tidy/arrows.rs");
        return vec![Finding::new(&path, 0, why)];
    };
    let complaints = array(&package["dependencies"]).iter().filter_map(|dependency| {
        let to = dependency["name"].as_str().unwrap_or_default();
        let for_tests = dependency["kind"] == "dev";
        if ours.contains(&to) {
            // For its tests a crate may take itself again, with a feature switched on.
            let right = allowed.contains(&to) || (for_tests && (to == "testkit" || to == "fuzz" || to == name));
            return (!right).then(|| format!("a new arrow, `{name}` -> `{to}`: arrows point down only"));
        }
        let (_, keeper) = KEPT.iter().find(|(library, _)| *library == to)?;
        let right = *keeper == name || for_tests || name == "testkit";
        (!right).then(|| format!("`{to}` is used in `{keeper}` alone, not in `{name}`"))
    });
    complaints.map(|why| Finding::new(&path, 0, why)).collect()
}

fn array(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn complaints(from: &str, to: &str, kind: Option<&str>) -> Vec<String> {
        let dependency = json!({"name": to, "kind": kind});
        let others = ["domain", "store", "server", "testkit"].map(|name| json!({"name": name, "dependencies": []}));
        let mut packages = vec![json!({"name": from, "dependencies": [dependency]})];
        packages.extend(others.into_iter().filter(|package| package["name"] != from));
        wrong(&json!({"packages": packages})).into_iter().map(|finding| finding.why).collect()
    }

    #[test]
    fn an_arrow_that_points_up_is_refused() {
        assert_eq!(complaints("domain", "store", None), ["a new arrow, `domain` -> `store`: arrows point down only"]);
        assert_eq!(complaints("server", "store", Some("dev")).len(), 1);
        assert_eq!(complaints("store", "testkit", None).len(), 1);
    }

    #[test]
    fn arrows_down_and_the_testkit_in_tests_are_right() {
        assert!(complaints("store", "domain", None).is_empty());
        assert!(complaints("domain", "testkit", Some("dev")).is_empty());
        assert!(complaints("store", "store", Some("dev")).is_empty());
    }

    #[test]
    fn a_database_driver_outside_the_store_is_refused() {
        assert_eq!(complaints("engine", "rusqlite", None), ["`rusqlite` is used in `store` alone, not in `engine`"]);
        assert_eq!(complaints("engine", "lapin", None).len(), 1);
        assert!(complaints("store", "rusqlite", None).is_empty());
        assert!(complaints("engine", "rusqlite", Some("dev")).is_empty());
    }

    #[test]
    fn the_client_commands_build_without_any_database_driver_or_broker() {
        let mut reached = vec!["cli", "bench"];
        let mut next = 0;
        while let Some(name) = reached.get(next) {
            let below = ARROWS.iter().find(|(from, _)| from == name).map_or(&[][..], |(_, below)| below);
            reached.extend(below.iter().copied());
            next += 1;
        }
        for (library, keeper) in KEPT {
            assert!(!reached.contains(keeper), "`cli` reaches {keeper}, and with it {library}");
        }
    }

    #[test]
    fn a_crate_that_is_not_in_the_table_is_refused() {
        assert_eq!(complaints("newcomer", "domain", None).len(), 1);
    }
}
