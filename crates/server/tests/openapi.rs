//! The OpenAPI document as it is served, by the recommended rules of Redocly and Spectral: neither finds an error.

use std::fs;
use std::path::Path;
use std::process::Command;

use axum::body::Body;
use http::Request;
use testkit::embedded::{Answer, Embedded};

const TOOLS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/npm/openapi-linters/node_modules/.bin");

/// Places of programs beside the usual: Node.js, where it came from PyPI.
const NODE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/python/npm/bin");

/// Writes both forms into a folder as they are served.
async fn served(folder: &Path) -> [String; 2] {
    let server = Embedded::start().await.expect("a server");
    let mut files = Vec::new();
    for name in ["openapi.json", "openapi-3.0.json"] {
        let request = Request::get(format!("/{name}")).body(Body::empty()).expect("a request");
        let answer = Answer::read(server.respond(request).await.expect("an answer")).await.expect("a document");
        assert_eq!(answer.status, 200);
        let file = folder.join(name);
        fs::write(&file, &answer.bytes).expect("a file");
        files.push(file.to_string_lossy().into_owned());
    }
    files.try_into().expect("two files")
}

/// Fails with what a tool says where it finds an error.
fn passes(folder: &Path, tool: &str, args: &[&str]) {
    let mut command = Command::new(format!("{TOOLS}/{tool}"));
    let path = format!("{NODE}:/usr/local/bin:/usr/bin:/bin");
    command.args(args).current_dir(folder).env("PATH", path).env("HOME", folder);
    let quiet = [("REDOCLY_TELEMETRY", "off"), ("REDOCLY_SUPPRESS_UPDATE_NOTICE", "true"), ("NO_COLOR", "1")];
    let output = command.envs(quiet).output().expect("a linter: `cargo xtask install openapi-linters` brings it");
    let said = [output.stdout, output.stderr].concat();
    assert!(output.status.success(), "{tool} {args:?}:\n{}", String::from_utf8_lossy(&said));
}

#[tokio::test]
async fn both_forms_keep_the_recommended_rules_of_redocly() {
    let folder = tempfile::tempdir().expect("a folder");
    for file in served(folder.path()).await {
        passes(folder.path(), "redocly", &["lint", "--extends=recommended", "--max-problems=1000", &file]);
    }
}

/// The 3.0 form is made from this one; Spectral takes half a minute for each.
#[tokio::test]
async fn the_document_keeps_the_recommended_rules_of_spectral() {
    let folder = tempfile::tempdir().expect("a folder");
    let rules = folder.path().join("rules.yaml");
    fs::write(&rules, "extends: [[\"spectral:oas\", recommended]]\n").expect("a file");
    let [file, _] = served(folder.path()).await;
    passes(folder.path(), "spectral", &["lint", "--fail-severity=error", "--ruleset=rules.yaml", &file]);
}
