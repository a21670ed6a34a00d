//! Points in time and spans between them, in whole microseconds.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A point in time: microseconds since 1970-01-01T00:00:00Z. The clock at the door gives whole milliseconds, which is
/// what RFC 3339 on the wire shows, so nothing is lost between wire and store.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(pub i64);

impl Time {
    /// The point this many milliseconds after 1970.
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis * 1_000)
    }

    /// Milliseconds since 1970.
    pub const fn millis(self) -> i64 {
        self.0.div_euclid(1_000)
    }

    /// This point and `span` later; stops at the end of time instead of wrapping.
    #[must_use]
    pub const fn plus(self, span: Span) -> Self {
        Self(self.0.saturating_add(span.0))
    }

    /// The span from `earlier` to this point; negative where `earlier` is later.
    pub const fn since(self, earlier: Self) -> Span {
        Span(self.0.saturating_sub(earlier.0))
    }
}

impl fmt::Display for Time {
    /// RFC 3339 in UTC with milliseconds.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_microsecond(self.0) {
            Ok(timestamp) => write!(f, "{timestamp:.3}"),
            Err(_) => write!(f, "{}us", self.0),
        }
    }
}

impl FromStr for Time {
    type Err = String;

    /// Reads RFC 3339 with any offset; cut to whole milliseconds. What lies behind the last time that can be written is that
    /// time.
    fn from_str(text: &str) -> Result<Self, String> {
        let millis = crate::rfc3339::millis(text).map_err(|why| format!("`{}` {why}", cut(text)))?;
        let last = jiff::Timestamp::MAX.as_second() * 1_000;
        Ok(Self::from_millis(millis.min(last)))
    }
}

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// A length of time in microseconds, written `500ms`, `30s`, `5m`, `2h` or `7d`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span(pub i64);

impl Span {
    /// No time at all.
    pub const ZERO: Self = Self(0);
    const UNITS: [(&'static str, i64); 5] =
        [("d", 86_400_000_000), ("h", 3_600_000_000), ("m", 60_000_000), ("s", 1_000_000), ("ms", 1_000)];

    /// This many milliseconds.
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis * 1_000)
    }

    /// This many seconds.
    pub const fn from_secs(secs: i64) -> Self {
        Self(secs * 1_000_000)
    }

    /// As the standard library's duration; a negative span is none.
    pub const fn to_std(self) -> std::time::Duration {
        std::time::Duration::from_micros(if self.0 < 0 { 0 } else { self.0 as u64 })
    }
}

impl fmt::Display for Span {
    /// In the largest unit that divides it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 == 0 {
            return f.write_str("0s");
        }
        let unit = Self::UNITS.iter().find(|(_, micros)| self.0 % micros == 0);
        match unit {
            Some((unit, micros)) => write!(f, "{}{unit}", self.0 / micros),
            None => write!(f, "{}us", self.0),
        }
    }
}

impl FromStr for Span {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{}` is no duration, as in 500ms, 30s, 5m, 2h or 7d", cut(text));
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let (number, unit) = text.split_at(digits);
        let number: i64 = number.parse().map_err(|_| wrong())?;
        let (_, micros) = Self::UNITS.iter().find(|(name, _)| *name == unit).ok_or_else(wrong)?;
        number.checked_mul(*micros).map(Self).ok_or_else(|| format!("`{}` is longer than time is kept", cut(text)))
    }
}

impl Serialize for Span {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

fn cut(text: &str) -> String {
    text.chars().take(40).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_written_in_utc_with_milliseconds_and_read_back() {
        let time: Time = "2026-01-31T10:30:00.1239+01:00".parse().expect("valid");
        assert_eq!(time.to_string(), "2026-01-31T09:30:00.123Z");
        assert_eq!(time.to_string().parse(), Ok(time));
        assert_eq!(Time(0).to_string(), "1970-01-01T00:00:00.000Z");
    }

    #[test]
    fn the_far_future_is_the_last_time_that_is_written() {
        for text in ["9999-12-31T23:59:59Z", "9999-12-31T23:59:59.999999999-23:59"] {
            let time: Time = text.parse().expect(text);
            assert_eq!(time.to_string(), "9999-12-30T22:00:00.000Z");
            assert_eq!(time.to_string().parse(), Ok(time));
        }
        let first: Time = "0000-01-01T00:00:00Z".parse().expect("the first");
        assert_eq!(first.to_string().parse(), Ok(first));
    }

    #[test]
    fn spans_are_read_in_every_unit_and_nothing_else() {
        let table = [("500ms", 500_000), ("30s", 30_000_000), ("5m", 300_000_000), ("2h", 7_200_000_000), ("0s", 0)];
        for (text, micros) in table {
            assert_eq!(text.parse(), Ok(Span(micros)), "{text}");
            assert_eq!(Span(micros).to_string(), text);
        }
        for text in ["", "5", "s", "-1s", "1.5s", "5 m", "1w", "99999999999999999999s", "999999999999d"] {
            assert!(text.parse::<Span>().is_err(), "{text} must be refused");
        }
    }
}
