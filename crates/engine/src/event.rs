//! The event log, as it is read and verified.

use domain::event::Event;
use domain::filter::EventFilter;
use domain::view::{Head, Report};
use domain::{Digest, TenantId};

use crate::{Page, Paged, Result, Session};

impl Session {
    /// Events after a position, oldest first; without one, from the first that is here. Refuses a position before the beginning
    /// of a log whose first part is in the archive, and one behind its end.
    pub async fn events(&self, filter: &EventFilter, page: &Page) -> Result<Paged<Event>> {
        let caller = self.caller().await?;
        caller.must_observe()?;
        let limit = self.limit(page)?;
        let position = page.position()?;
        // What is kept of a message is kept whole.
        if let Some(after) = position.filter(|_| filter.message.is_none()) {
            self.must_be_here(caller.tenant, after).await?;
        }
        let events = self.inner.store.events(caller.tenant, filter, position.unwrap_or(0), limit + 1).await?;
        if let Some(after) = position.filter(|_| events.is_empty()) {
            self.must_not_be_ahead(caller.tenant, after).await?;
        }
        if let Some(message) = filter.message.filter(|_| events.is_empty())
            && let Some(gone) = self.gone_to_archive(caller, "message", message).await?
        {
            return Err(gone.into());
        }
        Ok(Paged::of(events, limit, |event: &Event| event.seq.to_string()))
    }

    /// Where the log ends.
    pub async fn head(&self) -> Result<Head> {
        let caller = self.caller().await?;
        caller.must_observe()?;
        let (seq, hash, _) = self.inner.store.head(caller.tenant).await?.unwrap_or((0, Digest::ZERO, 0));
        let last = self.inner.store.event(caller.tenant, seq).await?;
        Ok(Head { seq, hash, at: last.map(|event| event.at) })
    }

    /// Recomputes the chain, makes every row again from the log and compares both with what is stored. For those who see the
    /// whole installation, the database's own structure is checked, too.
    pub async fn verify(&self) -> Result<Report> {
        let caller = self.caller().await?;
        caller.must_observe()?;
        let mut report = self.inner.store.verify(caller.tenant).await?;
        if caller.tenant == TenantId::DEFAULT {
            let structure = self.inner.store.verify_structure().await?;
            report.problems.extend(structure.problems);
            report.left_out.extend(structure.left_out);
        } else {
            report.left_out.push("the structure of the database: verify in the tenant `default` checks it".to_owned());
        }
        Ok(report)
    }
}
