//! The client over a real connection: what it makes of problems, of silence, and of streams that break.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::time::Duration;

use axum::{
    Router,
    body::Bytes,
    http::{HeaderMap, StatusCode, header},
    response::IntoResponse,
    routing::{get, post},
};
use client::{Client, Error, Streamed, Upload};
use protocol::{EventsQuery, SendMessage};
use tokio::{net::TcpListener, task::JoinSet};

/// A server that is gone when this is dropped.
struct Served {
    client: Client,
    _tasks: JoinSet<()>,
}

async fn serve(app: Router) -> Served {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let mut tasks = JoinSet::new();
    tasks.spawn(async move { axum::serve(listener, app).await.unwrap() });
    Served { client: Client::new(&url, Some("coord_secret".into())).unwrap(), _tasks: tasks }
}

fn event(seq: u64) -> String {
    let event = serde_json::json!({
        "specversion": "1.0", "id": seq.to_string(), "source": "/tenants/default", "type": "coordination.message.sent",
        "time": "2026-03-14T09:26:53.589Z", "sequence": seq, "hash": "a", "previoushash": "b", "data": {"n": seq}
    });
    format!("id: {seq}\ndata: {event}\n\n")
}

#[tokio::test]
async fn a_problem_arrives_with_its_members() {
    let app = Router::new().route(
        "/api/v1/messages",
        post(async |headers: HeaderMap| {
            assert_eq!(headers[header::AUTHORIZATION], "Bearer coord_secret");
            assert_eq!(headers["idempotency-key"], "once");
            let problem = r#"{"code":"outside-authority","status":403,"detail":"no","holders":["chat"],"new":1}"#;
            (StatusCode::FORBIDDEN, [(header::CONTENT_TYPE, "application/problem+json")], problem)
        }),
    );
    let served = serve(app).await;
    let error = served.client.send_message(&SendMessage::default(), Some("once")).await.unwrap_err();
    assert_eq!(error.code(), Some("outside-authority"));
    let Error::Problem(problem) = error else { panic!("a problem") };
    assert_eq!(problem.holders.unwrap(), ["chat"]);
}

#[tokio::test]
async fn an_error_that_is_no_problem_is_told_apart() {
    let served = serve(Router::new()).await;
    let error = served.client.events_head().await.unwrap_err();
    assert!(matches!(&error, Error::Protocol { why, .. } if why.contains("404")), "{error}");
}

#[tokio::test]
async fn a_closed_port_is_unreachable() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let error = Client::new(&url, None).unwrap().events_head().await.unwrap_err();
    assert!(matches!(&error, Error::Unreachable { why, .. } if why.contains("refused")), "{error}");
}

#[tokio::test]
async fn a_silent_server_is_unreachable_after_the_timeout() {
    let app = Router::new().route("/api/v1/events/head", get(std::future::pending::<StatusCode>));
    let client = serve(app).await;
    let error = client.client.clone().with_timeout(Duration::from_millis(50)).events_head().await.unwrap_err();
    assert!(matches!(&error, Error::Unreachable { why, .. } if why == "no answer in time"), "{error}");
}

#[tokio::test]
async fn an_upload_says_its_length_and_name() {
    let app = Router::new().route(
        "/api/v1/attachments",
        post(async |headers: HeaderMap, body: Bytes| {
            assert_eq!(headers[header::CONTENT_LENGTH], "5");
            assert_eq!(headers[header::CONTENT_DISPOSITION], "attachment; filename=\"a.txt\"");
            assert_eq!(&body[..], b"hello");
            (StatusCode::CREATED, r#"{"sha256":"ab","size":5,"media_type":"text/plain"}"#)
        }),
    );
    let served = serve(app).await;
    let reader = std::io::Cursor::new(b"hello");
    let upload = Upload { reader, size: Some(5), media_type: "text/plain".into(), name: Some("a.txt".into()) };
    let stored = served.client.store_attachment(upload).await.unwrap();
    assert_eq!((stored.status, stored.sha256.as_str()), (201, "ab"));
}

#[tokio::test]
async fn a_broken_stream_resumes_behind_the_last_event() {
    let app = Router::new().route(
        "/api/v1/events/stream",
        get(async |headers: HeaderMap| {
            let last = headers.get("last-event-id").map_or(0, |id| id.to_str().unwrap().parse().unwrap());
            let whole = format!(": hello\n\n{}{}id: 99\ndata: {{\"cut", event(last + 1), event(last + 2));
            ([(header::CONTENT_TYPE, "text/event-stream")], whole).into_response()
        }),
    );
    let served = serve(app).await;
    let mut stream = served.client.events_stream(&EventsQuery { after: Some(3), ..EventsQuery::default() });
    let mut told = Vec::new();
    while told.len() < 7 {
        told.push(match stream.next().await.unwrap() {
            Streamed::Connected => "connected".to_owned(),
            Streamed::Interrupted { .. } => "interrupted".to_owned(),
            Streamed::Item { value, json } => {
                format!("{} {}", value.sequence, json.contains(value.data.get()))
            }
        });
    }
    assert_eq!(told, ["connected", "4 true", "5 true", "interrupted", "connected", "6 true", "7 true"]);
}

#[tokio::test]
async fn a_stream_that_breaks_before_its_first_event_resumes_where_it_began() {
    let app = Router::new().route(
        "/api/v1/events/stream",
        get(async |headers: HeaderMap| match headers.get("last-event-id") {
            None => ([("last-event-id", "41")], String::new()),
            Some(id) => ([("last-event-id", "0")], event(id.to_str().unwrap().parse::<u64>().unwrap() + 1)),
        }),
    );
    let served = serve(app).await;
    let mut stream = served.client.events_stream(&EventsQuery::default());
    let first = loop {
        if let Streamed::Item { value, .. } = stream.next().await.unwrap() {
            break value.sequence;
        }
    };
    assert_eq!(first, 42);
}

#[tokio::test]
async fn a_stream_that_never_began_fails_at_once() {
    let served = serve(Router::new()).await;
    let mut stream = served.client.events_stream(&EventsQuery::default());
    assert!(matches!(stream.next().await, Err(Error::Protocol { .. })));
}
