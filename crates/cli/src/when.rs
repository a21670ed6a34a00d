//! Moments, as people read and write them.

use std::time::Duration;

use protocol::Timestamp;

/// Shortens a moment for a table: `2026-03-14 09:26:53`, in UTC as the server wrote it.
pub fn short(moment: &Timestamp) -> String {
    let text = moment.as_str();
    match text.split_once('T') {
        Some((day, time)) if text.ends_with('Z') => {
            let time = time.trim_end_matches('Z');
            format!("{day} {}", time.split('.').next().unwrap_or(time))
        }
        _ => text.to_owned(),
    }
}

/// The same for a moment that may be missing: `-`.
pub fn short_or_dash(moment: Option<&Timestamp>) -> String {
    moment.map_or_else(|| "-".to_owned(), short)
}

/// Returns the moment so long from now; the end of time where there is none.
#[expect(clippy::disallowed_methods, reason = "who types a duration means from now, by this machine's clock")]
pub fn from_now(long: Duration) -> Timestamp {
    let moment = jiff::Timestamp::now().checked_add(long).unwrap_or(jiff::Timestamp::MAX);
    Timestamp(format!("{moment:.3}"))
}

#[cfg(test)]
mod tests {
    use super::{short, short_or_dash};

    #[test]
    fn a_moment_loses_its_milliseconds_only() {
        assert_eq!(short(&"2026-03-14T09:26:53.589Z".into()), "2026-03-14 09:26:53");
        assert_eq!(short(&"2026-03-14T09:26:53Z".into()), "2026-03-14 09:26:53");
        assert_eq!(short(&"2026-03-14T09:26:53+02:00".into()), "2026-03-14T09:26:53+02:00");
        assert_eq!(short_or_dash(None), "-");
    }
}
