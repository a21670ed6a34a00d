//! Words that say nothing, promise what is not there, or mean something only to whoever wrote them.

use std::path::Path;

use crate::tidy::Finding;
use crate::tidy::source::{Source, Token};

/// Parts of a name that say nothing about the thing.
const EMPTY: &[&str] =
    &["manager", "service", "helper", "helpers", "util", "utils", "utility", "utilities", "common", "misc"];

/// Marks of unfinished work. In two parts, so that this file does not find itself.
const UNFINISHED: &[&str] = &[concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X")];

/// Beginnings of paths, and names of notes, that exist on no reader's machine.
const ELSEWHERE: &[&str] = &[
    concat!("/wo", "rk/"),
    concat!("/fa", "rm/"),
    concat!("/tmp/", "plan"),
    concat!("shared/", "design"),
    concat!("house", ".md"),
    concat!("contract", ".md"),
];

/// Finds marks of unfinished work and places that no reader has, in any text.
pub fn in_text(path: &Path, text: &str) -> Vec<Finding> {
    let lines = text.lines().enumerate();
    lines.flat_map(|(index, line)| in_line(line).map(move |why| Finding::new(path, index + 1, why))).collect()
}

fn in_line(line: &str) -> impl Iterator<Item = String> {
    let unfinished = UNFINISHED
        .iter()
        .filter(|mark| has_word(line, mark))
        .map(|mark| format!("`{mark}`: finish it, or say in a plain sentence what is so and why"));
    let elsewhere = ELSEWHERE
        .iter()
        .filter(|place| begins_somewhere(line, place))
        .map(|place| format!("`{place}` exists on no reader's machine: say it here"));
    unfinished.chain(elsewhere)
}

fn has_word(line: &str, word: &str) -> bool {
    line.match_indices(word)
        .any(|(at, _)| !line[..at].ends_with(is_name_char) && !line[at + word.len()..].starts_with(is_name_char))
}

fn begins_somewhere(line: &str, place: &str) -> bool {
    line.match_indices(place).any(|(at, _)| !line[..at].ends_with(|c: char| is_name_char(c) || "-.".contains(c)))
}

fn is_name_char(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Finds types, modules and files with a name that says nothing, and tests that are put aside.
pub fn in_names(source: &Source) -> Vec<Finding> {
    let file = source.path.file_stem().map(|stem| (0, stem.to_string_lossy().into_owned()));
    let defined = source.tokens.windows(2).filter_map(|pair| {
        let defines = ["struct", "enum", "trait", "type", "mod"].iter().any(|keyword| pair[0].is_ident(keyword));
        // `type Service` is what tower's traits ask for.
        let given = pair[0].is_ident("type") && pair[1].is_ident("Service");
        let name = pair[1].ident().filter(|_| defines && !given)?;
        Some((pair[1].line, name.to_owned()))
    });
    let empty = file.into_iter().chain(defined).filter_map(|(line, name)| {
        let part = parts(&name).find(|part| EMPTY.contains(&part.as_str()))?;
        Some(Finding::new(&source.path, line, format!("`{name}`: `{part}` says nothing; name the thing itself")))
    });
    let aside = source.tokens.windows(3).filter(|words| is_ignore(words)).map(|words| {
        Finding::new(&source.path, words[0].line, "a test that is put aside proves nothing: make it run or remove it")
    });
    empty.chain(aside).collect()
}

fn is_ignore(words: &[Token]) -> bool {
    words[0].is_punct('#') && words[1].is_punct('[') && words[2].is_ident("ignore")
}

/// The lower-case parts of `snake_case` and `CamelCase` names.
fn parts(name: &str) -> impl Iterator<Item = String> {
    let mut spaced = String::new();
    for c in name.chars() {
        if c.is_uppercase() || !c.is_alphanumeric() {
            spaced.push(' ');
        }
        if c.is_alphanumeric() {
            spaced.extend(c.to_lowercase());
        }
    }
    spaced.split_whitespace().map(str::to_owned).collect::<Vec<_>>().into_iter()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(path: &str, text: &str) -> usize {
        in_names(&Source::parse(Path::new(path), text).unwrap()).len()
    }

    #[test]
    fn names_that_say_nothing_are_refused() {
        for text in ["struct LeaseManager;", "mod utils;", "trait Helper {}", "type Common = u8;", "enum MiscKind {}"] {
            assert_eq!(names("crates/engine/src/lease.rs", text), 1, "{text}");
        }
        assert_eq!(names("crates/engine/src/http_util.rs", ""), 1);
        assert_eq!(names("crates/engine/src/lease.rs", "struct Lease; fn util() {} type Service = S;"), 0);
    }

    #[test]
    fn tests_that_are_put_aside_are_refused() {
        assert_eq!(names("crates/engine/src/lease.rs", "#[test]\n#[ignore = \"slow\"]\nfn a() {}"), 1);
        assert_eq!(names("crates/engine/src/lease.rs", "#[test]\n#[ignore]\nfn a() {}"), 1);
    }

    #[test]
    fn marks_of_unfinished_work_are_refused() {
        for mark in UNFINISHED {
            assert_eq!(in_text(Path::new("a.rs"), &format!("fn a() {{}}\n// {mark}: later")).len(), 1);
            assert_eq!(in_text(Path::new("a.rs"), &format!("{mark}S_PER_PAGE")).len(), 0);
        }
    }

    #[test]
    fn places_that_no_reader_has_are_refused() {
        for place in ELSEWHERE {
            assert_eq!(in_text(Path::new("a.md"), &format!("see {place}")).len(), 1, "{place}");
            assert_eq!(in_text(Path::new("a.md"), &format!("see net{place}")).len(), 0, "{place}");
        }
    }
}
