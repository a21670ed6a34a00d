//! The life of a delivery, by tables: every verb in every state, and everything that happens by itself.

use domain::delivery::{Change, DeliveryPolicy, Notice, Receipt, Verb};
use domain::{Code, Delivery, EventKind, Refusal, Span, State, Time};

use crate::world::{NOW, delivery, in_state, message};

const LEASE: Span = Span::from_secs(60);

fn receipt(delivery: &Delivery) -> Receipt {
    delivery.receipt()
}

fn stale(delivery: &Delivery) -> Receipt {
    Receipt { lease: delivery.lease + 1, ..delivery.receipt() }
}

fn foreign(delivery: &Delivery) -> Receipt {
    Receipt { seq: delivery.seq + 1, ..delivery.receipt() }
}

fn ack(receipt: Option<Receipt>) -> Verb {
    Verb::Ack { receipt, note: Some("done".into()) }
}

fn nack(receipt: Receipt, delay: Option<Span>) -> Verb {
    Verb::Nack { receipt, delay, reason: Some("busy".into()) }
}

fn defer(receipt: Option<Receipt>) -> Verb {
    Verb::Defer { receipt, until: Some(NOW.plus(LEASE)), trigger: None, reason: Some("later".into()) }
}

fn terminate(receipt: Option<Receipt>) -> Verb {
    Verb::Terminate { receipt, reason: "nonsense".into() }
}

fn extend(receipt: Receipt) -> Verb {
    Verb::Extend { receipt, lease: Span::from_secs(90) }
}

fn apply(delivery: &Delivery, verb: Verb) -> Result<Option<Change>, Refusal> {
    delivery.clone().apply(verb, &DeliveryPolicy::default(), NOW)
}

/// What a verb comes to: the state and event, nothing, or a refusal.
#[derive(Debug, PartialEq)]
enum Outcome {
    Becomes(State, EventKind),
    Stays,
    Refused(Code),
}
use Outcome::{Becomes, Refused, Stays};

fn outcome(result: Result<Option<Change>, Refusal>) -> Outcome {
    match result {
        Ok(Some(change)) => Becomes(change.delivery.state, change.kind),
        Ok(None) => Stays,
        Err(refusal) => Refused(refusal.code),
    }
}

#[test]
fn every_verb_without_a_receipt_does_in_every_state_what_the_table_says() {
    let acked = || Becomes(State::Acked, EventKind::MessageAcked);
    let deferred = || Becomes(State::Deferred, EventKind::MessageDeferred);
    let dead = || Becomes(State::Dead, EventKind::MessageDead);
    let wrong = || Refused(Code::WrongState);
    let table = [
        (State::Pending, [acked(), deferred(), dead(), wrong()]),
        (State::Leased, [acked(), deferred(), dead(), wrong()]),
        (State::Deferred, [acked(), deferred(), dead(), wrong()]),
        (State::Acked, [Stays, wrong(), wrong(), wrong()]),
        (State::Expired, [wrong(), wrong(), wrong(), wrong()]),
        (State::Dead, [wrong(), wrong(), wrong(), Becomes(State::Pending, EventKind::MessageRedriven)]),
    ];
    for (state, expected) in table {
        let delivery = in_state(state);
        let verbs = [ack(None), defer(None), terminate(None), Verb::Redrive];
        for (verb, expected) in verbs.into_iter().zip(expected) {
            assert_eq!(outcome(apply(&delivery, verb.clone())), expected, "{state}: {verb:?}");
        }
    }
}

#[test]
fn every_verb_with_the_current_receipt_does_in_every_state_what_the_table_says() {
    let all_stale = || std::array::from_fn::<_, 5, _>(|_| Refused(Code::StaleReceipt));
    let mut after_ack = all_stale();
    after_ack[0] = Stays;
    let leased = [
        Becomes(State::Acked, EventKind::MessageAcked),
        Becomes(State::Pending, EventKind::MessageNacked),
        Becomes(State::Leased, EventKind::MessageExtended),
        Becomes(State::Deferred, EventKind::MessageDeferred),
        Becomes(State::Dead, EventKind::MessageDead),
    ];
    let table = [
        (State::Pending, all_stale()),
        (State::Leased, leased),
        (State::Deferred, all_stale()),
        (State::Acked, after_ack),
        (State::Expired, all_stale()),
        (State::Dead, all_stale()),
    ];
    for (state, expected) in table {
        let delivery = in_state(state);
        let own = receipt(&delivery);
        let verbs = [ack(Some(own)), nack(own, None), extend(own), defer(Some(own)), terminate(Some(own))];
        for (verb, expected) in verbs.into_iter().zip(expected) {
            assert_eq!(outcome(apply(&delivery, verb.clone())), expected, "{state}: {verb:?}");
        }
    }
}

#[test]
fn an_old_or_foreign_receipt_changes_nothing_in_any_state() {
    for state in State::ALL {
        let delivery = in_state(*state);
        for (receipt, code) in [(stale(&delivery), Code::StaleReceipt), (foreign(&delivery), Code::ForeignReceipt)] {
            let verbs = [
                ack(Some(receipt)),
                nack(receipt, None),
                extend(receipt),
                defer(Some(receipt)),
                terminate(Some(receipt)),
            ];
            for verb in verbs {
                let refusal = apply(&delivery, verb.clone()).expect_err("must be refused");
                assert_eq!(refusal.code, code, "{state}: {verb:?}");
                assert!(refusal.remedy.is_some(), "{state}: {verb:?}");
            }
        }
    }
}

#[test]
fn a_receipt_is_read_as_it_is_written_and_nothing_else_is() {
    for (seq, lease) in [(1, 0), (42, 0xdead_beef), (i64::MAX, -1), (7, i64::MIN)] {
        let receipt = Receipt { seq, lease };
        assert_eq!(receipt.to_string().parse(), Ok(receipt));
    }
    let malformed = [
        "",
        ".",
        "5",
        "5.",
        ".00",
        "5.1",
        "+5.0000000000000001",
        "05.0000000000000001",
        "5.+000000000000001",
        "5.00000000000000001",
        "5.00000000000000FF",
        "5.000000000000000g",
        "5.0000000000000001 ",
        "a.0000000000000001",
        "99999999999999999999.0000000000000001",
    ];
    for text in malformed {
        assert!(text.parse::<Receipt>().is_err(), "{text}");
    }
}

#[test]
fn a_first_lease_delivers_and_a_later_one_leases() {
    let first = delivery().lease(NOW, LEASE, 77);
    assert_eq!(first.kind, EventKind::MessageDelivered);
    let held = first.delivery;
    assert_eq!((held.state, held.attempt, held.lease), (State::Leased, 1, 77));
    assert_eq!((held.lease_expires_at, held.delivered_at), (Some(NOW.plus(LEASE)), Some(NOW)));

    let later = NOW.plus(LEASE);
    let back = held.elapse(&DeliveryPolicy::default(), None, later).expect("its lease ran out").delivery;
    let again = back.lease(later, LEASE, 78);
    assert_eq!(again.kind, EventKind::MessageLeased);
    assert_eq!((again.delivery.attempt, again.delivery.delivered_at), (2, Some(NOW)));
}

#[test]
fn a_settled_delivery_keeps_what_was_said_and_owes_nothing() {
    let table = [
        (ack(None), Some("done"), None),
        (terminate(None), Some("terminated: nonsense"), Some(Notice::Bounce("terminated: nonsense".into()))),
    ];
    for (verb, note, notice) in table {
        let before = Delivery { ack_by: Some(NOW), ..in_state(State::Leased) };
        let change = apply(&before, verb).expect("allowed").expect("changes");
        let after = change.delivery;
        assert_eq!((after.note.as_deref(), change.notice), (note, notice));
        assert_eq!((after.settled_at, after.ack_by, after.lease_expires_at), (Some(NOW), None, None));
        assert_eq!(after.due(), None);
    }
}

#[test]
fn extending_counts_from_now() {
    let held = in_state(State::Leased);
    let change = apply(&held, extend(receipt(&held))).expect("allowed").expect("changes");
    assert_eq!(change.delivery.lease_expires_at, Some(NOW.plus(Span::from_secs(90))));
    assert_eq!(change.delivery.receipt(), held.receipt());
    assert_eq!(change.delivery.attempt, held.attempt);
}

#[test]
fn a_nack_waits_as_long_as_it_says_or_as_the_backoff_says() {
    let secs = Span::from_secs;
    let policy = DeliveryPolicy { backoff: vec![secs(1), secs(0), secs(30)], ..DeliveryPolicy::default() };
    // attempt, delay that was asked for, pause that follows
    let table = [
        (1, None, Some(1)),
        (2, None, None),
        (3, None, Some(30)),
        (4, None, Some(30)),
        (1, Some(5), Some(5)),
        (1, Some(0), None),
        (3, Some(0), None),
    ];
    for (attempt, delay, pause) in table {
        let held = Delivery { attempt, ..in_state(State::Leased) };
        let verb = nack(receipt(&held), delay.map(secs));
        let change = held.apply(verb, &policy, NOW).expect("allowed").expect("changes");
        let state = if pause.is_some() { State::Deferred } else { State::Pending };
        assert_eq!(change.delivery.state, state, "attempt {attempt}, delay {delay:?}");
        assert_eq!(change.delivery.deferred_until, pause.map(|pause| NOW.plus(secs(pause))));
        assert_eq!((change.delivery.attempt, change.notice), (attempt, None));
    }
}

#[test]
fn the_last_attempt_given_back_is_dead_and_bounced() {
    let held = Delivery { attempt: 5, ..in_state(State::Leased) };
    let change = apply(&held, nack(receipt(&held), Some(LEASE))).expect("allowed").expect("changes");
    assert_eq!((change.delivery.state, change.kind), (State::Dead, EventKind::MessageDead));
    let why = "given back at attempt 5, the last: busy";
    assert_eq!(change.delivery.note.as_deref(), Some(why));
    assert_eq!(change.notice, Some(Notice::Bounce(why.into())));
}

#[test]
fn a_deferral_gives_its_lease_back() {
    for (state, attempt) in [(State::Leased, 0), (State::Pending, 1), (State::Deferred, 1)] {
        let before = Delivery { attempt: 1, ..in_state(state) };
        let after = apply(&before, defer(None)).expect("allowed").expect("changes").delivery;
        assert_eq!((after.state, after.attempt), (State::Deferred, attempt), "{state}");
        assert_eq!((after.deferred_until, after.lease_expires_at), (Some(NOW.plus(LEASE)), None));
    }
}

#[test]
fn a_trigger_ends_a_deferral_and_leaves_no_trace_of_it() {
    let verb = Verb::Defer { receipt: None, until: None, trigger: Some("built".into()), reason: None };
    let waiting = apply(&in_state(State::Pending), verb).expect("allowed").expect("changes").delivery;
    assert_eq!((waiting.trigger.as_deref(), waiting.due()), (Some("built"), None));
    let change = waiting.trigger();
    assert_eq!((change.kind, change.reason.as_deref()), (EventKind::MessageReturned, Some("triggered by built")));
    assert_eq!((change.delivery.state, change.delivery.trigger), (State::Pending, None));
}

#[test]
fn what_is_redriven_has_all_its_attempts_and_no_deadline_that_has_passed() {
    let early = Time(NOW.0 - 1);
    let late = NOW.plus(LEASE);
    for (expires_at, kept) in [(None, None), (Some(early), None), (Some(NOW), None), (Some(late), Some(late))] {
        let dead = Delivery { attempt: 5, expires_at, ..in_state(State::Dead) };
        let after = apply(&dead, Verb::Redrive).expect("allowed").expect("changes").delivery;
        assert_eq!((after.state, after.attempt, after.expires_at), (State::Pending, 0, kept));
        assert_eq!((after.settled_at, after.note, after.ack_by), (None, None, None));
    }
}

#[test]
fn a_message_for_later_begins_deferred_and_its_deadline_counts_from_then() {
    let later = NOW.plus(LEASE);
    let mut message = message();
    message.deliver_at = Some(later);
    message.ack_within = Some(LEASE);
    let delivery = Delivery::new(&message, "chat".parse().expect("a name"));
    assert_eq!((delivery.state, delivery.deferred_until), (State::Deferred, Some(later)));
    assert_eq!((delivery.ack_by, delivery.due()), (Some(later.plus(LEASE)), Some(later)));
}

/// The times of a delivery, in seconds from [`NOW`].
#[derive(Clone, Copy, Debug, Default)]
struct Due {
    lease: Option<i64>,
    deferred: Option<i64>,
    expires: Option<i64>,
    ack_by: Option<i64>,
    reminded: bool,
    attempt: i64,
}

impl Due {
    fn delivery(self, state: State) -> Delivery {
        let at = |secs: Option<i64>| secs.map(|secs| NOW.plus(Span::from_secs(secs)));
        Delivery {
            state,
            attempt: self.attempt,
            lease_expires_at: at(self.lease),
            deferred_until: at(self.deferred),
            expires_at: at(self.expires),
            ack_by: at(self.ack_by),
            reminded: self.reminded,
            ..delivery()
        }
    }
}

/// A state, its times, and the state and event that follow.
type Row = (State, Due, Option<(State, EventKind)>);

#[test]
fn what_is_due_happens_by_itself_in_the_order_of_the_table() {
    let none = Due::default();
    let (pending, leased, deferred) = (State::Pending, State::Leased, State::Deferred);
    let returned = (State::Pending, EventKind::MessageReturned);
    let expired = (State::Expired, EventKind::MessageExpired);
    let dead = (State::Dead, EventKind::MessageDead);
    let reminded = EventKind::MessageReminded;
    let table: Vec<Row> = vec![
        (pending, none, None),
        (pending, Due { expires: Some(1), ..none }, None),
        (pending, Due { expires: Some(0), ..none }, Some(expired)),
        (pending, Due { expires: Some(0), ack_by: Some(-1), ..none }, Some(expired)),
        (pending, Due { ack_by: Some(0), ..none }, Some((pending, reminded))),
        (pending, Due { ack_by: Some(0), reminded: true, ..none }, Some((pending, EventKind::MessageEscalated))),
        (leased, Due { lease: Some(1), ..none }, None),
        (leased, Due { lease: Some(0), attempt: 1, ..none }, Some(returned)),
        (leased, Due { lease: Some(0), attempt: 5, ..none }, Some(dead)),
        (leased, Due { lease: Some(0), attempt: 9, ..none }, Some(dead)),
        // A lease in hand protects from expiry until it ends.
        (leased, Due { lease: Some(1), expires: Some(-1), ..none }, None),
        (leased, Due { lease: Some(0), expires: Some(-1), attempt: 1, ..none }, Some(returned)),
        (leased, Due { lease: Some(1), ack_by: Some(0), ..none }, Some((leased, reminded))),
        (deferred, Due { deferred: Some(1), ..none }, None),
        (deferred, Due { deferred: Some(0), ..none }, Some(returned)),
        (deferred, Due { deferred: Some(0), expires: Some(0), ..none }, Some(expired)),
        (deferred, Due { deferred: Some(9), expires: Some(0), ..none }, Some(expired)),
        (deferred, Due { deferred: Some(9), ack_by: Some(0), ..none }, Some((deferred, reminded))),
    ];
    for (state, due, expected) in table {
        let delivery = due.delivery(state);
        let is_due = delivery.due().is_some_and(|at| at <= NOW);
        let change = delivery.elapse(&DeliveryPolicy::default(), Some(LEASE), NOW);
        assert_eq!(change.as_ref().map(|change| (change.delivery.state, change.kind)), expected, "{state} {due:?}");
        assert_eq!(is_due, expected.is_some(), "{state} {due:?} is due");
        let bounced = matches!(change.and_then(|change| change.notice), Some(Notice::Bounce(_)));
        assert_eq!(bounced, expected == Some(expired) || expected == Some(dead), "{state} {due:?} bounces");
    }
}

#[test]
fn nothing_is_due_with_what_is_settled() {
    for state in [State::Acked, State::Expired, State::Dead] {
        let due = Due { lease: Some(-1), deferred: Some(-1), expires: Some(-1), ack_by: Some(-1), ..Due::default() };
        let delivery = due.delivery(state);
        assert_eq!(delivery.due(), None, "{state}");
        assert_eq!(delivery.elapse(&DeliveryPolicy::default(), Some(LEASE), NOW), None, "{state}");
    }
}

#[test]
fn a_missed_ack_is_reminded_once_and_escalated_once() {
    let first = Delivery { ack_by: Some(NOW), ..delivery() };
    let policy = DeliveryPolicy::default();
    let reminded = first.elapse(&policy, Some(LEASE), NOW).expect("due");
    assert_eq!(reminded.notice, Some(Notice::Remind));
    let next = NOW.plus(LEASE);
    assert_eq!(reminded.delivery.ack_by, Some(next));
    assert_eq!(reminded.delivery.clone().elapse(&policy, Some(LEASE), NOW), None);
    let escalated = reminded.delivery.elapse(&policy, Some(LEASE), next).expect("due");
    assert_eq!(escalated.notice, Some(Notice::Escalate));
    assert_eq!(escalated.delivery.due(), None);
    assert_eq!(escalated.delivery.elapse(&policy, Some(LEASE), Time(i64::MAX)), None);
}
