//! The template's `blue-green/switch` with real processes as pods: it moves the traffic to a new version without losing a
//! request, and leaves it, or brings it back, where the new version is no good.

#![cfg(test)]

mod balancer;
mod load;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::Duration;

use tempfile::TempDir;
use testkit::coord::Coord;
use testkit::eventually;
use testkit::postgres::Postgres;
use tokio::process::Command;
use tokio::task::block_in_place;
use tokio::time::sleep;

use crate::balancer::Balancer;
use crate::load::Load;

const ADMIN_KEY: &str = "an-administrators-key-for-tests";
/// How long anything may take.
const SOON: Duration = Duration::from_secs(120);

/// A namespace: its database, its pods by slot, its Service, and a copy of the template.
struct Namespace {
    database: String,
    files: TempDir,
    balancer: Balancer,
    _postgres: Postgres,
}

impl Namespace {
    async fn new() -> Self {
        let postgres = block_in_place(Postgres::start).unwrap();
        let database = block_in_place(|| postgres.create_database("slots")).unwrap();
        let files = TempDir::new().unwrap();
        let template = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../templates/platform-kubernetes"));
        for file in ["blue-green/switch", "config/platform.env"] {
            let copy = files.path().join(file);
            fs::create_dir_all(copy.parent().unwrap()).unwrap();
            fs::copy(template.join(file), copy).unwrap();
        }
        fs::write(files.path().join("selector"), "v1").unwrap();
        let balancer = Balancer::start(files.path().to_owned()).await;
        Self { database, files, balancer, _postgres: postgres }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.files.path().join(name)
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.file(name)).unwrap_or_default()
    }

    /// Starts the pods of a slot; once they are ready the cluster's files name them.
    fn start(&self, slot: &str) -> Vec<Coord> {
        let environment = [
            ("DATABASE_URL", self.database.as_str()),
            ("COORDINATION_ADMIN_KEY", ADMIN_KEY),
            ("COORDINATION__AUTH__MODE", "none"),
            ("COORDINATION__SERVER__DRAIN_DELAY", "1s"),
            ("COORDINATION__LOGGING__LEVEL", "WARN"),
        ];
        let start = || Coord::start_as("api", env!("CARGO_BIN_EXE_coord"), &environment).unwrap();
        let pods = vec![start(), start()];
        let line = |pod: &Coord| format!("{} {}\n", pod.address().port(), pod.metrics_address().port());
        fs::write(self.file("new"), pods.iter().map(line).collect::<String>()).unwrap();
        fs::rename(self.file("new"), self.file(&format!("{slot}.pods"))).unwrap();
        pods
    }

    /// The script, on its way.
    fn switch(&self, arguments: &[&str], watch_seconds: &str) -> Command {
        let mut command = Command::new(self.file("blue-green/switch"));
        command.args(arguments).env("CLUSTER", self.files.path()).env("ADMIN_KEY", ADMIN_KEY);
        command.env("KUBECTL", concat!(env!("CARGO_MANIFEST_DIR"), "/tests/blue_green/kubectl"));
        command.env("WATCH_SECONDS", watch_seconds).stderr(Stdio::piped()).kill_on_drop(true);
        command
    }

    /// Waits until one of the cluster's files holds a text.
    async fn until(&self, name: &str, text: &str) {
        eventually(SOON, async || {
            let held = self.read(name);
            if held.contains(text) { Ok(()) } else { Err(format!("{name} does not hold `{text}`: {held}")) }
        })
        .await;
    }
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Ends pods as Kubernetes does: first no new connection, a moment later the signal.
async fn end(namespace: &Namespace, slot: &str, pods: &mut [Coord]) {
    fs::remove_file(namespace.file(&format!("{slot}.pods"))).unwrap();
    // pace: the moment that Kubernetes leaves between the two
    sleep(Duration::from_millis(500)).await;
    for pod in pods {
        let status = block_in_place(|| pod.daemon.stop(SOON)).unwrap();
        assert!(status.is_some_and(|status| status.success()), "{status:?}: {}", pod.daemon.log());
    }
}

/// Waits until so many more messages were accepted.
async fn some_more(load: &Load, count: usize) {
    let wanted = load.accepted() + count;
    let accepted = async || if load.accepted() < wanted { Err("nothing is accepted any more") } else { Ok(()) };
    eventually(SOON, accepted).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn traffic_moves_to_a_new_version_and_no_request_is_lost() {
    let namespace = Namespace::new().await;
    let mut old = block_in_place(|| namespace.start("v1"));
    let load = Load::start(namespace.balancer.address);
    some_more(&load, 10).await;

    let image = "registry.example.com/coordination-api:v1.1";
    let switching = namespace.switch(&["deploy", image], "3").spawn().unwrap();
    namespace.until("applied", image).await;
    let new = block_in_place(|| namespace.start("v2"));
    let output = switching.wait_with_output().await.unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    assert_eq!(namespace.read("selector"), "v2");
    assert_eq!(namespace.read("replicas"), "v2 2\n");
    assert!(namespace.read("config/platform.env").contains("\nACTIVE_SLOT=v2\n"));

    let output = namespace.switch(&["park"], "0").output().await.unwrap();
    assert!(output.status.success(), "{}", said(&output));
    assert_eq!(namespace.read("replicas"), "v1 0\n");
    end(&namespace, "v1", &mut old).await;
    some_more(&load, 10).await;

    let answers = load.stop().await;
    assert_eq!(answers.failed, Vec::<String>::new());
    let client = new[0].client().unwrap();
    let counts = client.inbox("chat", &protocol::InboxQuery::default()).await.unwrap().value.counts;
    assert_eq!(counts.pending as usize, answers.accepted);
    assert!(client.verify_events().await.unwrap().value.ok);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_version_that_does_not_become_ready_gets_no_traffic() {
    let namespace = Namespace::new().await;
    let _old = block_in_place(|| namespace.start("v1"));
    fs::write(namespace.file("v2.broken"), "").unwrap();
    let output = namespace.switch(&["deploy", "coordination-api:v1.1"], "1").output().await.unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    assert!(said(&output).contains("v2 did not become ready; v1 serves as before"), "{}", said(&output));

    // One that is ready, and whose requests fail: its database is not there.
    fs::remove_file(namespace.file("v2.broken")).unwrap();
    fs::write(namespace.file("v2.pods"), "1 1\n").unwrap();
    let output = namespace.switch(&["deploy", "coordination-api:v1.1"], "1").output().await.unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    assert!(said(&output).contains("v2 was tried and did not work; v1 serves as before"), "{}", said(&output));
    assert_eq!(
        (namespace.read("selector"), namespace.read("config/platform.env").contains("=v2")),
        ("v1".into(), false)
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_version_that_crashes_while_it_is_watched_loses_the_traffic_again() {
    let namespace = Namespace::new().await;
    let _old = block_in_place(|| namespace.start("v1"));
    let mut new = block_in_place(|| namespace.start("v2"));
    let switching = namespace.switch(&["back"], "60").spawn().unwrap();
    namespace.until("selector", "v2").await;
    block_in_place(|| new[0].daemon.kill9());
    fs::write(namespace.file("v2.restarts"), "1 0").unwrap();
    let output = switching.wait_with_output().await.unwrap();
    assert_eq!(output.status.code(), Some(3), "{}", said(&output));
    assert!(said(&output).contains("switching back to v1"), "{}", said(&output));
    assert_eq!(
        (namespace.read("selector"), namespace.read("config/platform.env").contains("=v2")),
        ("v1".into(), false)
    );
}
