//! Webhooks of the real binary: the receiver of the handbook, and a server that is killed in the middle of a push.

#![cfg(test)]

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Output};
use std::time::Duration;

use serde_json::Value;
use testkit::coord::Coord;
use testkit::port::Port;
use testkit::process::{Process, poll};

/// How long anything here may take.
const SOON: Duration = Duration::from_secs(60);

fn ran(coord: &Coord, line: &[&str]) -> String {
    let Output { status, stdout, stderr } = coord.command().args(line).output().unwrap();
    assert!(status.success(), "coord {line:?}: {}", String::from_utf8_lossy(&stderr));
    String::from_utf8(stdout).unwrap()
}

fn sent(coord: &Coord, subject: &str) -> String {
    let sent = ran(coord, &["send", "-f", "code", "-t", "chat", "-s", subject, "-b", "Running at scale!", "--json"]);
    serde_json::from_str::<Value>(&sent).unwrap()["id"].as_str().unwrap().to_owned()
}

fn is_acked(coord: &Coord, message: &str) -> bool {
    ran(coord, &["show", message]).contains("acked")
}

/// The handbook's receiver, on a port, with what it prints in a file.
fn receiver(folder: &Path, port: u16, secret: &str) -> (Process, std::path::PathBuf) {
    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/webhooks.md")).unwrap();
    let (_, rest) = page.split_once("```python\n").unwrap();
    let (script, _) = rest.split_once("```").unwrap();
    let path = folder.join("receiver.py");
    fs::write(&path, script).unwrap();
    let mut command = Command::new("python3");
    command.arg(path).arg(port.to_string()).env("WEBHOOK_SECRET", secret);
    let log = folder.join("receiver.log");
    let process = Process::start("the receiver", command, &log).unwrap();
    assert!(poll(SOON, || TcpStream::connect(("127.0.0.1", port)).is_ok()), "{}", fs::read_to_string(&log).unwrap());
    (process, log)
}

#[test]
fn the_receiver_of_the_handbook_takes_what_is_signed_and_nothing_else() {
    let allow = ("COORDINATION__WEBHOOKS__ALLOW", "[127.0.0.1]");
    let quick = ("COORDINATION__WEBHOOKS__BACKOFF", "[10ms]");
    let coord = Coord::start(env!("CARGO_BIN_EXE_coord"), &[allow, quick]).unwrap();
    let secret = ran(&coord, &["agents", "webhook-secret", "chat"]);
    let folder = tempfile::tempdir().unwrap();
    let port = Port::take().unwrap();
    let (wrong, log) = receiver(folder.path(), port.number(), &format!("whsec_{}=", "A".repeat(43)));
    let url = format!("http://127.0.0.1:{}/", port.number());
    ran(&coord, &["agents", "put", "chat", "--domain", "strategy", "--domain", "planning", "--webhook", &url]);
    let forged = sent(&coord, "Not for you");
    assert!(poll(SOON, || ran(&coord, &["show", &forged]).contains("dead")), "five answers of 401 are the end of it");
    assert_eq!(fs::read_to_string(&log).unwrap(), "");
    drop(wrong);
    let (right, log) = receiver(folder.path(), port.number(), secret.trim());
    let message = sent(&coord, "Hello k8s");
    assert!(poll(SOON, || is_acked(&coord, &message)), "{}", coord.daemon.log());
    assert_eq!(fs::read_to_string(&log).unwrap(), "code -> chat: Hello k8s\n");
    drop(right);
}

/// Waits for the next request and reads its head and body.
fn next_request(listener: &TcpListener) -> (TcpStream, String) {
    let (mut stream, _) = listener.accept().unwrap();
    stream.set_read_timeout(Some(SOON)).unwrap();
    let (mut text, mut part) = (String::new(), [0; 4_096]);
    loop {
        let read = stream.read(&mut part).unwrap();
        text.push_str(std::str::from_utf8(&part[..read]).unwrap());
        // A push's body is one object, and its last field another.
        if read == 0 || text.ends_with("}}") {
            return (stream, text);
        }
    }
}

fn header<'a>(request: &'a str, name: &str) -> &'a str {
    let line = request.lines().find_map(|line| line.strip_prefix(name));
    line.unwrap_or_else(|| panic!("{request} has no {name}")).trim_start_matches(':').trim()
}

#[test]
fn a_push_whose_server_is_killed_is_made_again_after_the_lease() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let environment = [
        ("COORDINATION__WEBHOOKS__ALLOW", "[127.0.0.1]"),
        ("COORDINATION__DELIVERY__LEASE", "2s"),
        ("COORDINATION__WEBHOOKS__TIMEOUT", "2s"),
        ("COORDINATION__WEBHOOKS__CONNECT_TIMEOUT", "2s"),
    ];
    let mut coord = Coord::start(env!("CARGO_BIN_EXE_coord"), &environment).unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    ran(&coord, &["agents", "put", "hook", "--webhook", &url]);
    let sent = ran(&coord, &["send", "-f", "code", "-t", "hook", "-s", "Once", "-b", "or twice", "--json"]);
    let message = serde_json::from_str::<Value>(&sent).unwrap()["id"].as_str().unwrap().to_owned();
    let (unanswered, first) = next_request(&listener);
    coord.daemon.kill9();
    drop(unanswered);
    coord.daemon.restart().unwrap();
    let (mut stream, second) = next_request(&listener);
    stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").unwrap();
    assert!(first.contains("\"attempt\":1") && second.contains("\"attempt\":2"), "{first}\n{second}");
    assert_eq!(header(&first, "webhook-id"), header(&second, "webhook-id"));
    assert!(poll(SOON, || is_acked(&coord, &message)), "{}", coord.daemon.log());
    assert!(ran(&coord, &["verify"]).contains("The log is whole."));
}
