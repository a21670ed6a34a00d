//! Leasing the next deliveries of an inbox, for who asks or for a push.

use std::sync::Arc;

use domain::filter::ReceiveFilter;
use domain::message::Message;
use domain::{AgentName, Span, TenantId};
use store::{Change, Claim, Claimed, Store};

use crate::writer::Writer;
use crate::{Clock, Error, InboxItem, Observer, Result, random};

/// Which deliveries are leased, and how.
pub(crate) struct Leasing {
    /// How many at most.
    pub(crate) max: usize,
    /// For how long.
    pub(crate) lease: Span,
    /// Whether it is for a push.
    pub(crate) push: bool,
    /// Which.
    pub(crate) filter: ReceiveFilter,
}

/// Leases deliveries.
pub(crate) struct Claims {
    store: Store,
    clock: Clock,
    writer: Arc<Writer>,
    observer: Option<Arc<dyn Observer>>,
}

impl Claims {
    pub(crate) fn new(store: Store, clock: Clock, writer: Arc<Writer>, observer: Option<Arc<dyn Observer>>) -> Self {
        Self { store, clock, writer, observer }
    }

    /// Leases the next deliveries of an inbox, for who asks or for a push.
    pub(crate) async fn claim(&self, tenant: TenantId, agent: &AgentName, leasing: Leasing) -> Result<Vec<InboxItem>> {
        let Leasing { max, lease, push, filter } = leasing;
        let secret = u64::from_le_bytes(random::bytes()?);
        let command = Claim { agent: agent.clone(), max, lease, secret, push, filter };
        let now = self.clock.now();
        let claimed = self.store.commit(Change { tenant, now, version: None, command }).await?.outcome;
        if claimed.is_empty() {
            return Ok(Vec::new());
        }
        if claimed.len() == max && !push {
            // There may be more: the next one who waits polls for itself.
            self.writer.notify_inbox(tenant, agent);
        }
        self.writer.notify_log(tenant);
        let item = |Claimed { delivery, data }: Claimed| {
            let message: Message = serde_json::from_str(&data)
                .map_err(|error| Error::Internal(format!("message {} cannot be read: {error}", delivery.message)))?;
            if let Some(observer) = self.observer.as_ref().filter(|_| delivery.delivered_at == Some(now)) {
                observer.delivered(now.since(message.deliver_at.unwrap_or(message.sent_at)));
            }
            Ok(InboxItem { delivery, message: Arc::new(message) })
        };
        claimed.into_iter().map(item).collect()
    }
}
