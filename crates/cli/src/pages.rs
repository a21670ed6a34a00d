use client::{Answer, Error};
use protocol::{Page, PageQuery};

use crate::{Failure, output::Output};

/// Fetches every page of a list; prints the pages instead, a line for each, when JSON is wanted, and returns `None` then.
pub(crate) async fn all<T>(
    out: &mut Output,
    fetch: impl AsyncFn(PageQuery) -> Result<Answer<Page<T>>, Error>,
) -> Result<Option<Vec<T>>, Failure> {
    let mut items = Vec::new();
    let mut query = PageQuery::default();
    loop {
        let page = fetch(query).await?;
        out.json(&page.json)?;
        items.extend(page.value.items);
        match page.value.next {
            Some(after) => query = PageQuery { limit: None, after: Some(after) },
            None => return Ok((!out.is_json()).then_some(items)),
        }
    }
}
