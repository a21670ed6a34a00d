//! The binary on an object store that speaks S3, set up as every tool of AWS is: by the environment.

#![cfg(test)]

use std::time::Duration;

use client::Upload;
use protocol::SendMessage;
use testkit::coord::Coord;
use testkit::eventually;
use testkit::s3::S3;

const BINARY: &str = env!("CARGO_BIN_EXE_coord");
const NOWHERE: &str = "http://127.0.0.1:9";
const SOON: Duration = Duration::from_secs(60);

/// A server with attachments and archive in a bucket, over TLS with the store's own certificate.
fn start(s3: &S3, more: &[(&str, &str)]) -> Coord {
    let secret = s3.daemon.folder().join("secret");
    std::fs::write(&secret, format!("{}\n", S3::SECRET)).unwrap();
    let (endpoint, ca) = (s3.tls_endpoint(), s3.ca_file().display().to_string());
    let secret = secret.display().to_string();
    let mut environment = vec![
        ("AWS_ENDPOINT_URL", endpoint.as_str()),
        ("AWS_REGION", S3::REGION),
        ("AWS_ACCESS_KEY_ID", S3::KEY),
        ("AWS_SECRET_ACCESS_KEY_FILE", secret.as_str()),
        ("AWS_CA_BUNDLE", ca.as_str()),
        ("COORDINATION__ATTACHMENTS__URL", "s3://coordination/attachments"),
        ("COORDINATION__ARCHIVE__URL", "s3://coordination/archive"),
        ("COORDINATION__ARCHIVE__SEGMENT_EVENTS", "5"),
        // Nothing listens there: what is on this machine is never asked for through a proxy.
        ("http_proxy", NOWHERE),
        ("https_proxy", NOWHERE),
        ("all_proxy", NOWHERE),
    ];
    environment.extend(more);
    Coord::start(BINARY, &environment).unwrap()
}

fn upload(bytes: &'static [u8]) -> Upload<&'static [u8]> {
    Upload { reader: bytes, size: Some(bytes.len() as u64), media_type: "text/plain".to_owned(), name: None }
}

#[tokio::test]
async fn attachments_and_archive_are_kept_in_a_bucket() {
    let s3 = S3::start().unwrap();
    let server = start(&s3, &[]);
    let client = server.client().unwrap();
    let stored = client.store_attachment(upload(b"seven times seven")).await.unwrap().value;
    let file = server.data().join("read");
    let got = server.command().args(["attach", "get", &stored.sha256, "--output"]).arg(&file).output().unwrap();
    assert!(got.status.success(), "{}", String::from_utf8_lossy(&got.stderr));
    assert_eq!(std::fs::read(&file).unwrap(), b"seven times seven");
    for n in 0..10 {
        let letter = SendMessage {
            from: Some("code".to_owned()),
            to: Some("chat".into()),
            subject: format!("Letter {n}"),
            body: "Running at scale!".to_owned(),
            ..SendMessage::default()
        };
        client.send_message(&letter, None).await.unwrap();
    }
    eventually(SOON, async || {
        let found = client.verify_archive().await.unwrap().value;
        assert_eq!(found.problems, []);
        let written = found.archive.is_some_and(|archive| archive.segments >= 2);
        if written { Ok(()) } else { Err("the archive is not written") }
    })
    .await;
    let told = server.command().args(["verify", "--archive"]).output().unwrap();
    let told = String::from_utf8(told.stdout).unwrap();
    assert!(told.starts_with("Archive: 1") && told.contains("The log is whole."), "{told}");
}

#[tokio::test]
async fn while_the_store_is_away_attachments_are_503_and_messages_go_on() {
    let mut s3 = S3::start().unwrap();
    let server = start(&s3, &[("COORDINATION__S3__RETRY_TIMEOUT", "1s")]);
    let client = server.client().unwrap();
    s3.daemon.kill9();
    let refused = client.store_attachment(upload(b"seven")).await.unwrap_err();
    assert_eq!(refused.code(), Some("storage-unavailable"));
    let letter = SendMessage {
        from: Some("code".to_owned()),
        to: Some("chat".into()),
        subject: "All the same".to_owned(),
        body: "Running at scale!".to_owned(),
        ..SendMessage::default()
    };
    client.send_message(&letter, None).await.unwrap();
}
