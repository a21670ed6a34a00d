//! Pages of lists.

use crate::agent::AgentName;
use crate::decision::DecisionState;
use crate::message::{MessageId, Priority};
use crate::refusal::{Code, Refusal};

/// Which page is wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// Items on it; none: as configured.
    pub limit: Option<usize>,
    /// The cursor that the page before ended with.
    pub after: Option<String>,
}

/// A page and where the next one begins.
#[derive(Clone, Debug)]
pub struct Paged<T> {
    /// The items.
    pub items: Vec<T>,
    /// The cursor of the next page; none: this is the last.
    pub next: Option<String>,
}

impl<T> Paged<T> {
    /// Makes a page of one item more than it holds, which says that there is another.
    pub fn of(mut items: Vec<T>, limit: usize, cursor: impl Fn(&T) -> String) -> Self {
        let more = items.len() > limit;
        items.truncate(limit);
        let next = items.last().filter(|_| more).map(cursor);
        Self { items, next }
    }
}

/// A number in digits alone: no sign, no space.
fn digits(text: &str) -> Option<i64> {
    let plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| text.parse().ok()).flatten()
}

impl Page {
    /// Reads the cursor; fails with `invalid-field` where it is none of ours.
    fn after<T>(&self, read: impl Fn(&str) -> Option<T>) -> Result<Option<T>, Refusal> {
        let Some(text) = &self.after else { return Ok(None) };
        let cursor = read(text);
        let why = "this is no cursor: take it from `next` of the page before";
        Ok(Some(cursor.ok_or_else(|| Refusal::field(Code::InvalidField, "after", why))?))
    }

    /// Reads a cursor that is a position: 0 to 2^63 - 1.
    pub fn position(&self) -> Result<Option<i64>, Refusal> {
        self.after(digits)
    }

    /// Reads a cursor that is the name of an agent or the id of a key.
    pub fn name(&self) -> Result<Option<AgentName>, Refusal> {
        self.after(|text| text.parse().ok())
    }

    /// Reads a cursor that is a lane and a position, as in `2.17`.
    pub fn in_lanes(&self) -> Result<Option<(Priority, i64)>, Refusal> {
        self.after(|text| {
            let (lane, seq) = text.split_once('.')?;
            Some((Priority::from_code(digits(lane)?)?, digits(seq)?))
        })
    }

    /// Reads a cursor that is a position and an agent's name, as in `17.code`.
    pub fn by_recipient(&self) -> Result<Option<(i64, AgentName)>, Refusal> {
        self.after(|text| {
            let (seq, agent) = text.split_once('.')?;
            Some((digits(seq)?, agent.parse().ok()?))
        })
    }

    /// Reads a cursor that is a decision's state, its place in it and its message, as in `0.17.01982f3c-…`.
    pub fn by_decision(&self) -> Result<Option<(DecisionState, i64, MessageId)>, Refusal> {
        self.after(|text| {
            let mut parts = text.splitn(3, '.');
            let state = DecisionState::from_code(digits(parts.next()?)?)?;
            let place = parts.next()?;
            // Those that are over stand in the reverse order of their time.
            let place = place.strip_prefix('-').map_or_else(|| digits(place), |over| digits(over).map(|over| -over))?;
            Some((state, place, parts.next()?.parse().ok()?))
        })
    }

    /// The number of items asked for, `usual` where nothing is said; fails with `too-many-items` beyond `max`.
    pub fn limit(&self, usual: usize, max: usize) -> Result<usize, Refusal> {
        match self.limit {
            None => Ok(usual),
            Some(limit) if (1..=max).contains(&limit) => Ok(limit),
            Some(_) => Err(Refusal::field(Code::TooManyItems, "limit", format!("must be 1 to {max}"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(after: &str) -> Page {
        Page { limit: None, after: Some(after.to_owned()) }
    }

    #[test]
    fn a_cursor_is_read_over_its_whole_range_and_nothing_else_is_one() {
        let max = i64::MAX.to_string();
        for good in ["0", "1", &max] {
            assert!(page(good).position().is_ok(), "{good}");
        }
        assert_eq!(page("3.9223372036854775807").in_lanes().ok().flatten(), Some((Priority::Info, i64::MAX)));
        assert_eq!(
            page("7.a.b").by_recipient().ok().flatten().map(|(seq, agent)| (seq, agent.to_string())),
            Some((7, "a.b".to_owned()))
        );
        let beyond = "9223372036854775808";
        for bad in ["", "-1", "+1", " 1", "1 ", "x", "1.5", "0x1", beyond, "a\0"] {
            let refusal = page(bad).position().expect_err(bad);
            assert_eq!((refusal.code, refusal.errors[0].field.as_str()), (Code::InvalidField, "after"), "{bad}");
        }
        for bad in ["4.1", "-1.1", "1", "1.", ".1", "1.-1", "1.9223372036854775808", "1.1.1"] {
            assert!(page(bad).in_lanes().is_err(), "{bad}");
        }
        for bad in ["1", "1.", "1.\0", "1.a b", "-1.a"] {
            assert!(page(bad).by_recipient().is_err(), "{bad}");
        }
        for bad in ["", "a\0", "a b", "%"] {
            assert!(page(bad).name().is_err(), "{bad}");
        }
    }
}
