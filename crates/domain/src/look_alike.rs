//! Names that a reader takes for one another: they differ in case only, or in letters that look the same.
//!
//! Names are ASCII, so of Unicode's confusables (UTS #39) those within ASCII are what matters: `0` and `O`, `1`, `l` and `I`, `rn` and
//! `m`, and beside these `vv` and `w`.

use crate::agent::SYSTEM;

/// A name as the eye reads it, byte by byte.
struct Shape<'a> {
    left: &'a [u8],
    /// Whether a capital `I` is the small letter `i`; else it is a stroke, as `l` and `1` are.
    dotted: bool,
}

impl Shape<'_> {
    fn peek(&self) -> Option<u8> {
        let first = *self.left.first()?;
        Some(match first {
            b'0' => b'o',
            b'1' => b'l',
            b'I' if !self.dotted => b'l',
            other => other.to_ascii_lowercase(),
        })
    }

    fn take(&mut self) -> Option<u8> {
        let first = self.peek();
        self.left = self.left.get(1..).unwrap_or_default();
        first
    }
}

impl Iterator for Shape<'_> {
    type Item = u8;

    fn next(&mut self) -> Option<u8> {
        let first = self.take()?;
        let (second, both) = match first {
            b'r' => (b'n', b'm'),
            b'v' => (b'v', b'w'),
            other => return Some(other),
        };
        if self.peek() != Some(second) {
            return Some(first);
        }
        self.take();
        Some(both)
    }
}

/// Whether a reader takes one name for the other.
fn is_alike(one: &str, other: &str) -> bool {
    let shape = |name, dotted| Shape { left: str::as_bytes(name), dotted };
    [true, false].into_iter().any(|dotted| shape(one, dotted).eq(shape(other, dotted)))
}

/// The first of the known names that is another one and looks like this.
pub fn look_alike<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    known.into_iter().find(|other| *other != name && is_alike(name, other))
}

/// Whether a name is, or looks like, that of the system itself.
pub fn is_like_system(name: &str) -> bool {
    name == SYSTEM || look_alike(name, [SYSTEM]).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_look_alike_are_told() {
        for (name, other) in [
            ("Code", "code"),
            ("CODE", "code"),
            ("c0de", "code"),
            ("C0DE", "code"),
            ("a1", "al"),
            ("aI", "al"),
            ("AI", "ai"),
            ("AI", "al"),
            ("Al", "al"),
            ("rnodern", "modem"),
            ("vvorker", "worker"),
            ("systern", "system"),
        ] {
            assert_eq!(look_alike(name, ["x", other]), Some(other), "{name}");
            assert_eq!(look_alike(other, [name]), Some(name), "{other}");
        }
    }

    #[test]
    fn names_that_are_different_stay_so() {
        for (name, other) in [
            ("code", "code"),
            ("ai", "al"),
            ("mail", "mall"),
            ("worker-1", "worker-2"),
            ("worker-10", "worker-1"),
            ("a.b", "a-b"),
            ("a-b", "a_b"),
            ("coder", "code"),
            ("node-0", "node-1"),
        ] {
            assert_eq!(look_alike(name, [other]), None, "{name} and {other}");
        }
        assert!(is_like_system("System") && is_like_system("system") && !is_like_system("systems"));
    }
}
