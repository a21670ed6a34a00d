//! Every way to render the template: its root, overlays, tenants and slots, each component alone, and each pair that goes
//! together.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::Value;

use super::tools::{Tools, output};

/// Components that answer the same question, of which a user takes one.
const ALTERNATIVES: &[&[&str]] = &[
    &["cnpg", "external-postgres"],
    &["external-redis", "valkey"],
    &["external-rabbitmq", "rabbitmq-3", "keda"],
    &["external-secrets", "sealed-secrets"],
];

/// How many renders run at a time.
const AT_A_TIME: usize = 2;

/// What one way to render brings out.
#[derive(Debug, Clone)]
pub struct Render {
    /// The folder that is rendered, or the components that are put on top of the root.
    pub name: String,
    /// The objects.
    pub objects: Vec<Value>,
}

/// Renders everything, into `rendered` beside the copy of the template; answers the names.
///
/// Fails with what `kubectl kustomize` says.
pub fn all(tools: &Tools, copy: &Path) -> Result<Vec<(String, PathBuf)>, String> {
    let mut wanted = folders(copy)?;
    wanted.extend(combinations(copy)?);
    let rendered = copy.with_file_name("rendered");
    if rendered.exists() {
        fs::remove_dir_all(&rendered).map_err(|error| format!("cannot remove {}: {error}", rendered.display()))?;
    }
    fs::create_dir_all(&rendered).map_err(|error| format!("cannot make {}: {error}", rendered.display()))?;
    let jobs: Vec<(String, PathBuf, PathBuf)> = wanted
        .into_iter()
        .map(|(name, folder)| {
            let file = rendered.join(format!("{}.yaml", name.replace('/', "_").replace(" + ", "__")));
            (name, folder, file)
        })
        .collect();
    in_parallel(&jobs, |(name, folder, file)| {
        let text = kustomize(tools, folder).map_err(|why| format!("{name}: {why}"))?;
        fs::write(file, text).map_err(|error| format!("cannot write {}: {error}", file.display()))
    })?;
    Ok(jobs.into_iter().map(|(name, _, file)| (name, file)).collect())
}

/// Renders one folder.
///
/// Fails with what `kubectl kustomize` says.
pub fn kustomize(tools: &Tools, folder: &Path) -> Result<Vec<u8>, String> {
    output(tools.command("kubectl").arg("kustomize").arg(folder))
}

/// The folders that users apply: the root, and each overlay, tenant and slot.
///
/// Fails when one of those groups has none.
pub fn folders(copy: &Path) -> Result<Vec<(String, PathBuf)>, String> {
    let mut found = vec![("root".to_owned(), copy.to_owned())];
    for group in ["overlays", "tenants", "blue-green"] {
        let names = folders_with_kustomization(&copy.join(group))?;
        // The base of the tenants is applied by nobody.
        let names: Vec<String> = names.into_iter().filter(|name| name != "base").collect();
        if names.is_empty() {
            return Err(format!("{group} holds nothing to render"));
        }
        found.extend(names.iter().map(|name| (format!("{group}/{name}"), copy.join(group).join(name))));
    }
    Ok(found)
}

/// The root with each component, with each pair that is no alternative to each other, and with one of every kind.
fn combinations(copy: &Path) -> Result<Vec<(String, PathBuf)>, String> {
    let components = in_order(copy)?;
    let mut chosen: Vec<Vec<&str>> = components.iter().map(|name| vec![name.as_str()]).collect();
    for (at, first) in components.iter().enumerate() {
        let others = components[at + 1..].iter().filter(|second| go_together(first, second));
        chosen.extend(others.map(|second| vec![first.as_str(), second.as_str()]));
    }
    chosen.push(one_of_every_kind(&components));
    chosen.into_iter().map(|names| combination(copy, &names)).collect()
}

/// The components in the order of the root's list, which is the order in which they are put on top of each other.
fn in_order(copy: &Path) -> Result<Vec<String>, String> {
    let root = copy.join("kustomization.yaml");
    let text = fs::read_to_string(&root).map_err(|error| format!("cannot read {}: {error}", root.display()))?;
    let lines = text.lines().filter_map(|line| line.trim_start_matches("# ").strip_prefix("- components/"));
    let listed: Vec<String> = lines.filter_map(|rest| rest.split_whitespace().next()).map(str::to_owned).collect();
    let there = folders_with_kustomization(&copy.join("components"))?;
    let unlisted = there.iter().find(|name| !listed.contains(name));
    let absent = listed.iter().find(|name| !there.contains(name));
    match (unlisted, absent) {
        (Some(name), _) => Err(format!("the root's list of components lacks {name}")),
        (None, Some(name)) => Err(format!("the root lists {name}, which is not in components")),
        (None, None) if listed.is_empty() => Err("the root lists no components".to_owned()),
        (None, None) => Ok(listed),
    }
}

fn go_together(first: &str, second: &str) -> bool {
    first != second && !ALTERNATIVES.iter().any(|group| group.contains(&first) && group.contains(&second))
}

fn one_of_every_kind(components: &[String]) -> Vec<&str> {
    let mut taken: Vec<&str> = Vec::new();
    for name in components {
        if taken.iter().all(|other| go_together(name, other)) {
            taken.push(name);
        }
    }
    taken
}

/// Writes a root that takes these components, the way the comments in the template's own root say.
fn combination(copy: &Path, names: &[&str]) -> Result<(String, PathBuf), String> {
    let folder = copy.join("combinations").join(names.join("--"));
    let root = copy.join("kustomization.yaml");
    let text = fs::read_to_string(&root).map_err(|error| format!("cannot read {}: {error}", root.display()))?;
    let listed: Vec<String> = names.iter().map(|name| format!("- components/{name}\n")).collect();
    let with = text.replacen("components: []\n", &format!("components:\n{}", listed.concat()), 1);
    if with == text {
        return Err("the root has no line `components: []` to put components in".to_owned());
    }
    let moved = ["- base", "- components/", "- config/"].iter().fold(with, |text, start| {
        text.replace(&format!("\n{start}"), &format!("\n{}", start.replacen("- ", "- ../../", 1)))
    });
    let failed = |error: std::io::Error| format!("cannot write {}: {error}", folder.display());
    fs::create_dir_all(&folder).map_err(failed)?;
    fs::write(folder.join("kustomization.yaml"), moved).map_err(failed)?;
    Ok((format!("root with {}", names.join(" + ")), folder))
}

fn folders_with_kustomization(folder: &Path) -> Result<Vec<String>, String> {
    let listed = fs::read_dir(folder).map_err(|error| format!("cannot read {}: {error}", folder.display()))?;
    let mut names: Vec<String> = listed
        .flatten()
        .filter(|entry| entry.path().join("kustomization.yaml").exists())
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    Ok(names)
}

/// Does the same with each of many, a few at a time.
///
/// Fails with the first failure, after all are done.
pub fn in_parallel<T: Sync>(jobs: &[T], work: impl Fn(&T) -> Result<(), String> + Sync) -> Result<(), String> {
    let (next, failure) = (AtomicUsize::new(0), Mutex::new(None));
    std::thread::scope(|scope| {
        for _ in 0..AT_A_TIME {
            scope.spawn(|| {
                while let Some(job) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if let Err(why) = work(job)
                        && let Ok(mut first) = failure.lock()
                    {
                        first.get_or_insert(why);
                    }
                }
            });
        }
    });
    match failure.into_inner() {
        Ok(Some(why)) => Err(why),
        Ok(None) => Ok(()),
        Err(_) => Err("a render panicked".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alternatives_are_not_put_together() {
        assert!(!go_together("cnpg", "external-postgres") && !go_together("vpa", "vpa"));
        assert!(go_together("vpa", "keda"));
        let all = ["cnpg", "external-postgres", "keda", "vpa"].map(str::to_owned);
        assert_eq!(one_of_every_kind(&all), ["cnpg", "keda", "vpa"]);
    }

    #[test]
    fn the_first_failure_is_told() {
        let done = AtomicUsize::new(0);
        let outcome = in_parallel(&[1, 2, 3], |job| {
            done.fetch_add(1, Ordering::Relaxed);
            if *job == 2 { Err("two".to_owned()) } else { Ok(()) }
        });
        assert_eq!((outcome, done.into_inner()), (Err("two".to_owned()), 3));
    }
}
