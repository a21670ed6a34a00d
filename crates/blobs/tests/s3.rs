//! Attachments and whole objects on an object store that speaks S3, as it is, slow, cut off and away.

#![expect(clippy::unwrap_used, reason = "a test may panic, and its helpers too")]

use std::convert::Infallible;
use std::time::Duration;

use blobs::{Blobs, Bounds, Error, Objects, S3Config, Stored};
use bytes::Bytes;
use domain::{Digest, Secret, Span};
use futures_util::{Stream, StreamExt, TryStreamExt, stream};
use sha2::{Digest as _, Sha256};
use testkit::proxy::Proxy;
use testkit::s3::S3;

const BOUNDS: Bounds = Bounds { bytes: 40_000_000, idle: Duration::from_secs(20) };
const URL: &str = "s3://coordination/some/letters";

fn config(endpoint: String) -> S3Config {
    S3Config {
        endpoint: Some(endpoint),
        access_key_id: Some(Secret::new(S3::KEY)),
        secret_access_key: Some(Secret::new(S3::SECRET)),
        allow_http: true,
        ..S3Config::default()
    }
}

fn bytes(count: usize) -> Vec<u8> {
    (0..count).map(|n| (n % 251) as u8 ^ (n >> 16) as u8).collect()
}

fn digest(bytes: &[u8]) -> Digest {
    Digest(Sha256::digest(bytes).into())
}

fn chunks(bytes: &[u8]) -> impl Stream<Item = Result<Bytes, Infallible>> + use<> {
    let chunks: Vec<_> = bytes.chunks(60_001).map(|chunk| Ok(Bytes::copy_from_slice(chunk))).collect();
    stream::iter(chunks)
}

async fn names(s3: &S3) -> Vec<String> {
    Objects::open("s3://coordination/some", &config(s3.endpoint())).unwrap().list("letters").await.unwrap()
}

#[tokio::test]
async fn small_and_large_blobs_come_back_whole_and_in_parts_and_are_kept_once() {
    let s3 = S3::start().unwrap();
    let blobs = Blobs::open(URL, &config(s3.endpoint())).unwrap();
    // Nothing, a little, exactly a part, a byte more, and several parts.
    for size in [0, 10_000, 5 << 20, (5 << 20) + 1, 13_000_000] {
        let sent = bytes(size);
        let stored = blobs.put(chunks(&sent), BOUNDS).await.unwrap();
        assert_eq!(stored, Stored { sha256: digest(&sent), size: size as u64, fresh: true });
        assert!(!blobs.put(chunks(&sent), BOUNDS).await.unwrap().fresh, "the same bytes are kept once");
        let blob = blobs.get(stored.sha256).await.unwrap();
        assert_eq!(blob.size(), size as u64);
        let read = blob.into_stream(stored.sha256).map_ok(|chunk| chunk.to_vec()).try_concat().await.unwrap();
        assert!(read == sent, "{size}");
    }
    let sent = bytes(13_000_000);
    let blob = blobs.get(digest(&sent)).await.unwrap();
    let part = blob.into_range(4_194_300..9_000_000).map_ok(|chunk| chunk.to_vec()).try_concat().await.unwrap();
    assert!(part == sent[4_194_300..9_000_000]);
    assert_eq!(names(&s3).await.len(), 5, "nothing is left of how they came");
    assert!(blobs.delete(digest(&sent)).await.unwrap());
    assert!(!blobs.delete(digest(&sent)).await.unwrap());
    assert!(!blobs.exists(digest(&sent)).await.unwrap());
    assert!(matches!(blobs.get(digest(&sent)).await, Err(Error::Missing)));
}

#[tokio::test]
async fn an_upload_that_breaks_off_or_is_too_large_leaves_nothing() {
    let s3 = S3::start().unwrap();
    let blobs = Blobs::open(URL, &config(s3.endpoint())).unwrap();
    let sent = bytes(12_000_000);
    let broken =
        chunks(&sent).map(|chunk| Ok(chunk.unwrap())).chain(stream::iter([Err(std::io::Error::other("gone"))]));
    assert!(matches!(blobs.put(broken, BOUNDS).await, Err(Error::Interrupted(_))));
    let tight = Bounds { bytes: 11_999_999, ..BOUNDS };
    assert!(matches!(blobs.put(chunks(&sent), tight).await, Err(Error::TooLarge(11_999_999))));
    assert_eq!(names(&s3).await, Vec::<String>::new());
}

#[tokio::test]
async fn over_tls_only_a_known_certificate_is_trusted() {
    let s3 = S3::start().unwrap();
    let known = S3Config { ca_file: Some(s3.ca_file()), allow_http: false, ..config(s3.tls_endpoint()) };
    let blobs = Blobs::open(URL, &known).unwrap();
    let stored = blobs.put(chunks(b"seven"), BOUNDS).await.unwrap();
    assert!(blobs.exists(stored.sha256).await.unwrap());
    let unknown = S3Config { ca_file: None, retry_timeout: Span::ZERO, ..known };
    let refused = Blobs::open(URL, &unknown).unwrap().exists(stored.sha256).await;
    assert!(matches!(refused, Err(Error::Unavailable(_))), "{refused:?}");
}

#[tokio::test]
async fn a_store_that_is_cut_off_is_asked_again_and_one_that_is_away_is_unavailable_in_bounded_time() {
    let mut s3 = S3::start().unwrap();
    let proxy = Proxy::start(s3.address()).await.unwrap();
    let short = S3Config {
        request_timeout: Span::from_secs(5),
        retry_timeout: Span::from_secs(2),
        ..config(format!("http://{}", proxy.address()))
    };
    let blobs = Blobs::open(URL, &short).unwrap();
    let stored = blobs.put(chunks(b"seven"), BOUNDS).await.unwrap();
    // The connection that the client keeps is gone; a new one does.
    proxy.cut().await;
    assert!(blobs.exists(stored.sha256).await.unwrap());
    proxy.stall();
    let stalled = blobs.exists(stored.sha256).await;
    assert!(matches!(stalled, Err(Error::Unavailable(_))), "{stalled:?}");
    s3.daemon.kill9();
    for _ in 0..2 {
        assert!(matches!(blobs.put(chunks(b"eight"), BOUNDS).await, Err(Error::Unavailable(_))));
        assert!(matches!(blobs.get(stored.sha256).await, Err(Error::Unavailable(_))));
    }
}

#[tokio::test]
async fn a_bucket_that_is_not_there_is_the_stores_fault() {
    let s3 = S3::start().unwrap();
    let blobs = Blobs::open("s3://no-such-bucket", &config(s3.endpoint())).unwrap();
    assert!(matches!(blobs.put(chunks(b"seven"), BOUNDS).await, Err(Error::Unavailable(_))));
}

#[tokio::test]
async fn whole_objects_are_kept_and_listed_alike_in_a_folder_and_in_a_bucket() {
    let s3 = S3::start().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let in_folder = Objects::open(folder.path().to_str().unwrap(), &S3Config::default()).unwrap();
    let in_bucket = Objects::open("s3://coordination/archive/", &config(s3.endpoint())).unwrap();
    for objects in [in_folder, in_bucket] {
        assert_eq!(objects.list("acme").await.unwrap(), Vec::<String>::new());
        for name in ["acme/2", "acme/1", "other/1"] {
            objects.put(name, Bytes::from(name.to_owned())).await.unwrap();
        }
        objects.put("acme/1", Bytes::from_static(b"again")).await.unwrap();
        assert_eq!(objects.list("acme").await.unwrap(), ["acme/1", "acme/2"]);
        assert_eq!(objects.get("acme/1").await.unwrap(), "again");
        let large = Bytes::from(bytes(18_000_000));
        objects.put("large", large.clone()).await.unwrap();
        assert!(objects.get("large").await.unwrap() == large);
        assert!(matches!(objects.get("acme/3").await, Err(Error::Missing)));
        assert!(matches!(objects.get("../acme/1").await, Err(Error::Place(_) | Error::Missing)));
    }
}
