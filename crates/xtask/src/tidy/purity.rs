//! `domain` never awaits, reads a clock, rolls dice or touches the world.

use crate::tidy::Finding;
use crate::tidy::source::{Source, Token};

/// Names that have no business in a pure rule.
const NAMES: &[&str] = &["async", "await", "SystemTime", "Instant", "tokio", "getrandom", "Clock", "now_v7", "new_v4"];

/// Modules of the standard library that reach outside.
const MODULES: &[&str] = &["env", "fs", "io", "net", "process", "thread"];

/// Finds what is not pure in `domain`, its tests left out.
pub fn impure(source: &Source) -> Vec<Finding> {
    if source.krate != "domain" {
        return Vec::new();
    }
    let tokens: Vec<&Token> = source.own_tokens().collect();
    let names = tokens.iter().filter(|token| token.ident().is_some_and(|name| NAMES.contains(&name)));
    let paths = (0..tokens.len()).flat_map(|at| outside(&tokens[at..]));
    names.copied().chain(paths).map(|token| finding(source, token)).collect()
}

fn finding(source: &Source, token: &Token) -> Finding {
    let name = token.ident().unwrap_or_default();
    let why =
        format!("`{name}` in `domain`: a rule is a pure function of what it is given, time and randomness included");
    Finding::new(&source.path, token.line, why)
}

/// The modules that `std::fs` or `std::{fs, io}` at the beginning of `tokens` names.
fn outside<'a>(tokens: &[&'a Token]) -> Vec<&'a Token> {
    let [std, first, second, rest @ ..] = tokens else { return Vec::new() };
    if !(std.is_ident("std") && first.is_punct(':') && second.is_punct(':')) {
        return Vec::new();
    }
    let named = match rest.first() {
        Some(token) if token.is_punct('{') => rest.iter().position(|token| token.is_punct('}')).unwrap_or(0),
        _ => 1,
    };
    let is_outside = |token: &&Token| token.ident().is_some_and(|name| MODULES.contains(&name));
    rest.iter().take(named).copied().filter(is_outside).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    fn found(path: &str, text: &str) -> Vec<usize> {
        let source = Source::parse(Path::new(path), text).unwrap();
        impure(&source).into_iter().map(|finding| finding.line).collect()
    }

    #[test]
    fn awaiting_and_reading_a_clock_are_refused_in_the_domain() {
        let path = "crates/domain/src/lease.rs";
        assert_eq!(found(path, "async fn a() {}"), [1]);
        assert_eq!(found(path, "fn a() {}\nfn b() { c.await }"), [2]);
        assert_eq!(found(path, "use std::time::SystemTime;"), [1]);
        assert_eq!(found(path, "fn a() { Uuid::now_v7(); }"), [1]);
    }

    #[test]
    fn files_and_sockets_are_refused_in_the_domain() {
        let path = "crates/domain/src/lease.rs";
        assert_eq!(found(path, "use std::fs;"), [1]);
        assert_eq!(found(path, "use std::{fmt,\nnet::TcpStream};"), [2]);
        assert!(found(path, "use std::fmt;\nuse std::time::Duration;").is_empty());
    }

    #[test]
    fn other_crates_and_tests_may() {
        assert!(found("crates/engine/src/lease.rs", "async fn a() {}").is_empty());
        assert!(found("crates/domain/src/lease.rs", "#[cfg(test)]\nmod tests { use std::fs; }").is_empty());
    }
}
