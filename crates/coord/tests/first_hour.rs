//! A newcomer's first hour: the client commands against a real server, each by its exit code and what it says.

#![cfg(test)]

use std::io::{BufRead as _, BufReader};
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;
use testkit::coord::Coord;

struct Hour {
    coord: Coord,
}

impl Hour {
    fn begin() -> Self {
        Self { coord: Coord::start(env!("CARGO_BIN_EXE_coord"), &[]).unwrap() }
    }

    /// Runs a command; returns what it printed, results before complaints.
    fn run(&self, code: i32, line: &[&str]) -> String {
        let output = self.coord.command().args(line).output().unwrap();
        let said = String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(code), "coord {line:?}: {said}");
        said
    }

    fn json(&self, line: &[&str]) -> Value {
        serde_json::from_str(&self.run(0, &[line, &["--json"]].concat())).unwrap()
    }

    fn send(&self, subject: &str) -> String {
        let sent = self.json(&["send", "-f", "code", "-t", "chat", "-s", subject, "-b", "Hi"]);
        sent["id"].as_str().unwrap().to_owned()
    }

    fn receipt(&self) -> String {
        let received = self.json(&["receive", "chat"]);
        received["deliveries"][0]["receipt"].as_str().unwrap().to_owned()
    }
}

#[test]
fn a_message_goes_there_and_back() {
    let hour = Hour::begin();
    assert!(hour.run(0, &["inbox", "chat"]).contains("Send one: coord send --from code --to chat"));
    let id = hour.send("Hello");
    assert!(hour.run(0, &["inbox", "chat"]).contains(&id));
    assert!(hour.run(0, &["receive", "chat"]).contains(&format!("When done: coord ack chat {id} --receipt ")));
    hour.run(0, &["reply", &id, "--from", "chat", "--body", "Hi back", "--ack"]);
    hour.run(0, &["ack", "chat", &id]);
    assert!(hour.run(0, &["inbox", "code"]).contains("Re: Hello"));
    assert!(hour.run(0, &["thread", &id]).contains("  Hi back"));
    assert!(hour.run(0, &["show", &id]).contains("acked"));
    assert!(hour.run(0, &["search", "hi", "back"]).contains("Re: Hello"));
    assert!(hour.run(0, &["log", "--type", "message.acked"]).contains(&id));
    assert!(hour.run(0, &["stats"]).contains("The server is ready"));
    assert!(hour.run(0, &["verify"]).contains("The log is whole."));
}

#[test]
fn a_delivery_is_put_off_given_up_and_brought_back() {
    let hour = Hour::begin();
    let id = hour.send("Later");
    let receipt = hour.receipt();
    hour.run(0, &["extend", "chat", &id, "--receipt", &receipt, "--lease", "5m"]);
    hour.run(0, &["nack", "chat", &id, "--receipt", &receipt, "--delay", "1h", "--reason", "busy"]);
    assert!(hour.run(1, &["nack", "chat", &id, "--receipt", &receipt]).starts_with("error: "));
    hour.run(0, &["defer", "chat", &id, "--trigger", "tests-green"]);
    assert_eq!(hour.run(0, &["trigger", "tests-green"]), "tests-green: 1 message came back\n");
    hour.run(0, &["terminate", "chat", &id, "--reason", "the repository is gone"]);
    assert!(hour.run(0, &["dead"]).contains("the repository is gone"));
    hour.run(0, &["dead", "redrive", &id, "chat"]);
    assert_eq!(hour.run(0, &["dead"]), "No dead letters.\n");
    assert!(hour.run(0, &["verify"]).contains("The log is whole."));
}

#[test]
fn who_may_decide_is_shown_checked_and_lent() {
    let hour = Hour::begin();
    let decide = ["--from", "code", "--kind", "decide", "--domain", "strategy"];
    assert!(hour.run(1, &[&["authority", "check"], &decide[..]].concat()).starts_with("refused: "));
    let refused = hour.run(1, &[&["send", "-s", "We do it", "-t", "chat"], &decide[..]].concat());
    assert!(refused.contains("holders: chat") && refused.contains("next: "), "{refused}");
    let grant = ["authority", "grant", "-d", "strategy", "-a", "code", "--reason", "away"];
    hour.run(0, &[&grant[..], &["--for", "1d"]].concat());
    assert!(hour.run(0, &["authority"]).contains("a grant"));
    hour.run(0, &[&["send", "-s", "We do it", "-t", "chat"], &decide[..]].concat());
    assert!(hour.run(0, &["gates"]).contains("Quality gates are off."));
}

#[test]
fn a_file_travels_with_a_message() {
    let hour = Hour::begin();
    let folder = tempfile::tempdir().unwrap();
    let (there, back) = (folder.path().join("report.html"), folder.path().join("copy.html"));
    std::fs::write(&there, "<h1>Report</h1>").unwrap();
    hour.run(0, &["send", "-f", "code", "-t", "chat", "-s", "Report", "--attach", there.to_str().unwrap()]);
    let inbox = hour.json(&["inbox", "chat"]);
    let file = &inbox["items"][0]["message"]["attachments"][0];
    assert_eq!(file["name"], "report.html");
    hour.run(0, &["attach", "get", file["sha256"].as_str().unwrap(), "-o", back.to_str().unwrap()]);
    assert_eq!(std::fs::read(&there).unwrap(), std::fs::read(&back).unwrap());
}

#[test]
fn agents_keys_and_tenants_are_administered() {
    let mut hour = Hour::begin();
    assert!(hour.run(0, &["agents", "put", "reviewer", "-d", "review"]).starts_with("Registered reviewer"));
    assert!(hour.run(0, &["agents"]).contains("reviewer"));
    hour.run(0, &["agents", "retire", "reviewer"]);
    hour.run(1, &["send", "-f", "code", "-t", "reviewer", "-s", "Hello"]);
    hour.run(0, &["tenants", "create", "acme"]);
    assert!(hour.run(2, &["keys", "create", "--role", "agent", "-a", "code"]).contains("make an admin's key first"));
    let admin = hour.json(&["keys", "create", "--role", "admin"])["key"].as_str().unwrap().to_owned();
    assert!(hour.run(1, &["inbox", "chat"]).contains("next: export COORDINATION_KEY="));
    let agent = hour.run(0, &["--key", &admin, "keys", "create", "--role", "agent", "-a", "code"]);
    let agent = agent.lines().next().unwrap();
    hour.run(0, &["--key", agent, "send", "-t", "chat", "-s", "No sender named"]);
    hour.run(1, &["--key", agent, "send", "-f", "chat", "-t", "code", "-s", "Forged"]);
    hour.coord.daemon.stop(Duration::from_secs(10)).unwrap();
    assert!(hour.run(3, &["--key", &admin, "keys"]).contains("was not reached"));
}

#[test]
fn a_watch_prints_what_arrives() {
    let hour = Hour::begin();
    let mut command = hour.coord.command();
    let mut watch = command.args(["watch", "chat", "--after", "0"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(watch.stdout.take().unwrap()).lines();
    for subject in ["One", "Two"] {
        let id = hour.send(subject);
        let line = lines.next().unwrap().unwrap();
        assert!(line.contains(&id) && line.ends_with(&format!("code: {subject}")), "{line}");
    }
    watch.kill().unwrap();
    watch.wait().unwrap();
}
