//! Programs from npm, each below `target/npm`. A package is written `npm:NAME@VERSION#INTEGRITY`, and is refused when its bytes are
//! others.

use std::ffi::OsString;
use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use super::private::{Source, run};
use super::{NPM, cannot_write, ensure};

/// Packages that begin with `npm:`.
pub(super) const SOURCE: Source = Source { prefix: "npm:", name: "npm", folder: "npm", fill };

fn fill(folder: &Path, wanted: &[&str]) -> Result<(), String> {
    ensure(&[NPM])?;
    let npm = NPM.find().ok_or("npm is missing")?;
    for (name, value) in
        [("package.json", json!({ "dependencies": dependencies(wanted)? })), ("package-lock.json", lock(wanted)?)]
    {
        let path = folder.join(name);
        fs::write(&path, value.to_string()).map_err(|error| cannot_write(&path, &error))?;
    }
    let ci = ["ci", "--no-audit", "--no-fund", "--no-update-notifier", "--loglevel=error"];
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
}
