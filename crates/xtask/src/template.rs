//! `cargo xtask template`: whether the Kubernetes template is right, without a cluster. Every way to render it is rendered;
//! what comes out is validated against the schemas of several versions of Kubernetes, looked through for references that lead
//! nowhere, and scanned; its scripts, rules and dashboards are checked. Each check is first shown what it must refuse.

pub mod edits;
pub mod lint;
pub mod metrics;
pub mod promql;
pub mod render;
pub mod rules;
pub mod scan;
pub mod tools;
pub mod validate;

use std::fs;
use std::path::{Path, PathBuf};

use crate::progress::{now, say, seconds};
use crate::root;
use render::Render;
use tools::Tools;

/// Where the template lies.
pub const FOLDER: &str = "templates/platform-kubernetes";

/// Runs every check of the template.
///
/// Fails when a tool cannot be had, or with everything that was found.
pub fn check() -> Result<(), String> {
    let tools = Tools::ready(&root())?;
    let work = tools.folder("work")?;
    let copy = copy_of_template(&work)?;
    let renders = timed("render", || render::all(&tools, &copy))?;
    let mut findings = Vec::new();
    findings.extend(timed("validate", || validate::findings(&tools, &work, &renders))?);
    let renders = validate::documents(&work)?;
    findings.extend(timed("lint", || Ok(lint::findings(&renders)))?);
    findings.extend(timed("edits", || edits::findings(&tools, &work, &copy))?);
    findings.extend(timed("scripts", || scan::scripts(&tools, &root()))?);
    findings.extend(timed("checkov", || scan::checkov(&tools, &work, &renders))?);
    findings.extend(timed("rules", || rules::findings(&work, &copy, &renders))?);
    findings.extend(timed("metrics", || metrics::findings(&renders))?);
    verdict(&findings, &renders)
}

fn verdict(findings: &[String], renders: &[Render]) -> Result<(), String> {
    for finding in findings {
        say(&format!("error: {finding}"));
    }
    match findings.len() {
        0 => {
            say(&format!("{} renders, all as they should be", renders.len()));
            Ok(())
        }
        count => Err(format!("{count} things are wrong with the template")),
    }
}

fn timed<T>(what: &str, work: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    let started = now();
    let outcome = work().map_err(|why| format!("{what}: {why}"))?;
    say(&format!("  {what}: {}", seconds(started.elapsed())));
    Ok(outcome)
}

/// Copies the template to where nothing of the repository is beside it, as its users do.
fn copy_of_template(work: &Path) -> Result<PathBuf, String> {
    let copy = work.join("template");
    if copy.exists() {
        fs::remove_dir_all(&copy).map_err(|error| format!("cannot remove {}: {error}", copy.display()))?;
    }
    copy_folder(&root().join(FOLDER), &copy)?;
    Ok(copy)
}

/// Copies a folder with all that is in it.
///
/// Fails when something cannot be read or written.
pub fn copy_folder(from: &Path, to: &Path) -> Result<(), String> {
    let failed = |path: &Path, error: &std::io::Error| format!("cannot copy {}: {error}", path.display());
    fs::create_dir_all(to).map_err(|error| failed(to, &error))?;
    for entry in fs::read_dir(from).map_err(|error| failed(from, &error))? {
        let entry = entry.map_err(|error| failed(from, &error))?;
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        if source.is_dir() {
            copy_folder(&source, &target)?;
        } else {
            fs::copy(&source, &target).map_err(|error| failed(&source, &error))?;
        }
    }
    Ok(())
}
