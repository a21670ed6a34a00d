//! What becomes of a delivery by what its receiver answers, or does not.

use std::time::Duration;

use domain::delivery::Verb;
use domain::{Span, State};
use testkit::engine::draft;
use testkit::eventually;

use crate::receiver::{Answer, Receiver};
use crate::world::{HOOK, World, to};

/// The longest that anything bounded here may take on a busy machine; what is not bounded never ends.
const BOUND: Duration = Duration::from_secs(20);

#[tokio::test]
async fn a_failed_push_is_made_again_after_a_pause() {
    let receiver = Receiver::start().await;
    let world = World::to(&receiver).await;
    receiver.answers([Answer::Status(500)]);
    let message = world.send_to_hook("Try again").await;
    world.push_all().await;
    let delivery = world.delivery(message, HOOK).await;
    assert_eq!((delivery.state, delivery.attempt), (State::Deferred, 1));
    let pause = delivery.deferred_until.expect("a time").since(world.now());
    assert!((Span::from_secs(4)..=Span::from_secs(6)).contains(&pause), "{pause} is 5 s, give or take a fifth");
    world.tick(Span::from_secs(3)).await;
    world.push_all().await;
    assert_eq!(receiver.got().len(), 1, "not before its time");
    world.tick(Span::from_secs(3)).await;
    world.push_all().await;
    assert_eq!(world.state(message, HOOK).await, State::Acked);
    let got = receiver.got();
    assert_eq!(got[0].header("webhook-id"), got[1].header("webhook-id"));
    assert_eq!(got[1].json()["attempt"], 2);
    assert_eq!(world.outcomes(), ["rejected", "delivered"]);
    assert_eq!(world.events_of(message).await, ["sent", "delivered", "nacked", "returned", "leased", "acked"]);
    world.verified().await;
}

#[tokio::test]
async fn after_its_last_attempt_a_message_is_dead_and_its_sender_is_told() {
    let receiver = Receiver::start().await;
    receiver.answers([
        Answer::Status(400),
        Answer::Status(404),
        Answer::Hang,
        Answer::Status(502),
        Answer::Status(301),
    ]);
    let world = World::with(|config| {
        to(&receiver)(config);
        config.webhooks.timeout = Span::from_millis(500);
        config.webhooks.connect_timeout = Span::from_millis(500);
    })
    .await;
    let message = world.send_to_hook("Never").await;
    for _ in 0..6 {
        world.push_all().await;
        world.tick(Span::from_secs(6 * 3_600)).await;
    }
    assert_eq!(receiver.got().len(), 5);
    assert_eq!(world.outcomes(), ["rejected", "rejected", "timeout", "rejected", "rejected"]);
    let delivery = world.delivery(message, HOOK).await;
    assert_eq!(delivery.state, State::Dead);
    let note = delivery.note.expect("why");
    assert!(note.contains("attempt 5, the last: its webhook answered 301, and redirects are not followed"), "{note}");
    assert_eq!(world.subjects("code").await, ["Undelivered: Never"]);
    world.verified().await;
}

#[tokio::test]
async fn a_receiver_that_never_answers_costs_its_time_and_no_more() {
    let receiver = Receiver::start().await;
    let world = World::with(|config| {
        to(&receiver)(config);
        config.webhooks.timeout = Span::from_millis(200);
        config.webhooks.connect_timeout = Span::from_millis(200);
    })
    .await;
    receiver.answers([Answer::Hang]);
    let message = world.send_to_hook("Hang").await;
    tokio::time::timeout(BOUND, world.push_all()).await.expect("it is given up");
    assert_eq!((world.state(message, HOOK).await, world.outcomes()), (State::Deferred, vec!["timeout"]));
}

#[tokio::test]
async fn a_body_that_never_ends_is_not_waited_for() {
    let receiver = Receiver::start().await;
    let world = World::to(&receiver).await;
    receiver.answers([Answer::Endless(1, 50), Answer::Endless(64 * 1024, 0)]);
    let messages = [world.send_to_hook("Slow").await, world.send_to_hook("Huge").await];
    tokio::time::timeout(BOUND, world.push_all()).await.expect("the status is enough");
    for message in messages {
        assert_eq!(world.state(message, HOOK).await, State::Acked);
    }
    let sent = receiver.sent();
    assert!(sent < 64 * 1024 * 1024, "{sent} bytes were asked for: what sockets hold, and 64 KiB");
    assert_eq!(world.outcomes(), ["delivered", "delivered"]);
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let (receiver, other) = (Receiver::start().await, Receiver::start().await);
    let world = World::to(&receiver).await;
    receiver.answers([301, 302, 303, 307, 308].map(|status| Answer::With(status, "location", other.url())));
    for subject in ["1", "2", "3", "4", "5"] {
        world.send_to_hook(subject).await;
    }
    world.push_all().await;
    assert_eq!((receiver.got().len(), other.got().len()), (5, 0));
    assert_eq!(world.outcomes(), ["rejected"; 5]);
}

#[tokio::test]
async fn a_receiver_that_is_gone_loses_its_webhook_and_the_sender_is_told() {
    let receiver = Receiver::start().await;
    let world = World::to(&receiver).await;
    receiver.answers([Answer::Status(410)]);
    let (first, second) = (world.send_to_hook("Gone").await, world.send_to_hook("Waits").await);
    world.push_all().await;
    assert_eq!(receiver.got().len(), 1);
    assert_eq!(world.webhook().await, None);
    assert_eq!((world.state(first, HOOK).await, world.state(second, HOOK).await), (State::Dead, State::Pending));
    assert_eq!(world.subjects("code").await, ["Undelivered: Gone"]);
    assert_eq!(world.next(HOOK).await.message.id, second, "whoever asks gets it");
    assert_eq!(world.outcomes(), ["gone"]);
    world.verified().await;
}

#[tokio::test]
async fn a_receiver_that_asks_for_time_gets_it_for_all_its_messages() {
    for status in [429, 503] {
        let receiver = Receiver::start().await;
        let world = World::to(&receiver).await;
        receiver.answers([Answer::With(status, "retry-after", "120".to_owned())]);
        let first = world.send_to_hook("First").await;
        world.send_to_hook("Second").await;
        world.push_all().await;
        assert_eq!(receiver.subjects(), ["First"], "the second one is not tried meanwhile");
        let until = world.delivery(first, HOOK).await.deferred_until.expect("a time");
        assert_eq!(until.since(world.now()), Span::from_secs(120));
        world.tick(Span::from_secs(119)).await;
        world.push_all().await;
        assert_eq!(receiver.got().len(), 1);
        world.tick(Span::from_secs(1)).await;
        world.push_all().await;
        assert_eq!(receiver.subjects(), ["First", "First", "Second"]);
        assert_eq!(world.outcomes(), ["throttled", "delivered", "delivered"]);
    }
}

#[tokio::test]
async fn retry_after_is_obeyed_up_to_its_bound() {
    let receiver = Receiver::start().await;
    let world = World::with(|config| {
        to(&receiver)(config);
        config.webhooks.retry_after_max = Span::from_secs(30);
    })
    .await;
    receiver.answers([Answer::With(429, "retry-after", "31".to_owned())]);
    let message = world.send_to_hook("Soon").await;
    world.push_all().await;
    let until = world.delivery(message, HOOK).await.deferred_until.expect("a time");
    assert_eq!(until.since(world.now()), Span::from_secs(30));
}

#[tokio::test]
async fn nobody_at_the_address_is_a_failure_like_others() {
    let receiver = Receiver::start().await;
    let world = World::with(|config| {
        to(&receiver)(config);
        // Nobody listens on the port of discarding.
        config.agents.last_mut().expect("the hook").webhook = Some(format!("http://{}:9/", receiver.ip()));
    })
    .await;
    let message = world.send_to_hook("Nobody").await;
    world.push_all().await;
    assert_eq!((world.state(message, HOOK).await, world.outcomes()), (State::Deferred, vec!["unreachable"]));
}

#[tokio::test]
async fn what_a_receiver_settles_while_it_answers_stays_as_it_settled_it() {
    let receiver = Receiver::start().await;
    let world = World::with(|config| {
        to(&receiver)(config);
        config.webhooks.timeout = Span::from_millis(300);
        config.webhooks.connect_timeout = Span::from_millis(300);
    })
    .await;
    receiver.answers([Answer::Hang]);
    let message = world.send_to_hook("Itself").await;
    let settle = async {
        let got = eventually(BOUND, async || receiver.got().pop().ok_or("nothing is pushed")).await;
        let receipt = got.json()["receipt"].as_str().expect("a receipt").parse().expect("a receipt");
        let verb = Verb::Terminate { receipt: Some(receipt), reason: "nonsense".to_owned() };
        world.settle(HOOK, message, verb).await.expect("its lease runs");
    };
    tokio::join!(world.push_all(), settle);
    let delivery = world.delivery(message, HOOK).await;
    assert_eq!((delivery.state, delivery.note.as_deref()), (State::Dead, Some("terminated: nonsense")));
    world.verified().await;
}

#[tokio::test]
async fn bounces_are_pushed_too() {
    let receiver = Receiver::start().await;
    let world = World::to(&receiver).await;
    let message = world.sent(draft(HOOK, "chat", "Question")).await.message.id;
    let verb = Verb::Terminate { receipt: None, reason: "no".to_owned() };
    world.settle("chat", message, verb).await.expect("terminated");
    world.push_all().await;
    assert_eq!(receiver.subjects(), ["Undelivered: Question"]);
}
