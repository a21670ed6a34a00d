//! What came to an agent's inbox, in the order of the log: for streams that resume without loss or repeat.

use domain::event::{DeliveryChanged, EventKind};
use domain::message::MessageId;
use domain::rebuild::FannedOut;
use domain::{AgentName, State, TenantId};
use serde::Deserialize;

use crate::inbox::{Found, found};
use crate::load::with_message;
use crate::value::{Row, Value};
use crate::{Error, Result, Store};
use domain::filter::EventFilter;

/// The next arrivals, each with its position, and the position up to which there are no others.
pub type Arrivals = (Vec<(i64, Found)>, i64);

impl Store {
    /// What came to an agent after a position, oldest first: messages at their own position, fanned out ones where their part
    /// was written, deferred and returned ones where they became pending.
    pub async fn arrivals(&self, tenant: TenantId, agent: &AgentName, after: i64, limit: usize) -> Result<Arrivals> {
        let head = self.head(tenant).await?.map_or(0, |(seq, ..)| seq);
        let mut seen = Seen { arrivals: Vec::new(), covered: head };
        let sent = self.sent_to(tenant, agent, after, limit).await?;
        seen.bound(sent.iter().map(|(at, _)| *at), limit);
        // What is to become visible later arrives when it does.
        seen.arrivals.extend(sent.into_iter().filter(|(_, found)| found.message.deliver_at.is_none()));
        for (at, message) in self.come_back(tenant, agent, after, limit, &mut seen).await? {
            let found = self.found(tenant, agent, message).await?;
            seen.arrivals.extend(found.map(|found| (at, found)));
        }
        for (at, message) in self.fanned_out_to(tenant, agent, after, limit, &mut seen).await? {
            let found = self.found(tenant, agent, message).await?;
            seen.arrivals.extend(found.filter(|found| found.message.deliver_at.is_none()).map(|found| (at, found)));
        }
        let Seen { mut arrivals, covered } = seen;
        arrivals.retain(|(at, _)| *at <= covered);
        arrivals.sort_by_key(|(at, _)| *at);
        Ok((arrivals, covered))
    }

    async fn sent_to(
        &self,
        tenant: TenantId,
        agent: &AgentName,
        after: i64,
        limit: usize,
    ) -> Result<Vec<(i64, Found)>> {
        let rest = "JOIN messages m ON m.tenant = d.tenant AND m.seq = d.seq WHERE d.tenant = $1 AND d.agent = $2 \
                    AND d.seq > $3 AND m.fan_out IS NULL ORDER BY d.seq LIMIT $4";
        let parameters = vec![tenant.0.into(), agent.into(), after.into(), Value::Int(limit as i64)];
        let rows = self.query(with_message(rest), parameters).await?;
        rows.into_iter().map(|row: Row| found(row).map(|found| (found.delivery.seq, found))).collect()
    }

    /// Positions at which something that was there before became pending again.
    async fn come_back(
        &self,
        tenant: TenantId,
        agent: &AgentName,
        after: i64,
        limit: usize,
        seen: &mut Seen,
    ) -> Result<Vec<(i64, MessageId)>> {
        let mut back = Vec::new();
        for kind in [EventKind::MessageReturned, EventKind::MessageNacked, EventKind::MessageRedriven] {
            let filter = EventFilter { kind: Some(kind), agent: Some(agent.clone()), message: None };
            let events = self.events(tenant, &filter, after, limit).await?;
            seen.bound(events.iter().map(|event| event.seq), limit);
            for event in events {
                let delivery = read::<DeliveryChanged<'_>>(&event.data)?.delivery;
                back.extend((delivery.state == State::Pending).then_some((event.seq, delivery.message)));
            }
        }
        Ok(back)
    }

    /// Positions at which a part of a fan-out was written that this agent is in.
    async fn fanned_out_to(
        &self,
        tenant: TenantId,
        agent: &AgentName,
        after: i64,
        limit: usize,
        seen: &mut Seen,
    ) -> Result<Vec<(i64, MessageId)>> {
        let filter = EventFilter { kind: Some(EventKind::MessageFannedOut), ..EventFilter::default() };
        let mut parts = Vec::new();
        let events = self.events(tenant, &filter, after, limit).await?;
        seen.bound(events.iter().map(|event| event.seq), limit);
        for event in events {
            let part: FannedOut = read(&event.data)?;
            parts.extend(part.recipients.contains(agent).then_some((event.seq, part.message_id)));
        }
        Ok(parts)
    }

    async fn found(&self, tenant: TenantId, agent: &AgentName, message: MessageId) -> Result<Option<Found>> {
        let rest = "WHERE d.tenant = $1 AND d.agent = $2 AND \
                    d.seq = (SELECT m.seq FROM messages m WHERE m.tenant = $1 AND m.id = $3)";
        let rows = self.query(with_message(rest), vec![tenant.0.into(), agent.into(), message.into()]).await?;
        rows.into_iter().next().map(found).transpose()
    }
}

/// What several pages showed, and how far all of them reach.
struct Seen {
    arrivals: Vec<(i64, Found)>,
    covered: i64,
}

impl Seen {
    /// A full page says nothing of what comes after its last position.
    fn bound(&mut self, positions: impl ExactSizeIterator<Item = i64>, limit: usize) {
        if positions.len() == limit {
            self.covered = positions.last().map_or(self.covered, |last| last.min(self.covered));
        }
    }
}

fn read<'a, T: Deserialize<'a>>(data: &'a str) -> Result<T> {
    serde_json::from_str(data).map_err(|error| Error::Corrupt(format!("an event cannot be read: {error}")))
}
