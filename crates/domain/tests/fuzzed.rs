//! Texts from outside that the rules read: times, durations, cursors.

use domain::{Page, Span, Time};

fn text(input: &[u8]) -> Option<&str> {
    std::str::from_utf8(input).ok()
}

#[test]
fn fuzzed_times_and_durations_are_refused_or_read_as_they_are_written() {
    fuzz::fuzz("time", |input| {
        let Some(text) = text(input) else { return };
        if let Ok(time) = text.parse::<Time>() {
            assert_eq!(time.to_string().parse(), Ok(time), "{text}");
        }
        if let Ok(span) = text.parse::<Span>() {
            assert_eq!(span.to_string().parse(), Ok(span), "{text}");
        }
    });
}

#[test]
fn fuzzed_cursors_are_refused_or_positions() {
    fuzz::fuzz("cursor", |input| {
        let Some(text) = text(input) else { return };
        let page = Page { limit: text.parse().ok(), after: Some(text.to_owned()) };
        if let Ok(position) = page.position() {
            assert!(position.is_some_and(|position| position >= 0), "{text}");
        }
        if let Ok(limit) = page.limit(100, 1_000) {
            assert!((1..=1_000).contains(&limit), "{text}");
        }
    });
}
