//! What the engine's own source says of its verbs: the list is whole, and nothing takes a caller that somebody made up.

use std::collections::BTreeSet;
use std::path::Path;

use crate::verbs::VERBS;

fn sources(folder: &Path, found: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).expect("the engine's source").map(|entry| entry.expect("an entry").path()) {
        if entry.is_dir() {
            sources(&entry, found);
        } else {
            found.push(std::fs::read_to_string(entry).expect("a source file"));
        }
    }
}

/// Every public function, with the type it belongs to and what stands before its body.
fn public_functions() -> Vec<(String, String)> {
    let mut files = Vec::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut files);
    let mut functions = Vec::new();
    for file in files {
        let mut owner = String::new();
        for (at, line) in file.split_inclusive('\n').scan(0, |at, line| {
            let begins = *at;
            *at += line.len();
            Some((begins, line))
        }) {
            if let Some(rest) = line.strip_prefix("impl ") {
                owner = rest.trim_end().trim_end_matches(" {").to_owned();
            }
            let line = line.trim_start();
            if line.starts_with("pub fn ") || line.starts_with("pub async fn ") {
                let signature = file[at..].split(" {\n").next().unwrap_or_default();
                functions.push((owner.clone(), signature.trim().to_owned()));
            }
        }
    }
    functions
}

#[test]
fn every_verb_of_a_session_has_a_row_here() {
    let in_source: BTreeSet<String> = public_functions()
        .into_iter()
        .filter(|(owner, _)| owner == "Session")
        .filter_map(|(_, signature)| Some(signature.strip_prefix("pub async fn ")?.split('(').next()?.to_owned()))
        .collect();
    let here: BTreeSet<String> = VERBS.iter().map(|row| row.name.to_owned()).collect();
    assert!(in_source.len() > 30, "the source was not read: {in_source:?}");
    assert_eq!(here, in_source);
}

#[test]
fn no_public_function_of_the_engine_takes_or_gives_a_caller() {
    for (owner, signature) in public_functions() {
        assert!(!signature.contains("Caller"), "{owner}: {signature}");
    }
}
