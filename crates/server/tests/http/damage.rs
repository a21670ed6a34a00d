//! What was changed on the disk past the server: it is named, nobody takes it for whole, and what can be healed is.

use std::fs;
use std::path::PathBuf;

use axum::body::Body;
use serde_json::json;

use crate::place::Place;
use crate::world::{World, problem};

/// Stores bytes; answers the path to them and their file.
async fn stored(world: &World, bytes: Vec<u8>) -> (String, PathBuf) {
    let answer = world.raw("POST", "/api/v1/attachments", &[("content-type", "text/plain")], bytes).await;
    let sha256 = answer.json()["sha256"].as_str().unwrap().to_owned();
    let file = world.server.folder().join("attachments").join(&sha256[..2]).join(&sha256);
    (format!("/api/v1/attachments/{sha256}"), file)
}

fn flip(file: &PathBuf, at: usize) {
    let mut bytes = fs::read(file).unwrap();
    bytes[at] ^= 1;
    fs::write(file, bytes).unwrap();
}

#[tokio::test]
async fn a_damaged_attachment_is_not_given_and_is_healed_by_the_next_upload() {
    let world = Place.world().await;
    let (path, file) = stored(&world, b"whole".to_vec()).await;
    flip(&file, 2);
    problem(&world.get(&path).await, 500, "attachment-damaged");
    assert!(!file.exists(), "it is set aside");
    for method in ["GET", "HEAD"] {
        let range = world.raw(method, &path, &[("range", "bytes=0-1")], Body::empty()).await;
        assert_eq!(range.status, 500, "{method}");
    }
    let again = world.raw("POST", "/api/v1/attachments", &[("content-type", "text/plain")], "whole").await;
    assert_eq!(again.status, 200, "the tenant knows it");
    assert_eq!(world.get(&path).await.text(), "whole");

    // Also where nobody has noticed.
    flip(&file, 2);
    stored(&world, b"whole".to_vec()).await;
    assert_eq!(world.get(&path).await.text(), "whole");
}

#[tokio::test]
async fn of_a_long_damaged_attachment_the_last_bytes_are_held_back() {
    let world = Place.world().await;
    let (path, file) = stored(&world, vec![7; 1 << 20]).await;
    flip(&file, 5);
    let response = world.opened(&path, &[]).await;
    assert_eq!(response.status(), 200, "it shows at the end");
    let read = axum::body::to_bytes(response.into_body(), usize::MAX).await;
    assert!(read.is_err(), "the body breaks off");
    problem(&world.get(&path).await, 500, "attachment-damaged");
}

#[tokio::test]
async fn verification_reads_the_bytes_of_attachments_where_it_is_asked_to() {
    let world = Place.world().await;
    let (_, changed) = stored(&world, b"changed".to_vec()).await;
    let (_, gone) = stored(&world, b"gone".to_vec()).await;
    stored(&world, b"whole".to_vec()).await;
    let verify = async || world.poke("/api/v1/events/verify?attachments=true").await.json();
    let found = verify().await;
    assert_eq!(
        (&found["ok"], &found["attachments_checked"], &found["left_out"]),
        (&json!(true), &json!(3), &json!([]))
    );
    flip(&changed, 0);
    fs::remove_file(&gone).unwrap();
    let without = world.poke("/api/v1/events/verify").await.json();
    assert_eq!((&without["ok"], &without["attachments_checked"]), (&json!(true), &json!(null)));
    let found = verify().await;
    let named: Vec<_> = found["problems"].as_array().unwrap().iter().map(|problem| problem["what"].as_str()).collect();
    assert_eq!(named, [Some("attachment"); 2], "{found}");
}
