//! What a user edits reaches everything that it should: the configuration the pods, the facts of the cluster every object.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::copy_folder;
use super::render::{folders, in_parallel, kustomize};
use super::tools::Tools;

/// Facts that a user writes once, what they are in the template, and what they become here. The default must not be left
/// anywhere: in renders that set the fact themselves, theirs counts.
const FACTS: &[(&str, &str)] = &[
    ("HOST", "edited.example.net"),
    ("STORAGE_CLASS", "edited-class"),
    ("S3_BUCKET", "edited-bucket"),
    ("S3_ENDPOINT", "https://edited-store.example.net"),
];

/// Renders a copy with other values in both files of `config`, and compares.
///
/// Fails when a copy cannot be made or rendered.
pub fn findings(tools: &Tools, work: &Path, copy: &Path) -> Result<Vec<String>, String> {
    let edited = work.join("edited");
    if edited.exists() {
        fs::remove_dir_all(&edited).map_err(|error| format!("cannot remove {}: {error}", edited.display()))?;
    }
    copy_folder(copy, &edited)?;
    let before = edit_facts(&edited.join("config/platform.env"))?;
    let config = edited.join("config/config.yaml");
    let text = read(&config)?;
    write(&config, &format!("{text}\n# edited\n"))?;
    let (old, new) = (render(tools, copy)?, render(tools, &edited)?);
    let mut found = Vec::new();
    for (name, text) in &new {
        found.extend(
            config_reaches_pods(old.get(name).map_or("", String::as_str), text).map(|why| format!("{name}: {why}")),
        );
        found.extend(left_over(text, &before).into_iter().map(|why| format!("{name}: {why}")));
    }
    let root = new.get("root").map_or("", String::as_str);
    // Once in the list of the facts itself, and at least once where it belongs.
    let unused = FACTS.iter().filter(|(_, value)| root.matches(value).count() < 2);
    found.extend(unused.map(|(name, _)| format!("root: an edit of {name} reaches nothing")));
    Ok(found)
}

/// Writes the new facts; answers the values before.
fn edit_facts(path: &Path) -> Result<BTreeMap<&'static str, String>, String> {
    let (mut text, mut before) = (read(path)?, BTreeMap::new());
    for (name, value) in FACTS {
        let start = format!("{name}=");
        let line =
            text.lines().find(|line| line.starts_with(&start)).ok_or_else(|| format!("no {name} in platform.env"))?;
        before.insert(*name, line[start.len()..].to_owned());
        text = text.replace(&format!("{line}\n"), &format!("{start}{value}\n"));
    }
    write(path, &text)?;
    Ok(before)
}

fn render(tools: &Tools, copy: &Path) -> Result<BTreeMap<String, String>, String> {
    let folders: Vec<(String, PathBuf)> = folders(copy)?;
    let done = std::sync::Mutex::new(BTreeMap::new());
    in_parallel(&folders, |(name, folder)| {
        let text = String::from_utf8_lossy(&kustomize(tools, folder)?).into_owned();
        done.lock().map_err(|_| "a render panicked".to_owned())?.insert(name.clone(), text);
        Ok(())
    })?;
    done.into_inner().map_err(|_| "a render panicked".to_owned())
}

/// Whether a new configuration has a new name, and every pod that had the old one has the new one.
fn config_reaches_pods(old: &str, new: &str) -> Option<String> {
    let (before, after) = (config_name(old)?, config_name(new)?);
    if before == after {
        return Some(
            "an edit of config.yaml does not change the name of its ConfigMap: no pod would be rolled".to_owned(),
        );
    }
    let uses = |text: &str, name: &str| text.matches(name).count();
    (uses(new, &before) > 0 || uses(new, &after) < 2 || uses(new, &after) != uses(old, &before))
        .then(|| format!("{before} became {after}, but not everywhere"))
}

/// The name of the ConfigMap of the configuration, with its hash.
fn config_name(text: &str) -> Option<String> {
    let lines = text.lines().filter_map(|line| line.trim().strip_prefix("name: coordination-config-"));
    lines.map(|rest| format!("coordination-config-{rest}")).next()
}

/// Lines that still say what a fact was before.
fn left_over(text: &str, before: &BTreeMap<&'static str, String>) -> Vec<String> {
    let mut found = Vec::new();
    for (name, value) in before {
        // A render that sets the fact itself has its own value, and so on.
        let is_ours =
            |line: &str| line.trim().split_once(": ").is_some_and(|(key, found)| key == *name && found != value);
        if !text.lines().any(is_ours) {
            continue;
        }
        let holds = |line: &&str| words(line).any(|word| word == value) && !line.trim_start().starts_with('#');
        let lines = text.lines().filter(holds);
        found.extend(lines.map(|line| format!("{name} was edited, and this still says `{value}`: {}", line.trim())));
    }
    found
}

/// The words of a line, as values are written: a host, a class, a URL.
fn words(line: &str) -> impl Iterator<Item = &str> {
    line.split([' ', '"', '\'', ',', '(', ')'])
        .flat_map(|word| [Some(word), word.strip_prefix("s3://").and_then(|rest| rest.split('/').next())])
        .flatten()
}

fn read(path: &Path) -> Result<String, String> {
    fs::read_to_string(path).map_err(|error| format!("cannot read {}: {error}", path.display()))
}

fn write(path: &Path, text: &str) -> Result<(), String> {
    fs::write(path, text).map_err(|error| format!("cannot write {}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_configuration_that_keeps_its_name_is_found() {
        let text = "name: coordination-config-a1\n name: coordination-config-a1\n";
        assert!(config_reaches_pods(text, text).is_some());
        assert_eq!(config_reaches_pods(text, &text.replace("a1", "b2")), None);
        assert!(config_reaches_pods(text, &text.replacen("a1", "b2", 1)).is_some());
    }

    #[test]
    fn a_value_that_stays_is_found() {
        let before = BTreeMap::from([("S3_BUCKET", "data".to_owned())]);
        let left = |text: &str| left_over(&format!("S3_BUCKET: edited\n{text}"), &before).len();
        assert_eq!((left("url: s3://data/archive"), left("bucket: data")), (1, 1));
        assert_eq!(left("name: data-1\n# data\nkey: metadata"), 0);
        assert_eq!(left_over("S3_BUCKET: data\nbucket: data", &before).len(), 0, "a render's own value");
    }
}
