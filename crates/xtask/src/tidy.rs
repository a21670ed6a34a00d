//! The style guide as a program: what no lint of the compiler or of clippy can see. Each rule is a pure function from
//! what it looks at to findings, and its own tests show what it refuses.

pub mod arrows;
pub mod conformance;
pub mod length;
pub mod links;
pub mod places;
pub mod purity;
pub mod sleeps;
pub mod source;
pub mod words;

use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::tidy::source::Source;

/// One thing that is not tidy, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The file, relative to the workspace.
    pub path: PathBuf,
    /// The line, from 1; 0 means the whole file.
    pub line: usize,
    /// What is wrong and what to do instead.
    pub why: String,
}

impl Finding {
    fn new(path: &Path, line: usize, why: impl Into<String>) -> Self {
        Self { path: path.to_owned(), line, why: why.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.path.display(), self.line, self.why)
    }
}

/// What a run of every rule found.
#[derive(Debug, Default)]
pub struct Report {
    /// How many files were read.
    pub files: usize,
    /// What fails the run.
    pub findings: Vec<Finding>,
    /// What is worth a look and fails nothing.
    pub notes: Vec<Finding>,
}

/// Runs every rule over the files that git knows or would add.
///
/// Fails when git or cargo cannot be run, or a file cannot be read.
pub fn check(root: &Path) -> Result<Report, String> {
    let paths = tracked(root)?;
    let mut report = Report { files: paths.len(), ..Report::default() };
    let mut sources = Vec::new();
    for path in &paths {
        let Some(text) = read_text(&root.join(path))? else { continue };
        report.findings.extend(words::in_text(path, &text));
        if has_extension(path, "md") {
            report.findings.extend(links::broken(root, path, &text));
        }
        if has_extension(path, "rs") {
            match Source::parse(path, &text) {
                Ok(source) => {
                    report.findings.extend(sleeps::in_tests(&source, &text));
                    sources.push(source);
                }
                Err(finding) => report.findings.push(finding),
            }
        }
    }
    for source in &sources {
        report.findings.extend(length::too_long(source));
        report.notes.extend(length::getting_long(source));
        report.findings.extend(words::in_names(source));
        report.findings.extend(places::misplaced(source));
        report.findings.extend(purity::impure(source));
    }
    report.findings.extend(conformance::unproven(&sources));
    report.findings.extend(arrows::wrong(&metadata(root)?));
    Ok(report)
}

fn has_extension(path: &Path, extension: &str) -> bool {
    path.extension().is_some_and(|found| found == extension)
}

/// A file's text; nothing when it is gone from the work tree or is not text.
fn read_text(path: &Path) -> Result<Option<String>, String> {
    match std::fs::read(path) {
        Ok(bytes) => Ok(String::from_utf8(bytes).ok()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) if error.kind() == std::io::ErrorKind::IsADirectory => Ok(None),
        Err(error) => Err(format!("cannot read {}: {error}", path.display())),
    }
}

fn tracked(root: &Path) -> Result<Vec<PathBuf>, String> {
    let args = ["ls-files", "--cached", "--others", "--exclude-standard"];
    let mut paths: Vec<PathBuf> = output(root, "git", &args)?.lines().map(PathBuf::from).collect();
    paths.sort();
    paths.dedup();
    Ok(paths)
}

fn metadata(root: &Path) -> Result<serde_json::Value, String> {
    let json = output(root, "cargo", &["metadata", "--format-version=1", "--no-deps", "--offline"])?;
    serde_json::from_str(&json).map_err(|error| format!("cargo metadata answered something else than JSON: {error}"))
}

fn output(root: &Path, program: &str, args: &[&str]) -> Result<String, String> {
    let output = Command::new(program)
        .args(args)
        .current_dir(root)
        .output()
        .map_err(|error| format!("cannot run {program}: {error}"))?;
    if !output.status.success() {
        return Err(format!("{program} {} failed: {}", args.join(" "), String::from_utf8_lossy(&output.stderr)));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
