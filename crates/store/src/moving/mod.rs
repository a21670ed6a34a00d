//! Moving house: a tenant that was written out of one store is brought into another, event by event.
//!
//! The log is the truth: every row but those of [`Rest`] is made again from it, by what makes them when a message is sent. What
//! is being brought in is invisible, since no tenant has its number yet; it becomes visible whole, in one transaction.

mod load;
mod rest;

use domain::event::Event;
use domain::{Agent, Digest, TenantId, Time};

use crate::rows::Group;
use crate::statements::{
    ABANDON_IMPORT, ADVANCE, ADVANCE_IMPORT, BEGIN_IMPORT, COUNT_IMPORT, END_IMPORT, PUT_EMPTY_BACK, PUT_IDEMPOTENCY,
    PUT_KEY, PUT_WEBHOOK_SECRET_WHOLE, SHOW_IMPORT, TAKE_EMPTY, UPDATE_LEASE,
};
use crate::value::{Row, Value};
use crate::{Error, RELAY_CURSOR, Result, Store};

pub use rest::Rest;

/// A tenant that is being brought in, and how far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Importing {
    /// Its number, which no visible tenant has.
    pub tenant: TenantId,
    /// The position of the last event that is here.
    pub seq: i64,
    /// The hash of that event; zeros before the first.
    pub hash: Digest,
}

impl Store {
    /// The import of this name that was begun and not finished.
    pub async fn importing(&self, name: &str) -> Result<Option<Importing>> {
        let rows = self.query("SELECT id, seq, hash FROM imports WHERE name = $1", vec![name.into()]).await?;
        let read =
            |mut row: Row| Ok(Importing { tenant: TenantId(row.int(0)?), seq: row.int(1)?, hash: row.digest(2)? });
        rows.into_iter().next().map(read).transpose()
    }

    /// Begins an import, or takes up the one of this name. The tenant keeps its number where it is free here.
    ///
    /// Fails with [`Error::Conflict`] where a tenant of this name has a history of its own.
    pub async fn begin_import(&self, name: &str, created_at: Time, number: TenantId, now: Time) -> Result<Importing> {
        if let Some(begun) = self.importing(name).await? {
            return Ok(begun);
        }
        let number = self.number_for(name, number, now).await?;
        let empty = vec![number.0.into(), name.into()];
        let row = vec![number.0.into(), name.into(), created_at.into(), Digest::ZERO.into()];
        self.write(vec![(&TAKE_EMPTY, vec![empty]), (&BEGIN_IMPORT, vec![row])]).await?;
        // Where it was not begun, somebody has just made a tenant of this name or number.
        self.importing(name).await?.ok_or(Error::Conflict)
    }

    /// A number for a tenant to come: that of an empty one of this name, else the wished one if it is free, else the next.
    async fn number_for(&self, name: &str, wished: TenantId, now: Time) -> Result<TenantId> {
        // `default` is the first tenant, whatever else comes.
        if self.importing("default").await?.is_none() {
            self.ensure_tenant("default", now).await?;
        }
        if let Some(known) = self.tenant_by_name(name).await? {
            let seq = self.head(known.id).await?.map_or(0, |(seq, ..)| seq);
            return if seq == 0 { Ok(known.id) } else { Err(Error::Conflict) };
        }
        let sql = "SELECT id FROM tenants UNION ALL SELECT id FROM imports";
        let used = self.query(sql, vec![]).await?.into_iter().map(|mut row| row.int(0)).collect::<Result<Vec<_>>>()?;
        let next = used.iter().max().map_or(1, |most| most + 1);
        Ok(if used.contains(&wished.0) { TenantId(next) } else { wished })
    }

    /// Brings in the next events, all or none; each must link to the one before it.
    ///
    /// Fails with [`Error::Corrupt`], which names the event, where one does not follow, its hash is not what its content gives,
    /// or it tells of what was never made.
    pub async fn import(&self, importing: &Importing, events: Vec<Event>) -> Result<Importing> {
        let (mut batch, reached) = self.load(importing, events).await?;
        let mut groups = batch.take_writes();
        let row = vec![reached.tenant.0.into(), reached.seq.into(), reached.hash.into()];
        groups.push((&ADVANCE_IMPORT, vec![row]));
        self.write(groups).await?;
        Ok(reached)
    }

    /// Brings in what the log does not tell; what is there already stays. Keys come last, with [`Store::finish_import`]: they
    /// alone are looked for in all tenants.
    pub async fn import_rest(&self, importing: &Importing, rest: Vec<Rest>) -> Result<()> {
        let is_address = |rest: &Rest| matches!(rest, Rest::WebhookAddress { .. });
        let agents = if rest.iter().any(is_address) { self.agents(importing.tenant).await? } else { Vec::new() };
        self.write(written(rest, importing.tenant, &agents)?).await
    }

    /// Makes what was brought in a tenant like others, with its keys, in one transaction.
    pub async fn finish_import(&self, importing: &Importing, keys: Vec<Rest>) -> Result<()> {
        let tenant = importing.tenant;
        let number = || Value::from(tenant.0);
        let mut groups: Vec<Group> = vec![(&COUNT_IMPORT, vec![vec![number()]])];
        groups.extend(written(keys, tenant, &[])?);
        // What was sent long ago is no news to the workers here; they find by themselves what is left to do.
        groups.push((&ADVANCE, vec![vec![number(), RELAY_CURSOR.into(), importing.seq.into()]]));
        groups.push((&SHOW_IMPORT, vec![vec![number()]]));
        groups.push((&END_IMPORT, vec![vec![number()]]));
        self.write(groups).await
    }

    /// Gives an import up: what it has brought in is gone.
    pub async fn abandon_import(&self, importing: &Importing) -> Result<()> {
        let number = || vec![Value::from(importing.tenant.0)];
        let mut groups: Vec<Group> = ABANDON_IMPORT.iter().map(|statement| (statement, vec![number()])).collect();
        groups.push((&PUT_EMPTY_BACK, vec![vec![importing.tenant.0.into(), Digest::ZERO.into()]]));
        groups.push((&END_IMPORT, vec![number()]));
        self.write(groups).await
    }

    /// Writes rows in one transaction, behind whatever waits.
    async fn write(&self, groups: Vec<Group>) -> Result<()> {
        self.driver.queue().rows(groups).await
    }
}

/// The rows of what the log does not tell, where its agents are as the log tells.
fn written(rest: Vec<Rest>, tenant: TenantId, agents: &[Agent]) -> Result<Vec<Group>> {
    let each = rest.into_iter().filter_map(|rest| rest.write(tenant, agents).transpose());
    each.map(|row| row.map(|(statement, row)| (statement, vec![row]))).collect()
}
