//! Scanners: shellcheck over the scripts, checkov over the renders and the recipes of the images.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::FOLDER;
use super::render::Render;
use super::tools::{Tools, output, run};
use crate::root;

/// What checkov complains of and is right as it is: the check, a part of the object's name, and the reason.
const SKIPPED: &[(&str, &str, &str)] = &[
    (
        "CKV_K8S_11",
        "StatefulSet",
        "a data service that is throttled is slower for everybody and safer for nobody; requests keep its share",
    ),
    ("CKV_K8S_11", "postgres-restore-drill", "it may take what processors are idle, and is done sooner"),
    ("CKV_K8S_15", "", "images that `kind load` put on a node are in no registry; tags are versions, and do not move"),
    (
        "CKV_K8S_35",
        "Deployment.",
        "the keys of an object store, which its client takes from the environment; every other secret is a file",
    ),
    ("CKV_K8S_35", "StatefulSet.", "the exporter of Redis takes its password from the environment only"),
    ("CKV_K8S_38", "coordination-secrets", "it makes the Secrets through the API server, and lives for a minute"),
    ("CKV_K8S_40", "StatefulSet", "999 is the user that the images of these servers are made for"),
    ("CKV_K8S_40", "postgres-restore-drill", "it runs the image of PostgreSQL, which is made for the user 999"),
    ("CKV_K8S_43", "", "a user can see and change versions; overlays/production pins digests of our own images"),
    (
        "CKV_K8S_8",
        "StatefulSet",
        "sidecars end when they fail, and RabbitMQ is restarted by nobody who cannot know why it is slow",
    ),
    ("CKV_K8S_9", "StatefulSet", "sidecars serve nobody: the server beside them says when the pod is ready"),
    ("CKV_DOCKER_2", "", "Kubernetes asks the probes of the pod, and never the image's own"),
];

/// Renders that are scanned; the others are made of the same parts.
const SCANNED: &[&str] = &["root", "overlays/production", "tenants/tenant-a", "blue-green/slot-v2"];

/// How images are made where Docker is used.
const RECIPES: &[(&str, &str)] =
    &[("coordination", "Dockerfile"), ("postgres", "templates/platform-kubernetes/images/postgres/Dockerfile")];

/// What checkov must refuse.
const BAD: &str = include_str!("bad_pod.yaml");

/// Runs shellcheck over every script of the template and of the repository.
///
/// Fails when there are none, or git cannot be run.
pub fn scripts(tools: &Tools, root: &Path) -> Result<Vec<String>, String> {
    let mut command = std::process::Command::new("git");
    let args = ["ls-files", "--cached", "--others", "--exclude-standard", FOLDER, ".ci"];
    let listed = output(command.args(args).current_dir(root))?;
    let paths = String::from_utf8_lossy(&listed).lines().map(|line| root.join(line)).collect::<Vec<PathBuf>>();
    let scripts: Vec<&PathBuf> = paths.iter().filter(|path| is_shell(path)).collect();
    if scripts.len() < 2 {
        return Err("there are no scripts to look at".to_owned());
    }
    let mut found = Vec::new();
    let bad = tools.folder("work")?.join("bad.sh");
    fs::write(&bad, "#!/bin/sh\nrm -r $1/*\n").map_err(|error| format!("cannot write {}: {error}", bad.display()))?;
    if run(tools.command("shellcheck").arg(&bad)).is_ok() {
        found.push("shellcheck takes a script that it must not".to_owned());
    }
    found.extend(run(tools.command("shellcheck").args(["-x", "--source-path=SCRIPTDIR"]).args(scripts)).err());
    let programs: Vec<&PathBuf> = paths.iter().filter(|path| path.extension().is_some_and(|end| end == "py")).collect();
    if !programs.is_empty() {
        let compile = "import ast, sys\nfor path in sys.argv[1:]: ast.parse(open(path).read(), path)";
        found.extend(run(tools.command("python").args(["-c", compile]).args(programs)).err());
    }
    Ok(found)
}

fn is_shell(path: &Path) -> bool {
    let text = fs::read_to_string(path).unwrap_or_default();
    let first = text.lines().next().unwrap_or_default();
    first.starts_with("#!") && (first.ends_with("sh") || first.contains("bash"))
        || path.extension().is_some_and(|end| end == "sh")
}

/// Runs checkov over the renders, the recipes of the images, and a pod that it must refuse.
///
/// Fails when it cannot do its work.
pub fn checkov(tools: &Tools, work: &Path, renders: &[Render]) -> Result<Vec<String>, String> {
    let folder = work.join("scanned");
    if folder.exists() {
        fs::remove_dir_all(&folder).map_err(|error| format!("cannot remove {}: {error}", folder.display()))?;
    }
    fs::create_dir_all(&folder).map_err(|error| format!("cannot make {}: {error}", folder.display()))?;
    let write = |name: &str, text: String| {
        let path = folder.join(name);
        fs::write(&path, text).map_err(|error| format!("cannot write {}: {error}", path.display()))
    };
    write("bad.yaml", BAD.to_owned())?;
    for render in renders.iter().filter(|render| SCANNED.contains(&render.name.as_str())) {
        let documents: Vec<String> = render.objects.iter().map(|object| format!("---\n{object}\n")).collect();
        write(&format!("{}.yaml", render.name.replace('/', "_")), documents.concat())?;
    }
    for (name, recipe) in RECIPES {
        let text = fs::read_to_string(root().join(recipe)).map_err(|error| format!("cannot read {recipe}: {error}"))?;
        fs::create_dir_all(folder.join(name)).map_err(|error| format!("cannot make {name}: {error}"))?;
        write(&format!("{name}/Dockerfile"), text)?;
    }
    let mut command = tools.command("checkov");
    command.args([
        "--framework",
        "kubernetes",
        "dockerfile",
        "--output",
        "json",
        "--compact",
        "--quiet",
        "--soft-fail",
    ]);
    command.args(["--skip-download"]).arg("--directory").arg(&folder);
    let report = output(command.current_dir(&folder))?;
    let report: Value = serde_json::from_slice(&report).map_err(|error| format!("checkov wrote no JSON: {error}"))?;
    let reports = report.as_array().ok_or("checkov reports on one kind of file only")?;
    let failed = reports.iter().filter_map(|one| one["results"]["failed_checks"].as_array()).flatten().cloned();
    let passed = reports.iter().map(|one| one["summary"]["passed"].as_u64().unwrap_or_default()).min();
    Ok(judge(&failed.collect::<Vec<_>>(), passed.unwrap_or_default()))
}

fn judge(failed: &[Value], passed: u64) -> Vec<String> {
    let text = |check: &Value, field: &str| check[field].as_str().unwrap_or_default().to_owned();
    let (bad, wrong): (Vec<&Value>, Vec<&Value>) =
        failed.iter().partition(|check| text(check, "file_path").ends_with("/bad.yaml"));
    let is_skipped = |check: &&&Value| {
        let (id, resource) = (text(check, "check_id"), text(check, "resource"));
        SKIPPED.iter().any(|(skipped, part, _)| *skipped == id && resource.contains(part))
    };
    let mut found: Vec<String> = wrong
        .iter()
        .filter(|check| !is_skipped(check))
        .map(|check| {
            let place = [text(check, "file_path"), text(check, "resource")].join(" ");
            format!("checkov: {place}: {} {}", text(check, "check_id"), text(check, "check_name"))
        })
        .collect();
    let idle = SKIPPED.iter().filter(|(check, part, _)| {
        !wrong.iter().any(|one| text(one, "check_id") == *check && text(one, "resource").contains(part))
    });
    found.extend(idle.map(|(check, part, _)| format!("nothing needs {check} to be skipped any more for `{part}`")));
    if bad.len() < 10 || passed == 0 {
        found.push(format!("checkov finds {} faults in a pod that has many, and {passed} things right", bad.len()));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_skipped_check_has_its_reason() {
        assert!(SKIPPED.iter().all(|(check, _, why)| check.starts_with("CKV") && why.len() > 20));
    }

    #[test]
    fn a_scan_that_sees_nothing_is_a_finding() {
        let found = judge(&[], 100);
        assert_eq!(found.len(), 1 + SKIPPED.len());
        assert!(found.iter().any(|why| why.contains("checkov finds 0 faults")), "{found:?}");
    }
}
