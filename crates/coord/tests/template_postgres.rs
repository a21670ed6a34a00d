//! PostgreSQL as the Kubernetes template runs it, by its own scripts: backed up to an object store with its log, restored and
//! verified beside the running system, brought back to a moment after everything is lost, and given other passwords.

#![cfg(test)]

use std::process::Command;
use std::time::Duration;

use client::Client;
use protocol::SendMessage;
use testkit::coord::Coord;
use testkit::http;
use testkit::patroni::{Member, Patroni};
use testkit::port::Port;
use testkit::process::{Process, poll};
use testkit::s3::S3;
use uuid::Uuid;

const SOON: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_is_verified_beside_the_running_system_and_brings_a_moment_back() {
    let s3 = tokio::task::block_in_place(S3::start).unwrap();
    let cluster = tokio::task::block_in_place(|| Patroni::start_backed_up(1, &s3, &[])).unwrap();
    let (server, member) = (serve(&cluster), &cluster.members[0]);
    let client = server.client().unwrap();

    let before = send(&client, "Before the backup").await;
    tokio::task::block_in_place(|| the_sidecar_backs_up_and_shows_how_long_ago(member));
    let after = send(&client, "After the backup").await;
    let moment = member.sql("SELECT now() FROM pg_sleep(1)").unwrap();
    let too_late = send(&client, "After the moment").await;
    tokio::task::block_in_place(|| {
        archive(member);
        a_restored_copy_is_whole(member);
    });

    // Nothing is left but the bucket.
    drop(server);
    drop(cluster);
    let environment = [("RESTORE_FROM_BACKUP", "yes"), ("RESTORE_TARGET_TIME", &*moment)];
    let restored = tokio::task::block_in_place(|| Patroni::start_backed_up(1, &s3, &environment)).unwrap();
    let server = serve(&restored);
    let client = server.client().unwrap();
    for id in [before, after] {
        assert_eq!(client.message(id).await.unwrap().value.id, id);
    }
    assert_eq!(client.message(too_late).await.unwrap_err().code(), Some("not-found"));
    send(&client, "After the restore").await;
    assert!(client.verify_events().await.unwrap().value.ok);
    let segment = tokio::task::block_in_place(|| archive(&restored.members[0]));
    assert!(segment.starts_with("00000002"), "the restored cluster goes on with a log of its own: {segment}");
}

#[test]
fn every_role_gets_another_password_while_the_cluster_runs() {
    let cluster = Patroni::start(2).unwrap();
    let before = cluster.url();
    for (name, value) in [("password", "new1"), ("superuser-password", "new2"), ("replication-password", "new3")] {
        cluster.set_secret(name, value).unwrap();
    }
    let leader = cluster.leader().unwrap();
    cluster.members[leader].run("rotate.sh", &[]).unwrap();
    cluster.members[1 - leader].run("rotate.sh", &[]).unwrap();
    let connects = |url: &str| Command::new("psql").args([url, "-Atc", "SELECT 1"]).output().unwrap().status.success();
    assert!(!connects(&before));
    assert!(connects(&before.replace("application1", "new1")));
    // The replica must connect anew, with its new password.
    let cut = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_replication";
    assert_eq!(cluster.members[leader].sql(cut).unwrap(), "1");
    let streams = "SELECT count(*) FROM pg_stat_wal_receiver WHERE status = 'streaming'";
    assert!(poll(SOON, || cluster.members[1 - leader].sql(streams).is_ok_and(|count| count == "1")));
    cluster.wait_until_formed().unwrap();
}

fn serve(cluster: &Patroni) -> Coord {
    let start = || Coord::start(env!("CARGO_BIN_EXE_coord"), &[("DATABASE_URL", &cluster.url())]);
    tokio::task::block_in_place(start).unwrap()
}

async fn send(client: &Client, subject: &str) -> Uuid {
    let message = SendMessage {
        from: Some("code".to_owned()),
        to: Some("chat".into()),
        subject: subject.to_owned(),
        body: "Running at scale!".to_owned(),
        ..SendMessage::default()
    };
    client.send_message(&message, None).await.unwrap().value.id
}

fn the_sidecar_backs_up_and_shows_how_long_ago(member: &Member) {
    let port = Port::take().unwrap();
    let mut command = member.script("backup.sh", &[]);
    command.env("METRICS_ADDRESS", "127.0.0.1").env("METRICS_PORT", port.number().to_string());
    command.env("BACKUP_POLL_SECONDS", "1");
    let mut sidecar = Process::start("backup.sh", command, &member.folder("backup.log")).unwrap();
    let metrics = || http::get(port.address(), "/metrics").map(|(_, text)| text).unwrap_or_default();
    let age = |name: &str| metrics().lines().find_map(|line| line.strip_prefix(name)?.trim().parse::<u64>().ok());
    sidecar.wait_until(SOON, || age("postgres_backup_full_age_seconds ").is_some_and(|age| age < 600)).unwrap();
    assert_eq!(age("postgres_backup_age_seconds ").map(|age| age < 600), Some(true), "{}", metrics());
    for (name, value) in [("primary", 1), ("configured", 1), ("failed", 0)] {
        assert_eq!(age(&format!("postgres_backup_{name} ")), Some(value), "{}", metrics());
    }
    assert!(sidecar.terminate(SOON).unwrap().success());
    // A day later, a backup of what has changed since is enough.
    let mut later = member.script("backup.sh", &["once"]);
    let output = later.env("BACKUP_SECONDS", "0").output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("backed up: diff"), "{said}{output:?}");
}

/// Ends the segment of the log, waits until it is in the bucket, and answers its name.
fn archive(member: &Member) -> String {
    let segment = member.sql("SELECT pg_walfile_name(pg_switch_wal())").unwrap();
    let query = format!("SELECT coalesce(last_archived_wal >= '{segment}', false) FROM pg_stat_archiver");
    let archived = poll(SOON, || member.sql(&query).is_ok_and(|answer| answer == "t"));
    assert!(archived, "{segment} is not archived: {}", member.daemon.log());
    segment
}

/// The restore drill: restores, serves the copy, and has the binary verify its event log.
fn a_restored_copy_is_whole(member: &Member) {
    let port = Port::take().unwrap();
    let environment = member.beside(&port).unwrap();
    let drill = |word: &str| {
        let mut command = member.script("drill.sh", &[word]);
        command.envs(environment.clone());
        command
    };
    let log = member.folder("drill.log");
    let mut restore = Process::start("drill.sh restore", drill("restore"), &log).unwrap();
    let restored = restore.wait(SOON);
    assert!(restored.is_some_and(|status| status.success()), "{}", restore.failure("did not restore"));
    let mut copy = Process::start("drill.sh serve", drill("serve"), &log).unwrap();
    copy.wait_until(SOON, || drill("ready").output().is_ok_and(|output| output.status.success())).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mut verify = Command::new(env!("CARGO_BIN_EXE_coord"));
    verify.env_clear().env("HOME", folder.path());
    verify.env("DATABASE_URL", format!("postgres://postgres@{}/coordination", port.address()));
    verify.args(["verify", &format!("--offline={}", folder.path().display()), "--json"]);
    let output = verify.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(said.contains("\"ok\": true") || said.contains("\"ok\":true"), "{said}");
}
