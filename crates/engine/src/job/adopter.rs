//! The adopter: gives requests that were sent before decisions were kept their decisions, as their threads tell.

use std::sync::Arc;

use domain::TenantId;
use domain::decision::Decision;
use domain::filter::MessageFilter;
use domain::message::Message;
use store::{AdoptDecisions, Order, Store};

use super::{ElectedJob, Stepped};
use crate::writer::Writer;
use crate::{Clock, Result};

/// Requests that one step works on.
const STEP: usize = 100;
/// Messages of a thread that are looked at for an answer.
const ANSWERS: usize = 200;

/// Opens, and where they are over makes, the decisions of old requests.
pub(super) struct Adopter {
    store: Store,
    clock: Clock,
    writer: Arc<Writer>,
    elected: Arc<ElectedJob>,
}

impl Adopter {
    pub(super) fn new(store: Store, clock: Clock, writer: Arc<Writer>, elected: Arc<ElectedJob>) -> Self {
        Self { store, clock, writer, elected }
    }

    /// Works on the next requests of every tenant that has any left.
    pub(super) async fn step(&self) -> Result<Stepped> {
        if !self.elected.is_held().await? {
            return Ok(Stepped::Idle);
        }
        let left = self.store.adoptable().await?;
        for (tenant, after, until) in &left {
            self.adopt(*tenant, *after, *until).await?;
        }
        Ok(if left.is_empty() { Stepped::Idle } else { Stepped::More })
    }

    async fn adopt(&self, tenant: TenantId, after: i64, until: i64) -> Result<()> {
        let asking = self.store.asking(tenant, (after, until), STEP).await?;
        let reached = if asking.len() < STEP { until } else { asking.last().map_or(until, |last| last.seq) };
        let now = self.clock.now();
        let mut decisions = Vec::with_capacity(asking.len());
        for stored in asking.into_iter().filter(|stored| stored.message.asks()) {
            let filter = MessageFilter { thread: Some(stored.message.thread_id), ..MessageFilter::default() };
            let later = self.store.messages(tenant, &filter, Order::Oldest, Some(stored.seq), ANSWERS).await?;
            let later: Vec<Message> = later.into_iter().map(|stored| stored.message).collect();
            decisions.push(Decision::of_thread(&stored.message, &later, now));
        }
        self.writer.change(tenant, AdoptDecisions { decisions, reached }).await
    }
}
