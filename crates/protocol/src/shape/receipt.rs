use domain::{Delivery, State, Time};

use super::time;

/// What became of a message, recipient by recipient.
pub fn receipts(receipts: domain::view::Receipts) -> crate::Receipts {
    let message = &receipts.message.message;
    let sent_at = message.sent_at;
    crate::Receipts {
        message_id: message.id.0,
        items: receipts.deliveries.into_iter().map(|delivery| receipt(delivery, sent_at)).collect(),
        decision: receipts.message.decision.map(super::decision::decision),
        next: None,
    }
}

fn receipt(delivery: Delivery, sent_at: Time) -> crate::DeliveryReceipt {
    let acked = delivery.state == State::Acked;
    crate::DeliveryReceipt {
        agent: delivery.agent.into(),
        state: delivery.state,
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
