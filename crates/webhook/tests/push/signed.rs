//! What a receiver gets, and how it knows that it is ours.

use domain::send::Draft;
use domain::{Span, State};
use testkit::engine::draft;

use crate::receiver::{Answer, Got, Receiver};
use crate::world::{HOOK, World};

/// What a receiver does with the header, written from the text of Standard Webhooks.
async fn verifies(world: &World, got: &Got) -> bool {
    let secrets = world.webhook_secret(HOOK).await.expect("a secret");
    let timestamp = got.header("webhook-timestamp").parse().expect("seconds");
    let expected = secrets.current.sign(got.header("webhook-id"), timestamp, &got.bytes);
    got.header("webhook-signature").split(' ').any(|signature| signature == expected)
}

#[tokio::test]
async fn a_message_is_pushed_as_receive_would_give_it_and_acked() {
    let receiver = Receiver::start().await;
    let world = World::to(&receiver).await;
    let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let sent = world.sent(Draft { traceparent: Some(trace.to_owned()), ..draft("code", HOOK, "Hello") }).await;
    world.push_all().await;
    let [got] = &receiver.got()[..] else { panic!("one request, not {:?}", receiver.got()) };
    assert_eq!((got.method.as_str(), got.uri.path()), ("POST", "/inbox"));
    let (id, body) = (sent.message.id.to_string(), got.json());
    assert_eq!((&body["agent"], &body["attempt"]), (&HOOK.into(), &1.into()));
    assert_eq!(body["message"]["id"], id);
    assert_eq!(body["message"]["body"], "Running at scale!");
    assert_eq!(body["message"]["recipients"], serde_json::json!([{"agent": HOOK, "state": "leased"}]));
    assert!(body["receipt"].is_string() && body["lease_expires_at"].is_string(), "{body}");
    assert_eq!(got.header("content-type"), "application/json");
    assert_eq!(got.header("traceparent"), trace);
    assert_eq!(got.header("webhook-id"), format!("{id}_hook~agent"));
    assert_eq!(got.header("webhook-timestamp"), world.now().millis().div_euclid(1_000).to_string());
    assert!(verifies(&world, got).await);
    let delivery = world.delivery(sent.message.id, HOOK).await;
    assert_eq!((delivery.state, delivery.attempt, delivery.delivered_at), (State::Acked, 1, Some(world.now())));
    assert_eq!(world.events_of(sent.message.id).await, ["sent", "delivered", "acked"]);
    assert_eq!(world.outcomes(), ["delivered"]);
    world.verified().await;
}

#[tokio::test]
async fn after_a_rotation_both_secrets_sign_until_the_old_one_is_over() {
    let receiver = Receiver::start().await;
    let world = World::to(&receiver).await;
    let old = world.webhook_secret(HOOK).await.expect("a secret").current;
    world.rotate_webhook_secret(HOOK).await.expect("a new one");
    world.send_to_hook("Both").await;
    world.push_all().await;
    world.tick(Span::from_secs(86_400)).await;
    world.send_to_hook("One").await;
    world.push_all().await;
    let signatures =
        receiver.got().iter().map(|got| got.header("webhook-signature").split(' ').count()).collect::<Vec<_>>();
    assert_eq!(signatures, [2, 1]);
    let first = &receiver.got()[0];
    let timestamp = first.header("webhook-timestamp").parse().expect("seconds");
    let by_old = old.sign(first.header("webhook-id"), timestamp, &first.bytes);
    assert!(first.header("webhook-signature").ends_with(&by_old));
    for got in receiver.got() {
        assert!(verifies(&world, &got).await);
    }
}

#[tokio::test]
async fn a_receiver_that_takes_a_message_over_settles_it_by_itself() {
    let receiver = Receiver::start().await;
    let world = World::to(&receiver).await;
    receiver.answers([Answer::Status(202)]);
    let first = world.send_to_hook("Long work").await;
    world.send_to_hook("Short work").await;
    world.push_all().await;
    assert_eq!(receiver.subjects(), ["Long work", "Short work"], "the next one does not wait for it");
    assert_eq!(world.state(first, HOOK).await, State::Leased);
    let receipt = receiver.got()[0].json()["receipt"].as_str().expect("a receipt").parse().expect("a receipt");
    let ack = domain::delivery::Verb::Ack { receipt: Some(receipt), note: Some("done".to_owned()) };
    world.settle(HOOK, first, ack).await.expect("its lease runs");
    assert_eq!(world.outcomes(), ["delivered", "delivered"]);
    world.tick(Span::from_secs(120)).await;
    world.push_all().await;
    assert_eq!(receiver.got().len(), 2);
    world.verified().await;
}

#[tokio::test]
async fn what_is_taken_over_and_never_settled_is_pushed_again() {
    let receiver = Receiver::start().await;
    let world = World::to(&receiver).await;
    receiver.answers([Answer::Status(202)]);
    world.send_to_hook("Forgotten").await;
    world.push_all().await;
    world.tick(Span::from_secs(60)).await;
    world.push_all().await;
    let got = receiver.got();
    assert_eq!(got.iter().map(|got| got.json()["attempt"].clone()).collect::<Vec<_>>(), [1, 2]);
    assert_eq!(got[0].header("webhook-id"), got[1].header("webhook-id"));
}
