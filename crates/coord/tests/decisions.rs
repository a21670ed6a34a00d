//! The tutorial of docs/decisions.md: every command of it against a real server, by its exit code and what it prints.

#![cfg(test)]

use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;
use testkit::coord::Coord;

struct Tutorial {
    coord: Coord,
    home: tempfile::TempDir,
}

impl Tutorial {
    fn begin() -> Self {
        let coord = Coord::start(env!("CARGO_BIN_EXE_coord"), &[]).expect("a server");
        Self { coord, home: tempfile::tempdir().expect("a folder") }
    }

    fn command(&self, line: &[&str]) -> std::process::Command {
        let mut command = self.coord.command();
        command.args(line).env("XDG_CONFIG_HOME", self.home.path());
        command
    }

    /// Runs a command; returns what it printed, results before complaints.
    fn run(&self, code: i32, line: &[&str]) -> String {
        let output = self.command(line).output().expect("it runs");
        let printed = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "coord {line:?}: {printed}");
        printed
    }

    fn json(&self, line: &[&str]) -> Value {
        serde_json::from_str(&self.run(0, &[line, &["--json"]].concat())).expect("JSON")
    }

    /// The id of what waits under this subject.
    fn waiting(&self, subject: &str) -> String {
        let mut found = None;
        let came = testkit::eventually::poll(Duration::from_secs(20), || {
            let open = self.json(&["pending", "--from", "code"]);
            let item = open["items"].as_array().and_then(|items| items.iter().find(|item| item["subject"] == subject));
            found = item.and_then(|item| item["message_id"].as_str()).map(str::to_owned);
            found.is_some()
        });
        assert!(came, "{subject} is asked");
        found.unwrap_or_default()
    }

    /// Asks, and answers the id of the message.
    fn asked(&self, line: &[&str]) -> String {
        let sent = self.json(&[&["ask", "--from", "code", "-d", "strategy"], line].concat());
        sent["id"].as_str().expect("an id").to_owned()
    }
}

/// The end of an id, as people type it.
fn end(id: &str) -> &str {
    &id[id.len() - 8..]
}

#[test]
fn an_agent_asks_and_a_person_decides() {
    let tutorial = Tutorial::begin();
    assert_eq!(tutorial.run(0, &["pending", "chat"]), "Nothing waits for a decision.\n");
    let id = tutorial.asked(&["-s", "Release on Friday?", "-b", "All tests pass.", "--expires-in", "2h"]);
    let pending = tutorial.run(0, &["pending", "chat"]);
    assert!(
        pending.contains(&id) && pending.contains("Release on Friday?") && pending.contains("strategy"),
        "{pending}"
    );
    let checked = tutorial.run(1, &["authority", "check", "-f", "code", "-k", "approve", "-r", end(&id)]);
    assert!(checked.contains("Who asked does not decide"), "{checked}");
    assert!(tutorial.run(1, &["approve", end(&id), "--from", "code"]).contains("Let `chat` or `human` decide"));
    let approved =
        tutorial.run(0, &["approve", end(&id), "--from", "chat", "-m", "go ahead", "-b", "Release on Monday."]);
    for line in ["Approved by chat", "go ahead", "With this text instead:", "Release on Monday."] {
        assert!(approved.contains(line), "{approved}");
    }
    let late = tutorial.run(1, &["reject", end(&id), "--from", "human", "-m", "no"]);
    assert!(late.contains("was approved by `chat` at "), "{late}");
    let overturned = tutorial.run(0, &["reject", end(&id), "--from", "human", "--overturn", "-m", "too early"]);
    assert!(overturned.starts_with("Rejected by human"), "{overturned}");
    assert!(tutorial.run(0, &["show", end(&id)]).contains("Rejected by human"));
    assert!(tutorial.run(0, &["log", "--type", "decision.overturned"]).contains(&id));
    assert!(tutorial.run(0, &["verify"]).contains("The log is whole."));
}

#[test]
fn who_asks_may_wait_and_the_exit_code_says_what_was_decided() {
    let tutorial = Tutorial::begin();
    for (outcome, code) in [("approve", 0), ("reject", 1), ("withdraw", 1)] {
        let ask = ["ask", "--from", "code", "-d", "strategy", "-s", outcome, "--wait", "30s"];
        let waiting = tutorial.command(&ask).stdout(Stdio::piped()).spawn().expect("it runs");
        let asked = tutorial.waiting(outcome);
        let who = if outcome == "withdraw" { "code" } else { "chat" };
        tutorial.run(0, &[outcome, &asked, "--from", who, "-m", "so be it"]);
        let output = waiting.wait_with_output().expect("it ends");
        let printed = String::from_utf8_lossy(&output.stdout).into_owned();
        assert_eq!(output.status.code(), Some(code), "{printed}");
        assert!(printed.contains("so be it"), "{printed}");
    }
    tutorial.run(4, &["ask", "--from", "code", "-d", "strategy", "-s", "Nobody is there", "--wait", "10ms"]);
    tutorial.run(1, &["ask", "--from", "code", "-d", "strateyg", "-s", "A slip", "--wait", "10ms"]);
    tutorial.run(2, &["ask", "--from", "code", "-t", "chat", "-k", "inform", "-s", "No question"]);
}

#[test]
fn a_context_keeps_the_server_the_key_and_the_agent() {
    let tutorial = Tutorial::begin();
    let url = tutorial.coord.url();
    tutorial.run(0, &["--url", &url, "context", "add", "as-chat", "--agent", "chat"]);
    assert!(tutorial.run(0, &["context"]).contains("as-chat"));
    let id = tutorial.asked(&["-s", "May I?"]);
    assert!(tutorial.run(0, &["pending"]).contains("May I?"), "what waits for the agent of the context");
    assert!(tutorial.run(0, &["inbox"]).contains("May I?"));
    assert!(tutorial.run(0, &["approve", end(&id)]).starts_with("Approved by chat"));
    assert!(tutorial.run(0, &["ack", end(&id)]).contains("for chat"));
    assert!(tutorial.run(0, &["whoami"]).contains("admin"));
    tutorial.run(2, &["context", "use", "elsewhere"]);
    tutorial.run(2, &["--context", "elsewhere", "inbox"]);
    tutorial.run(0, &["context", "remove", "as-chat"]);
    assert!(tutorial.run(2, &["inbox"]).contains("say which agent"));
}

#[test]
fn an_agent_is_changed_in_what_is_named() {
    let tutorial = Tutorial::begin();
    tutorial.run(0, &["agents", "put", "reviewer", "--description", "Reads", "-d", "review"]);
    let set = tutorial.run(0, &["agents", "set", "reviewer", "--add-domain", "style"]);
    assert!(set.contains("review -> review, style"), "{set}");
    assert!(tutorial.run(0, &["agents", "show", "reviewer"]).contains("Reads"));
    let put = tutorial.run(0, &["agents", "put", "reviewer"]);
    assert!(put.contains("review, style -> -") && put.contains("Reads -> -"), "{put}");
    assert!(tutorial.run(0, &["agents", "set", "reviewer"]).contains("Nothing is different."));
}
