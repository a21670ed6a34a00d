use domain::{Delivery, State, Time};

use super::{time, word};

/// What became of a message, recipient by recipient.
pub(crate) fn receipts(receipts: engine::Receipts) -> protocol::Receipts {
    let message = &receipts.message.message;
    let sent_at = message.sent_at;
    protocol::Receipts {
        message_id: message.id.0,
        items: receipts.deliveries.into_iter().map(|delivery| receipt(delivery, sent_at)).collect(),
        next: None,
    }
}

fn receipt(delivery: Delivery, sent_at: Time) -> protocol::DeliveryReceipt {
    let acked = delivery.state == State::Acked;
    protocol::DeliveryReceipt {
        agent: delivery.agent.into(),
        state: word::state(delivery.state),
        attempts: delivery.attempt as u32,
        sent_at: time(sent_at),
        delivered_at: delivery.delivered_at.map(time),
        lease_expires_at: delivery.lease_expires_at.map(time),
        deferred_until: delivery.deferred_until.map(time),
        trigger: delivery.trigger,
        ack_by: delivery.ack_by.map(time),
        expires_at: delivery.expires_at.map(time),
        acked_at: delivery.settled_at.filter(|_| acked).map(time),
        settled_at: delivery.settled_at.map(time),
        note: delivery.note,
    }
}
