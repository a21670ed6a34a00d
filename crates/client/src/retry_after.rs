use std::time::{Duration, SystemTime};

use reqwest::header::{self, HeaderMap};

/// The longest that is waited because a header says so.
const LONGEST: Duration = Duration::from_secs(24 * 3600);

/// Reads how long an answer asks to wait: in seconds or until a date (RFC 9110), at most a day.
pub(crate) fn of(headers: &HeaderMap) -> Option<Duration> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let sent = text(header::DATE).and_then(|date| httpdate::parse_http_date(date).ok());
    parse(text(header::RETRY_AFTER)?, sent.unwrap_or_else(now))
}

#[expect(clippy::disallowed_methods, reason = "only where an answer does not say when it was sent")]
fn now() -> SystemTime {
    SystemTime::now()
}

/// Reads the header's text; `sent` is when it was sent, which dates are counted from.
fn parse(text: &str, sent: SystemTime) -> Option<Duration> {
    let text = text.trim();
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        // What no number here can hold is longer than the longest, too.
        return Some(text.parse().map_or(LONGEST, Duration::from_secs).min(LONGEST));
    }
    let until = httpdate::parse_http_date(text).ok()?;
    Some(until.duration_since(sent).unwrap_or_default().min(LONGEST))
}

/// Says so for people; nothing where nothing was said.
pub(crate) fn sentence(wait: Option<Duration>) -> String {
    wait.map_or_else(String::new, |wait| format!("; try again in {} s", wait.as_secs()))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{LONGEST, parse};

    const SENT: &str = "Sat, 14 Mar 2026 09:26:53 GMT";

    fn seconds(text: &str) -> Option<u64> {
        parse(text, httpdate::parse_http_date(SENT).unwrap()).map(|wait| wait.as_secs())
    }

    #[test]
    fn seconds_of_any_size_are_honoured_up_to_a_day() {
        assert_eq!((seconds("0"), seconds(" 30 ")), (Some(0), Some(30)));
        for text in ["86401", "4294967295", "4294967296", "18446744073709551616", &"9".repeat(200)] {
            assert_eq!(parse(text, std::time::UNIX_EPOCH), Some(LONGEST), "{text}");
        }
    }

    #[test]
    fn a_date_is_counted_from_the_moment_of_the_answer() {
        assert_eq!(seconds("Sat, 14 Mar 2026 09:27:03 GMT"), Some(10));
        assert_eq!(seconds("Sat, 14 Mar 2026 09:00:00 GMT"), Some(0));
        assert_eq!(seconds("Fri, 31 Dec 9999 23:59:59 GMT"), Some(LONGEST.as_secs()));
    }

    #[test]
    fn what_is_neither_is_nothing() {
        for text in ["", "-1", "1.5", "soon", "Sat, 14 Mar"] {
            assert_eq!(seconds(text), None::<u64>, "{text}");
        }
        assert_eq!(super::sentence(Some(Duration::from_secs(2))), "; try again in 2 s");
    }

    #[test]
    fn fuzzed_waits_are_at_most_a_day() {
        fuzz::fuzz("retry_after", |input| {
            let Ok(text) = std::str::from_utf8(input) else { return };
            assert!(parse(text, std::time::UNIX_EPOCH).is_none_or(|wait| wait <= LONGEST), "{text}");
        });
    }
}
