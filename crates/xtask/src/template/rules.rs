//! Prometheus' own tool reads the rules and runs their unit tests.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use super::render::Render;
use super::tools::run;

/// The folder of the unit tests, in the template.
const TESTS: &str = "components/monitoring/tests";

/// Checks every set of rules, and runs the unit tests over them: in a folder where each set lies as a file named after it.
///
/// Fails when the rules cannot be written.
pub fn findings(work: &Path, copy: &Path, renders: &[Render]) -> Result<Vec<String>, String> {
    let folder = work.join("rules");
    fs::create_dir_all(&folder).map_err(|error| format!("cannot make {}: {error}", folder.display()))?;
    let mut found = refuses_a_bad_rule(&folder)?;
    let mut objects =
        renders.iter().filter(|render| render.name == "root with monitoring").flat_map(|render| &render.objects);
    let mut files = Vec::new();
    for object in objects.by_ref().filter(|object| object["kind"] == "PrometheusRule") {
        let file = folder.join(format!("{}.yaml", object["metadata"]["name"].as_str().unwrap_or_default()));
        write(&file, &object["spec"])?;
        found.extend(run(promtool(&folder).args(["check", "rules"]).arg(&file)).err());
        files.push(file);
    }
    if files.is_empty() {
        found.push("the monitoring component has no rules".to_owned());
    }
    let tests = tests(&copy.join(TESTS));
    if tests.is_empty() {
        found.push(format!("{TESTS} holds no unit test of the rules"));
    }
    for test in tests {
        let here = folder.join(test.file_name().unwrap_or_default());
        fs::copy(&test, &here).map_err(|error| format!("cannot copy {}: {error}", test.display()))?;
        found.extend(run(promtool(&folder).args(["test", "rules"]).arg(&here)).err());
    }
    Ok(found)
}

fn promtool(folder: &Path) -> Command {
    let mut command = Command::new("/usr/bin/promtool");
    command.current_dir(folder);
    command
}

/// JSON is YAML.
fn write(file: &Path, rules: &Value) -> Result<(), String> {
    fs::write(file, rules.to_string()).map_err(|error| format!("cannot write {}: {error}", file.display()))
}

fn tests(folder: &Path) -> Vec<PathBuf> {
    let listed = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut found: Vec<PathBuf> = listed.filter(|path| path.extension().is_some_and(|end| end == "yaml")).collect();
    found.sort();
    found
}

fn refuses_a_bad_rule(folder: &Path) -> Result<Vec<String>, String> {
    let file = folder.join("bad");
    write(
        &file,
        &serde_json::json!({"groups": [{"name": "bad", "rules": [{"alert": "Bad", "expr": "sum(rate(x[5m]) >"}]}]}),
    )?;
    let outcome = run(promtool(folder).args(["check", "rules"]).arg(&file));
    Ok(outcome.is_ok().then(|| "promtool takes a rule that is none".to_owned()).into_iter().collect())
}
