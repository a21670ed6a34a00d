use std::fmt;
use std::str::FromStr;

use domain::Span;
use serde::{Deserialize, Serialize};

/// How many requests may come in how much time, written `100/s`, `6000/m` or `100000/h`. So many may come at once; they are
/// made up for evenly.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Rate {
    quota: u32,
    window: Span,
}

/// Why a text is no rate.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct RateError(String);

impl Rate {
    /// The most requests of one window.
    pub const QUOTA_MAX: u32 = 1_000_000;
    const UNITS: [(&'static str, Span); 3] =
        [("s", Span::from_secs(1)), ("m", Span::from_secs(60)), ("h", Span::from_secs(3_600))];

    /// The requests of one window; 1 to [`Rate::QUOTA_MAX`].
    pub fn quota(self) -> u32 {
        self.quota
    }

    /// The window: a second, a minute or an hour.
    pub fn window(self) -> Span {
        self.window
    }

    /// The time that one request takes up, in microseconds; at least one.
    pub(crate) fn interval(self) -> i64 {
        (self.window.0 / i64::from(self.quota)).max(1)
    }
}

impl FromStr for Rate {
    type Err = RateError;

    fn from_str(text: &str) -> Result<Self, RateError> {
        let wrong = |why: &str| RateError(format!("{why}, as in 100/s, 6000/m or 100000/h"));
        let (quota, unit) = text.split_once('/').ok_or_else(|| wrong("is no number of requests and unit of time"))?;
        let window = Self::UNITS.iter().find(|(name, _)| *name == unit).map(|(_, window)| *window);
        let window = window.ok_or_else(|| wrong("has no unit of time"))?;
        let quota = quota.parse().ok().filter(|quota| (1..=Self::QUOTA_MAX).contains(quota));
        let quota = quota.ok_or_else(|| wrong(&format!("has no number of requests from 1 to {}", Self::QUOTA_MAX)))?;
        Ok(Self { quota, window })
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit = Self::UNITS.iter().find(|(_, window)| *window == self.window).map_or("s", |(unit, _)| unit);
        write!(f, "{}/{unit}", self.quota)
    }
}

impl TryFrom<String> for Rate {
    type Error = RateError;

    fn try_from(text: String) -> Result<Self, RateError> {
        text.parse()
    }
}

impl From<Rate> for String {
    fn from(rate: Rate) -> Self {
        rate.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_read_as_it_is_written() {
        for text in ["1/s", "6000/m", "1000000/h"] {
            assert_eq!(text.parse::<Rate>().unwrap().to_string(), text);
        }
        let rate: Rate = serde_json::from_str("\"100/s\"").unwrap();
        assert_eq!((rate.quota(), rate.window(), rate.interval()), (100, Span::from_secs(1), 10_000));
    }

    #[test]
    fn what_is_no_rate_is_refused() {
        for text in ["", "100", "0/s", "-1/s", "1000001/s", "5/d", "x/s", "1.5/s"] {
            assert!(text.parse::<Rate>().is_err(), "{text}");
        }
    }
}
