//! Every public method of `store::Store` is proven on every database: the conformance suite names it.

use std::collections::BTreeSet;

use crate::tidy::Finding;
use crate::tidy::source::{Source, Token};

/// Finds the public methods of `Store` that no file of the store named `conformance` calls.
pub fn unproven(sources: &[Source]) -> Vec<Finding> {
    let store: Vec<&Source> = sources.iter().filter(|source| source.krate == "store").collect();
    let (suite, own): (Vec<&Source>, Vec<&Source>) = store.into_iter().partition(|source| is_suite(source));
    let proven: BTreeSet<&str> = suite.iter().flat_map(|source| &source.tokens).filter_map(Token::ident).collect();
    let methods = own.iter().flat_map(|source| methods(source).into_iter().map(move |token| (source, token)));
    let missing = methods.filter(|(_, token)| token.ident().is_some_and(|name| !proven.contains(name)));
    missing
        .map(|(source, token)| {
            let name = token.ident().unwrap_or_default();
            Finding::new(&source.path, token.line, format!("`Store::{name}` is not in the conformance suite"))
        })
        .collect()
}

fn is_suite(source: &Source) -> bool {
    source.path.components().any(|part| part.as_os_str().to_string_lossy().starts_with("conformance"))
}

/// The names of the public methods in the file's `impl Store { ... }` blocks, tests left out.
fn methods(source: &Source) -> Vec<&Token> {
    let tokens: Vec<&Token> = source.own_tokens().collect();
    let mut found = Vec::new();
    let mut depth = 0_usize;
    let mut block = None;
    for (at, token) in tokens.iter().enumerate() {
        if token.is_punct('{') {
            depth += 1;
            if at >= 2 && tokens[at - 1].is_ident("Store") && tokens[at - 2].is_ident("impl") {
                block = Some(depth);
            }
        } else if token.is_punct('}') {
            block = block.filter(|opened| *opened != depth);
            depth = depth.saturating_sub(1);
        } else if block == Some(depth) && token.is_ident("pub") {
            found.extend(method_name(&tokens[at + 1..]));
        }
    }
    found
}

/// The name in `async fn name` or `fn name`; nothing after `pub(crate)`, a constant or a type.
fn method_name<'a>(tokens: &[&'a Token]) -> Option<&'a Token> {
    let at = tokens.iter().take(3).position(|token| token.is_ident("fn"))?;
    let qualifiers = &tokens[..at];
    let plain = qualifiers.iter().all(|token| token.is_ident("async") || token.is_ident("const"));
    plain.then(|| tokens.get(at + 1).copied()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    fn unproven_in(own: &str, suite: &str) -> Vec<String> {
        let own = Source::parse(Path::new("crates/store/src/inbox.rs"), own).unwrap();
        let suite = Source::parse(Path::new("crates/store/src/conformance/inbox.rs"), suite).unwrap();
        unproven(&[own, suite]).into_iter().map(|finding| finding.why).collect()
    }

    #[test]
    fn a_public_method_that_no_case_calls_is_refused() {
        let own = "impl Store { pub async fn inbox(&self) {} pub const fn kind(&self) {} }";
        assert_eq!(unproven_in(own, "fn a() { store.kind(); }"), ["`Store::inbox` is not in the conformance suite"]);
        assert!(unproven_in(own, "fn a() { store.kind(); store.inbox(); }").is_empty());
    }

    #[test]
    fn private_methods_and_other_types_are_left_alone() {
        let own = "impl Store { fn a(&self) {} pub(crate) fn b(&self) {} } impl Facts { pub fn c() {} }";
        assert!(unproven_in(own, "").is_empty());
    }
}
