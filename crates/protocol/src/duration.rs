use std::time::Duration;

/// Reads a duration as the contract writes it: `500ms`, `30s`, `5m`, `2h`, `7d`; `None` for anything else. It is read as the
/// server reads it, over the same range.
pub fn parse_duration(text: &str) -> Option<Duration> {
    text.parse::<domain::Span>().ok().map(domain::Span::to_std)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::parse_duration;

    #[test]
    fn every_unit_reads() {
        for (text, millis) in [("500ms", 500), ("30s", 30_000), ("5m", 300_000), ("2h", 7_200_000), ("7d", 604_800_000)]
        {
            assert_eq!(parse_duration(text), Some(Duration::from_millis(millis)), "{text}");
        }
    }

    #[test]
    fn anything_else_does_not_read() {
        for text in ["", "5", "s", "5 s", "-5s", "1.5h", "5w", "99999999999999999999s", "18446744073709551615d"] {
            assert_eq!(parse_duration(text), None, "{text}");
        }
    }
}
