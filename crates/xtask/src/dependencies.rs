//! What this workspace depends on: licences, duplicate versions, sources, and the oldest compiler that each crate builds with. `cargo
//! metadata` answers all of it, without a tool to build first and without a network. Advisories are not checked: they need one.

pub mod duplicates;
pub mod licence;
pub mod minimum;

use std::process::Command;

use serde_json::Value;

use crate::progress::say;
use crate::root;

/// The one place that crates come from.
const SOURCE: &str = "registry+https://github.com/rust-lang/crates.io-index";

/// Runs every check of the dependencies.
///
/// Fails when cargo cannot list them, or with everything that was found.
pub fn check() -> Result<(), String> {
    let metadata = metadata()?;
    let packages = metadata["packages"].as_array().map_or(&[][..], Vec::as_slice);
    let findings = findings(packages);
    for finding in &findings {
        say(&format!("error: {finding}"));
    }
    match findings.len() {
        0 => {
            say(&format!("{} crates: licences, versions, sources and minimum Rust version are right", packages.len()));
            Ok(())
        }
        count => Err(format!("{count} things are wrong with the dependencies")),
    }
}

/// Everything that is wrong with these packages of `cargo metadata`.
pub fn findings(packages: &[Value]) -> Vec<String> {
    let mut found = foreign(packages);
    found.extend(licence::refused(packages));
    found.extend(duplicates::unexplained(packages));
    found.extend(minimum::too_new(packages));
    found
}

/// Packages that come neither from this workspace nor from crates.io.
fn foreign(packages: &[Value]) -> Vec<String> {
    let elsewhere = packages.iter().filter(|package| package["source"].as_str().is_some_and(|source| source != SOURCE));
    elsewhere.map(|package| format!("{} comes from {}, not from crates.io", name(package), package["source"])).collect()
}

/// A package's name and version, as messages show them.
fn name(package: &Value) -> String {
    format!("{} {}", package["name"].as_str().unwrap_or("?"), package["version"].as_str().unwrap_or("?"))
}

/// The packages that are compiled on this platform: others may not have been fetched.
fn metadata() -> Result<Value, String> {
    let version = output("rustc", &["-vV"])?;
    let host = version.lines().find_map(|line| line.strip_prefix("host: ")).ok_or("rustc names no host")?;
    let json = output("cargo", &["metadata", "--format-version=1", "--locked", "--filter-platform", host])?;
    serde_json::from_str(&json).map_err(|error| format!("cargo metadata answered something else than JSON: {error}"))
}

fn output(program: &str, args: &[&str]) -> Result<String, String> {
    let output = Command::new(program).args(args).current_dir(root()).output();
    let output = output.map_err(|error| format!("cannot run {program}: {error}"))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    Err(format!("{program} {} failed: {}", args.join(" "), String::from_utf8_lossy(&output.stderr)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_package_from_elsewhere_is_refused() {
        let git = json!({"name": "a", "version": "1.0.0", "source": "git+https://example.org/a"});
        let registry = json!({"name": "b", "version": "1.0.0", "source": SOURCE});
        let ours = json!({"name": "c", "version": "1.0.0", "source": null});
        assert_eq!(foreign(&[git, registry, ours]).len(), 1);
    }
}
