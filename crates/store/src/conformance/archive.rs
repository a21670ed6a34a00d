//! The log on its way into the archive and out of the store.

use domain::delivery::Verb;
use domain::event::{EventKind, NewEvent};
use domain::{Digest, MessageId, State};

use super::world::{NOW, World, ack, at, terminate};
use crate::archive::{ARCHIVE_CURSOR, Removed, Trimmed};
use crate::{CloseSegment, Command, ConfirmSegment, Error, RemoveMessages, Result, Store, TrimLog};

const DIGEST: Digest = Digest([7; 32]);

async fn step<C: Command>(world: &World<'_>, command: C) -> Result<C::Outcome> {
    Ok(world.commit(command).await?.outcome)
}

async fn close(world: &World<'_>, first: i64, last: i64) -> Result<()> {
    step(world, CloseSegment { first, last, object: format!("{first}-{last}") }).await
}

async fn write(world: &World<'_>, first: i64, last: i64) {
    step(world, ConfirmSegment { first, last, sha256: DIGEST, bytes: 100 }).await.expect("written");
}

/// Archives everything up to here.
pub(super) async fn archive(world: &World<'_>, to: i64) {
    let first = world.store.segment_at(world.tenant, i64::MAX).await.expect("read").map_or(1, |last| last.last + 1);
    close(world, first, to).await.expect("closed");
    write(world, first, to).await;
}

pub(super) async fn trim(world: &World<'_>, to: i64) {
    let after = world.store.trimmed(world.tenant).await.expect("read").seq;
    step(world, TrimLog { after, to }).await.expect("trimmed");
}

/// Archives everything, and trims all but the last event.
pub(super) async fn trim_all(world: &World<'_>) {
    archive(world, world.head().await).await;
    trim(world, world.head().await - 1).await;
}

/// Removes all that is over at this many seconds; answers how many messages went.
pub(super) async fn sweep(world: &World<'_>, secs: i64) -> usize {
    let found = world.store.removable(world.tenant, at(secs), 0, 1_000).await.expect("read");
    step(world, RemoveMessages { messages: found.messages }).await.expect("removed")
}

/// Sends and acks at once.
async fn done(world: &World<'_>, to: &str) -> MessageId {
    let id = world.sent(&[to]).await;
    let delivery = world.claim_one(to, NOW).await;
    world.settle(to, id, ack(delivery.receipt())).await.expect("acked");
    id
}

/// One after the other, each written before the next is closed, each as it was closed.
pub async fn stretches_are_closed_one_after_the_other(store: &Store) {
    let world = World::new(store).await;
    for _ in 0..9 {
        world.sent(&["chat"]).await;
    }
    assert!(matches!(close(&world, 2, 3).await, Err(Error::Conflict)), "the first begins at 1");
    assert!(matches!(close(&world, 1, 10).await, Err(Error::Conflict)), "none goes beyond the head");
    close(&world, 1, 4).await.expect("closed");
    assert!(matches!(close(&world, 1, 6).await, Err(Error::Conflict)), "whoever comes second finds it closed");
    assert!(matches!(close(&world, 5, 6).await, Err(Error::Conflict)), "the one before is not written");
    let open = store.segment_at(world.tenant, 9).await.expect("read").expect("a segment");
    assert_eq!((open.first, open.last, open.sha256, open.object.as_str()), (1, 4, None, "1-4"));
    write(&world, 1, 4).await;
    close(&world, 5, 9).await.expect("closed");
    write(&world, 5, 9).await;
    let all = store.segments(world.tenant, 0, 10).await.expect("read");
    assert_eq!(all.iter().map(|segment| (segment.first, segment.last)).collect::<Vec<_>>(), [(1, 4), (5, 9)]);
    assert_eq!(all[1].hash, world.log().await[8].hash);
    assert_eq!(store.segment_at(world.tenant, 4).await.expect("read").expect("a segment").sha256, Some(DIGEST));
    assert!(store.behind(ARCHIVE_CURSOR).await.expect("read").is_empty());
    let sizes = store.sizes(world.tenant, 7, 10).await.expect("read");
    assert_eq!(sizes.iter().map(|sized| sized.seq).collect::<Vec<_>>(), [8, 9]);
    assert_eq!(sizes[0].bytes, world.log().await[7].data.len() as i64);
}

/// The log is trimmed no further than it is archived, and never of its last event.
pub async fn only_what_is_archived_is_trimmed(store: &Store) {
    let world = World::new(store).await;
    for _ in 0..4 {
        world.sent(&["chat"]).await;
    }
    let refused = |after, to| step(&world, TrimLog { after, to });
    assert!(matches!(refused(0, 1).await, Err(Error::Conflict)), "nothing is archived");
    archive(&world, 4).await;
    assert!(matches!(refused(0, 4).await, Err(Error::Conflict)), "the last event stays");
    assert!(matches!(refused(1, 2).await, Err(Error::Conflict)), "the log begins elsewhere");
    assert_eq!(store.slowest_reader(world.tenant).await.expect("read"), Some(4));
    trim(&world, 3).await;
    let trimmed = store.trimmed(world.tenant).await.expect("read");
    let hashes = store.hashes(world.tenant, 2, 3, 10).await.expect("read");
    assert_eq!(hashes, [(3, world.log().await[2].hash)]);
    assert_eq!(trimmed, Trimmed { seq: 3, hash: hashes[0].1, removed: 0, tells_all: true });
    let progress = store.archive_progress().await.expect("read");
    assert_eq!(
        (progress[0].name.as_str(), progress[0].head, progress[0].archived, progress[0].trimmed),
        ("default", 4, 4, 3)
    );
    world.verify().await;
}

/// What is over goes, with its events and counts; what is live stays whole, and a log of both verifies.
pub async fn what_is_over_goes_and_what_is_live_stays(store: &Store) {
    let world = World::new(store).await;
    let note = || NewEvent::of(EventKind::GateFailed, NOW, &serde_json::json!({}));
    world.record(vec![note(), note()], vec![]).await;
    let over = done(&world, "chat").await;
    let live = world.sent(&["chat", "other"]).await;
    let delivery = world.claim_one("chat", NOW).await;
    world.settle("chat", live, ack(delivery.receipt())).await.expect("acked");
    world.record(vec![note()], vec![]).await;
    let last = world.sent(&["chat"]).await;
    let before = world.log().await;
    archive(&world, world.head().await).await;
    trim(&world, world.head().await - 1).await;
    assert_eq!(sweep(&world, 0).await, 1);

    let left: Vec<_> = world.log().await.into_iter().map(|event| event.message).collect();
    assert_eq!(left, [Some(live), Some(live), Some(live), Some(last)]);
    for event in world.log().await {
        let as_it_was = before.iter().find(|was| was.seq == event.seq).expect("an event of before");
        assert_eq!(event, *as_it_was, "also the hash before it, though its event has gone");
    }
    assert!(store.message(world.tenant, over).await.expect("read").is_none());
    let removed = store.removed(world.tenant, over).await.expect("read");
    assert_eq!(removed, Some(Removed { seq: 3, thread: over }));
    assert_eq!(store.removed(world.tenant, live).await.expect("read"), None);
    assert_eq!(store.inbox_counts(world.tenant, "chat").await.expect("read")[State::Acked.code() as usize], 1);
    world.verify().await;

    // The rest of it settles, and it goes too.
    let delivery = world.claim_one("other", NOW).await;
    world.settle("other", live, ack(delivery.receipt())).await.expect("acked");
    world.sent(&["chat"]).await;
    archive(&world, world.head().await).await;
    assert_eq!(sweep(&world, 0).await, 0, "an event about it stands behind the beginning");
    trim(&world, world.head().await - 1).await;
    assert_eq!(sweep(&world, -1).await, 0, "it was settled only lately");
    assert_eq!(sweep(&world, 0).await, 1);
    assert_eq!(store.trimmed(world.tenant).await.expect("read").removed, 2);
    world.verify().await;
}

/// A dead letter that is brought back in the meantime is left as it is.
pub async fn a_message_that_changed_since_is_left(store: &Store) {
    let world = World::new(store).await;
    let id = world.sent(&["chat"]).await;
    world.settle("chat", id, terminate()).await.expect("dead");
    world.sent(&["other"]).await;
    archive(&world, world.head().await).await;
    trim(&world, world.head().await - 1).await;
    let messages = store.removable(world.tenant, NOW, 0, 10).await.expect("read").messages;
    assert_eq!(messages.len(), 1, "a dead letter is over, its bounce is not");
    world.settle("chat", id, Verb::Redrive).await.expect("brought back");
    assert_eq!(step(&world, RemoveMessages { messages }).await.expect("done"), 0);
    assert_eq!(world.pending("chat").await.len(), 1);
    world.verify().await;
}

/// Removing again what has gone changes nothing: who heard no answer may ask again.
pub async fn what_has_gone_is_removed_once(store: &Store) {
    let world = World::new(store).await;
    done(&world, "chat").await;
    done(&world, "chat").await;
    world.sent(&["other"]).await;
    archive(&world, world.head().await).await;
    trim(&world, world.head().await - 1).await;
    let messages = store.removable(world.tenant, NOW, 0, 10).await.expect("read").messages;
    let both = RemoveMessages { messages };
    assert!(matches!(step(&world, both.clone()).await, Ok(2)));
    assert!(matches!(step(&world, both).await, Ok(0)));
    world.verify().await;
}

/// A search of a trimmed log finds what is left, and what comes.
pub async fn a_trimmed_log_is_searched(store: &Store) {
    let world = World::new(store).await;
    for _ in 0..3 {
        done(&world, "chat").await;
    }
    let find = |q: &str| crate::MessageFilter { q: Some(q.to_owned()), ..Default::default() };
    assert_eq!(store.search(world.tenant, &find("subject"), None, 10).await.expect("found").len(), 3);
    world.sent(&["other"]).await;
    archive(&world, world.head().await).await;
    trim(&world, world.head().await - 1).await;
    assert_eq!(sweep(&world, 0).await, 3);
    assert_eq!(store.search(world.tenant, &find("subject"), None, 10).await.expect("found").len(), 1);
    world.sent(&["other"]).await;
    assert_eq!(store.search(world.tenant, &find("subject"), None, 10).await.expect("found").len(), 2);
}
