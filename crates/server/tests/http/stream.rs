use std::pin::Pin;
use std::time::Duration;

use axum::body::{Body, BodyDataStream};
use futures_util::StreamExt;
use http::Method;
use serde_json::{Value, json};

use crate::place::Place;
use crate::world::{World, problem, text};

/// A stream as a client sees it.
pub(crate) struct Reader {
    body: Pin<Box<BodyDataStream>>,
    text: String,
    begins: String,
}

impl Reader {
    pub(crate) async fn open(world: &World, path: &str, last: Option<u64>) -> Self {
        let last = last.map(|last| last.to_string());
        let headers: Vec<(&str, &str)> = last.iter().map(|last| ("last-event-id", last.as_str())).collect();
        let response = world.opened(path, &headers).await;
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        assert_eq!(response.headers()["x-accel-buffering"], "no");
        let begins = response.headers()["last-event-id"].to_str().expect("text").to_owned();
        Self { body: Box::pin(response.into_body().into_data_stream()), text: String::new(), begins }
    }

    /// The next block between empty lines; none at the end.
    pub(crate) async fn block(&mut self) -> Option<String> {
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

pub(crate) async fn the_log_is_followed_and_resumed_without_loss_or_repeat(place: &Place) {
    let world = place.world().await;
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

pub(crate) async fn an_inbox_is_followed_and_resumed(place: &Place) {
    let world = place.world().await;
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

pub(crate) async fn a_stream_begins_at_an_id(place: &Place) {
    let world = place.world().await;
    let bad = world.raw("GET", "/api/v1/events/stream", &[("last-event-id", "x")], Body::empty()).await;
    problem(&bad, 422, "invalid-field");
}

pub(crate) async fn a_position_behind_the_end_of_the_log_is_refused_with_the_end(place: &Place) {
    let world = place.world().await;
    world.hello("one").await;
    let head = world.get("/api/v1/events/head").await.json()["seq"].as_u64().expect("a position");
    let streams = ["/api/v1/events/stream", "/api/v1/agents/chat/inbox/stream"];
    let beyond = [head + 1, head + 999_999, i64::MAX as u64, u64::MAX];
    for after in beyond.map(|after| after.to_string()) {
        let list = world.get(&format!("/api/v1/events?after={after}")).await;
        problem(&list, 409, "position-ahead");
        assert!(list.json()["detail"].as_str().expect("a detail").contains(&format!("position {head},")), "{after}");
        for path in streams {
            problem(&world.get(&format!("{path}?after={after}")).await, 409, "position-ahead");
            let resumed = [("last-event-id", after.as_str())];
            problem(&world.raw("GET", path, &resumed, Body::empty()).await, 409, "position-ahead");
        }
    }
    let at_the_end = world.get(&format!("/api/v1/events?after={head}")).await;
    assert_eq!((at_the_end.status, at_the_end.json()["items"].clone()), (200, json!([])));
    for path in streams {
        let stream = Reader::open(&world, path, Some(head)).await;
        assert_eq!(stream.begins, head.to_string());
        assert_eq!(world.opened(path, &[("last-event-id", "")]).await.status(), 200, "an empty one is none");
    }
}

/// What ends a stream and a receive that wait for `chat`: opens both, does this, and answers what either was told.
async fn ended_by(waiting: &World, end: impl Future<Output = ()>) -> (Value, testkit::embedded::Answer) {
    let mut stream = Reader::open(waiting, "/api/v1/agents/chat/inbox/stream", None).await;
    let receive = waiting.post("/api/v1/agents/chat/inbox/receive", json!({"wait": "30s"}));
    let end = async {
        while waiting.server.polls().await == 0 {
            tokio::task::yield_now().await;
        }
        end.await;
    };
    let (received, ()) = tokio::join!(receive, end);
    let mut last = String::new();
    while let Some(block) = stream.block().await {
        last = block;
    }
    let data = last.strip_prefix("event: problem\ndata: ").unwrap_or_else(|| panic!("{last}"));
    (serde_json::from_str(data).expect("a problem"), received)
}

pub(crate) async fn a_revoked_key_ends_what_waits_and_the_stream_says_why(place: &Place) {
    let world = place.world_of_keys().await;
    let made = world.post("/api/v1/keys", json!({"role": "agent", "agents": ["chat"]})).await.json();
    let path = format!("/api/v1/keys/{}", text(&made["id"]));
    let admin = world.key.clone();
    let chat = World { key: Some(text(&made["key"])), ..world };
    let revoke = async {
        assert_eq!(chat.json(admin.as_deref(), Method::DELETE, &path, None).await.status, 200);
    };
    let (told, received) = ended_by(&chat, revoke).await;
    assert_eq!((&told["code"], &told["status"]), (&json!("unauthenticated"), &json!(401)));
    problem(&received, 401, "unauthenticated");
}

pub(crate) async fn a_retired_agent_ends_what_waits_for_it(place: &Place) {
    let world = place.world().await;
    let retire = async { assert_eq!(world.delete("/api/v1/agents/chat").await.status, 200) };
    let (told, received) = ended_by(&world, retire).await;
    assert_eq!((&told["code"], &told["status"]), (&json!("not-found"), &json!(404)));
    problem(&received, 404, "not-found");
    problem(&world.get("/api/v1/agents/chat/inbox/stream").await, 404, "not-found");
}
