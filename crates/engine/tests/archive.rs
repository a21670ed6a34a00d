//! The archive: written in segments by whoever comes, trimmed behind it, read back and checked as one chain with the store.

#![expect(clippy::unwrap_used, reason = "a test may panic, and its helpers too")]

use std::fs;
use std::path::{Path, PathBuf};

use domain::refusal::Code;
use domain::send::Draft;
use domain::{MessageId, Span};
use engine::{EventFilter, Page, Stepped};
use tempfile::TempDir;
use testkit::engine::{TestEngine, ack, draft, refusal};

const DAY: Span = Span::from_secs(86_400);

/// An engine with an archive of segments of ten events, which keeps settled facts for a day.
async fn archiving(archive: &Path) -> TestEngine {
    TestEngine::with(|config| {
        config.archive.url = Some(archive.display().to_string());
        config.archive.segment_events = 10;
        config.retention.events = Some(DAY);
    })
    .await
}

/// Sends and acks.
async fn over(engine: &TestEngine, subject: &str) -> MessageId {
    let sent = engine.sent(draft("code", "chat", subject)).await;
    let item = engine.next("chat").await;
    engine.done(&item, ack(&item)).await;
    sent.message.id
}

async fn archive_all(engine: &TestEngine) {
    while engine.archiver_step().await.unwrap() == Stepped::More {}
}

async fn trim_all(engine: &TestEngine) {
    while engine.trimmer_step().await.unwrap() == Stepped::More {}
}

async fn problems(engine: &TestEngine) -> Vec<String> {
    let report = engine.verify_archive().await.unwrap();
    report.problems.into_iter().map(|problem| format!("{}: {}", problem.what, problem.detail)).collect()
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    found.sort();
    found
}

fn after(position: i64) -> Page {
    Page { after: Some(position.to_string()), ..Page::default() }
}

#[tokio::test]
async fn full_and_old_stretches_are_archived_and_the_rest_waits() {
    let archive = TempDir::new().unwrap();
    let engine = archiving(archive.path()).await;
    for n in 0..8 {
        over(&engine, &format!("Letter {n}")).await;
    }
    let head = engine.head().await.unwrap().seq;
    archive_all(&engine).await;
    let told = engine.archived().await.unwrap();
    assert_eq!((told[0].tenant.as_str(), told[0].archived, told[0].head), ("default", head / 10 * 10, head));
    engine.tick(Span::from_secs(3_601)).await;
    archive_all(&engine).await;
    assert_eq!(engine.archived().await.unwrap()[0].archived, head, "an old segment is closed though it is not full");
    assert_eq!(problems(&engine).await, Vec::<String>::new());
    let report = engine.verify_archive().await.unwrap();
    assert_eq!((report.checked, report.last_seq), (head, head));
    let manifest = files(&archive.path().join("default")).into_iter().find(|path| path.extension().unwrap() == "json");
    let manifest: engine::Manifest = serde_json::from_slice(&fs::read(manifest.unwrap()).unwrap()).unwrap();
    assert_eq!((manifest.first_seq, manifest.last_seq, manifest.count), (1, 10, 10));
}

#[tokio::test]
async fn what_is_settled_and_old_leaves_the_store_and_says_where_it_went() {
    let archive = TempDir::new().unwrap();
    let engine = archiving(archive.path()).await;
    let gone = over(&engine, "Gone").await;
    let live = engine.sent(draft("code", "chat", "Still to be read")).await.message.id;
    for n in 0..12 {
        engine.sent(draft("code", "human", &format!("Letter {n}"))).await;
    }
    engine.tick(Span::from_secs(3_601)).await;
    archive_all(&engine).await;
    trim_all(&engine).await;
    assert!(engine.message(gone).await.is_ok(), "it is not a day old");
    engine.work().await;
    engine.tick(DAY).await;
    engine.sent(draft("code", "chat", "The last one stays")).await;
    engine.work().await;
    engine.tick(Span::from_secs(3_601)).await;
    archive_all(&engine).await;
    trim_all(&engine).await;

    let why = refusal(engine.message(gone).await);
    assert_eq!(why.code, Code::Archived);
    assert!(why.detail.contains("default/0000000000000000001-0000000000000000010.ndjson.zst"), "{}", why.detail);
    assert_eq!(refusal(engine.thread(gone, &Page::default(), domain::Span::ZERO).await).code, Code::Archived);
    let events = |page| {
        let engine = &engine;
        async move { engine.events(&EventFilter::default(), &page).await }
    };
    assert_eq!(refusal(events(after(3)).await).code, Code::Archived);
    let trimmed = engine.archived().await.unwrap()[0].trimmed;
    assert!(events(after(trimmed)).await.is_ok());
    assert!(events(Page::default()).await.is_ok(), "a list from the beginning begins with what is here");
    let stream = engine.follow_events(EventFilter::default(), trimmed - 1).await;
    assert_eq!(refusal(stream.map(drop)).code, Code::Archived);
    let about = EventFilter { message: Some(gone), ..EventFilter::default() };
    assert_eq!(refusal(engine.events(&about, &Page::default()).await).code, Code::Archived);

    assert_eq!(engine.message(live).await.unwrap().message.subject, "Still to be read");
    let answer = Draft { in_reply_to: Some(gone), ..draft("chat", "code", "An answer all the same") };
    assert_eq!(engine.sent(answer).await.message.thread_id, gone);
    engine.verified().await;
    assert_eq!(problems(&engine).await, Vec::<String>::new());
    let item = engine.next("chat").await;
    assert_eq!(item.message.id, live);
    engine.done(&item, ack(&item)).await;
    engine.verified().await;
}

/// Takes a step and drops it after so many looks at it: it ends wherever it then is.
async fn ended_after(engine: &TestEngine, looks: usize) {
    let mut step = std::pin::pin!(engine.archiver_step());
    for _ in 0..looks {
        if tokio::time::timeout(std::time::Duration::from_micros(200), &mut step).await.is_ok() {
            return;
        }
    }
}

#[tokio::test]
async fn a_worker_that_is_ended_anywhere_leaves_neither_gap_nor_overlap() {
    let archive = TempDir::new().unwrap();
    let mut engine = archiving(archive.path()).await;
    for n in 0..30 {
        over(&engine, &format!("Letter {n}")).await;
        ended_after(&engine, n).await;
        if n == 15 {
            engine.reopen().await;
        }
    }
    let (one, two) = (engine.engine(), engine.engine());
    let both = async |engine: &engine::Engine| while engine.archiver_step().await.unwrap() == Stepped::More {};
    tokio::join!(both(&one), both(&two));
    let head = engine.head().await.unwrap().seq;
    assert!(engine.archived().await.unwrap()[0].archived > head - 10);
    assert_eq!(problems(&engine).await, Vec::<String>::new());
    engine.verified().await;
}

/// An archive of three segments, and the files of it.
async fn three(archive: &TempDir) -> (TestEngine, Vec<PathBuf>) {
    let engine = archiving(archive.path()).await;
    for n in 0..12 {
        over(&engine, &format!("Letter {n}")).await;
    }
    archive_all(&engine).await;
    assert_eq!(problems(&engine).await, Vec::<String>::new());
    let files = files(&archive.path().join("default"));
    assert!(files.len() >= 6, "an object and a manifest for each segment");
    (engine, files)
}

fn told(problems: &[String], what: &str) {
    assert!(problems.iter().any(|problem| problem.contains(what)), "{what} is not in {problems:?}");
}

#[tokio::test]
async fn a_flipped_byte_a_missing_object_and_exchanged_objects_are_named() {
    let archive = TempDir::new().unwrap();
    let (engine, files) = three(&archive).await;
    let [manifest, object, _, second, ..] = files.as_slice() else { panic!("{files:?}") };
    assert!([object, second].iter().all(|path| path.extension().is_some_and(|extension| extension == "zst")));
    let whole = fs::read(object).unwrap();
    for at in [4, whole.len() / 2, whole.len() - 1] {
        let mut flipped = whole.clone();
        flipped[at] ^= 1;
        fs::write(object, flipped).unwrap();
        told(&problems(&engine).await, "0000000000000000010.ndjson.zst has the SHA-256");
    }
    fs::write(object, fs::read(second).unwrap()).unwrap();
    fs::write(second, &whole).unwrap();
    assert_eq!(problems(&engine).await.len(), 2, "both of two exchanged objects");
    fs::write(second, fs::read(object).unwrap()).unwrap();
    fs::write(object, &whole).unwrap();
    fs::remove_file(second).unwrap();
    told(&problems(&engine).await, "0000000000000000020.ndjson.zst is missing");
    fs::remove_file(manifest).unwrap();
    let found = problems(&engine).await;
    told(&found, "events 1 to 10 are missing");
    told(&found, "0000000000000000010.ndjson.zst was written and is missing");
}

#[tokio::test]
async fn an_archive_rewritten_with_hashes_to_match_differs_from_what_was_recorded() {
    let archive = TempDir::new().unwrap();
    let (engine, files) = three(&archive).await;
    let text = fs::read_to_string(&files[0]).unwrap();
    let mut manifest: serde_json::Value = serde_json::from_str(&text).unwrap();
    let other = fs::read(&files[3]).unwrap();
    fs::write(&files[1], &other).unwrap();
    let second: serde_json::Value = serde_json::from_str(&fs::read_to_string(&files[2]).unwrap()).unwrap();
    manifest["sha256"] = second["sha256"].clone();
    fs::write(&files[0], manifest.to_string()).unwrap();
    let found = problems(&engine).await;
    told(&found, "is not the object that was written and recorded");
    told(&found, "event 11 stands where 1 belongs");
}

#[tokio::test]
async fn without_an_archive_there_is_nothing_to_check_and_nothing_to_do() {
    let engine = TestEngine::new().await;
    over(&engine, "Letter").await;
    assert_eq!(engine.archiver_step().await.unwrap(), Stepped::Idle);
    assert_eq!(engine.trimmer_step().await.unwrap(), Stepped::Idle);
    assert_eq!(refusal(engine.verify_archive().await).code, Code::NotFound);
}
