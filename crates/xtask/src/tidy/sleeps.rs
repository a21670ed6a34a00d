//! A test waits for the thing itself: `testkit::eventually` is the one place that sleeps.

use crate::tidy::Finding;
use crate::tidy::source::Source;

/// Where the one wait is.
const HOME: &str = "crates/testkit/src/eventually.rs";

/// What the comment on or above a line begins with that sleeps to pace load, and then says why.
const REASON: &str = "// pace: ";

/// Finds sleeps in tests that give no reason.
pub fn in_tests(source: &Source, text: &str) -> Vec<Finding> {
    if source.path.as_os_str() == HOME {
        return Vec::new();
    }
    let lines: Vec<&str> = text.lines().collect();
    let reasoned =
        |line: usize| (line.saturating_sub(2)..line).any(|at| lines.get(at).is_some_and(|text| text.contains(REASON)));
    let calls = source
        .tokens
        .windows(2)
        .filter(|pair| ["sleep", "sleep_until"].iter().any(|name| pair[0].is_ident(name)) && pair[1].is_punct('('));
    let lines = calls.map(|pair| pair[0].line);
    let in_test = |line: &usize| source.krate == "testkit" || source.is_test(*line);
    let found = lines.filter(in_test).filter(|line| !reasoned(*line));
    found.map(|line| Finding::new(&source.path, line, WHY)).collect()
}

const WHY: &str =
    "a sleep is too short or too long: wait with `testkit::eventually`, or say `// pace: why` where it paces load";

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    fn found(path: &str, text: &str) -> usize {
        in_tests(&Source::parse(Path::new(path), text).unwrap(), text).len()
    }

    #[test]
    fn a_sleep_in_a_test_is_refused() {
        assert_eq!(found("crates/coord/tests/a.rs", "fn a() { tokio::time::sleep(PAUSE); }"), 1);
        assert_eq!(found("crates/store/src/a.rs", "#[cfg(test)]\nmod tests { fn a() { sleep(PAUSE); } }"), 1);
        assert_eq!(found("crates/testkit/src/a.rs", "fn a() { std::thread::sleep(PAUSE); }"), 1);
    }

    #[test]
    fn paced_load_says_why() {
        let text = "// pace: ten messages a second\nfn a() { sleep(PAUSE); }";
        assert_eq!(found("crates/coord/tests/a.rs", text), 0);
        assert_eq!(found("crates/coord/tests/a.rs", "fn a() { sleep(PAUSE); } // pace: as a client does"), 0);
        assert_eq!(found("crates/coord/tests/a.rs", "// pace: this\n\n\nfn a() { sleep(PAUSE); }"), 1);
    }

    #[test]
    fn what_runs_in_production_may_sleep() {
        assert_eq!(found("crates/engine/src/a.rs", "fn a() { sleep(PAUSE); }"), 0);
        assert_eq!(found(HOME, "fn a() { sleep(PAUSE); }"), 0);
    }
}
