//! The binary starts fast, alone on its data folder, and ends without dropping what is in flight.

#![cfg(test)]

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Output;
use std::time::Duration;

use protocol::{Receive, SendMessage};
use testkit::coord::Coord;
use testkit::process::{Signal, poll};
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};

const SOON: Duration = Duration::from_secs(10);

fn start() -> Coord {
    Coord::start(env!("CARGO_BIN_EXE_coord"), &[]).unwrap()
}

fn hello() -> SendMessage {
    SendMessage {
        from: Some("code".to_owned()),
        to: Some("chat".into()),
        subject: "Hello k8s".to_owned(),
        body: "Running at scale!".to_owned(),
        ..SendMessage::default()
    }
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

#[tokio::test]
async fn from_start_to_the_first_answer_is_under_a_second() {
    let mut fastest = Duration::MAX;
    for _ in 0..3 {
        let started = Instant::now();
        let coord = start();
        let answer = coord.client().unwrap().send_message(&hello(), None).await.unwrap();
        fastest = fastest.min(started.elapsed());
        assert_eq!(answer.status, 201);
    }
    assert!(fastest < Duration::from_secs(1), "{fastest:?}");
}

#[test]
fn a_second_server_on_the_same_data_folder_says_so_and_ends() {
    let coord = start();
    let mut second = coord.command();
    second.args(["serve", "--data"]).arg(coord.data()).env("COORDINATION__SERVER__LISTEN", "127.0.0.1:0");
    second.env("COORDINATION__METRICS__LISTEN", "127.0.0.1:0");
    let output = second.output().unwrap();
    assert!(!output.status.success());
    let said = text(&output);
    assert!(said.contains(&coord.data().display().to_string()), "{said}");
}

#[test]
fn an_upload_in_flight_when_the_server_is_asked_to_end_is_answered() {
    let mut coord = start();
    let mut stream = TcpStream::connect(coord.address()).unwrap();
    stream.set_read_timeout(Some(SOON)).unwrap();
    let head =
        "POST /api/v1/attachments HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain\r\nContent-Length: 8\r\n";
    write!(stream, "{head}Expect: 100-continue\r\n\r\n").unwrap();
    // The server says this when it begins to read the body: from here on the upload is in flight.
    let mut begun = [0_u8; 25];
    stream.read_exact(&mut begun).unwrap();
    assert_eq!(String::from_utf8_lossy(&begun), "HTTP/1.1 100 Continue\r\n\r\n");
    stream.write_all(b"half").unwrap();
    coord.daemon.process().unwrap().signal(Signal::TERM);
    assert!(poll(SOON, || is_draining(&coord)), "it still says that it is ready");
    stream.write_all(b"half").unwrap();
    let mut answer = [0_u8; 12];
    stream.read_exact(&mut answer).unwrap();
    assert_eq!(String::from_utf8_lossy(&answer), "HTTP/1.1 201");
    let status = coord.daemon.process().unwrap().wait(SOON);
    assert!(status.is_some_and(|status| status.success()), "{status:?}\n{}", coord.daemon.log());
}

/// Whether `GET /ready` answers 503, or nobody listens any more.
fn is_draining(coord: &Coord) -> bool {
    let Ok(mut stream) = TcpStream::connect(coord.address()) else { return true };
    let mut answer = String::new();
    let _ = stream.set_read_timeout(Some(SOON));
    let _ = stream.write_all(b"GET /ready HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    let _ = stream.read_to_string(&mut answer);
    !answer.starts_with("HTTP/1.1 200")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_long_poll_in_flight_is_answered_and_does_not_hold_up_the_end() {
    let settings = [("COORDINATION__LIMITS__WAITERS_PER_AGENT", "1")];
    let mut coord = Coord::start(env!("CARGO_BIN_EXE_coord"), &settings).unwrap();
    let mut polls = JoinSet::new();
    for _ in 0..2 {
        let client = coord.client().unwrap();
        let ask = Receive { wait: Some("60s".to_owned()), ..Receive::default() };
        polls.spawn(async move { client.receive("chat", &ask).await });
    }
    // There is room for one: when the other one is refused, this one waits.
    let refused = timeout(SOON, polls.join_next()).await.unwrap().unwrap().unwrap().unwrap_err();
    assert_eq!(refused.code(), Some("too-many-waiters"));
    let status = tokio::task::block_in_place(|| coord.daemon.stop(SOON)).unwrap().unwrap();
    assert!(status.success(), "{}", coord.daemon.log());
    let answered = polls.join_next().await.unwrap().unwrap();
    let whole = answered.as_ref().map_or_else(|error| error.code().is_some(), |answer| answer.deliveries.is_empty());
    assert!(whole, "the poll was cut off: {answered:?}");
}

#[tokio::test]
async fn what_was_sent_is_there_after_the_server_was_asked_to_end() {
    let mut coord = start();
    let client = coord.client().unwrap();
    let sent = client.send_message(&hello(), None).await.unwrap();
    assert!(coord.daemon.stop(SOON).unwrap().unwrap().success(), "{}", coord.daemon.log());
    coord.daemon.restart().unwrap();
    let found = coord.client().unwrap().message(sent.id).await.unwrap();
    assert_eq!((found.seq, &found.body), (sent.seq, &sent.body));
}
