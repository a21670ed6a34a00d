//! The minimum Rust version holds for every dependency. That our own code keeps to it is clippy's `incompatible_msrv`.

use serde_json::Value;

/// Finds packages that want a later compiler than the workspace promises.
pub fn too_new(packages: &[Value]) -> Vec<String> {
    let ours = packages.iter().filter(|package| package["source"].is_null());
    let Some(promised) = ours.filter_map(version).min() else {
        return vec!["no crate of this workspace says `rust-version`".to_owned()];
    };
    let later = packages.iter().filter(|package| version(package).is_some_and(|wanted| wanted > promised));
    let why = |package| {
        format!(
            "{} needs Rust {}, and `rust-version` in Cargo.toml promises {}.{}",
            super::name(package),
            package["rust_version"].as_str().unwrap_or_default(),
            promised.0,
            promised.1
        )
    };
    later.map(why).collect()
}

/// The major and minor version that a package wants, where it says so.
fn version(package: &Value) -> Option<(u32, u32)> {
    let mut parts = package["rust_version"].as_str()?.split('.').map(|part| part.parse().unwrap_or(0));
    Some((parts.next()?, parts.next().unwrap_or(0)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn found(theirs: Option<&str>) -> usize {
        let ours = json!({"name": "ours", "version": "0.1.0", "rust_version": "1.89", "source": null});
        let other = json!({"name": "other", "version": "1.0.0", "rust_version": theirs, "source": "registry"});
        too_new(&[ours, other]).len()
    }

    #[test]
    fn a_dependency_may_not_want_a_later_compiler() {
        assert_eq!(found(Some("1.90")), 1);
        assert_eq!(found(Some("2.0.0")), 1);
    }

    #[test]
    fn an_older_one_or_none_is_right() {
        assert_eq!(found(Some("1.89.0")) + found(Some("1.9")) + found(None), 0);
    }
}
