use api::Timestamp;

/// Shortens a moment for a table: `2026-03-14 09:26:53`, in UTC as the server wrote it.
pub(super) fn short(moment: &Timestamp) -> String {
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
pub(super) fn short_or_dash(moment: Option<&Timestamp>) -> String {
    moment.map_or_else(|| "-".to_owned(), short)
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
