//! Schemas: every object must be one that each version of Kubernetes takes as it stands.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde_json::{Value, json};

use super::render::Render;
use super::tools::Tools;
use crate::root;

/// The versions that the template is for: the oldest that is still seen, the one before the newest, the newest.
const VERSIONS: &[&str] = &["1.33", "1.35", "1.37"];

/// Renders that a cluster without any custom kind must take.
const BUILTIN_ONLY: &[&str] =
    &["root", "overlays/local", "tenants/tenant-a", "tenants/tenant-b", "blue-green/slot-v1", "blue-green/slot-v2"];

/// Reads all renders, validates every object, and answers what is wrong.
///
/// Fails when the validator cannot do its work.
pub fn findings(tools: &Tools, work: &Path, renders: &[(String, PathBuf)]) -> Result<Vec<String>, String> {
    let sources = root().join("crates/xtask");
    let job = json!({
        "versions": VERSIONS,
        "custom": sources.join("schemas"),
        "bad": sources.join("src/template/bad.yaml"),
        "builtin_only": BUILTIN_ONLY,
        "renders": renders,
        "result": result_file(work),
    });
    let mut command = tools.command("python");
    command.arg(sources.join("src/template/validate.py")).stdin(Stdio::piped());
    let mut child = command.spawn().map_err(|error| format!("cannot run python: {error}"))?;
    if let Some(mut input) = child.stdin.take() {
        // That it reads nothing shows in how it ends.
        let _ = input.write_all(job.to_string().as_bytes());
    }
    let status = child.wait().map_err(|error| format!("cannot wait for python: {error}"))?;
    if !status.success() {
        return Err(format!("the validator ended with {status}"));
    }
    let found = result(work)?;
    Ok(found["findings"].as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect())
}

/// The objects of every render, as the validator read them.
///
/// Fails when it has not run.
pub fn documents(work: &Path) -> Result<Vec<Render>, String> {
    let found = result(work)?;
    let renders = found["renders"].as_object().ok_or("the validator wrote no renders")?;
    let object = |number: &Value| found["objects"].get(number.as_u64()? as usize).cloned();
    let read = |(name, numbers): (&String, &Value)| {
        let objects = numbers.as_array().into_iter().flatten().filter_map(object).collect();
        Render { name: name.clone(), objects }
    };
    Ok(renders.iter().map(read).collect())
}

fn result_file(work: &Path) -> PathBuf {
    work.join("validated.json")
}

fn result(work: &Path) -> Result<Value, String> {
    let path = result_file(work);
    let text = fs::read_to_string(&path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    serde_json::from_str(&text).map_err(|error| format!("{} is no JSON: {error}", path.display()))
}
