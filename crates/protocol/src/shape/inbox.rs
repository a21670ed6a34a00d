use domain::delivery::{Until, Verb};
use domain::filter::{ReceiveFilter, Receiving};
use domain::{Code, Delivery, MessageId, Refusal, Time};

use super::{Reading, message, time};

/// One delivery on the wire.
pub fn delivery(delivery: Delivery) -> crate::Delivery {
    crate::Delivery {
        agent: delivery.agent.into(),
        message_id: delivery.message.0,
        state: delivery.state,
        attempt: delivery.attempt as u32,
        lease_expires_at: delivery.lease_expires_at.map(time),
        deferred_until: delivery.deferred_until.map(time),
        trigger: delivery.trigger,
        ack_by: delivery.ack_by.map(time),
        expires_at: delivery.expires_at.map(time),
        delivered_at: delivery.delivered_at.map(time),
        settled_at: delivery.settled_at.map(time),
        note: delivery.note,
    }
}

/// A delivery with its message.
pub fn item(item: domain::view::InboxItem) -> crate::InboxItem {
    let message = message_of(&item);
    crate::InboxItem { delivery: delivery(item.delivery), message }
}

/// A page of an inbox with the counts of the whole.
pub fn inbox(inbox: domain::view::Inbox) -> crate::Inbox {
    let [pending, leased, deferred, acked, expired, dead] = inbox.counts.map(|count| count.max(0) as u64);
    crate::Inbox {
        items: inbox.items.items.into_iter().map(item).collect(),
        counts: crate::Counts { pending, leased, deferred, acked, expired, dead },
        next: inbox.items.next,
    }
}

/// A leased delivery.
pub fn received(item: &domain::view::InboxItem) -> crate::Received {
    let message = message_of(item);
    crate::Received {
        receipt: item.delivery.receipt().to_string(),
        attempt: item.delivery.attempt as u32,
        lease_expires_at: time(item.delivery.lease_expires_at.unwrap_or_default()),
        message,
    }
}

/// What is pushed to a webhook: a leased delivery, and whose it is, as JSON.
///
/// # Panics
/// Never: the shapes on the wire always become JSON.
pub fn push_body(item: &domain::view::InboxItem) -> Vec<u8> {
    let push = crate::Push { agent: item.delivery.agent.to_string(), received: received(item) };
    serde_json::to_vec(&push).expect("a shape becomes JSON")
}

/// The message of a delivery, as its recipient sees it: beside its own delivery it knows of no other.
fn message_of(item: &domain::view::InboxItem) -> crate::Message {
    let recipients = vec![(item.delivery.agent.clone(), item.delivery.state)];
    let message = std::sync::Arc::clone(&item.message);
    message::message(domain::view::MessageView {
        message,
        seq: item.delivery.seq,
        recipients,
        fanning_out: false,
        decision: None,
    })
}

/// What a receive asks for.
pub fn receive(request: crate::Receive) -> Result<Receiving, Refusal> {
    let mut reading = Reading::default();
    let lease = reading.span("lease", request.lease);
    let wait = reading.span("wait", request.wait).unwrap_or_default();
    let mut kinds = request.kinds;
    kinds.sort_unstable();
    kinds.dedup();
    let filter = ReceiveFilter { kinds, thread: request.thread.map(MessageId) };
    reading.finish(Receiving { max: request.max.unwrap_or(1) as usize, lease, wait, filter })
}

/// The verb of an ack.
pub fn ack(request: crate::Ack) -> Result<Verb, Refusal> {
    Ok(Verb::Ack { receipt: request.receipt.map(|text| receipt(&text)).transpose()?, note: request.note })
}

/// The verb of a nack.
pub fn nack(request: crate::Nack) -> Result<Verb, Refusal> {
    let mut reading = Reading::default();
    let delay = reading.span("delay", request.delay);
    let delay = reading.finish(delay)?;
    Ok(Verb::Nack { receipt: receipt(&request.receipt)?, delay, reason: request.reason })
}

/// The verb of an extend.
pub fn extend(request: crate::Extend) -> Result<Verb, Refusal> {
    let mut reading = Reading::default();
    let lease = reading.span("lease", Some(request.lease)).unwrap_or_default();
    let lease = reading.finish(lease)?;
    Ok(Verb::Extend { receipt: receipt(&request.receipt)?, lease })
}

/// The verb of a defer.
pub fn defer(request: crate::Defer, now: Time) -> Result<Verb, Refusal> {
    let mut reading = Reading::default();
    let (time, span) = (reading.time("until", request.until), reading.span("for", request.for_));
    let (until, trigger) = reading.finish(Until { time, span, trigger: request.trigger })?.resolve(now)?;
    let receipt = request.receipt.map(|text| receipt(&text)).transpose()?;
    Ok(Verb::Defer { receipt, until, trigger, reason: request.reason })
}

/// The verb of a terminate.
pub fn terminate(request: crate::Terminate) -> Result<Verb, Refusal> {
    let receipt = request.receipt.map(|text| receipt(&text)).transpose()?;
    Ok(Verb::Terminate { receipt, reason: request.reason })
}

fn receipt(text: &str) -> Result<domain::delivery::Receipt, Refusal> {
    text.parse().map_err(|why: String| Refusal::field(Code::ForeignReceipt, "receipt", why))
}
