//! Under which licences a dependency may come.

use serde_json::Value;

/// Licences that ask for no more than their text beside the program.
const ALLOWED: &[&str] = &[
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "ISC",
    "MIT",
    "MIT-0",
    "Unicode-3.0",
    "Zlib",
];

/// Crates under another licence, and why that is right.
const EXCEPTIONS: &[(&str, &str, &str)] =
    &[("option-ext", "MPL-2.0", "used as it is; the licence asks for changes to its own files only")];

/// Finds packages whose licence is not allowed.
pub fn refused(packages: &[Value]) -> Vec<String> {
    packages.iter().filter_map(refusal).collect()
}

fn refusal(package: &Value) -> Option<String> {
    let name = package["name"].as_str().unwrap_or_default();
    let Some(licence) = package["license"].as_str() else {
        return Some(format!("{} names no licence", super::name(package)));
    };
    let excepted = EXCEPTIONS.iter().any(|(krate, given, _)| *krate == name && *given == licence);
    let right = excepted || Expression::of(licence).is_some_and(|expression| expression.allowed());
    (!right).then(|| {
        format!(
            "{} is under `{licence}`, which crates/xtask/src/dependencies/licence.rs does not allow",
            super::name(package)
        )
    })
}

/// An SPDX expression.
enum Expression {
    Licence(String),
    All(Vec<Expression>),
    Any(Vec<Expression>),
}

impl Expression {
    /// Reads an expression; nothing when it is not one. `/`, which old crates write, means `OR`.
    fn of(text: &str) -> Option<Self> {
        let spaced = text.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
        let words: Vec<&str> = spaced.split_whitespace().collect();
        let (expression, rest) = any(&words)?;
        rest.is_empty().then_some(expression)
    }

    fn allowed(&self) -> bool {
        match self {
            Self::Licence(name) => ALLOWED.contains(&name.as_str()),
            Self::All(parts) => parts.iter().all(Self::allowed),
            Self::Any(parts) => parts.iter().any(Self::allowed),
        }
    }
}

type Parsed<'a> = Option<(Expression, &'a [&'a str])>;

fn any<'a>(words: &'a [&'a str]) -> Parsed<'a> {
    list(words, "OR", all).map(|(parts, rest)| (Expression::Any(parts), rest))
}

/// `AND` binds closer than `OR`.
fn all<'a>(words: &'a [&'a str]) -> Parsed<'a> {
    list(words, "AND", one).map(|(parts, rest)| (Expression::All(parts), rest))
}

fn list<'a>(
    words: &'a [&'a str],
    joined_by: &str,
    part: fn(&'a [&'a str]) -> Parsed<'a>,
) -> Option<(Vec<Expression>, &'a [&'a str])> {
    let (first, mut rest) = part(words)?;
    let mut parts = vec![first];
    while rest.first() == Some(&joined_by) {
        let (next, after) = part(&rest[1..])?;
        parts.push(next);
        rest = after;
    }
    Some((parts, rest))
}

fn one<'a>(words: &'a [&'a str]) -> Parsed<'a> {
    match words {
        ["(", inner @ ..] => {
            let (expression, rest) = any(inner)?;
            rest.split_first().filter(|(close, _)| **close == ")").map(|(_, rest)| (expression, rest))
        }
        [name, "WITH", exception, rest @ ..] => Some((Expression::Licence(format!("{name} WITH {exception}")), rest)),
        [name, rest @ ..] if !["AND", "OR", ")"].contains(name) => {
            Some((Expression::Licence((*name).to_owned()), rest))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn is_allowed(licence: &str) -> bool {
        refused(&[json!({"name": "some", "version": "1.0.0", "license": licence})]).is_empty()
    }

    #[test]
    fn one_allowed_licence_of_several_to_choose_from_is_enough() {
        for licence in ["MIT", "GPL-3.0 OR MIT", "MIT/GPL-3.0", "Apache-2.0 WITH LLVM-exception OR GPL-3.0"] {
            assert!(is_allowed(licence), "{licence}");
        }
    }

    #[test]
    fn licences_that_hold_together_must_all_be_allowed() {
        assert!(is_allowed("(MIT OR GPL-3.0) AND Unicode-3.0"));
        assert!(!is_allowed("MIT AND GPL-3.0"));
        assert!(!is_allowed("MIT AND (GPL-3.0 OR AGPL-3.0)"));
        assert!(is_allowed("GPL-3.0 AND AGPL-3.0 OR MIT"));
    }

    #[test]
    fn no_licence_and_no_expression_are_refused() {
        assert!(!is_allowed("") && !is_allowed("(MIT") && !is_allowed("MIT OR") && !is_allowed("MIT GPL-3.0"));
        assert_eq!(refused(&[json!({"name": "some", "version": "1.0.0", "license": null})]).len(), 1);
    }

    #[test]
    fn an_exception_is_for_one_crate() {
        let package = |name: &str| json!({"name": name, "version": "1.0.0", "license": "MPL-2.0"});
        assert!(refused(&[package("option-ext")]).is_empty());
        assert_eq!(refused(&[package("another")]).len(), 1);
    }
}
