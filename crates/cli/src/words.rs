//! Readers of arguments: known words, moments, numbers by name, JSON objects.

use std::str::FromStr;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use protocol::{Metadata, Timestamp};

/// Reads one of the words, in any case, and offers them in help and completions.
pub(crate) fn one_of<T>(words: &'static [&'static str]) -> impl TypedValueParser<Value = T>
where
    T: FromStr + Clone + Send + Sync + 'static,
    T::Err: Into<Box<dyn std::error::Error + Send + Sync>> + Send + Sync + 'static,
{
    PossibleValuesParser::new(words).try_map(|word| word.parse::<T>())
}

/// Reads a duration and leaves its text as it is, which is what goes over the wire.
pub fn duration(text: &str) -> Result<String, String> {
    match protocol::parse_duration(text) {
        Some(_) => Ok(text.to_owned()),
        None => Err("write a number and a unit: 500ms, 30s, 5m, 2h, 7d".to_owned()),
    }
}

/// Reads a moment as RFC 3339, as the server reads it.
pub(crate) fn moment(text: &str) -> Result<Timestamp, String> {
    text.parse()
}

/// Reads a measured number with its name, as in `test_coverage=0.91`.
pub(crate) fn evidence(text: &str) -> Result<(String, f64), String> {
    let (name, number) = text.split_once('=').ok_or("write it as in test_coverage=0.91")?;
    match number.trim().parse::<f64>() {
        Ok(number) if number.is_finite() => Ok((name.trim().to_owned(), number)),
        _ => Err(format!("`{number}` is not a number")),
    }
}

/// Reads a JSON object.
pub(crate) fn metadata(text: &str) -> Result<Metadata, String> {
    serde_json::from_str(text).map_err(|why| format!("{why}; write a JSON object, as in '{{\"ticket\": \"OPS-17\"}}'"))
}

#[cfg(test)]
mod tests {
    use super::{duration, evidence, metadata, moment};

    #[test]
    fn evidence_is_a_name_and_a_number() {
        assert_eq!(evidence("test_coverage=0.91"), Ok(("test_coverage".to_owned(), 0.91)));
        assert!(evidence("test_coverage").is_err());
        assert!(evidence("test_coverage=high").is_err());
        assert!(evidence("test_coverage=NaN").is_err());
    }

    #[test]
    fn moments_are_read_over_the_whole_range() {
        for text in ["0000-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "9999-12-31T23:59:59.999-23:59"] {
            assert_eq!(moment(text).map(|read| read.0), Ok(text.to_owned()));
        }
        assert!(moment("2026-12-31T23:59:59+25:59").unwrap_err().contains("-23:59 to +23:59"));
    }

    #[test]
    fn wrong_arguments_are_answered_with_an_example() {
        assert!(duration("1 hour").unwrap_err().contains("2h"));
        assert!(moment("tomorrow").unwrap_err().contains("2026-01-31T09:30:00Z"));
        assert!(metadata("[1]").unwrap_err().contains("a JSON object"));
    }
}
