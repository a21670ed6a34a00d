//! Rebuilding: whatever is done with deliveries, the log alone tells how each of them stands.

use domain::delivery::{Change, DeliveryPolicy, Receipt, Verb};
use domain::event::{Event, NewEvent};
use domain::message::Message;
use domain::rebuild::{FannedOut, Rebuilt};
use domain::{AgentName, Delivery, Digest, EventKind, Priority, Span, State, Time};
use proptest::prelude::*;

use crate::world::{NOW, id, message, name};

/// One step in the life of a delivery, sensible or not.
#[derive(Clone, Debug)]
enum Step {
    Lease(i64),
    Ask(usize, bool, i64),
    Trigger,
    Wait(i64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => (1..200_i64).prop_map(Step::Lease),
        5 => (0..7_usize, any::<bool>(), 0..100_i64).prop_map(|(verb, held, secs)| Step::Ask(verb, held, secs)),
        1 => Just(Step::Trigger),
        3 => (0..150_i64).prop_map(Step::Wait),
    ]
}

fn verb(which: usize, receipt: Receipt, held: bool, now: Time, secs: i64) -> Verb {
    let span = Span::from_secs(secs);
    let held = held.then_some(receipt);
    match which {
        0 => Verb::Ack { receipt: held, note: Some("done".into()) },
        1 => Verb::Nack { receipt, delay: None, reason: None },
        2 => Verb::Nack { receipt, delay: Some(span), reason: Some("busy".into()) },
        3 => Verb::Extend { receipt, lease: span },
        4 => Verb::Defer { receipt: held, until: Some(now.plus(span)), trigger: None, reason: None },
        5 => Verb::Defer { receipt: held, until: None, trigger: Some("built".into()), reason: None },
        _ => {
            if secs % 3 == 0 {
                Verb::Terminate { receipt: held, reason: "enough".into() }
            } else {
                Verb::Redrive
            }
        }
    }
}

/// A log as it would be stored.
#[derive(Default)]
struct Log {
    events: Vec<Event>,
}

impl Log {
    fn add(&mut self, event: NewEvent) -> i64 {
        let NewEvent { kind, at, message, agent, data } = event;
        let seq = self.events.len() as i64 + 1;
        let (hash, previous) = (Digest::ZERO, Digest::ZERO);
        self.events.push(Event { seq, kind, at, message, agent, data, hash, previous });
        seq
    }

    fn send(&mut self, message: &Message) -> i64 {
        let mut event = NewEvent::of(EventKind::MessageSent, message.sent_at, message);
        (event.message, event.agent) = (Some(message.id), Some(message.from.clone()));
        self.add(event)
    }

    fn fan_out(&mut self, message: &Message, agents: &[&str], done: bool) {
        let recipients: Vec<AgentName> = agents.iter().map(|agent| name(agent)).collect();
        let part = FannedOut { message_id: message.id, recipients, done };
        let event = NewEvent::of(EventKind::MessageFannedOut, NOW, &part);
        self.add(NewEvent { message: Some(message.id), ..event });
    }

    fn change(&mut self, at: Time, change: &Change) {
        self.add(NewEvent::of_delivery(change.kind, at, &change.delivery, change.reason.as_deref()));
    }

    fn rebuild(&self) -> Result<Rebuilt, String> {
        let mut rebuilt = Rebuilt::default();
        self.events.iter().try_for_each(|event| rebuilt.apply(event))?;
        Ok(rebuilt)
    }
}

fn letter(priority: Priority, times: (i64, i64, i64)) -> Message {
    // A third of each: none, soon, late.
    let at = |secs: i64| (secs % 3 != 0).then(|| NOW.plus(Span::from_secs(secs)));
    let mut message = Message { priority, deliver_at: at(times.0), expires_at: at(times.1 + 300), ..message() };
    message.ack_within = (times.2 % 2 == 0).then(|| Span::from_secs(times.2 + 1));
    message
}

/// Lives one step; answers the change, if anything changed.
fn live(delivery: &Delivery, step: &Step, now: Time, within: Option<Span>) -> Option<Change> {
    let policy = DeliveryPolicy { backoff: vec![Span::ZERO, Span::from_secs(5)], ..DeliveryPolicy::default() };
    let delivery = delivery.clone();
    match *step {
        Step::Lease(secs) => {
            (delivery.state == State::Pending).then(|| delivery.lease(now, Span::from_secs(secs), 1_000 + secs))
        }
        Step::Ask(which, held, secs) => {
            let verb = verb(which, delivery.receipt(), held, now, secs);
            delivery.apply(verb, &policy, now).ok().flatten()
        }
        Step::Trigger => delivery.trigger.is_some().then(|| delivery.trigger()),
        Step::Wait(_) => delivery.elapse(&policy, within, now),
    }
}

proptest! {
    #[test]
    fn the_log_alone_tells_how_every_delivery_stands(
        lane in 0..4_i64,
        times in (0..300_i64, 0..300_i64, 0..300_i64),
        steps in prop::collection::vec((0..3_usize, step()), 0..60),
    ) {
        let mut message = letter(Priority::from_code(lane).expect("a lane"), times);
        (message.fan_out, message.recipients) = (true, vec![name("chat")]);
        let mut log = Log::default();
        let seq = log.send(&message);
        log.fan_out(&message, &["d", "e"], true);
        let new = |agent| Delivery { seq, ..Delivery::new(&message, name(agent)) };
        let mut deliveries = ["chat", "d", "e"].map(new);
        let mut now = NOW;
        for (which, step) in steps {
            if let Step::Wait(secs) = step {
                now = now.plus(Span::from_secs(secs));
            }
            let delivery = &mut deliveries[which];
            let live_still = delivery.state.is_live();
            if let Some(change) = live(delivery, &step, now, message.ack_within) {
                log.change(now, &change);
                *delivery = change.delivery;
            }
            prop_assert!(live_still || matches!(step, Step::Ask(6, ..)) || !delivery.state.is_live(), "what is settled comes back only redriven");
            prop_assert_eq!(delivery.state == State::Leased, delivery.lease_expires_at.is_some());
            prop_assert!(delivery.state == State::Deferred || (delivery.deferred_until.is_none() && delivery.trigger.is_none()));
            prop_assert_eq!(delivery.settled_at.is_some(), !delivery.state.is_live());
            prop_assert!(delivery.state.is_live() || delivery.due().is_none());
            prop_assert!((0..=5).contains(&delivery.attempt));
            let due = delivery.due().is_some_and(|due| due <= now);
            prop_assert_eq!(due, live(delivery, &Step::Wait(0), now, message.ack_within).is_some());
        }
        let mut rebuilt = log.rebuild().expect("the log tells");
        prop_assert_eq!(rebuilt.missing().count(), 3);
        for delivery in &deliveries {
            prop_assert_eq!(rebuilt.compare(delivery), Ok(()));
        }
        prop_assert_eq!(rebuilt.missing().count(), 0);
    }
}

fn told() -> (Log, Delivery) {
    let mut log = Log::default();
    let message = message();
    let seq = log.send(&message);
    let change = Delivery { seq, ..Delivery::new(&message, name("chat")) }.lease(NOW, Span::from_secs(60), 7);
    log.change(NOW, &change);
    (log, change.delivery)
}

#[test]
fn a_stored_delivery_that_differs_in_anything_is_told_apart() {
    let (log, stored) = told();
    let mut rebuilt = log.rebuild().expect("the log tells");
    assert_eq!(rebuilt.compare(&stored), Ok(()));
    // The secret of a lease is in no log.
    assert_eq!(rebuilt.compare(&Delivery { lease: 99, ..stored.clone() }), Ok(()));
    let time = Some(Time(0));
    let others = [
        Delivery { state: State::Pending, ..stored.clone() },
        Delivery { attempt: 2, ..stored.clone() },
        Delivery { priority: Priority::High, ..stored.clone() },
        Delivery { seq: 2, ..stored.clone() },
        Delivery { lease_expires_at: None, ..stored.clone() },
        Delivery { expires_at: time, ..stored.clone() },
        Delivery { ack_by: time, ..stored.clone() },
        Delivery { delivered_at: None, ..stored.clone() },
        Delivery { settled_at: time, ..stored.clone() },
        Delivery { reminded: true, ..stored.clone() },
        Delivery { trigger: Some("x".into()), ..stored.clone() },
        Delivery { note: Some("x".into()), ..stored.clone() },
        Delivery { agent: name("other"), ..stored.clone() },
        Delivery { message: id(8), ..stored },
    ];
    for other in others {
        assert!(rebuilt.compare(&other).is_err(), "{other:?}");
    }
}

#[test]
fn an_event_that_contradicts_the_log_is_named() {
    let (log, delivery) = told();
    let foreign = Delivery { agent: name("other"), ..delivery };
    let never_made = NewEvent::of_delivery(EventKind::MessageAcked, NOW, &foreign, None);
    let unreadable = NewEvent { data: "{".into(), ..never_made.clone() };
    let elsewhere = NewEvent { agent: Some(name("chat")), ..never_made.clone() };
    let unasked = {
        let mut log = Log::default();
        log.fan_out(&message(), &["d"], true);
        log.events.remove(0)
    };
    let as_new = |event: &Event| NewEvent {
        kind: event.kind,
        at: event.at,
        message: event.message,
        agent: event.agent.clone(),
        data: event.data.clone(),
    };
    for (event, why) in [
        (never_made, "never made"),
        (unreadable, "cannot be read"),
        (elsewhere, "its row says"),
        (as_new(&unasked), "not being fanned out"),
    ] {
        let mut bad = Log { events: log.events.clone() };
        bad.add(event);
        let told = bad.rebuild().expect_err("must be found");
        assert!(told.contains(why), "{told}");
    }
}
