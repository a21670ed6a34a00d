//! A file holds one thing and fits in a reader's head.

use crate::tidy::Finding;
use crate::tidy::source::Source;

/// The most lines that a file of source may have, its tests left out.
pub const LINES_MAX: usize = 400;

/// From here on, a look at whether the file holds one thing only is worth it.
pub const LINES_NOTED: usize = 286;

/// Finds a file over [`LINES_MAX`].
pub fn too_long(source: &Source) -> Option<Finding> {
    let lines = own_lines(source)?;
    (lines > LINES_MAX).then(|| {
        let why = format!("{lines} lines without tests; split it by what it is about (at most {LINES_MAX})");
        Finding::new(&source.path, 0, why)
    })
}

/// Finds a file over [`LINES_NOTED`] that is not yet too long.
pub fn getting_long(source: &Source) -> Option<Finding> {
    let lines = own_lines(source)?;
    let why = format!("{lines} lines without tests; nine in ten files stay under {LINES_NOTED}");
    (lines > LINES_NOTED && lines <= LINES_MAX).then(|| Finding::new(&source.path, 0, why))
}

fn own_lines(source: &Source) -> Option<usize> {
    (!source.is_test_file()).then(|| source.lines - source.test_lines())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    fn source(path: &str, lines: usize, tests: usize) -> Source {
        let tests = format!("#[cfg(test)]\nmod tests {{\n{}}}\n", "fn b() {}\n".repeat(tests));
        Source::parse(Path::new(path), &("fn a() {}\n".repeat(lines) + &tests)).unwrap()
    }

    #[test]
    fn a_file_over_the_limit_is_refused() {
        assert!(too_long(&source("crates/protocol/src/a.rs", 401, 0)).is_some());
        assert!(too_long(&source("crates/protocol/src/a.rs", 400, 0)).is_none());
    }

    #[test]
    fn tests_do_not_count() {
        assert!(too_long(&source("crates/protocol/src/a.rs", 400, 500)).is_none());
        assert!(too_long(&source("crates/protocol/tests/a.rs", 900, 0)).is_none());
    }

    #[test]
    fn a_long_file_is_noted_before_it_is_refused() {
        assert!(getting_long(&source("crates/protocol/src/a.rs", 287, 0)).is_some());
        assert!(getting_long(&source("crates/protocol/src/a.rs", 286, 0)).is_none());
        assert!(getting_long(&source("crates/protocol/src/a.rs", 401, 0)).is_none());
    }
}
