use axum::body::Body;
use bytes::Bytes;
use engine::Config;
use http::{Method, Request};
use serde_json::{Value, json};
use testkit::embedded::Answer;

use crate::place::Place;
use crate::world::{World, problem, text};

const TEST: &str = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
const PATH: &str = "/api/v1/attachments/9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

async fn with_test_stored(place: &Place) -> World {
    let world = place.world().await;
    let headers = [("content-type", "text/html"), ("content-disposition", "attachment; filename=\"../a b.html\"")];
    let stored = world.raw("POST", "/api/v1/attachments", &headers, "test").await;
    assert_eq!(stored.status, 201, "{}", stored.text());
    assert_eq!(stored.json(), json!({"sha256": TEST, "size": 4, "media_type": "text/html", "name": "a b.html"}));
    world
}

pub(crate) async fn the_same_bytes_are_stored_once(place: &Place) {
    let world = with_test_stored(place).await;
    let again = world.raw("POST", "/api/v1/attachments", &[("content-type", "text/plain")], "test").await;
    assert_eq!((again.status, &again.json()["sha256"]), (200, &json!(TEST)));
}

/// Stores bytes with a key.
async fn stored(world: &World, key: &str, name: &str, bytes: &'static str) -> Answer {
    let headers = [
        ("authorization", format!("Bearer {key}")),
        ("content-type", "text/plain".to_owned()),
        ("content-disposition", format!("attachment; filename={name}")),
    ];
    let mut request = Request::post("/api/v1/attachments");
    for (name, value) in headers {
        request = request.header(name, value);
    }
    let response = world.server.respond(request.body(Body::from(bytes)).unwrap()).await.expect("an answer");
    Answer::read(response).await.expect("a whole answer")
}

pub(crate) async fn storing_what_others_stored_tells_nothing_of_them(place: &Place) {
    let world = place.world_of_keys().await;
    let code = world.made_key(json!({"role": "agent", "agents": ["code"]})).await;
    let chat = world.made_key(json!({"role": "agent", "agents": ["chat"]})).await;
    let first = stored(&world, &code, "layoffs.txt", "test").await;
    assert_eq!((first.status, &first.json()["name"]), (201, &json!("layoffs.txt")), "{}", first.text());
    let never_stored = stored(&world, &chat, "mine.txt", "other").await;
    let second = stored(&world, &chat, "mine.txt", "test").await;
    assert_eq!((second.status, &second.json()["name"]), (never_stored.status, &json!("mine.txt")), "{}", second.text());
    let names = |answer: &Answer| answer.headers.keys().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(names(&second), names(&never_stored));
    for (key, name) in [(&code, "layoffs.txt"), (&chat, "mine.txt")] {
        let again = stored(&world, key, "again.txt", "test").await;
        assert_eq!((again.status, &again.json()["name"]), (200, &json!(name)), "one's own repeat: {}", again.text());
        let fetched = world.with_key(key, Method::GET, PATH, None).await;
        assert_eq!(fetched.header("content-disposition"), format!("attachment; filename=\"{name}\""));
    }
    let admin = world.raw("POST", "/api/v1/attachments", &[], "test").await;
    assert_eq!((admin.status, admin.json().get("name")), (201, None), "{}", admin.text());
}

pub(crate) async fn an_attachment_is_read_by_who_stored_it_and_who_may_read_a_message_that_names_it(place: &Place) {
    let world = place.world_of_keys().await;
    let mut keys = Vec::new();
    for agent in ["code", "chat", "human"] {
        keys.push(world.made_key(json!({"role": "agent", "agents": [agent]})).await);
    }
    let [code, chat, human] = keys.try_into().expect("three");
    let observer = world.made_key(json!({"role": "observer"})).await;
    assert_eq!(stored(&world, &code, "mine.txt", "test").await.status, 201);
    let status = async |key: &str, method: Method| world.with_key(key, method, PATH, None).await.status;
    for (key, expected) in [(&code, 200), (&chat, 404), (&human, 404), (&observer, 200)] {
        assert_eq!(status(key, Method::GET).await, expected);
        assert_eq!(status(key, Method::HEAD).await, expected);
    }
    let unknown = PATH.replace("9f86", "0000");
    let get = async |path: &str| world.with_key(&chat, Method::GET, path, None).await;
    let (foreign, never) = (get(PATH).await, get(&unknown).await);
    assert_eq!(text(&problem(&foreign, 404, "not-found")["title"]), text(&problem(&never, 404, "not-found")["title"]));
    let known = [("if-none-match", "*")];
    assert_eq!(world.raw("GET", PATH, &known, Body::empty()).await.status, 304);
    // Whoever only knows its name cannot have it sent to itself.
    let send = async |key: &str, body: Value| world.with_key(key, Method::POST, "/api/v1/messages", Some(body)).await;
    let naming = |to: &str| json!({"to": to, "subject": "x", "attachments": [{"sha256": TEST, "name": "yours.txt"}]});
    problem(&send(&chat, naming("chat")).await, 422, "unknown-attachment");
    assert_eq!(status(&chat, Method::GET).await, 404);
    let answer = send(&code, naming("chat")).await;
    assert_eq!(answer.status, 201, "{}", answer.text());
    let fetched = world.with_key(&chat, Method::GET, PATH, None).await;
    assert_eq!((fetched.status, fetched.text().as_str()), (200, "test"));
    assert_eq!(fetched.header("content-disposition"), "attachment; filename=\"yours.txt\"", "as the message calls it");
    assert_eq!(status(&human, Method::GET).await, 404);
    // It goes on to whom the recipient forwards it, and to who joins the thread.
    assert_eq!(send(&chat, naming("human")).await.status, 201);
    assert_eq!(status(&human, Method::GET).await, 200);
}

pub(crate) async fn bytes_come_back_whole_and_cannot_run_in_a_browser(place: &Place) {
    let world = with_test_stored(place).await;
    let fetched = world.get(PATH).await;
    assert_eq!((fetched.status, fetched.text().as_str()), (200, "test"));
    for (header, expected) in [
        ("etag", format!("\"{TEST}\"").as_str()),
        ("content-type", "text/html"),
        ("content-length", "4"),
        ("accept-ranges", "bytes"),
        ("content-disposition", "attachment; filename=\"a b.html\""),
        ("x-content-type-options", "nosniff"),
        ("content-security-policy", "sandbox; default-src 'none'"),
        ("cache-control", "private, max-age=31536000, immutable"),
    ] {
        assert_eq!(fetched.header(header), expected, "{header}");
    }
    let head = world.raw("HEAD", PATH, &[], Body::empty()).await;
    assert_eq!((head.status, head.header("content-length"), head.bytes.len()), (200, "4", 0));
    let upper = world.get(&PATH.replace("9f86", "9F86")).await;
    assert_eq!(upper.status, 200);
}

pub(crate) async fn a_range_is_answered_in_part(place: &Place) {
    let world = with_test_stored(place).await;
    let part = world.raw("GET", PATH, &[("range", "bytes=1-2")], Body::empty()).await;
    assert_eq!((part.status, part.text().as_str()), (206, "es"));
    assert_eq!((part.header("content-range"), part.header("content-length")), ("bytes 1-2/4", "2"));
    let last = world.raw("GET", PATH, &[("range", "bytes=-1")], Body::empty()).await;
    assert_eq!((last.status, last.text().as_str()), (206, "t"));
    let beyond = world.raw("GET", PATH, &[("range", "bytes=4-")], Body::empty()).await;
    problem(&beyond, 416, "range-not-satisfiable");
    assert_eq!(beyond.header("content-range"), "bytes */4");
    let several = world.raw("GET", PATH, &[("range", "bytes=0-0,2-2")], Body::empty()).await;
    assert_eq!((several.status, several.text().as_str()), (200, "test"));
    let changed = world.raw("GET", PATH, &[("range", "bytes=1-2"), ("if-range", "\"other\"")], Body::empty()).await;
    assert_eq!(changed.status, 200);
}

pub(crate) async fn what_the_caller_has_is_not_sent_again(place: &Place) {
    let world = with_test_stored(place).await;
    for tags in [format!("\"{TEST}\""), format!("W/\"{TEST}\""), format!("\"x\", \"{TEST}\""), "*".to_owned()] {
        let known = world.raw("GET", PATH, &[("if-none-match", &tags)], Body::empty()).await;
        assert_eq!((known.status, known.bytes.len()), (304, 0), "{tags}");
        assert_eq!(known.header("etag"), format!("\"{TEST}\""));
    }
    let other = world.raw("GET", PATH, &[("if-none-match", "\"x\"")], Body::empty()).await;
    assert_eq!(other.status, 200);
}

pub(crate) async fn an_empty_attachment_is_one(place: &Place) {
    let world = place.world().await;
    let stored = world.raw("POST", "/api/v1/attachments", &[], Body::empty()).await;
    assert_eq!((stored.status, &stored.json()["media_type"]), (201, &json!("application/octet-stream")));
    let path = format!("/api/v1/attachments/{}", stored.json()["sha256"].as_str().unwrap());
    let fetched = world.get(&path).await;
    assert_eq!((fetched.status, fetched.bytes.len()), (200, 0));
}

pub(crate) async fn an_unknown_or_malformed_name_is_not_found(place: &Place) {
    let world = place.world().await;
    problem(&world.get(PATH).await, 404, "not-found");
    problem(&world.get("/api/v1/attachments/xyz").await, 404, "not-found");
    let body = json!({"from": "code", "to": "chat", "subject": "x", "attachments": [TEST]});
    problem(&world.post("/api/v1/messages", body).await, 422, "unknown-attachment");
    let body = json!({"from": "code", "to": "chat", "subject": "x", "attachments": ["xyz"]});
    problem(&world.post("/api/v1/messages", body).await, 422, "invalid-field");
}

pub(crate) async fn an_attachment_that_is_too_large_is_refused_before_or_while_it_comes(place: &Place) {
    let mut config = Config::default();
    config.limits.attachment_bytes = engine::config::Size(10);
    let world = place.world_under(config).await;
    let announced = world.raw("POST", "/api/v1/attachments", &[("content-length", "11")], "x".repeat(11)).await;
    problem(&announced, 413, "attachment-too-large");
    let pieces = ["1234"; 3].map(|piece| Ok::<_, std::io::Error>(Bytes::from(piece)));
    let counted =
        world.raw("POST", "/api/v1/attachments", &[], Body::from_stream(futures_util::stream::iter(pieces))).await;
    problem(&counted, 413, "attachment-too-large");
    assert_eq!(world.raw("POST", "/api/v1/attachments", &[], "1234567890").await.status, 201);
}

pub(crate) async fn a_media_type_is_one(place: &Place) {
    let world = place.world().await;
    for bad in ["html", "/", "text/", "caf\u{e9}/x"] {
        let answer = world.raw("POST", "/api/v1/attachments", &[("content-type", bad)], "x").await;
        problem(&answer, 422, "invalid-field");
    }
}
