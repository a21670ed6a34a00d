use std::ops::Range;

/// A range that begins behind the end.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Unsatisfiable;

/// Reads a `Range` header against the size of what is asked for. What is no single range of bytes is as good as none,
/// as RFC 9110 has it: the whole is answered.
pub(super) fn parse(header: Option<&str>, size: u64) -> Result<Option<Range<u64>>, Unsatisfiable> {
    let Some((first, last)) =
        header.and_then(|text| text.strip_prefix("bytes=")).and_then(|range| range.split_once('-'))
    else {
        return Ok(None);
    };
    // A number that is too large for ours lies behind every end.
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let number =
        |text: &str| Some(text.trim()).filter(|text| digits(text)).map(|text| text.parse().unwrap_or(u64::MAX));
    let range = match (first.trim(), last.trim()) {
        ("", _) => number(last).map(|length| size.saturating_sub(length)..if length == 0 { 0 } else { size }),
        (_, "") => number(first).map(|first| first..size),
        _ => number(first)
            .zip(number(last))
            .filter(|(first, last)| first <= last)
            .map(|(first, last)| first..last.saturating_add(1).min(size)),
    };
    match range {
        Some(range) if range.is_empty() => Err(Unsatisfiable),
        range => Ok(range),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_read_against_the_size() {
        let table = [
            ("bytes=0-3", Ok(Some(0..4))),
            ("bytes=2-", Ok(Some(2..10))),
            ("bytes=-3", Ok(Some(7..10))),
            ("bytes=-30", Ok(Some(0..10))),
            ("bytes=9-99", Ok(Some(9..10))),
            ("bytes=0-18446744073709551615", Ok(Some(0..10))),
            ("bytes=0-99999999999999999999", Ok(Some(0..10))),
            ("bytes=-99999999999999999999", Ok(Some(0..10))),
            ("bytes=99999999999999999999-", Err(Unsatisfiable)),
            ("bytes=+1-2", Ok(None)),
            ("bytes=10-", Err(Unsatisfiable)),
            ("bytes=12-15", Err(Unsatisfiable)),
            ("bytes=-0", Err(Unsatisfiable)),
            ("bytes=5-2", Ok(None)),
            ("bytes=0-1,4-5", Ok(None)),
            ("bytes=a-b", Ok(None)),
            ("items=0-1", Ok(None)),
            ("", Ok(None)),
        ];
        for (header, expected) in table {
            assert_eq!(parse(Some(header), 10), expected, "{header}");
        }
        assert_eq!(parse(None, 10), Ok(None));
        assert_eq!(parse(Some("bytes=0-"), 0), Err(Unsatisfiable));
    }
}
