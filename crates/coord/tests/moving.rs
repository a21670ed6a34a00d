//! Moving house: from SQLite to PostgreSQL and back, stopped in the middle, and out of damaged files.

#![cfg(test)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;
use testkit::coord::Coord;
use testkit::postgres::Postgres;
use testkit::proxy::Proxy;

const BINARY: &str = env!("CARGO_BIN_EXE_coord");
const SOON: Duration = Duration::from_secs(60);

/// The binary with nothing of the test's environment, on a data folder or a database.
fn coord(home: &Path, place: &Place) -> Command {
    let mut command = Command::new(BINARY);
    command.env_clear().env("HOME", home).stdin(Stdio::null());
    match place {
        Place::Folder(path) => command.env("COORDINATION_DATA", path),
        Place::Database(url, attachments) => {
            command.env("DATABASE_URL", url).env("COORDINATION__ATTACHMENTS__URL", attachments)
        }
    };
    command
}

enum Place {
    Folder(PathBuf),
    Database(String, PathBuf),
}

fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[track_caller]
fn ran(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", text(&output));
    text(&output)
}

#[track_caller]
fn refused(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{command:?}: {}", text(&output));
    text(&output)
}

fn export(home: &Path, place: &Place, to: &Path) -> Command {
    let mut command = coord(home, place);
    command.arg("export").arg("--to").arg(to);
    command
}

fn import(home: &Path, place: &Place, from: &Path) -> Command {
    let mut command = coord(home, place);
    command.arg("import").arg("--from").arg(from);
    command
}

/// Every file of an export and what it holds.
fn contents(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut files = Vec::new();
    for folder in [folder.to_owned(), folder.join("attachments")] {
        for entry in fs::read_dir(folder).unwrap().map(Result::unwrap).filter(|entry| entry.path().is_file()) {
            files.push((entry.file_name().into_string().unwrap(), fs::read(entry.path()).unwrap()));
        }
    }
    files.sort();
    files
}

fn json(command: &mut Command) -> Value {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", text(&output));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// A server with something of everything, told through its clients; answers the receipt of a lease that runs for a day.
fn lived_in(coord: &Coord, home: &Path) -> (String, String) {
    let run = |line: &[&str]| ran(coord.command().args(line));
    let sent = |line: &[&str]| json(coord.command().args(line).arg("--json"))["id"].as_str().unwrap().to_owned();
    let receive = |agent: &str, lease: &str| {
        json(coord.command().args(["receive", agent, "--lease", lease, "--json"]))["deliveries"][0].clone()
    };
    let file = home.join("report.txt");
    fs::write(&file, "all the bytes").unwrap();
    run(&["attach", "put", file.to_str().unwrap()]);
    run(&["agents", "put", "reviewer", "--domain", "review"]);
    run(&["agents", "retire", "reviewer"]);
    run(&["agents", "webhook-secret", "chat"]);
    let acked = sent(&["send", "-f", "code", "-t", "chat", "-s", "Acked é", "-b", "one"]);
    run(&["ack", "chat", &acked]);
    run(&["reply", &acked, "--from", "chat", "--body", "Hi back"]);
    sent(&["send", "-f", "code", "-t", "chat", "-s", "Leased", "-b", "two", "-p", "critical"]);
    let held = receive("chat", "12h");
    let dead = sent(&["send", "-f", "code", "-t", "human", "-s", "Dead", "-b", "three"]);
    run(&["terminate", "human", &dead, "--reason", "nonsense"]);
    let late = sent(&["send", "-f", "code", "-t", "chat", "-s", "Deferred", "-b", "four"]);
    run(&["defer", "chat", &late, "--trigger", "release"]);
    run(&["send", "-f", "code", "-t", "*", "-s", "To all", "-b", "five", "--idempotency-key", "once"]);
    (held["message"]["id"].as_str().unwrap().to_owned(), held["receipt"].as_str().unwrap().to_owned())
}

#[test]
fn a_tenant_goes_to_postgresql_and_back_and_is_the_same() {
    let home = TempDir::new().unwrap();
    let mut source = Coord::start(BINARY, &[("COORDINATION__LIMITS__INLINE_RECIPIENTS", "1")]).unwrap();
    let (held, receipt) = lived_in(&source, home.path());
    let old = Place::Folder(source.data());
    let path = |name: &str| home.path().join(name);

    // While it runs: up to where the log ends then.
    ran(&mut export(home.path(), &old, &path("running")));
    source.daemon.stop(SOON).unwrap();
    let said = ran(&mut export(home.path(), &old, &path("first")));
    assert!(said.contains("events and 1 attachments are in"), "{said}");

    let postgres = Postgres::start().unwrap();
    let new = Place::Database(postgres.create_database("house").unwrap(), path("bytes"));
    ran(&mut import(home.path(), &new, &path("first")));
    let again = ran(&mut import(home.path(), &new, &path("first")));
    assert!(again.contains("are here already"), "{again}");
    ran(&mut export(home.path(), &new, &path("second")));
    assert!(contents(&path("first")) == contents(&path("second")), "byte for byte");

    let Place::Database(url, bytes) = &new else { unreachable!() };
    let environment = [("DATABASE_URL", url.as_str()), ("COORDINATION__ATTACHMENTS__URL", bytes.to_str().unwrap())];
    let mut served = Coord::start(BINARY, &environment).unwrap();
    assert!(ran(served.command().args(["verify"])).contains("The log is whole."));
    let replayed = ran(served.command().args([
        "send",
        "-f",
        "code",
        "-t",
        "*",
        "-s",
        "To all",
        "-b",
        "five",
        "--idempotency-key",
        "once",
    ]));
    assert!(!replayed.is_empty());
    assert!(ran(served.command().args(["search", "back"])).contains("Re: Acked"));
    ran(served.command().args(["trigger", "release"]));
    served.daemon.stop(SOON).unwrap();

    let back = Place::Folder(path("back"));
    ran(&mut import(home.path(), &back, &path("second")));
    ran(&mut export(home.path(), &back, &path("third")));
    assert!(contents(&path("first")) == contents(&path("third")), "byte for byte");
    ran(coord(home.path(), &back).args(["ack", "chat", &held, "--receipt", &receipt, "--offline"]));
    assert!(ran(coord(home.path(), &back).args(["verify", "--offline"])).contains("The log is whole."));
}

/// A data folder whose log has some thousand events.
fn long_log() -> (TempDir, Place) {
    let home = TempDir::new().unwrap();
    let mut server = Coord::start(BINARY, &[]).unwrap();
    let folder = home.path().join("data");
    let bench = ["bench", "--messages", "3000", "--connections", "16"];
    ran(server.command().args(bench));
    server.daemon.stop(SOON).unwrap();
    fs::rename(server.data(), &folder).unwrap();
    (home, Place::Folder(folder))
}

/// Waits for a process to end, not for ever.
fn ended_within(child: &mut Child, timeout: Duration) -> Option<ExitStatus> {
    let mut ended = None;
    testkit::process::poll(timeout, || {
        ended = child.try_wait().unwrap();
        ended.is_some()
    });
    ended
}

/// Runs a command again and again, each time for longer before it is killed, until it ends by itself; answers how often it was
/// killed.
fn killed_until_done(command: impl Fn() -> Command, mut after_each: impl FnMut()) -> usize {
    let mut timeout = Duration::from_millis(40);
    for kills in 0.. {
        let mut child = command().stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        if let Some(status) = ended_within(&mut child, timeout) {
            assert!(status.success());
            return kills;
        }
        child.kill().unwrap();
        child.wait().unwrap();
        after_each();
        timeout += timeout / 3;
    }
    unreachable!()
}

#[test]
fn a_move_that_is_killed_goes_on_and_is_seen_whole_or_not_at_all() {
    let (home, source) = long_log();
    let path = |name: &str| home.path().join(name);
    ran(&mut export(home.path(), &source, &path("whole")));
    killed_until_done(|| export(home.path(), &source, &path("pieces")), || {});
    assert!(contents(&path("whole")) == contents(&path("pieces")), "byte for byte");

    let target = Place::Folder(path("new"));
    let kills = killed_until_done(
        || {
            let mut command = import(home.path(), &target, &path("whole"));
            command.args(["--as", "moved"]);
            command
        },
        || {
            let mut look = export(home.path(), &target, &path("look"));
            let said = text(&look.args(["--tenant", "moved"]).output().unwrap());
            let whole = said.contains("events and 0 attachments are in") || said.contains("holds a whole export");
            // A kill may come before the store is made.
            let nothing = said.contains("there is no tenant `moved`") || said.contains("there is nothing to read");
            assert!(nothing || whole, "whole or not at all: {said}");
        },
    );
    assert!(kills > 0, "it was killed at least once");
    let mut again = export(home.path(), &target, &path("again"));
    ran(again.args(["--tenant", "moved"]));
    assert!(events(&path("whole")) == events(&path("again")), "byte for byte");
}

/// The parts of the log in an export.
fn events(folder: &Path) -> Vec<(String, Vec<u8>)> {
    contents(folder).into_iter().filter(|(name, _)| name.starts_with("events-")).collect()
}

#[test]
fn a_move_to_postgresql_that_is_killed_goes_on_and_is_seen_whole_or_not_at_all() {
    let (home, source) = long_log();
    let path = |name: &str| home.path().join(name);
    ran(&mut export(home.path(), &source, &path("whole")));
    let postgres = Postgres::start().unwrap();
    let target = Place::Database(postgres.create_database("killed").unwrap(), path("bytes"));
    // To look into it between two runs, it has to have its tables.
    let why = refused(&mut export(home.path(), &target, &path("look")));
    assert!(why.contains("run `coord migrate`"), "{why}");
    ran(coord(home.path(), &target).arg("migrate"));
    let kills = killed_until_done(
        || import(home.path(), &target, &path("whole")),
        || {
            let said = text(&export(home.path(), &target, &path("look")).output().unwrap());
            let whole = said.contains("events and 0 attachments are in") || said.contains("holds a whole export");
            assert!(said.contains("there is no tenant `default`") || whole, "whole or not at all: {said}");
        },
    );
    assert!(kills > 0, "it was killed at least once");
    ran(&mut export(home.path(), &target, &path("again")));
    assert!(events(&path("whole")) == events(&path("again")), "byte for byte");
    let Place::Database(url, _) = &target else { unreachable!() };
    let served = Coord::start(BINARY, &[("DATABASE_URL", url.as_str())]).unwrap();
    assert!(ran(served.command().args(["verify"])).contains("The log is whole."));
}

/// Imports through a wire that is cut in the middle of each run, until a run ends well; answers how often it was cut.
fn cut_until_done(command: impl Fn() -> Command, cut: impl Fn()) -> usize {
    let mut timeout = Duration::from_millis(60);
    for cuts in 0..60 {
        let mut child = command().stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let status = ended_within(&mut child, timeout).or_else(|| {
            cut();
            ended_within(&mut child, SOON)
        });
        let status = status.expect("an import whose wire was cut ends");
        if status.success() {
            return cuts;
        }
        assert_eq!(status.code(), Some(1), "it fails in order");
        timeout += timeout / 3;
    }
    panic!("it never came to its end");
}

#[test]
fn a_move_to_postgresql_whose_wire_is_cut_goes_on() {
    let (home, source) = long_log();
    let path = |name: &str| home.path().join(name);
    ran(&mut export(home.path(), &source, &path("whole")));
    let postgres = Postgres::start().unwrap();
    let direct = postgres.create_database("cut").unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let proxy = runtime.block_on(Proxy::start(postgres.address())).unwrap();
    let wire = direct.replace(&postgres.address().to_string(), &proxy.address().to_string());
    assert_ne!(wire, direct, "it leads through the proxy");
    let target = Place::Database(wire, path("bytes"));
    let cuts = cut_until_done(|| import(home.path(), &target, &path("whole")), || runtime.block_on(proxy.cut()));
    assert!(cuts > 0, "it was cut at least once");
    ran(&mut export(home.path(), &Place::Database(direct, path("bytes")), &path("again")));
    assert!(events(&path("whole")) == events(&path("again")), "byte for byte");
}

#[test]
fn a_damaged_file_is_named_and_nothing_of_it_is_seen() {
    let home = TempDir::new().unwrap();
    let mut source = Coord::start(BINARY, &[]).unwrap();
    lived_in(&source, home.path());
    source.daemon.stop(SOON).unwrap();
    let path = |name: &str| home.path().join(name);
    ran(&mut export(home.path(), &Place::Folder(source.data()), &path("export")));
    let events = path("export/events-000000000001.ndjson");
    let good = fs::read(&events).unwrap();
    let target = Place::Folder(path("new"));
    let fails = |place: &str, why: &str| {
        let said = refused(&mut import(home.path(), &target, &path("export")));
        assert!(said.contains(place) && said.contains(why), "{said}");
        let look = TempDir::new().unwrap();
        let seen = refused(&mut export(home.path(), &target, look.path()));
        assert!(seen.contains("there is no tenant `default`"), "{seen}");
    };

    // One byte of a body.
    let mut bad = good.clone();
    let at = good.windows(7).position(|part| part == b"Hi back").unwrap();
    bad[at] = b'h';
    fs::write(&events, &bad).unwrap();
    fails("events-000000000001.ndjson is damaged", "its SHA-256 is");

    // The same, with a manifest that agrees: the chain does not.
    let manifest = path("export/manifest.json");
    let original = fs::read(&manifest).unwrap();
    let mut forged: Value = serde_json::from_slice(&original).unwrap();
    forged["parts"][0]["sha256"] = json!(sha256(&bad));
    fs::write(&manifest, forged.to_string()).unwrap();
    fails("events-000000000001.ndjson is damaged: event ", "its content and the event before give");

    // Bytes of an attachment.
    fs::write(&events, &good).unwrap();
    fs::write(&manifest, &original).unwrap();
    let attachment = fs::read_dir(path("export/attachments")).unwrap().next().unwrap().unwrap().path();
    let bytes = fs::read(&attachment).unwrap();
    fs::write(&attachment, "other bytes!!").unwrap();
    let name = attachment.file_name().unwrap().to_str().unwrap().to_owned();
    fails(&format!("{name} is damaged"), "its SHA-256 is");

    // What the log does not tell.
    fs::write(&attachment, bytes).unwrap();
    let rest = path("export/rest.ndjson");
    let lines = fs::read(&rest).unwrap();
    fs::write(&rest, b"").unwrap();
    fails("rest.ndjson is damaged", "its SHA-256 is");
    fs::write(&rest, lines).unwrap();
    fs::remove_file(&events).unwrap();
    fails("events-000000000001.ndjson is damaged", "No such file");

    // What was stopped is forgotten, or finished.
    let forgotten = ran(import(home.path(), &target, &path("export")).arg("--abandon"));
    assert!(forgotten.contains("are forgotten"), "{forgotten}");
    let seen = ran(&mut export(home.path(), &target, &path("empty")));
    assert!(seen.contains("default: 0 events and 0 attachments"), "{seen}");
    fs::write(&events, &good).unwrap();
    ran(&mut import(home.path(), &target, &path("export")));
    assert!(ran(coord(home.path(), &target).args(["verify", "--offline"])).contains("The log is whole."));
}

#[test]
fn a_tenant_with_another_history_is_not_written_over() {
    let home = TempDir::new().unwrap();
    let (mut one, mut two) = (Coord::start(BINARY, &[]).unwrap(), Coord::start(BINARY, &[]).unwrap());
    one.daemon.stop(SOON).unwrap();
    two.daemon.stop(SOON).unwrap();
    let (one, two) = (Place::Folder(one.data()), Place::Folder(two.data()));
    let folder = home.path().join("export");
    ran(&mut export(home.path(), &one, &folder));
    let said = refused(&mut import(home.path(), &two, &folder));
    assert!(said.contains("there is a tenant `default` with a history of its own") && said.contains("--as"), "{said}");
    let said = ran(import(home.path(), &two, &folder).args(["--as", "guest"]));
    assert!(said.contains("guest: "), "{said}");
    let said = refused(&mut export(home.path(), &one, &folder));
    assert!(said.contains("holds a whole export"), "{said}");
    let said = refused(&mut import(home.path(), &two, home.path()));
    assert!(said.contains("has no manifest.json"), "{said}");
}

#[test]
fn an_export_of_nothing_makes_nothing() {
    let home = TempDir::new().unwrap();
    let missing = home.path().join("missing");
    let said = refused(&mut export(home.path(), &Place::Folder(missing.clone()), &home.path().join("export")));
    assert!(said.contains(&missing.display().to_string()) && said.contains("--data"), "{said}");
    assert!(!missing.exists() && !home.path().join("export").exists());
}

fn sha256(bytes: &[u8]) -> String {
    let digest = <sha2::Sha256 as sha2::Digest>::digest(bytes);
    domain::Digest(digest.into()).to_string()
}
