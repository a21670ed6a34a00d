//! Order, and what happens when who pushes is gone in the middle.

use std::sync::Arc;
use std::time::Duration;

use domain::message::Priority;
use domain::send::Draft;
use domain::{Span, State};
use engine::Stepped;
use testkit::embedded::{Embedded, TestConfig};
use testkit::engine::{draft, open_session};
use testkit::eventually;
use webhook::Webhooks;

use crate::receiver::{Answer, Receiver};
use crate::world::{HOOK, World, to};

/// How long pushes may take.
const BOUND: Duration = Duration::from_secs(60);

#[tokio::test]
async fn lanes_go_first_and_each_in_its_order() {
    let receiver = Receiver::start().await;
    let world = World::to(&receiver).await;
    for (subject, priority) in [
        ("n1", Priority::Normal),
        ("c1", Priority::Critical),
        ("n2", Priority::Normal),
        ("i1", Priority::Info),
        ("h1", Priority::High),
        ("c2", Priority::Critical),
    ] {
        world.sent(Draft { priority, ..draft("code", HOOK, subject) }).await;
    }
    world.push_all().await;
    assert_eq!(receiver.subjects(), ["c1", "c2", "h1", "n1", "n2", "i1"]);
}

#[tokio::test]
async fn who_goes_away_between_claim_and_answer_is_replaced_after_the_lease() {
    let receiver = Receiver::start().await;
    let world = World::to(&receiver).await;
    receiver.answers([Answer::Hang]);
    let first = world.send_to_hook("First").await;
    world.send_to_hook("Second").await;
    let begun = eventually(BOUND, async || if receiver.got().is_empty() { Err("nothing is pushed") } else { Ok(()) });
    // The push is dropped in the middle, as by the death of its process.
    tokio::select! {
        _ = world.push_step() => panic!("it hangs"),
        () = begun => {}
    }
    assert_eq!(world.state(first, HOOK).await, State::Leased);
    world.tick(Span::from_secs(59)).await;
    assert_eq!(world.push_step().await.expect("looks"), Stepped::Idle, "its lease still holds up the others");
    world.tick(Span::from_secs(1)).await;
    world.push_all().await;
    assert_eq!(receiver.subjects(), ["First", "First", "Second"]);
    assert_eq!(receiver.got()[1].json()["attempt"], 2);
    world.verified().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_loops_push_everything_in_order_one_at_a_time() {
    let receiver = Receiver::start().await;
    let mut test_config = TestConfig::default();
    to(&receiver)(&mut test_config.config);
    test_config.pusher = Some(Arc::new(Webhooks::new(&test_config.config.webhooks)));
    let server = Embedded::of(test_config).await.expect("a server starts");
    let engine = &server.engine;
    let session = open_session(engine).await;
    let subjects: Vec<String> = (0..40).map(|n| format!("{n}")).collect();
    for subject in &subjects {
        session.send(draft("code", HOOK, subject), None).await.expect("sent");
    }
    let all = async || if receiver.got().len() < subjects.len() { Err(receiver.got().len()) } else { Ok(()) };
    eventually(BOUND, all).await;
    engine.stop().await;
    assert_eq!(receiver.subjects(), subjects);
    assert_eq!(receiver.most_at_once(), 1);
}
