//! Messages: found again by id, by thread and by every filter.

use domain::message::{Kind, Message, MessageId, Priority};
use domain::{AgentName, Delivery, DomainName, Span, State, Time};

use super::world::{NOW, World, at, name, sending, terminate};
use crate::{MessageFilter, Order, Readable, Store, StoredMessage};

/// What is read is what was sent.
pub async fn a_message_is_found_as_it_was_sent(store: &Store) {
    let world = World::new(store).await;
    let mut message = world.message(&["chat"]);
    message.body = String::from("Zeichen: ä, 漢, \u{0}, \u{1f600}");
    message.metadata = serde_json::value::RawValue::from_string(r#"{ "a" : [1, 2] }"#.to_owned()).ok();
    message.evidence.insert("coverage".to_owned(), 0.1 + 0.2);
    let seq = world.send(&message).await;
    let written = serde_json::to_string(&message).expect("JSON");
    for found in [
        store.message(world.tenant, message.id).await.expect("read").expect("a message"),
        store.message_at(world.tenant, seq).await.expect("read").expect("a message"),
    ] {
        assert_eq!((found.seq, found.fanning_out), (seq, false));
        assert_eq!(serde_json::to_string(&found.message).expect("JSON"), written);
    }
    assert!(store.message(world.tenant, world.message(&[]).id).await.expect("read").is_none());
    assert!(store.message_at(world.tenant, seq + 1).await.expect("read").is_none());
}

/// Groups of every size are written whole, whatever their messages have in common.
pub async fn messages_that_were_committed_together_are_each_as_if_alone(store: &Store) {
    let world = World::new(store).await;
    for size in [1, 2, 4, 7, 16, 21, 43] {
        let alike = |_: &usize| world.message(&["chat"]);
        let various = |n: &usize| {
            let mut message = world.message(if n.is_multiple_of(3) { &["chat", "other"] } else { &["other"] });
            message.domain = n.is_multiple_of(2).then(|| "testing".to_owned());
            message.priority = Priority::ALL[n % Priority::ALL.len()];
            message.ack_within = n.is_multiple_of(5).then(|| Span::from_secs(60));
            message
        };
        let messages: Vec<_> = (0..size).map(|n| alike(&n)).chain((0..size).map(|n| various(&n))).collect();
        for group in messages.chunks(size) {
            let changes = group.iter().map(|message| world.change(NOW, sending(message, None)));
            for (message, outcome) in group.iter().zip(store.commit_all(changes.collect()).await) {
                outcome.expect("sent");
                let found = store.message(world.tenant, message.id).await.expect("read").expect("a message");
                let texts = [message, &found.message].map(|message| serde_json::to_string(message).expect("JSON"));
                assert_eq!(texts[0], texts[1]);
                for agent in &message.recipients {
                    let delivery = world.delivery(agent.as_str(), message.id).await;
                    let wanted = Delivery { seq: found.seq, ..Delivery::new(message, agent.clone()) };
                    assert_eq!(delivery, wanted, "{size}");
                }
            }
        }
    }
    world.verify().await;
}

/// Some messages that differ in everything that a filter can ask for.
async fn varied(world: &World<'_>) -> Vec<StoredMessage> {
    let mut sent = Vec::new();
    for n in 0..48_i64 {
        let mut message = world.message(if n % 3 == 0 { &["chat", "other"] } else { &["other"] });
        message.sent_at = at(n * 40);
        message.id = world.id_at(message.sent_at);
        message.from = name(if n % 4 == 0 { "chat" } else { "code" });
        message.kind = if n % 5 == 0 { Kind::Request } else { Kind::Inform };
        message.priority = if n % 7 == 0 { Priority::High } else { Priority::Normal };
        message.domain = (n % 2 == 0).then(|| "testing".to_owned());
        message.thread_id = match sent.first() {
            Some(StoredMessage { message: first, .. }) if n % 6 == 0 => first.id,
            _ => message.id,
        };
        let seq = world.send(&message).await;
        sent.push(StoredMessage { message, seq, fanning_out: false });
        if n % 8 == 0 {
            // The log holds other events between messages.
            let ack = domain::delivery::Verb::Ack { receipt: None, note: None };
            world.settle("other", sent[sent.len() - 1].message.id, ack).await.expect("acked");
        }
    }
    sent
}

/// Whether a reader would pick the message by hand.
fn wanted((filter, readable): &Asked, message: &Message) -> bool {
    let among = |agent: &str| message.recipients.iter().any(|name| name.as_str() == agent);
    let is = |wanted: Option<&str>, found: Option<&str>| wanted.is_none() || wanted == found;
    is(filter.from.as_ref().map(AgentName::as_str), Some(message.from.as_str()))
        && filter.to.as_ref().map(AgentName::as_str).is_none_or(among)
        && filter.thread.is_none_or(|thread| thread == message.thread_id)
        && is(filter.domain.as_ref().map(DomainName::as_str), message.domain.as_deref())
        && filter.kind.is_none_or(|kind| kind == message.kind)
        && filter.priority.is_none_or(|priority| priority == message.priority)
        && filter.since.is_none_or(|since| message.sent_at >= since)
        && filter.until.is_none_or(|until| message.sent_at < until)
        && readable
            .as_ref()
            .is_none_or(|agents| agents.iter().any(|agent| message.from == *agent || among(agent.as_str())))
}

/// What is asked for, and whose messages may be found.
type Asked = (MessageFilter, Option<Vec<AgentName>>);

/// Makes a filter narrower.
type Narrow = Box<dyn Fn(&mut Asked)>;

/// One filter of each kind, and their pairs.
fn filters(thread: MessageId, moment: Time) -> Vec<Asked> {
    let none = Asked::default;
    let single: Vec<Narrow> = vec![
        Box::new(|asked| asked.0.from = Some(name("chat"))),
        Box::new(|asked| asked.0.to = Some(name("chat"))),
        Box::new(move |asked| asked.0.thread = Some(thread)),
        Box::new(|asked| asked.0.domain = Some("testing".parse().expect("a name"))),
        Box::new(|asked| asked.0.kind = Some(Kind::Request)),
        Box::new(|asked| asked.0.kind = Some(Kind::Inform)),
        Box::new(|asked| asked.0.priority = Some(Priority::High)),
        Box::new(|asked| asked.0.priority = Some(Priority::Normal)),
        Box::new(move |asked| asked.0.since = Some(moment)),
        Box::new(move |asked| asked.0.until = Some(moment)),
        Box::new(|asked| asked.1 = Some(vec![name("chat"), name("nobody")])),
        Box::new(|asked| asked.1 = Some(Vec::new())),
    ];
    let mut filters = vec![none()];
    for (n, one) in single.iter().enumerate() {
        for other in &single[n..] {
            let mut filter = none();
            one(&mut filter);
            other(&mut filter);
            filters.push(filter);
        }
    }
    filters
}

/// Every filter, alone and in pairs, in both orders, page by page.
pub async fn every_filter_finds_what_a_reader_would_pick_by_hand(store: &Store) {
    let world = World::new(store).await;
    World::of(store, "noise").await.sent(&["chat"]).await;
    let sent = varied(&world).await;
    for filter in filters(sent[0].message.id, at(20 * 40)) {
        for order in [Order::Newest, Order::Oldest] {
            let mut expected: Vec<i64> =
                sent.iter().filter(|stored| wanted(&filter, &stored.message)).map(|stored| stored.seq).collect();
            if order == Order::Newest {
                expected.reverse();
            }
            assert_eq!(pages(&world, &filter, order).await, expected, "{order:?} {filter:?}");
        }
    }
}

async fn pages(world: &World<'_>, (filter, agents): &Asked, order: Order) -> Vec<i64> {
    let (mut found, mut after) = (Vec::new(), None);
    let readable = Readable { tenant: world.tenant, agents: agents.as_deref() };
    loop {
        let page = world.store.messages(readable, filter, order, after, 5).await.expect("messages");
        assert!(page.len() <= 5);
        let Some(last) = page.last() else { return found };
        after = Some(last.seq);
        found.extend(page.into_iter().map(|stored| stored.seq));
    }
}

/// A thread is its first message and everything that answers it.
pub async fn a_thread_holds_its_first_message_and_every_answer(store: &Store) {
    let world = World::new(store).await;
    let first = world.message(&["chat"]);
    world.send(&first).await;
    let answer = Message { thread_id: first.id, in_reply_to: Some(first.id), ..world.message(&["code"]) };
    world.send(&answer).await;
    world.sent(&["chat"]).await;
    for id in [first.id, answer.id] {
        assert_eq!(store.thread_of(world.tenant, id).await.expect("read"), Some(first.id));
    }
    assert_eq!(store.thread_of(world.tenant, world.message(&[]).id).await.expect("read"), None);
    let filter = MessageFilter { thread: Some(first.id), ..MessageFilter::default() };
    let found = store.messages(world.tenant, &filter, Order::Oldest, None, 10).await.expect("messages");
    assert_eq!(found.iter().map(|stored| stored.message.id).collect::<Vec<_>>(), [first.id, answer.id]);
}

/// Senders and recipients of any of its messages take part in a thread, nobody else.
pub async fn who_sent_or_received_takes_part_in_a_thread(store: &Store) {
    let world = World::new(store).await;
    let first = world.message(&["chat"]);
    world.send(&first).await;
    let answer = Message { thread_id: first.id, from: name("chat"), ..world.message(&["third"]) };
    world.send(&answer).await;
    world.sent(&["stranger"]).await;
    for (agents, expected) in [
        (&["code"][..], true),
        (&["chat"], true),
        (&["third"], true),
        (&["stranger"], false),
        (&[], false),
        (&["stranger", "third"], true),
    ] {
        let names: Vec<_> = agents.iter().map(|agent| name(agent)).collect();
        assert_eq!(store.takes_part(world.tenant, first.id, &names).await.expect("read"), expected, "{agents:?}");
    }
}

/// What a worker is told of messages: where they are, their lanes, and whether recipients are still to be written.
pub async fn messages_are_work_in_the_order_of_the_log(store: &Store) {
    let world = World::new(store).await;
    let urgent = Message { priority: Priority::Critical, ..world.message(&["chat"]) };
    let wide = Message { fan_out: true, ..world.message(&[]) };
    world.send(&urgent).await;
    world.settle("chat", urgent.id, terminate()).await.expect("terminated");
    world.send(&wide).await;
    let work = |seq, lane, fan_out| crate::Dispatch { seq, lane, fan_out };
    let bounce = work(3, Priority::High, false);
    let all = [work(1, Priority::Critical, false), bounce, work(4, Priority::Normal, true)];
    assert_eq!(store.dispatches(world.tenant, 0, 10).await.expect("read"), all);
    assert_eq!(store.dispatches(world.tenant, 1, 1).await.expect("read"), [bounce]);
}

/// The deliveries of a message, and the states of any.
pub async fn deliveries_and_their_states_are_found_by_name(store: &Store) {
    let world = World::new(store).await;
    let names: Vec<String> = (0..700).map(|n| format!("agent-{n:03}")).collect();
    let all: Vec<&str> = names.iter().map(String::as_str).collect();
    let message = world.message(&all);
    let seq = world.send(&message).await;
    world.settle("agent-600", message.id, terminate()).await.expect("terminated");
    let mut asked = message.recipients.clone();
    asked.push(name("nobody"));
    let found = store.deliveries(world.tenant, seq, &asked).await.expect("deliveries");
    assert_eq!(found.len(), 700);
    assert!(found.iter().all(|delivery| delivery.seq == seq && delivery.message == message.id));
    let wanted: Vec<_> = asked.iter().map(|agent| (seq, agent)).collect();
    let states = store.states(world.tenant, &wanted).await.expect("states");
    let dead: Vec<_> = states.iter().filter(|(.., state)| *state == State::Dead).collect();
    assert_eq!((states.len(), dead.len(), dead[0].1.as_str()), (700, 1, "agent-600"));
    assert!(store.states(world.tenant, &[]).await.expect("none").is_empty());
}
