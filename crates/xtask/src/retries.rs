//! Which tests passed only when they were run again, by the report that nextest writes.

use std::fs;
use std::path::Path;

use crate::progress::say;

/// Where nextest writes its report, as .config/nextest.toml says.
pub const REPORT: &str = "target/nextest/default/junit.xml";

/// Removes the report of an earlier run.
pub fn forget(root: &Path) {
    // Absent is as good as removed.
    let _ = fs::remove_file(root.join(REPORT));
}

/// Prints how many tests were run again, how often, and which they are.
pub fn print(root: &Path) {
    let Ok(report) = fs::read_to_string(root.join(REPORT)) else { return };
    let flaky = flaky(&report);
    say(&format!("retries: {} in {} tests", flaky.iter().map(|(_, count)| count).sum::<usize>(), flaky.len()));
    for (name, count) in flaky {
        say(&format!("  {name}: passed after {count} failed"));
    }
}

/// The tests that failed before they passed, and how often.
fn flaky(report: &str) -> Vec<(String, usize)> {
    let cases = report.split("<testcase ").skip(1).map(|case| case.split("</testcase>").next().unwrap_or(case));
    let counted = cases.map(|case| (case, case.matches("<flakyFailure").count() + case.matches("<flakyError").count()));
    let again = counted.filter(|(_, count)| *count > 0);
    again.map(|(case, count)| (format!("{} {}", value(case, "classname"), value(case, "name")), count)).collect()
}

/// The value of an attribute at the beginning of an element.
fn value<'a>(element: &'a str, attribute: &str) -> &'a str {
    let attributes = element.split('>').next().unwrap_or(element);
    let found = attributes.split_ascii_whitespace().find_map(|word| word.strip_prefix(attribute)?.strip_prefix("=\""));
    found.and_then(|rest| rest.split('"').next()).unwrap_or("?")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_test_that_failed_before_it_passed_is_counted() {
        let report = r#"<testsuite name="broker::rabbitmq">
            <testcase name="a_lane::is_whole" classname="broker::rabbitmq" time="1.2"><system-out>x</system-out></testcase>
            <testcase name="a_queue::is_back" classname="broker::rabbitmq" time="1.2">
              <flakyFailure timestamp="t" message="m" type="test failure">why</flakyFailure>
            </testcase>
            <testcase name="b" classname="broker::rabbitmq"><failure type="test failure"><rerunFailure/></failure></testcase>
        </testsuite>"#;
        assert_eq!(flaky(report), [("broker::rabbitmq a_queue::is_back".to_owned(), 1)]);
    }
}
