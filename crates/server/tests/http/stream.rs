use std::pin::Pin;
use std::time::Duration;

use axum::body::{Body, BodyDataStream};
use futures_util::StreamExt;
use http::Request;
use serde_json::{Value, json};
use testkit::embedded::Recipe;
use tower::ServiceExt;

use crate::world::{World, problem};

/// A stream as a client sees it.
struct Reader {
    body: Pin<Box<BodyDataStream>>,
    text: String,
    begins: String,
}

impl Reader {
    async fn open(world: &World, path: &str, last: Option<u64>) -> Self {
        let mut request = Request::get(path);
        if let Some(last) = last {
            request = request.header("last-event-id", last.to_string());
        }
        let response = world
            .server
            .router
            .clone()
            .oneshot(request.body(Body::empty()).expect("a request"))
            .await
            .expect("an answer");
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        assert_eq!(response.headers()["x-accel-buffering"], "no");
        let begins = response.headers()["last-event-id"].to_str().expect("text").to_owned();
        Self { body: Box::pin(response.into_body().into_data_stream()), text: String::new(), begins }
    }

    /// The next block between empty lines; none at the end.
    async fn block(&mut self) -> Option<String> {
        loop {
            if let Some((block, rest)) = self.text.split_once("\n\n") {
                let (block, rest) = (block.to_owned(), rest.to_owned());
                self.text = rest;
                return Some(block);
            }
            let bytes = tokio::time::timeout(Duration::from_secs(60), self.body.next()).await.expect("in time")?;
            self.text.push_str(std::str::from_utf8(&bytes.expect("bytes")).expect("text"));
        }
    }

    /// The next event: its id and its data.
    async fn event(&mut self) -> (u64, Value) {
        loop {
            let block = self.block().await.expect("the stream goes on");
            let field = |name: &str| block.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
            if let (Some(id), Some(data)) = (field("id:"), field("data:")) {
                return (id.parse().expect("a number"), serde_json::from_str(data).expect("JSON"));
            }
        }
    }
}

#[tokio::test]
async fn the_log_is_followed_and_resumed_without_loss_or_repeat() {
    let world = World::new().await;
    world.hello("before").await;
    let mut live = Reader::open(&world, "/api/v1/events/stream?type=message.sent", None).await;
    assert_eq!(live.block().await.unwrap(), "retry: 1000");
    assert_eq!(live.begins, world.get("/api/v1/events/head").await.json()["seq"].to_string());
    world.hello("one").await;
    let (first, event) = live.event().await;
    assert_eq!((&event["sequence"], &event["data"]["subject"]), (&json!(first), &json!("one")));
    drop(live);
    world.hello("two").await;
    world.hello("three").await;
    let mut resumed = Reader::open(&world, "/api/v1/events/stream?type=message.sent", Some(first)).await;
    for subject in ["two", "three"] {
        assert_eq!(resumed.event().await.1["data"]["subject"], subject);
    }
    world.hello("four").await;
    assert_eq!(resumed.event().await.1["data"]["subject"], "four");
    let mut whole = Reader::open(&world, "/api/v1/events/stream?after=0", None).await;
    for sequence in 1..=4 {
        assert_eq!(whole.event().await.0, sequence);
    }
}

#[tokio::test]
async fn an_inbox_is_followed_and_resumed() {
    let world = World::new().await;
    world.hello("before").await;
    let path = "/api/v1/agents/chat/inbox/stream";
    let mut live = Reader::open(&world, path, None).await;
    world.hello("one").await;
    let (first, item) = live.event().await;
    assert_eq!((&item["message"]["subject"], &item["delivery"]["state"]), (&json!("one"), &json!("pending")));
    drop(live);
    world.hello("two").await;
    let mut resumed = Reader::open(&world, path, Some(first)).await;
    assert_eq!(resumed.event().await.1["message"]["subject"], "two");
}

#[tokio::test(start_paused = true)]
async fn a_silent_stream_sends_a_comment() {
    let world = World::new().await;
    let mut stream = Reader::open(&world, "/api/v1/agents/chat/inbox/stream", None).await;
    assert_eq!(stream.block().await.unwrap(), "retry: 1000");
    let before = tokio::time::Instant::now();
    assert_eq!(stream.block().await.unwrap(), ": keep-alive");
    assert!(before.elapsed() >= Duration::from_secs(15));
}

#[tokio::test]
async fn streams_end_when_the_server_drains() {
    let world = World::new().await;
    let mut stream = Reader::open(&world, "/api/v1/events/stream", None).await;
    assert_eq!(stream.block().await.unwrap(), "retry: 1000");
    world.server.engine.drain();
    assert_eq!(stream.block().await, None);
}

#[tokio::test]
async fn a_stream_begins_at_an_id_and_there_are_so_many() {
    let mut recipe = Recipe::default();
    recipe.config.limits.streams = 1;
    let world = World::of(recipe).await;
    let bad = world.raw("GET", "/api/v1/events/stream", &[("last-event-id", "x")], Body::empty()).await;
    problem(&bad, 422, "invalid-field");
    let open = Reader::open(&world, "/api/v1/events/stream", None).await;
    let refused = world.get("/api/v1/events/stream").await;
    problem(&refused, 429, "too-many-streams");
    assert!(!refused.header("retry-after").is_empty());
    drop(open);
    Reader::open(&world, "/api/v1/events/stream", None).await;
}
