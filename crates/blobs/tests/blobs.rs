//! Storing, sharing and reading blobs, and what is left when an upload fails.

#![expect(clippy::unwrap_used, reason = "a test may panic, and its helpers too")]

use std::convert::Infallible;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use blobs::{Blobs, Bounds, Error, S3Config, Stored};
use bytes::Bytes;
use domain::Digest;
use futures_util::{Stream, StreamExt, TryStreamExt, stream};
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;

const BOUNDS: Bounds = Bounds { bytes: 10_000_000, idle: Duration::from_secs(5) };

fn store() -> (TempDir, Blobs) {
    let folder = TempDir::new().unwrap();
    let blobs = Blobs::open(folder.path().to_str().unwrap(), &S3Config::default()).unwrap();
    (folder, blobs)
}

fn chunks(bytes: &[u8], size: usize) -> impl Stream<Item = Result<Bytes, Infallible>> + use<> {
    let chunks: Vec<_> = bytes.chunks(size).map(|chunk| Ok(Bytes::copy_from_slice(chunk))).collect();
    stream::iter(chunks)
}

fn digest(bytes: &[u8]) -> Digest {
    Digest(Sha256::digest(bytes).into())
}

async fn read(blobs: &Blobs, sha256: Digest) -> Vec<u8> {
    let blob = blobs.get(sha256).await.unwrap();
    blob.into_stream(sha256).map_ok(|chunk| chunk.to_vec()).try_concat().await.unwrap()
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found
}

#[tokio::test]
async fn bytes_come_back_as_they_went_in() {
    let (_folder, blobs) = store();
    let bytes: Vec<u8> = (0..3_000_000_u32).map(|n| (n % 251) as u8).collect();
    let stored = blobs.put(chunks(&bytes, 60_001), BOUNDS).await.unwrap();
    assert_eq!(stored, Stored { sha256: digest(&bytes), size: 3_000_000, fresh: true });
    assert_eq!(blobs.get(stored.sha256).await.unwrap().size(), 3_000_000);
    assert!(read(&blobs, stored.sha256).await == bytes);
}

#[tokio::test]
async fn an_empty_blob_is_a_blob() {
    let (_folder, blobs) = store();
    let stored = blobs.put(chunks(b"", 1), BOUNDS).await.unwrap();
    assert_eq!(stored, Stored { sha256: digest(b""), size: 0, fresh: true });
    assert_eq!(read(&blobs, stored.sha256).await, b"");
}

#[tokio::test]
async fn a_range_is_cut_to_the_blob() {
    let (_folder, blobs) = store();
    let sha256 = blobs.put(chunks(b"0123456789", 3), BOUNDS).await.unwrap().sha256;
    for (range, expected) in [(2..5, "234"), (8..99, "89"), (10..12, ""), (99..100, ""), (0..0, "")] {
        let stream = blobs.get(sha256).await.unwrap().into_range(range.clone());
        let bytes = stream.map_ok(|chunk| chunk.to_vec()).try_concat().await.unwrap();
        assert_eq!(bytes, expected.as_bytes(), "{range:?}");
    }
}

#[tokio::test]
async fn the_same_bytes_are_kept_once() {
    let (folder, blobs) = store();
    assert!(blobs.put(chunks(b"twice", 2), BOUNDS).await.unwrap().fresh);
    assert!(!blobs.put(chunks(b"twice", 5), BOUNDS).await.unwrap().fresh);
    let name = digest(b"twice").to_string();
    assert_eq!(files(folder.path()), [folder.path().join(&name[..2]).join(&name)]);
}

#[tokio::test]
async fn of_many_at_once_with_the_same_bytes_one_is_fresh() {
    let (folder, blobs) = store();
    let puts = (0..16).map(|_| blobs.put(chunks(b"together", 3), BOUNDS));
    let stored = futures_util::future::try_join_all(puts).await.unwrap();
    assert_eq!(stored.iter().filter(|stored| stored.fresh).count(), 1);
    assert_eq!(files(folder.path()).len(), 1);
}

#[tokio::test]
async fn the_limit_itself_is_allowed_and_one_byte_more_is_not() {
    let (folder, blobs) = store();
    let bounds = Bounds { bytes: 10, ..BOUNDS };
    assert_eq!(blobs.put(chunks(b"0123456789", 4), bounds).await.unwrap().size, 10);
    let refused = blobs.put(chunks(b"0123456789+", 4), bounds).await;
    assert!(matches!(refused, Err(Error::TooLarge(10))), "{refused:?}");
    assert_eq!(files(folder.path()).len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_sender_that_falls_silent_is_refused() {
    let (folder, blobs) = store();
    let silent = chunks(b"some", 2).chain(stream::pending());
    let refused = blobs.put(silent, BOUNDS).await;
    assert!(matches!(refused, Err(Error::Idle(_))), "{refused:?}");
    assert_eq!(files(folder.path()), [""; 0].map(PathBuf::from));
}

#[tokio::test]
async fn a_sender_that_breaks_off_leaves_nothing() {
    let (folder, blobs) = store();
    let broken = stream::iter([Ok(Bytes::from_static(b"half")), Err(io::Error::from(io::ErrorKind::ConnectionReset))]);
    let refused = blobs.put(broken, BOUNDS).await;
    assert!(matches!(refused, Err(Error::Interrupted(_))), "{refused:?}");
    assert_eq!(files(folder.path()).len(), 0);
}

#[test]
fn a_cancelled_upload_leaves_nothing() {
    let (folder, blobs) = store();
    let (reached, mut arrived) = tokio::sync::mpsc::channel(1);
    let body = chunks(&vec![7; 2_000_000], 50_000).chain(stream::once(async move {
        reached.send(()).await.unwrap();
        std::future::pending().await
    }));
    // One thread for disk work, so that the empty work below comes after a write that is still in hand.
    let runtime = tokio::runtime::Builder::new_current_thread().max_blocking_threads(1).enable_all().build().unwrap();
    runtime.block_on(async {
        tokio::select! {
            _ = blobs.put(body, BOUNDS) => unreachable!("the body never ends"),
            _ = arrived.recv() => {}
        }
        tokio::task::spawn_blocking(|| {}).await.unwrap();
    });
    assert_eq!(files(folder.path()).len(), 0);
}

#[tokio::test]
async fn what_a_crash_left_is_swept_and_what_is_held_is_not() {
    let (folder, _blobs) = store();
    let left = folder.path().join("incoming/upload-left");
    let held = folder.path().join("incoming/upload-held");
    std::fs::write(&left, "half").unwrap();
    let holder = std::fs::File::create(&held).unwrap();
    holder.lock().unwrap();
    Blobs::in_folder(folder.path()).unwrap();
    assert_eq!(files(folder.path()), [held]);
}

#[tokio::test]
async fn what_is_not_there_is_missing() {
    let (_folder, blobs) = store();
    let sha256 = digest(b"never");
    assert!(matches!(blobs.get(sha256).await, Err(Error::Missing)));
    assert!(!blobs.exists(sha256).await.unwrap());
    assert!(!blobs.delete(sha256).await.unwrap());
}

#[tokio::test]
async fn a_deleted_blob_is_gone_and_may_come_again() {
    let (_folder, blobs) = store();
    let sha256 = blobs.put(chunks(b"x", 1), BOUNDS).await.unwrap().sha256;
    assert!(blobs.delete(sha256).await.unwrap());
    assert!(!blobs.exists(sha256).await.unwrap());
    assert!(blobs.put(chunks(b"x", 1), BOUNDS).await.unwrap().fresh);
}

#[tokio::test]
async fn a_blob_cut_short_is_replaced() {
    let (folder, blobs) = store();
    let sha256 = blobs.put(chunks(b"whole", 5), BOUNDS).await.unwrap().sha256;
    let path = folder.path().join(&sha256.to_string()[..2]).join(sha256.to_string());
    std::fs::OpenOptions::new().write(true).open(path).unwrap().set_len(2).unwrap();
    assert!(blobs.put(chunks(b"whole", 5), BOUNDS).await.unwrap().fresh);
    assert_eq!(read(&blobs, sha256).await, b"whole");
}

fn path_of(folder: &TempDir, sha256: Digest) -> PathBuf {
    folder.path().join(&sha256.to_string()[..2]).join(sha256.to_string())
}

#[tokio::test]
async fn bytes_that_were_changed_are_not_given_whole() {
    let (folder, blobs) = store();
    let bytes: Vec<u8> = (0..1_000_000_u32).map(|n| (n % 251) as u8).collect();
    for (size, at) in [(1, 0), (1_000, 999), (1_000_000, 3), (1_000_000, 999_999)] {
        let sha256 = blobs.put(chunks(&bytes[..size], 60_001), BOUNDS).await.unwrap().sha256;
        let mut damaged = bytes[..size].to_vec();
        damaged[at] ^= 1;
        std::fs::write(path_of(&folder, sha256), &damaged).unwrap();
        let (mut read, mut failed) = (0, false);
        let mut stream = std::pin::pin!(blobs.get(sha256).await.unwrap().into_stream(sha256));
        while let Some(chunk) = stream.next().await {
            match chunk {
                Ok(chunk) => read += chunk.len(),
                Err(error) => failed = blobs::is_damage(&error),
            }
        }
        assert!(failed && read < size, "{read} of {size} bytes were given");
        // The right bytes take the place of the damaged ones, which nobody has to have noticed.
        assert!(!blobs.put(chunks(&bytes[..size], 60_001), BOUNDS).await.unwrap().fresh);
        assert!(crate::read(&blobs, sha256).await == bytes[..size]);
    }
}

#[tokio::test]
async fn what_is_set_aside_is_kept_for_those_who_look_for_the_cause() {
    let (folder, blobs) = store();
    let sha256 = blobs.put(chunks(b"x", 1), BOUNDS).await.unwrap().sha256;
    blobs.set_aside(sha256).await.unwrap();
    assert!(matches!(blobs.get(sha256).await, Err(Error::Missing)));
    assert_eq!(files(folder.path()), [folder.path().join("damaged").join(sha256.to_string())]);
    blobs.set_aside(sha256).await.unwrap();
    assert!(blobs.put(chunks(b"x", 1), BOUNDS).await.unwrap().fresh);
}

#[tokio::test]
async fn a_store_whose_folder_is_gone_is_unavailable() {
    let (folder, blobs) = store();
    folder.close().unwrap();
    let refused = blobs.put(chunks(b"x", 1), BOUNDS).await;
    assert!(matches!(refused, Err(Error::Unavailable(_))), "{refused:?}");
}

#[test]
fn only_a_folder_or_a_bucket_holds_blobs() {
    for url in ["s3://", "https://example.org", ""] {
        assert!(matches!(Blobs::open(url, &S3Config::default()), Err(Error::Place(_))), "{url}");
    }
}
