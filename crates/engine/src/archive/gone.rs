//! Saying where something went that is no longer in the store.

use domain::key::Caller;
use domain::refusal::{Code, Refusal};
use domain::{MessageId, TenantId};

use crate::{Engine, Result};

impl Engine {
    /// Refuses to read a log onward from a position before its beginning: what follows there has gone, and is not skipped.
    pub(crate) async fn must_be_here(&self, tenant: TenantId, after: i64) -> Result<()> {
        let trimmed = self.inner.store.trimmed(tenant).await?.seq;
        if after >= trimmed {
            return Ok(());
        }
        let next = after.max(0) + 1;
        let detail = format!(
            "Event {next} is in the archive{}; here the log begins after {trimmed}.",
            self.object_of(tenant, next).await?
        );
        let remedy = format!("Read the archive, or go on after {trimmed}.");
        Err(Refusal::new(Code::Archived, detail).with_remedy(remedy).into())
    }

    /// Refuses to follow a log onward from a position behind its end: that position was read in another log, or in this one
    /// before it was set back, and what comes next here would be missed without a word.
    pub(crate) async fn must_not_be_ahead(&self, tenant: TenantId, after: i64) -> Result<()> {
        let head = self.inner.store.head(tenant).await?.map_or(0, |(seq, ..)| seq);
        if after <= head {
            return Ok(());
        }
        let detail = format!("The log ends at position {head}, before the one to go on after.");
        let remedy = format!(
            "Go on after {head}, or read again from where both agree: this is another log than before, or one that was \
             restored from a backup."
        );
        Err(Refusal::new(Code::PositionAhead, detail).with_remedy(remedy).into())
    }

    /// The answer about a message that is not in the store: that it is in the archive, to who may read everything; else that
    /// there is none.
    pub(crate) async fn gone(&self, caller: &Caller, what: &'static str, id: MessageId) -> Result<Refusal> {
        let gone = self.gone_to_archive(caller, what, id).await?;
        Ok(gone.unwrap_or_else(|| Refusal::not_found(what, &id)))
    }

    /// That a message is in the archive, where it is and the caller may read everything.
    pub(crate) async fn gone_to_archive(
        &self,
        caller: &Caller,
        what: &'static str,
        id: MessageId,
    ) -> Result<Option<Refusal>> {
        let removed = self.inner.store.removed(caller.tenant, id).await?;
        let Some(removed) = removed.filter(|_| caller.readable().is_none()) else { return Ok(None) };
        let object = self.object_of(caller.tenant, removed.seq).await?;
        let detail = format!("The {what} `{id}` is event {} and in the archive{object}.", removed.seq);
        let remedy = "Read it there; an answer to it still joins its thread.";
        Ok(Some(Refusal::new(Code::Archived, detail).with_remedy(remedy)))
    }

    async fn object_of(&self, tenant: TenantId, seq: i64) -> Result<String> {
        let segment = self.inner.store.segment_at(tenant, seq).await?;
        Ok(segment.map_or_else(String::new, |segment| format!(", in `{}`", segment.object)))
    }
}
