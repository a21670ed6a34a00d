//! Decisions: opened with what asks, made once, listed by their deadlines, ended by themselves.

use std::sync::Arc;

use domain::agent::{Agent, AgentKind};
use domain::decision::{Decision, DecisionState, Effect, Ruling};
use domain::filter::ReceiveFilter;
use domain::message::{Kind, Message, MessageId};
use domain::{Code, EventKind, Time};

use super::archive;
use super::world::{NOW, World, at, name, refused, sending};
use crate::{
    AdoptDecisions, Claim, DecisionFilter, ExpireDecision, FanOut, Idempotency, ReassignDecision, SendMessage,
    SendOutcome, Store,
};

/// A request of `code` in strategy.
fn request(world: &World<'_>, to: &[&str]) -> Message {
    Message { kind: Kind::Request, domain: Some("strategy".to_owned()), ..world.message(to) }
}

async fn asked(world: &World<'_>, to: &[&str]) -> Message {
    let message = request(world, to);
    world.send(&message).await;
    message
}

async fn stored(world: &World<'_>, message: MessageId) -> Decision {
    world.store.decision(world.tenant, message).await.expect("read").expect("a decision")
}

/// An answer of `chat` that rules on what was asked, as somebody has seen it.
fn ruling(world: &World<'_>, seen: &Decision, state: DecisionState) -> SendMessage {
    let kind = if state == DecisionState::Approved { Kind::Approve } else { Kind::Reject };
    let answer = Message {
        from: name("chat"),
        kind,
        in_reply_to: Some(seen.message_id),
        thread_id: seen.message_id,
        ..world.message(&["code"])
    };
    let by = name("chat");
    let ruling = Ruling { state, by, message: Some(answer.id), note: None, edits: None, overturn: false };
    SendMessage { effect: Effect::Rules(Box::new(seen.clone()), Box::new(ruling)), ..sending(&answer, None) }
}

async fn kinds(world: &World<'_>) -> Vec<EventKind> {
    world.log().await.into_iter().map(|event| event.kind).collect()
}

/// It is there with the message, and the log tells of it.
pub async fn a_decision_is_opened_with_its_message(store: &Store) {
    let world = World::new(store).await;
    world.sent(&["chat"]).await;
    let message = asked(&world, &["chat", "human"]).await;
    let decision = stored(&world, message.id).await;
    assert_eq!(decision, Decision::open(&message, Some("strategy".to_owned())));
    assert_eq!(decision.asked_of, ["chat", "human"]);
    assert_eq!(kinds(&world).await, [EventKind::MessageSent, EventKind::MessageSent, EventKind::DecisionOpened]);
    assert_eq!(store.decisions_of(world.tenant, &[message.id, world.id_at(NOW)]).await.expect("read"), [decision]);
    world.verify().await;
}

/// Whoever comes second hears who was first, though both decided on the same.
pub async fn of_all_who_decide_at_once_one_does(store: &Store) {
    let world = World::new(store).await;
    let message = asked(&world, &["chat"]).await;
    let seen = stored(&world, message.id).await;
    let states = [DecisionState::Approved, DecisionState::Rejected];
    let changes = (0..40).map(|n| {
        let key = format!("key-{n}");
        let until = at(60);
        // Some under a key of their own, so that both questions are asked at once.
        let idempotency = (n % 3 == 0).then_some(Idempotency { key, fingerprint: domain::Digest([n; 32]), until });
        let command = SendMessage { idempotency, ..ruling(&world, &seen, states[usize::from(n % 2)]) };
        world.change(at(1), command)
    });
    let outcomes = store.commit_all(changes.collect()).await;
    let (made, late): (Vec<_>, Vec<_>) = outcomes.into_iter().partition(Result::is_ok);
    assert_eq!((made.len(), late.len()), (1, 39));
    let decision = stored(&world, message.id).await;
    for late in late {
        let Err(crate::Error::Refused(refusal)) = late else { panic!("it must be refused") };
        assert_eq!((refusal.code, refusal.decision.as_deref()), (Code::AlreadyDecided, Some(&decision)));
    }
    assert_eq!((decision.decided_by, decision.decided_at), (Some(name("chat")), Some(at(1))));
    let told = kinds(&world).await;
    assert_eq!(told.iter().filter(|kind| **kind == EventKind::DecisionMade).count(), 1);
    assert_eq!(world.pending("code").await.len(), 1, "what came too late was not sent");
    world.verify().await;
}

/// A repetition under the same key is the first one again, and no second decision.
pub async fn a_decision_under_a_key_is_repeated_and_not_made_again(store: &Store) {
    let world = World::new(store).await;
    let message = asked(&world, &["chat"]).await;
    let seen = stored(&world, message.id).await;
    let idempotency = Some(Idempotency { key: "key".to_owned(), fingerprint: domain::Digest([1; 32]), until: at(60) });
    let approve = || SendMessage { idempotency: idempotency.clone(), ..ruling(&world, &seen, DecisionState::Approved) };
    let first = world.commit(approve()).await.expect("sent");
    assert!(matches!(first.outcome, SendOutcome::Sent(_)));
    assert_eq!(first.notify, [name("code")], "who asked may wait for it");
    assert!(matches!(world.commit(approve()).await.expect("repeated").outcome, SendOutcome::Replayed(_)));
    let other = SendMessage { idempotency: None, ..approve() };
    assert_eq!(refused(world.commit(other).await), Code::AlreadyDecided);
    world.verify().await;
}

/// Open ones by their deadline, the others by when they ended, the latest first; and only those that are wanted.
pub async fn decisions_are_listed_by_deadline_and_filter(store: &Store) {
    let world = World::new(store).await;
    let mut open = Vec::new();
    for (due, to) in [(Some(at(50)), "chat"), (None, "human"), (Some(at(20)), "human"), (Some(at(30)), "chat")] {
        let message = Message { expires_at: due, ..request(&world, &[to]) };
        world.send(&message).await;
        open.push(message.id);
    }
    let mut made = Vec::new();
    for second in 1..3 {
        let message = Message { from: name("ops"), domain: None, ..asked_message(&world) };
        world.send(&message).await;
        let command = ruling(&world, &stored(&world, message.id).await, DecisionState::Approved);
        store.commit(world.change(at(second), command)).await.expect("made");
        made.push(message.id);
    }
    let list = async |filter: DecisionFilter, state, after: (i64, MessageId), limit| {
        let found = store.decisions(world.tenant, &filter, state, after, limit).await.expect("read");
        found.into_iter().map(|decision| decision.message_id).collect::<Vec<_>>()
    };
    let all = DecisionFilter::default;
    let first = (i64::MIN, MessageId::FIRST);
    assert_eq!(list(all(), DecisionState::Open, first, 9).await, [open[2], open[3], open[0], open[1]]);
    assert_eq!(list(all(), DecisionState::Open, (at(20).0, open[2]), 2).await, [open[3], open[0]]);
    assert_eq!(list(all(), DecisionState::Approved, first, 9).await, [made[1], made[0]]);
    let of = |agent: &str| DecisionFilter { asked_of: Some(name(agent)), ..all() };
    assert_eq!(list(of("human"), DecisionState::Open, first, 9).await, [open[2], open[1]]);
    assert_eq!(list(of("nobody"), DecisionState::Open, first, 9).await, []);
    let by = |agent: &str| DecisionFilter { asked_by: Some(name(agent)), ..all() };
    assert_eq!(list(by("code"), DecisionState::Open, first, 2).await, [open[2], open[3]]);
    assert_eq!(list(by("ops"), DecisionState::Open, first, 9).await, []);
    let inside = |domain: &str| DecisionFilter { domain: Some(domain.to_owned()), ..all() };
    assert_eq!(list(inside("strategy"), DecisionState::Open, first, 9).await.len(), 4);
    assert_eq!(list(inside("strategy"), DecisionState::Approved, first, 9).await, []);
    let every = DecisionFilter {
        asked_of: Some(name("chat")),
        asked_by: Some(name("code")),
        domain: Some("strategy".to_owned()),
    };
    assert_eq!(list(every, DecisionState::Open, first, 9).await, [open[3], open[0]]);
    let both = DecisionFilter { domain: Some("strategy".to_owned()), ..by("code") };
    assert_eq!(list(both, DecisionState::Open, first, 9).await.len(), 4);
    let other = World::of(store, "other").await;
    assert!(store.decisions(other.tenant, &all(), DecisionState::Open, first, 9).await.expect("read").is_empty());
}

fn asked_message(world: &World<'_>) -> Message {
    request(world, &["chat"])
}

/// Nobody decides it any more, and who asked is told; once.
pub async fn what_nobody_decides_expires_and_who_asked_is_told(store: &Store) {
    let world = World::new(store).await;
    let message = Message { expires_at: Some(at(10)), ..request(&world, &["chat"]) };
    world.send(&message).await;
    let due = async |now: Time| store.decisions_due(now, 10).await.expect("read").len();
    assert_eq!((due(at(9)).await, due(at(10)).await), (0, 1));
    let expire = || ExpireDecision { message: message.id, notice: world.id_at(at(10)) };
    let step = async |now| store.commit(world.change(now, expire())).await.expect("done");
    assert!(!step(at(9)).await.outcome);
    let seen = stored(&world, message.id).await;
    let late = world.change(at(10), ruling(&world, &seen, DecisionState::Approved));
    assert_eq!(refused(store.commit(late).await), Code::AlreadyDecided, "its time has passed, though nobody said so");
    let done = step(at(10)).await;
    assert!(done.outcome);
    assert!(done.notify.contains(&name("code")));
    assert!(!step(at(11)).await.outcome);
    let decision = stored(&world, message.id).await;
    assert_eq!((decision.state, decision.decided_by), (DecisionState::Expired, None));
    assert_eq!(due(at(11)).await, 0);
    let told = world.pending("code").await;
    assert_eq!((told.len(), told[0].in_reply_to, decision.outcome_message_id), (1, Some(message.id), Some(told[0].id)));
    world.verify().await;
}

/// Where nobody active is left who was asked, the final authority is, and hears of it.
pub async fn an_open_decision_of_the_retired_goes_to_the_final_authority(store: &Store) {
    let world = World::new(store).await;
    let mut directory = (*world.directory).clone();
    for agent in ["old", "chat"] {
        let mut agent = Agent::new(name(agent), AgentKind::Ai, NOW);
        agent.retired_at = (agent.name == name("old")).then_some(NOW);
        directory.agents.insert(agent.name.clone(), agent);
    }
    let directory = Arc::new(directory);
    let (alone, two) = (asked(&world, &["old"]).await, asked(&world, &["old", "chat"]).await);
    for message in [alone.id, two.id] {
        let (agent, directory, notice) = (name("old"), Arc::clone(&directory), world.id_at(NOW));
        world.commit(ReassignDecision { message, agent, directory, notice }).await.expect("reassigned");
    }
    assert_eq!(stored(&world, alone.id).await.asked_of, ["human"]);
    assert_eq!(stored(&world, two.id).await.asked_of, ["chat"]);
    let first = (i64::MIN, MessageId::FIRST);
    for (agent, count) in [("old", 0), ("human", 1), ("chat", 1)] {
        let filter = DecisionFilter { asked_of: Some(name(agent)), ..DecisionFilter::default() };
        let found = store.decisions(world.tenant, &filter, DecisionState::Open, first, 9).await.expect("read");
        assert_eq!(found.len(), count, "{agent}");
    }
    let told = world.pending("human").await;
    assert_eq!(told.iter().map(|told| told.in_reply_to).collect::<Vec<_>>(), [Some(alone.id)]);
    world.verify().await;
}

/// A request whose decision has no row is given one, once; one that somebody decides before is left alone.
pub async fn what_was_asked_before_gets_its_decision_once(store: &Store) {
    let world = World::new(store).await;
    let old: Vec<Message> = (0..3).map(|_| request(&world, &["chat"])).collect();
    for message in &old {
        let before = SendMessage { effect: Effect::Nothing, ..sending(message, None) };
        world.commit(before).await.expect("sent");
    }
    let head = world.head().await;
    assert_eq!(store.adoptable().await.expect("read"), [], "a new store has nothing from before");
    assert_eq!(store.asking(world.tenant, (0, head), 2).await.expect("read").len(), 2);
    // Decided before its row is there: it is opened and made at once.
    let seen = Decision::open(&old[2], old[2].domain.clone());
    world.commit(ruling(&world, &seen, DecisionState::Rejected)).await.expect("made");
    let answer =
        Message { from: name("chat"), kind: Kind::Approve, in_reply_to: Some(old[1].id), ..world.message(&[]) };
    let decisions = vec![
        Decision::of_thread(&old[0], &[], NOW),
        Decision::of_thread(&old[1], std::slice::from_ref(&answer), NOW),
        Decision::of_thread(&old[2], &[], NOW),
    ];
    for _ in 0..2 {
        let adopt = AdoptDecisions { decisions: decisions.clone(), reached: head };
        world.commit(adopt).await.expect("adopted");
    }
    let states = [DecisionState::Open, DecisionState::Approved, DecisionState::Rejected];
    for (message, state) in old.iter().zip(states) {
        assert_eq!(stored(&world, message.id).await.state, state);
    }
    let told = kinds(&world).await;
    assert_eq!(told.iter().filter(|kind| **kind == EventKind::DecisionOpened).count(), 3);
    world.verify().await;
}

/// Everybody that workers reach finds it, also those that are reached when it is decided.
pub async fn whoever_a_fan_out_reaches_is_asked(store: &Store) {
    let world = World::new(store).await;
    let wide = Message { to: vec!["*".to_owned()], fan_out: true, ..request(&world, &[]) };
    let seq = world.send(&wide).await;
    let part =
        |after: &str, agent: &str, done| FanOut { seq, after: after.to_owned(), agents: vec![name(agent)], done };
    world.commit(part("", "a", false)).await.expect("fanned out");
    assert_eq!(stored(&world, wide.id).await.asked_of, ["*"]);
    world.commit(ruling(&world, &stored(&world, wide.id).await, DecisionState::Approved)).await.expect("made");
    world.commit(part("a", "b", true)).await.expect("fanned out");
    let first = (i64::MIN, MessageId::FIRST);
    for agent in ["a", "b"] {
        let filter = DecisionFilter { asked_of: Some(name(agent)), ..DecisionFilter::default() };
        let open = store.decisions(world.tenant, &filter, DecisionState::Open, first, 9).await.expect("read");
        let made = store.decisions(world.tenant, &filter, DecisionState::Approved, first, 9).await.expect("read");
        assert_eq!((open.len(), made.len()), (0, 1), "{agent}");
    }
    world.verify().await;
    // Brought into another tenant, it is the same there.
    let importing = store.begin_import("copy", NOW, world.tenant, NOW).await.expect("begun");
    let importing = store.import(&importing, world.log().await).await.expect("brought in");
    store.finish_import(&importing, Vec::new()).await.expect("finished");
    let copy = World::of(store, "copy").await;
    assert_eq!(stored(&copy, wide.id).await, stored(&world, wide.id).await);
    let left = store.adoptable().await.expect("read");
    assert_eq!(left, [(copy.tenant, 0, importing.seq)], "what came without a decision is looked for");
    copy.verify().await;
}

/// A message that waits for a decision is kept; when it is over it goes with its decision.
pub async fn what_waits_for_a_decision_stays_in_the_store(store: &Store) {
    let world = World::new(store).await;
    let message = asked(&world, &["chat"]).await;
    let delivery = world.claim_one("chat", NOW).await;
    world.settle("chat", message.id, super::world::ack(delivery.receipt())).await.expect("acked");
    world.sent(&["other"]).await;
    archive::trim_all(&world).await;
    assert_eq!(archive::sweep(&world, 0).await, 0);
    world.commit(ruling(&world, &stored(&world, message.id).await, DecisionState::Approved)).await.expect("made");
    world.sent(&["other"]).await;
    archive::trim_all(&world).await;
    assert_eq!(archive::sweep(&world, 0).await, 1);
    assert_eq!(store.decision(world.tenant, message.id).await.expect("read"), None);
    world.verify().await;
}

/// A worker takes the kinds and the thread that it names, in the order of the inbox, and leaves the rest.
pub async fn a_claim_takes_only_the_kinds_and_the_thread_that_it_names(store: &Store) {
    let world = World::new(store).await;
    let first = world.sent(&["chat"]).await;
    let request = asked(&world, &["chat"]).await;
    let answer = Message { thread_id: first, in_reply_to: Some(first), ..world.message(&["chat"]) };
    world.send(&answer).await;
    let claim = async |kinds: &[Kind], thread| {
        let filter = ReceiveFilter { kinds: kinds.to_vec(), thread };
        let command = Claim { filter, ..world.claiming("chat", 9) };
        let claimed = world.commit(command).await.expect("claimed").outcome;
        claimed.into_iter().map(|claimed| claimed.delivery.message).collect::<Vec<_>>()
    };
    assert_eq!(claim(&[Kind::Propose], None).await, []);
    assert_eq!(claim(&[Kind::Propose, Kind::Request], None).await, [request.id]);
    assert_eq!(claim(&[Kind::Request], Some(first)).await, []);
    assert_eq!(claim(&[], Some(first)).await, [first, answer.id]);
    assert_eq!(claim(&[], None).await, []);
    world.verify().await;
}
