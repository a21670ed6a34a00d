//! A Rust file as the rules see it: its words with their lines, without comments, and which lines are tests.

use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

use proc_macro2::{Delimiter, TokenStream, TokenTree};

use crate::tidy::Finding;

/// One word of a Rust file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Word {
    /// A name or a keyword.
    Ident(String),
    /// A literal as it is written, quotes included.
    Literal(String),
    /// Any other character, brackets included.
    Punct(char),
}

/// A word and its line, from 1.
#[derive(Debug, Clone)]
pub struct Token {
    /// The line on which the word begins.
    pub line: usize,
    /// The word.
    pub word: Word,
}

impl Token {
    /// Whether this is that name or keyword.
    pub fn is_ident(&self, name: &str) -> bool {
        matches!(&self.word, Word::Ident(found) if found == name)
    }

    /// Whether this is that character.
    pub fn is_punct(&self, punct: char) -> bool {
        self.word == Word::Punct(punct)
    }

    /// The name, when this is one.
    pub fn ident(&self) -> Option<&str> {
        match &self.word {
            Word::Ident(name) => Some(name),
            _ => None,
        }
    }
}

/// A Rust file, read.
#[derive(Debug)]
pub struct Source {
    /// The file, relative to the workspace.
    pub path: PathBuf,
    /// The crate that it belongs to; empty for a file outside `crates/`.
    pub krate: String,
    /// How many lines it has.
    pub lines: usize,
    /// Its words, without comments and doc comments.
    pub tokens: Vec<Token>,
    /// Lines of items under `#[cfg(test)]`.
    tests: Vec<RangeInclusive<usize>>,
}

impl Source {
    /// Reads a file's text.
    ///
    /// Fails with a finding when the text is no Rust.
    pub fn parse(path: &Path, text: &str) -> Result<Self, Finding> {
        let stream: TokenStream =
            text.parse().map_err(|error| Finding::new(path, 0, format!("this is not Rust: {error}")))?;
        let mut tokens = Vec::new();
        flatten(stream, &mut tokens);
        let tests = test_items(&tokens);
        Ok(Self { path: path.to_owned(), krate: crate_of(path), lines: text.lines().count(), tokens, tests })
    }

    /// Whether the whole file is tests: below `tests/` or `benches/`, or named for it.
    pub fn is_test_file(&self) -> bool {
        let folder = self.path.components().any(|part| part.as_os_str() == "tests" || part.as_os_str() == "benches");
        folder || self.path.file_stem().is_some_and(|stem| stem == "tests")
    }

    /// Whether a line is in a test file or in an item under `#[cfg(test)]`.
    pub fn is_test(&self, line: usize) -> bool {
        self.is_test_file() || self.tests.iter().any(|lines| lines.contains(&line))
    }

    /// How many lines are in items under `#[cfg(test)]`.
    pub fn test_lines(&self) -> usize {
        self.tests.iter().map(|lines| lines.end() - lines.start() + 1).sum()
    }

    /// The words that are not tests.
    pub fn own_tokens(&self) -> impl Iterator<Item = &Token> {
        self.tokens.iter().filter(|token| !self.is_test(token.line))
    }
}

fn crate_of(path: &Path) -> String {
    let mut parts = path.components().map(|part| part.as_os_str().to_string_lossy());
    match (parts.next(), parts.next()) {
        (Some(first), Some(second)) if first == "crates" => second.into_owned(),
        _ => String::new(),
    }
}

fn flatten(stream: TokenStream, tokens: &mut Vec<Token>) {
    for tree in stream {
        let line = tree.span().start().line;
        match tree {
            TokenTree::Ident(ident) => {
                tokens.push(Token { line, word: Word::Ident(ident.to_string()) });
            }
            TokenTree::Punct(punct) => {
                tokens.push(Token { line, word: Word::Punct(punct.as_char()) });
            }
            TokenTree::Literal(literal) => {
                tokens.push(Token { line, word: Word::Literal(literal.to_string()) });
            }
            TokenTree::Group(group) => {
                let (open, close) = brackets(group.delimiter());
                if open == '[' && is_doc(&group.stream()) {
                    drop_attribute_mark(tokens);
                    continue;
                }
                tokens.push(Token { line, word: Word::Punct(open) });
                flatten(group.stream(), tokens);
                tokens.push(Token { line: group.span_close().end().line, word: Word::Punct(close) });
            }
        }
    }
}

fn brackets(delimiter: Delimiter) -> (char, char) {
    match delimiter {
        Delimiter::Parenthesis => ('(', ')'),
        Delimiter::Bracket => ('[', ']'),
        Delimiter::Brace | Delimiter::None => ('{', '}'),
    }
}

/// Whether an attribute's inside is `doc = "..."`, which is how a doc comment reads.
fn is_doc(stream: &TokenStream) -> bool {
    let mut trees = stream.clone().into_iter();
    matches!(trees.next(), Some(TokenTree::Ident(name)) if name == "doc")
        && matches!(trees.next(), Some(TokenTree::Punct(punct)) if punct.as_char() == '=')
}

/// Drops the `#` or `#!` before an attribute that is left out.
fn drop_attribute_mark(tokens: &mut Vec<Token>) {
    if tokens.last().is_some_and(|token| token.is_punct('!')) {
        tokens.pop();
    }
    tokens.pop();
}

/// The lines of each item that follows `#[cfg(test)]`, up to its closing bracket or semicolon.
fn test_items(tokens: &[Token]) -> Vec<RangeInclusive<usize>> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        if is_cfg_test(&tokens[at..]) {
            let end = item_end(tokens, at + 7);
            found.push(tokens[at].line..=tokens[end].line);
            at = end;
        }
        at += 1;
    }
    found
}

fn is_cfg_test(tokens: &[Token]) -> bool {
    let [hash, open, cfg, paren, test, ..] = tokens else { return false };
    hash.is_punct('#') && open.is_punct('[') && cfg.is_ident("cfg") && paren.is_punct('(') && test.is_ident("test")
}

/// The index of the last word of the item that begins at `start`.
fn item_end(tokens: &[Token], start: usize) -> usize {
    let mut depth = 0_usize;
    for (index, token) in tokens.iter().enumerate().skip(start) {
        match token.word {
            Word::Punct('(' | '[' | '{') => depth += 1,
            Word::Punct('}') if depth == 1 => return index,
            Word::Punct(')' | ']' | '}') => depth = depth.saturating_sub(1),
            Word::Punct(';') if depth == 0 => return index,
            _ => {}
        }
    }
    tokens.len() - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Source {
        Source::parse(Path::new("crates/engine/src/send.rs"), text).unwrap()
    }

    #[test]
    fn comments_are_no_words() {
        let source = parse("//! Delete from here.\n/// Select it from there.\n// drop it\nfn send() {}\n");
        let names: Vec<&str> = source.tokens.iter().filter_map(Token::ident).collect();
        assert_eq!(names, ["fn", "send"]);
        assert_eq!(source.krate, "engine");
    }

    #[test]
    fn items_under_cfg_test_are_tests() {
        let source = parse("fn a() {}\n#[cfg(test)]\nmod tests {\n    fn b() {}\n}\nfn c() {}\n");
        assert!(!source.is_test(1));
        assert!(source.is_test(2) && source.is_test(5));
        assert!(!source.is_test(6));
        assert_eq!(source.test_lines(), 4);
    }

    #[test]
    fn what_is_no_rust_is_a_finding() {
        let finding = Source::parse(Path::new("crates/protocol/src/lib.rs"), "fn a( {").unwrap_err();
        assert!(finding.why.starts_with("this is not Rust"));
    }
}
