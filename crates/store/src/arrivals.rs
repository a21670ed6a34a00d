//! What came to an agent's inbox, in the order of the log: for streams that resume without loss or repeat.

use domain::event::{DeliveryChanged, EventKind};
use domain::message::MessageId;
use domain::rebuild::FannedOut;
use domain::{AgentName, State, TenantId};
use serde::Deserialize;

use crate::inbox::{Found, found};
use crate::load::with_message;
use crate::value::{Row, Value};
use crate::{Error, ReadBounds, Result, Store};
use domain::filter::EventFilter;

/// The next arrivals, each with its position, and the position up to which there are no others.
pub type Arrivals = (Vec<(i64, Found)>, i64);

impl Store {
    /// What came to an agent after a position, oldest first: messages at their own position, fanned out ones where their part
    /// was written, deferred and returned ones where they became pending. As many as the bounds allow.
    pub async fn arrivals(
        &self,
        tenant: TenantId,
        agent: &AgentName,
        after: i64,
        bounds: impl Into<ReadBounds>,
    ) -> Result<Arrivals> {
        let bounds = bounds.into();
        let limit = bounds.items;
        let head = self.head(tenant).await?.map_or(0, |(seq, ..)| seq);
        let mut seen = Seen { covered: head };
        let mut arrivals = Vec::new();
        let (sent, whole) = self.sent_to(tenant, agent, after, bounds).await?;
        if !whole {
            seen.bound_at(sent.last().map(|(at, _)| *at));
        }
        // What is to become visible later arrives when it does.
        let sent = sent.into_iter().filter(|(_, found)| found.message.deliver_at.is_none());
        arrivals.extend(sent.map(|(at, found)| (at, Arrival::Found(Box::new(found)))));
        let back = self.come_back(tenant, agent, after, limit, &mut seen).await?;
        arrivals.extend(back.into_iter().map(|(at, message)| (at, Arrival::Back(message))));
        let parts = self.fanned_out_to(tenant, agent, after, limit, &mut seen).await?;
        arrivals.extend(parts.into_iter().map(|(at, message)| (at, Arrival::FannedOut(message))));
        arrivals.retain(|(at, _)| *at <= seen.covered);
        arrivals.sort_by_key(|(at, _)| *at);
        self.loaded(tenant, agent, arrivals, bounds.bytes, seen.covered).await
    }

    /// Reads those that were not read yet, until there are so many bytes.
    async fn loaded(
        &self,
        tenant: TenantId,
        agent: &AgentName,
        arrivals: Vec<(i64, Arrival)>,
        bytes: usize,
        covered: i64,
    ) -> Result<Arrivals> {
        let (mut loaded, mut read, mut reached) = (Vec::new(), 0_usize, 0);
        for (at, arrival) in arrivals {
            let found = match arrival {
                Arrival::Found(found) => Some(*found),
                Arrival::Back(message) => self.found(tenant, agent, message).await?,
                Arrival::FannedOut(message) => {
                    let found = self.found(tenant, agent, message).await?;
                    found.filter(|found| found.message.deliver_at.is_none())
                }
            };
            let Some(found) = found else { continue };
            read = read.saturating_add(found.message.body.len());
            if read > bytes && !loaded.is_empty() {
                return Ok((loaded, reached));
            }
            reached = at;
            loaded.push((at, found));
        }
        Ok((loaded, covered))
    }

    /// Messages that were sent to the agent, and whether these are all there are.
    async fn sent_to(
        &self,
        tenant: TenantId,
        agent: &AgentName,
        after: i64,
        ReadBounds { items, bytes }: ReadBounds,
    ) -> Result<(Vec<(i64, Found)>, bool)> {
        let rest = "JOIN messages m ON m.tenant = d.tenant AND m.seq = d.seq WHERE d.tenant = $1 AND d.agent = $2 \
                    AND d.seq > $3 AND m.fan_out IS NULL ORDER BY d.seq LIMIT $4";
        let parameters = vec![tenant.0.into(), agent.into(), after.into(), Value::Int(items as i64)];
        let (rows, cut) = self.query_within(with_message(rest), parameters, bytes).await?;
        let whole = rows.len() < items && !cut;
        let sent = rows.into_iter().map(|row: Row| found(row).map(|found| (found.delivery.seq, found)));
        Ok((sent.collect::<Result<_>>()?, whole))
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

/// One that came: read already, or known by its message.
enum Arrival {
    Found(Box<Found>),
    Back(MessageId),
    FannedOut(MessageId),
}

/// How far all pages reach that were looked at.
struct Seen {
    covered: i64,
}

impl Seen {
    /// A full page says nothing of what comes after its last position.
    fn bound(&mut self, positions: impl ExactSizeIterator<Item = i64>, limit: usize) {
        if positions.len() == limit {
            self.bound_at(positions.last());
        }
    }

    fn bound_at(&mut self, last: Option<i64>) {
        self.covered = last.map_or(self.covered, |last| last.min(self.covered));
    }
}

fn read<'a, T: Deserialize<'a>>(data: &'a str) -> Result<T> {
    serde_json::from_str(data).map_err(|error| Error::Corrupt(format!("an event cannot be read: {error}")))
}
