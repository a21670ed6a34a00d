//! What a document points to is there.

use std::path::{Component, Path, PathBuf};

use crate::tidy::Finding;

/// Finds links to files and headings that do not exist and, in ARCHITECTURE.md, paths that do not exist.
pub fn broken(root: &Path, path: &Path, text: &str) -> Vec<Finding> {
    let mut found = Vec::new();
    let names_paths = path.file_name().is_some_and(|name| name == "ARCHITECTURE.md");
    for (index, line) in prose(text) {
        let links = targets(line).filter(|target| !resolves(root, path, text, target));
        found
            .extend(links.map(|target| Finding::new(path, index + 1, format!("the link to `{target}` leads nowhere"))));
        if names_paths {
            let named = spans(line).filter(|span| is_path(span) && !exists(root, span));
            found.extend(named.map(|span| Finding::new(path, index + 1, format!("the path `{span}` does not exist"))));
        }
    }
    found
}

/// The lines outside fenced blocks, with their index.
fn prose(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut fenced = false;
    text.lines().enumerate().filter(move |(_, line)| {
        let fence = line.trim_start().starts_with("```");
        fenced ^= fence;
        !fence && !fenced
    })
}

/// The targets of `[text](target)` that are no addresses on the web.
fn targets(line: &str) -> impl Iterator<Item = &str> {
    let ends = line.split("](").skip(1).filter_map(|rest| rest.split_once(')'));
    ends.map(|(target, _)| target).filter(|target| !target.contains("://") && !target.starts_with("mailto:"))
}

fn resolves(root: &Path, from: &Path, text: &str, target: &str) -> bool {
    let (file, heading) = target.split_once('#').unwrap_or((target, ""));
    if file.is_empty() {
        return headings(text).any(|slug| slug == heading);
    }
    let to = root.join(from.parent().unwrap_or(Path::new(""))).join(file);
    if heading.is_empty() || to.extension().is_none_or(|extension| extension != "md") {
        return to.exists();
    }
    std::fs::read_to_string(to).is_ok_and(|text| headings(&text).any(|slug| slug == heading))
}

/// The names by which a document's headings are linked to.
fn headings(text: &str) -> impl Iterator<Item = String> {
    let titles = prose(text).filter_map(|(_, line)| line.strip_prefix('#'));
    titles.map(|title| {
        let title = title.trim_start_matches('#').trim().to_lowercase();
        title.replace(' ', "-").chars().filter(|c| c.is_alphanumeric() || "-_".contains(*c)).collect()
    })
}

/// The spans between backticks.
fn spans(line: &str) -> impl Iterator<Item = &str> {
    line.split('`').skip(1).step_by(2)
}

/// Whether a span names a file or folder of the workspace, and not a route or a media type.
fn is_path(span: &str) -> bool {
    let plain = span.chars().all(|c| c.is_alphanumeric() || "/._-*".contains(c));
    let file = Path::new(span).extension().is_some_and(|extension| {
        ["rs", "md", "toml", "yaml", "sql", "sh", "json"].iter().any(|known| extension == *known)
    });
    let rooted = ["crates/", ".ci/", "docs/", "deploy/"].iter().any(|folder| span.starts_with(folder));
    plain && span.contains('/') && !span.starts_with('/') && (file || rooted)
}

/// Whether a path exists, `*` standing for any part of one name.
fn exists(root: &Path, span: &str) -> bool {
    let mut matched = vec![root.to_owned()];
    for part in Path::new(span).components() {
        let Component::Normal(part) = part else { continue };
        let part = part.to_string_lossy();
        matched = matched.iter().flat_map(|folder| entries(folder, &part)).collect();
    }
    !matched.is_empty()
}

fn entries(folder: &Path, pattern: &str) -> Vec<PathBuf> {
    let Some((start, end)) = pattern.split_once('*') else {
        return Some(folder.join(pattern)).filter(|path| path.exists()).into_iter().collect();
    };
    let listed = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let matching = listed.filter(|entry| {
        let name = entry.file_name().to_string_lossy().into_owned();
        name.len() >= start.len() + end.len() && name.starts_with(start) && name.ends_with(end)
    });
    matching.map(|entry| entry.path()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn complaints(path: &str, text: &str) -> usize {
        broken(&crate::root(), Path::new(path), text).len()
    }

    #[test]
    fn a_link_that_leads_nowhere_is_refused() {
        assert_eq!(complaints("README.md", "[it](nowhere.md)"), 1);
        assert_eq!(complaints("README.md", "[it](#nowhere)"), 1);
        assert_eq!(complaints("docs/a.md", "[it](../nowhere.md#top)"), 1);
    }

    #[test]
    fn links_that_lead_somewhere_are_right() {
        assert_eq!(complaints("README.md", "[it](Cargo.toml), [there](https://example.com/a)"), 0);
        assert_eq!(complaints("README.md", "# The one, here\n[it](#the-one-here)"), 0);
        assert_eq!(complaints("README.md", "```\n[it](nowhere.md)\n```"), 0);
    }

    #[test]
    fn a_path_of_the_architecture_that_does_not_exist_is_refused() {
        assert_eq!(complaints("ARCHITECTURE.md", "see `crates/nowhere/src`"), 1);
        assert_eq!(complaints("ARCHITECTURE.md", "see `crates/*/src/nowhere*.rs`"), 1);
        assert_eq!(
            complaints("ARCHITECTURE.md", "`crates/xtask/src/tidy.rs`, `crates/*/Cargo.toml`, `text/markdown`"),
            0
        );
        assert_eq!(complaints("ARCHITECTURE.md", "`GET /api/v1/messages` and `/health`"), 0);
    }
}
