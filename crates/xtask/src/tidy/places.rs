//! What lives in one crate only, told by what the source says.

use crate::tidy::Finding;
use crate::tidy::source::{Source, Token, Word};

/// Crates that may speak of HTTP's status codes: the face, the client, the binary's client commands, the tests.
const STATUS_CODES: &[&str] = &["protocol", "server", "client", "webhook", "coord", "bench", "testkit"];

/// Crates that every adapter stands on, and so name no route, no header and no command of any.
const WITHOUT_ADAPTER: &[&str] = &["domain", "engine"];

/// Crates that may hold SQL.
const SQL: &[&str] = &["store"];

/// How the other statements begin: a verb and what may come next.
const BEGINNINGS: &[(&str, &[&str])] = &[
    ("insert", &["into", "or"]),
    ("replace", &["into"]),
    ("delete", &["from"]),
    ("update", &["or"]),
    ("create", &["table", "index", "unique", "virtual", "view", "trigger"]),
    ("drop", &["table", "index", "view", "trigger"]),
    ("alter", &["table"]),
    ("pragma", &["synchronous", "journal_mode", "foreign_keys", "user_version", "integrity_check", "wal_checkpoint"]),
];

/// Finds SQL outside `store` and status codes outside the faces. Tests may hold both: some tamper on purpose.
pub fn misplaced(source: &Source) -> Vec<Finding> {
    source.own_tokens().filter_map(|token| complaint(&source.krate, token, source)).collect()
}

fn complaint(krate: &str, token: &Token, source: &Source) -> Option<Finding> {
    let why = match &token.word {
        Word::Literal(text) if !SQL.contains(&krate) && looks_like_sql(text) => "SQL lives in `store` only",
        Word::Literal(text) if WITHOUT_ADAPTER.contains(&krate) && speaks_of_an_adapter(text) => {
            "routes, headers and commands are an adapter's words: name the thing, as `domain::Remedy` does"
        }
        Word::Ident(name) if name == "StatusCode" && !STATUS_CODES.contains(&krate) => {
            "status codes live in `server` only (and in the client): answer with a refusal in the user's words"
        }
        _ => return None,
    };
    Some(Finding::new(&source.path, token.line, why))
}

/// Whether a string literal, as it is written, begins like a statement.
fn looks_like_sql(literal: &str) -> bool {
    let text = literal.trim_start_matches(['r', 'b', 'c', '#', '"']).trim_end_matches(['#', '"']);
    let text = text.replace("\\n", " ").to_lowercase();
    let words: Vec<&str> = text.split_whitespace().collect();
    match words.as_slice() {
        ["select", rest @ ..] => rest.contains(&"from"),
        ["with", _, "as", next, ..] => next.starts_with('('),
        [first, second, ..] => BEGINNINGS.iter().any(|(verb, next)| {
            let third = words.get(2).copied().unwrap_or_default();
            verb == first && (next.contains(second) || (*verb == "update" && third == "set"))
        }),
        _ => false,
    }
}

/// Whether a string literal names a route, a header, a command or a flag.
fn speaks_of_an_adapter(literal: &str) -> bool {
    ["/api/", "`coord ", "coord keys", " --", "`--", "Authorization:", "Idempotency-Key"]
        .iter()
        .any(|word| literal.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    fn complaints(path: &str, text: &str) -> usize {
        misplaced(&Source::parse(Path::new(path), text).unwrap()).len()
    }

    #[test]
    fn sql_outside_the_store_is_refused() {
        for statement in [
            r#""SELECT id FROM messages""#,
            r#""\n  select id, seq\n from messages""#,
            r##"r#"INSERT INTO messages (id) VALUES ($1)"#"##,
            r#""INSERT OR IGNORE INTO messages (id) VALUES ($1)""#,
            r#""UPDATE deliveries SET state = $1""#,
            r#""DELETE FROM keys""#,
            r#""WITH due AS (SELECT 1) SELECT 2""#,
            r#""CREATE TABLE messages (id)""#,
            r#""PRAGMA user_version""#,
        ] {
            let text = format!("const Q: &str = {statement};");
            assert_eq!(complaints("crates/engine/src/send.rs", &text), 1, "{statement}");
            assert_eq!(complaints("crates/store/src/send.rs", &text), 0, "{statement}");
            assert_eq!(complaints("crates/engine/tests/tamper.rs", &text), 0, "{statement}");
        }
    }

    #[test]
    fn prose_is_not_sql() {
        for prose in ["selects a message", "Update the agent, then set it", "delete", "with a lease as long as"] {
            let text = format!("const Q: &str = \"{prose}\";");
            assert_eq!(complaints("crates/engine/src/send.rs", &text), 0, "{prose}");
        }
    }

    #[test]
    fn the_rules_name_no_route_and_no_command() {
        for words in
            ["Store it first: POST /api/v1/attachments.", "run `coord keys create`", "see --help", "use `--data`"]
        {
            let text = format!("const Q: &str = \"{words}\";");
            assert_eq!(complaints("crates/engine/src/send.rs", &text), 1, "{words}");
            assert_eq!(complaints("crates/domain/src/send/mod.rs", &text), 1, "{words}");
            assert_eq!(complaints("crates/server/src/problem.rs", &text), 0, "{words}");
        }
    }

    #[test]
    fn status_codes_outside_the_faces_are_refused() {
        let text = "use http::StatusCode;";
        assert_eq!(complaints("crates/engine/src/send.rs", text), 1);
        assert_eq!(complaints("crates/domain/src/refusal.rs", text), 1);
        assert_eq!(complaints("crates/server/src/problem.rs", text), 0);
    }
}
