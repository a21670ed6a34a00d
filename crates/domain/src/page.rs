//! Pages of lists.

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

impl Page {
    /// Reads the cursor; fails with `invalid-field` where it is none of ours.
    pub fn after<T>(&self, read: impl Fn(&str) -> Option<T>) -> Result<Option<T>, Refusal> {
        let Some(text) = &self.after else { return Ok(None) };
        let cursor = read(text);
        let why = "this is no cursor: take it from `next` of the page before";
        Ok(Some(cursor.ok_or_else(|| Refusal::field(Code::InvalidField, "after", why))?))
    }

    /// Reads a cursor that is a position.
    pub fn position(&self) -> Result<Option<i64>, Refusal> {
        self.after(|text| text.parse().ok().filter(|seq| *seq >= 0))
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
