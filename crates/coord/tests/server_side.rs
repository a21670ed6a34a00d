//! The commands that run on the machine of the server: configuration, migration, serving, and work on a resting folder.

#![cfg(test)]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use std::time::Duration;

use tempfile::TempDir;
use testkit::coord::Coord;
use testkit::process::{Signal, poll};

const SOON: Duration = Duration::from_secs(10);

/// The binary with nothing of the test's environment but a home.
fn coord(home: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_coord"));
    command.env_clear().env("HOME", home);
    command
}

fn run(home: &Path, arguments: &[&str]) -> Output {
    coord(home).args(arguments).output().unwrap()
}

fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn the_reference_page_is_a_configuration_to_start_from() {
    let home = TempDir::new().unwrap();
    let page = run(home.path(), &["config", "reference"]);
    let file = home.path().join("config.yaml");
    fs::write(&file, &page.stdout).unwrap();
    let checked = run(home.path(), &["config", "check", "--config", file.to_str().unwrap()]);
    assert!(checked.status.success(), "{}", stderr(&checked));
    assert!(stdout(&checked).contains("listen: 127.0.0.1:8000"));
    assert!(stdout(&checked).contains(&format!("# {}:", file.display())));
}

#[test]
fn a_wrong_configuration_is_wrong_usage_and_opens_nothing() {
    let home = TempDir::new().unwrap();
    let file = home.path().join("config.yaml");
    fs::write(&file, "logging:\n  levle: INFO\n").unwrap();
    let data = home.path().join("data");
    for arguments in [vec!["config", "check"], vec!["serve"], vec!["migrate"]] {
        let mut command = coord(home.path());
        command.args(&arguments).arg("--data").arg(&data).env("COORDINATION_CONFIG", &file);
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        let said = stderr(&output);
        assert!(said.contains("config.yaml:2: logging.levle: unknown key `levle`: did you mean `level`?"), "{said}");
    }
    assert!(!data.exists());
}

#[test]
fn other_machines_are_let_in_only_on_purpose() {
    let home = TempDir::new().unwrap();
    let data = home.path().join("data");
    let arguments = ["serve", "--listen", "0.0.0.0:0", "--data", data.to_str().unwrap()];
    let open = run(home.path(), &arguments);
    let none = coord(home.path()).args(arguments).env("COORDINATION__AUTH__MODE", "none").output().unwrap();
    for output in [&open, &none] {
        assert_eq!(output.status.code(), Some(2));
        assert!(stderr(output).contains("--insecure"), "{}", stderr(output));
    }
    assert!(stderr(&open).contains("mode: keys"), "{}", stderr(&open));
    assert!(!data.exists(), "nothing is opened before that");
}

#[test]
fn the_first_key_of_a_server_that_asks_for_keys_is_made_while_it_rests() {
    let mut coord = Coord::start(env!("CARGO_BIN_EXE_coord"), &[("COORDINATION__AUTH__MODE", "keys")]).unwrap();
    let refused = coord.command().args(["agents"]).output().unwrap();
    assert_eq!(refused.status.code(), Some(1), "{}", stderr(&refused));
    let offline = format!("--offline={}", coord.data().display());

    let held = coord.command().args(["keys", "create", &offline]).output().unwrap();
    assert_eq!(held.status.code(), Some(1));
    assert!(stderr(&held).contains("is in use by process"), "{}", stderr(&held));

    coord.daemon.stop(SOON).unwrap();
    let made = coord.command().args(["keys", "create", &offline, "--json"]).output().unwrap();
    assert!(made.status.success(), "{}", stderr(&made));
    let key = serde_json::from_slice::<serde_json::Value>(&made.stdout).unwrap()["key"].as_str().unwrap().to_owned();
    let verified = coord.command().args(["verify", &offline]).output().unwrap();
    assert!(verified.status.success(), "{}", stderr(&verified));

    coord.daemon.restart().unwrap();
    let agents = coord.command().args(["agents"]).env("COORDINATION_KEY", &key).output().unwrap();
    assert!(stdout(&agents).contains("human"), "{}", stderr(&agents));
}

#[test]
fn migrating_says_what_is_up_to_date_and_twice_is_once() {
    let home = TempDir::new().unwrap();
    let data = home.path().join("data");
    for _ in 0..2 {
        let output = run(home.path(), &["migrate", "--data", data.to_str().unwrap()]);
        assert!(output.status.success(), "{}", stderr(&output));
        assert_eq!(stderr(&output), format!("{} is up to date\n", data.display()));
    }
}

#[test]
fn a_second_signal_ends_at_once() {
    let mut coord = Coord::start(env!("CARGO_BIN_EXE_coord"), &[("COORDINATION__SERVER__DRAIN_DELAY", "5m")]).unwrap();
    coord.daemon.process().unwrap().signal(Signal::TERM);
    assert!(poll(SOON, || coord.daemon.log().contains("draining")));
    let ended = coord.daemon.stop(SOON).unwrap().unwrap();
    assert_eq!(ended.code(), Some(130));
}

#[test]
fn logs_hold_neither_bodies_nor_secrets() {
    let secret = "hunter2-hunter2-hunter2";
    let variables = [("COORDINATION_ADMIN_KEY", secret), ("COORDINATION__LOGGING__LEVEL", "trace")];
    let mut coord = Coord::start(env!("CARGO_BIN_EXE_coord"), &variables).unwrap();
    let letter = ["send", "-f", "code", "-t", "chat", "-s", "subject-of-mine", "-b", "body-of-mine"];
    let sent = coord.command().args(letter).env("COORDINATION_KEY", secret).output().unwrap();
    assert!(sent.status.success(), "{}", stderr(&sent));
    coord.daemon.stop(SOON).unwrap();
    let log = coord.daemon.log();
    assert!(log.contains("serving"), "{log}");
    for hidden in [secret, "body-of-mine", "subject-of-mine"] {
        assert!(!log.contains(hidden), "{hidden} stands in {log}");
    }
}

/// What a scrape shows, each as `name kind`, in the names that samples have.
fn exported(scrape: &str) -> BTreeSet<String> {
    let types = scrape.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split_once(' '));
    types
        .map(|(name, kind)| match kind {
            "counter" => format!("{name}_total counter"),
            "info" => format!("{name}_info info"),
            _ => format!("{name} {kind}"),
        })
        .collect()
}

#[tokio::test]
async fn the_list_by_which_alerts_and_dashboards_are_checked_is_what_a_scrape_shows() {
    let server = Coord::start(env!("CARGO_BIN_EXE_coord"), &[]).unwrap();
    let message = protocol::SendMessage {
        from: Some("code".to_owned()),
        to: Some("chat".into()),
        subject: "Hello".to_owned(),
        body: "It works.".to_owned(),
        ..protocol::SendMessage::default()
    };
    server.client().unwrap().send_message(&message, None).await.unwrap();
    let metrics = format!("http://{}/metrics", server.metrics_address());
    let scrape = reqwest::get(metrics).await.unwrap().text().await.unwrap();
    let list = include_str!("../../xtask/src/template/metrics/coordination.txt");
    let listed: BTreeSet<String> = list.lines().filter(|line| !line.starts_with('#')).map(str::to_owned).collect();
    assert_eq!(exported(&scrape), listed);
    for sample in ["messages_sent_total{", "api_latency_seconds_bucket{", "deliveries{", "event_log_head{"] {
        assert!(scrape.contains(sample), "no sample of {sample}\n{scrape}");
    }
}

/// A data folder with so many keys; answers how an offline command names it.
fn with_keys(home: &Path, data: &Path, count: usize) -> String {
    let offline = format!("--offline={}", data.display());
    for _ in 0..count {
        let made = run(home, &["keys", "create", "--role", "observer", &offline]);
        assert!(made.status.success(), "{}", stderr(&made));
    }
    offline
}

#[test]
fn an_older_database_is_named_by_verify_and_by_serve() {
    let home = TempDir::new().unwrap();
    let (data, older) = (home.path().join("data"), home.path().join("older.db"));
    let offline = with_keys(home.path(), &data, 1);
    fs::copy(data.join("coordination.db"), &older).unwrap();
    with_keys(home.path(), &data, 2);
    assert!(run(home.path(), &["verify", &offline]).status.success());

    fs::copy(&older, data.join("coordination.db")).unwrap();
    let serve = ["serve", "--listen", "127.0.0.1:0", "--data", data.to_str().unwrap()];
    for arguments in [&["verify", &offline][..], &serve] {
        let output = run(home.path(), arguments);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        let said = stderr(&output);
        assert!(said.contains("coordination.db is not what was left") && said.contains("had come to event"), "{said}");
        assert!(said.contains("remove coordination.mark"), "it says how to go on: {said}");
    }
    fs::remove_file(data.join("coordination.mark")).unwrap();
    assert!(run(home.path(), &["verify", &offline]).status.success());
}

#[test]
fn on_a_full_disk_a_server_starts_and_reads_and_refuses_what_it_cannot_write() {
    let home = TempDir::new().unwrap();
    let data = home.path().join("data");
    let offline = with_keys(home.path(), &data, 1);
    let index = fs::read(data.join("search.db")).unwrap();
    // No file may grow, as where the disk has no room; the signal that says so is passed over.
    let full = |arguments: &[&str]| {
        let mut command = Command::new("sh");
        command.env_clear().env("HOME", home.path()).args(["-c", "trap '' XFSZ; ulimit -f 0; exec \"$0\" \"$@\""]);
        command.arg(env!("CARGO_BIN_EXE_coord")).args(arguments).output().unwrap()
    };
    let verified = full(&["verify", &offline]);
    assert!(verified.status.success(), "{}{}", stdout(&verified), stderr(&verified));
    let refused = full(&["keys", "create", "--role", "observer", &offline]);
    assert_eq!(refused.status.code(), Some(1));
    let said = stderr(&refused);
    assert!(said.contains("cannot be written") || said.contains("did not say whether it was done"), "{said}");
    assert!(fs::read(data.join("search.db")).unwrap() == index, "the index was not thrown away");
    with_keys(home.path(), &data, 1);
    assert!(run(home.path(), &["verify", &offline]).status.success());
}
