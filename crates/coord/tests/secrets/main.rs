//! `coord secrets` against an API server on loopback, and what it prints.

#![cfg(test)]

mod api_server;

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Output;

use api_server::{ApiServer, Fault};
use tokio::process::Command;

fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_coord"));
    command.env_clear().arg("secrets").args(arguments);
    command
}

fn ensure(server: &ApiServer, account: &Path, arguments: &[&str]) -> Command {
    let mut command = command(&["ensure"]);
    command.env("KUBERNETES_SERVICE_HOST", server.address().ip().to_string());
    command.env("KUBERNETES_SERVICE_PORT", server.address().port().to_string());
    command.arg("--service-account").arg(account).args(arguments);
    command
}

/// Runs `coord secrets ensure` in the pod that the server knows.
async fn run(server: &ApiServer, arguments: &[&str]) -> Output {
    ensure(server, server.account(), arguments).output().await.unwrap()
}

fn said(output: &Output) -> String {
    assert!(output.stdout.is_empty(), "nothing of a secret belongs on standard output");
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[tokio::test]
async fn absent_secrets_are_made_and_those_that_are_there_are_kept() {
    let server = ApiServer::start().await;
    let first = run(&server, &[]).await;
    assert_eq!(first.status.code(), Some(0), "{}", said(&first));
    let made = server.secrets();
    let database = &made["db-credentials"];
    assert_eq!(database["username"], "coordination");
    assert!(database["url"].contains(&database["password"]));
    let broker = &made["rabbitmq-credentials"];
    let definitions: serde_json::Value = serde_json::from_str(&broker["definitions.json"]).unwrap();
    assert_eq!(definitions["users"][0]["name"], broker["username"].as_str());
    assert!(made["redis-credentials"]["url"].starts_with("redis+cluster://:"));
    assert!(made["coordination-admin-key"]["key"].starts_with("coord_"));
    for values in made.values().flat_map(|secret| secret.values()) {
        assert!(!said(&first).contains(values.as_str()) || values == "coordination", "a value was printed");
    }

    let second = run(&server, &[]).await;
    assert_eq!(second.status.code(), Some(0), "{}", said(&second));
    assert_eq!(server.secrets(), made);
}

#[tokio::test]
async fn many_pods_at_once_agree_on_one_set() {
    const PODS: usize = 6;
    let server = ApiServer::start_where_first_reads_meet(PODS).await;
    let pods: Vec<_> = (0..PODS).map(|_| run(&server, &[])).collect();
    let outputs = futures_util::future::join_all(pods).await;
    for output in &outputs {
        assert_eq!(output.status.code(), Some(0), "{}", said(output));
    }
    let makers = outputs.iter().filter(|output| said(output).contains("db-credentials in coordination: made"));
    assert_eq!(makers.count(), 1);
    let tries = server.requests().iter().filter(|request| request.starts_with("POST")).count();
    assert!(tries >= PODS, "all of them found nothing and tried, {tries} times");
    assert_eq!(server.secrets().len(), 4);
}

#[tokio::test]
async fn an_api_that_fails_is_asked_again() {
    let server = ApiServer::start().await;
    let garbled = Fault::Garbled("<html>Bad Gateway</html>");
    server.break_next(&[Fault::Refused(503), Fault::Refused(429), garbled, Fault::NewToken, Fault::Refused(403)]);
    let output = run(&server, &["--only", "redis-credentials"]).await;
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    assert_eq!(server.requests().len(), 5 + 2, "{:?}", server.requests());
    assert_eq!(server.secrets().len(), 1);
}

#[tokio::test]
async fn a_secret_whose_making_was_not_answered_is_not_made_twice() {
    let server = ApiServer::start().await;
    server.break_next(&[Fault::Unanswered]);
    let output = run(&server, &["--only", "coordination-admin-key"]).await;
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let posts = server.requests().iter().filter(|request| request.starts_with("POST")).count();
    assert_eq!((posts, server.secrets().len()), (1, 1));
}

#[tokio::test]
async fn a_secret_that_lacks_keys_is_reported_and_left_as_it_is() {
    let server = ApiServer::start().await;
    server.put("db-credentials", &[("url", "postgres://elsewhere")]);
    let output = run(&server, &[]).await;
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let wanted = "is there without username, password, superuser-password, replication-password";
    assert!(said(&output).contains(wanted), "{}", said(&output));
    assert!(!said(&output).contains("elsewhere"));
    assert_eq!(server.secrets()["db-credentials"].len(), 1);
    assert_eq!(server.secrets().len(), 4, "the others are made all the same");

    server.put("db-credentials", &[("username", "me"), ("password", "theirs")]);
    let output = run(&server, &[]).await;
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    assert!(said(&output).contains("is there without url"), "{}", said(&output));
    assert_eq!(server.secrets()["db-credentials"].len(), 2);
}

#[tokio::test]
async fn what_makes_no_sense_is_not_tried_again() {
    let server = ApiServer::start().await;
    server.break_next(&[Fault::Refused(422)]);
    let output = run(&server, &["--only", "redis-credentials"]).await;
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(server.requests().len(), 1);
    assert!(said(&output).contains("refused for the test"), "{}", said(&output));
}

#[tokio::test]
async fn a_right_that_is_missing_is_said_when_time_is_up() {
    let server = ApiServer::start().await;
    let output = run(&server, &["--namespace", "elsewhere", "--timeout", "1s", "--only", "db-credentials"]).await;
    assert_eq!(output.status.code(), Some(1));
    assert!(said(&output).contains("secrets \"db-credentials\" is forbidden"), "{}", said(&output));
    assert!(server.requests().len() > 1);
}

#[tokio::test]
async fn a_server_of_another_authority_gets_no_token() {
    let (server, other) = (ApiServer::start().await, ApiServer::start().await);
    let arguments = ["--timeout", "1s", "--only", "redis-credentials"];
    let output = ensure(&server, other.account(), &arguments).output().await.unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(said(&output).contains("certificate"), "{}", said(&output));
    assert!(server.requests().is_empty());
}

#[tokio::test]
async fn outside_of_a_cluster_it_says_what_to_do() {
    let output = command(&["ensure"]).output().await.unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(said(&output).contains("KUBERNETES_SERVICE_HOST is not set"), "{}", said(&output));
    assert!(said(&output).contains("coord secrets print"));
}

#[tokio::test]
async fn printed_secrets_point_where_the_flags_say() {
    let arguments = ["print", "-n", "team-a", "--only", "db-credentials,redis-credentials"];
    let places = ["--postgres", "db.example.org:5433", "--redis", "cache:6380", "--redis-scheme", "rediss"];
    let output = command(&[&arguments[..], &places[..]].concat()).output().await.unwrap();
    assert_eq!(output.status.code(), Some(0));
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(text.matches("kind: Secret").count(), 2);
    assert_eq!(text.matches("namespace: team-a").count(), 2);
    assert!(text.contains("@db.example.org:5433/coordination?target_session_attrs=read-write\""));
    assert!(text.contains("  url: \"rediss://:") && text.contains("@cache:6380\""));

    let again = command(&arguments).output().await.unwrap();
    let passwords = |text: &str| -> BTreeSet<String> {
        text.lines().filter(|line| line.contains("password: ")).map(str::to_owned).collect()
    };
    assert!(passwords(&text).is_disjoint(&passwords(&String::from_utf8(again.stdout).unwrap())));
}

#[tokio::test]
async fn the_list_by_which_manifests_are_checked_is_what_is_made() {
    let output = command(&["print"]).output().await.unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let documents = text.split("---\n").filter(|document| !document.is_empty());
    let printed = documents.map(|document| {
        let name = document.lines().find_map(|line| line.strip_prefix("  name: ")).unwrap();
        let values = document.lines().skip_while(|line| *line != "stringData:").skip(1);
        values.fold(name.to_owned(), |line, value| format!("{line} {}", value.trim().split(':').next().unwrap()))
    });
    let list = include_str!("../../../xtask/src/template/secrets.txt");
    let listed: Vec<&str> = list.lines().filter(|line| !line.starts_with('#')).collect();
    assert_eq!(printed.collect::<Vec<_>>(), listed);
}

#[tokio::test]
async fn a_name_that_is_no_secret_is_wrong_usage() {
    let output = command(&["ensure", "--only", "db-credential"]).output().await.unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(said(&output).contains("db-credentials"), "{}", said(&output));
}
