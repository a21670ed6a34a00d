//! Pages of lists.

use domain::refusal::{Code, Refusal};

use crate::{Engine, Result};

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
    pub(crate) fn of(mut items: Vec<T>, limit: usize, cursor: impl Fn(&T) -> String) -> Self {
        let more = items.len() > limit;
        items.truncate(limit);
        let next = items.last().filter(|_| more).map(cursor);
        Self { items, next }
    }
}

impl Page {
    /// Reads the cursor; fails with `invalid-field` where it is none of ours.
    pub(crate) fn after<T>(&self, read: impl Fn(&str) -> Option<T>) -> Result<Option<T>> {
        let Some(text) = &self.after else { return Ok(None) };
        let cursor = read(text);
        let why = "this is no cursor: take it from `next` of the page before";
        Ok(Some(cursor.ok_or_else(|| Refusal::field(Code::InvalidField, "after", why))?))
    }

    /// Reads a cursor that is a position.
    pub(crate) fn position(&self) -> Result<Option<i64>> {
        self.after(|text| text.parse().ok().filter(|seq| *seq >= 0))
    }
}

impl Engine {
    /// The number of items asked for; fails with `too-many-items` beyond what a page holds.
    pub(crate) fn limit(&self, page: &Page) -> Result<usize> {
        let max = self.config().limits.page_items_max;
        match page.limit {
            None => Ok(self.config().limits.page_items),
            Some(limit) if (1..=max).contains(&limit) => Ok(limit),
            Some(_) => Err(Refusal::field(Code::TooManyItems, "limit", format!("must be 1 to {max}")).into()),
        }
    }
}
