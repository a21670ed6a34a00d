//! Moving house: a log that is brought in gives what it gave where it came from.

use domain::agent::{Agent, AgentKind};
use domain::attachment::{Attachment, Stored};
use domain::delivery::Verb;
use domain::directory::Grant;
use domain::event::{Event, EventKind, NewEvent};
use domain::message::Message;
use domain::webhook::{SigningSecret, WebhookSecrets};
use domain::{Digest, TenantId};

use super::world::{NOW, World, ack, at, name, sending, terminate};
use crate::{Error, Fact, FanOut, Idempotency, Importing, Rest, Store};

/// A tenant in which something of everything has happened.
async fn lived_in(store: &Store) -> World<'_> {
    let world = World::new(store).await;
    let agent = Agent::new(name("chat"), AgentKind::Ai, NOW);
    let retired = Agent { retired_at: Some(at(1)), ..agent.clone() };
    let grant = Grant {
        domain: "testing".to_owned(),
        agent: name("chat"),
        until: at(100),
        reason: "away".to_owned(),
        granted_at: NOW,
    };
    let attachment = Attachment { sha256: Digest([9; 32]), size: 3, media_type: "text/plain".to_owned(), name: None };
    let attachment = Stored { attachment, by: vec![name("chat")] };
    world
        .record(
            vec![
                NewEvent::of(EventKind::AgentRegistered, NOW, &agent).about(&agent.name),
                NewEvent::of(EventKind::AgentRetired, NOW, &retired).about(&agent.name),
                NewEvent::of(EventKind::AuthorityGranted, NOW, &grant).about(&grant.agent),
                NewEvent::of(EventKind::AttachmentStored, NOW, &attachment),
            ],
            vec![Fact::Agent(retired), Fact::Grant(grant), Fact::Attachment(attachment)],
        )
        .await;
    for n in 0..4 {
        world.sent(&["chat", "code"]).await;
        let held = world.claim_one("chat", NOW).await;
        match n {
            0 => drop(world.settle("chat", held.message, ack(held.receipt())).await.expect("acked")),
            1 => drop(world.settle("chat", held.message, terminate()).await.expect("dead, and bounced")),
            2 => {
                let (receipt, trigger) = (Some(held.receipt()), Some("go".to_owned()));
                let defer = Verb::Defer { receipt, until: None, trigger, reason: None };
                world.settle("chat", held.message, defer).await.expect("deferred");
            }
            _ => {}
        }
    }
    let wide = Message { to: vec!["*".to_owned()], fan_out: true, ..world.message(&[]) };
    let seq = world.send(&wide).await;
    for (after, agent, done) in [("", "a", false), ("a", "b", true)] {
        let part = FanOut { seq, after: after.to_owned(), agents: vec![name(agent)], done };
        world.commit(part).await.expect("fanned out");
    }
    world
}

async fn brought_in(store: &Store, mut importing: Importing, events: &[Event]) -> Importing {
    for part in events.chunks(3) {
        importing = store.import(&importing, part.to_vec()).await.expect("they follow");
    }
    importing
}

/// Nobody sees it before it is whole, and then it is what it was.
pub async fn a_log_that_is_brought_in_is_the_same_tenant(store: &Store) {
    let world = lived_in(store).await;
    let log = world.log().await;
    let importing = store.begin_import("copy", NOW, world.tenant, NOW).await.expect("begun");
    assert_ne!(importing.tenant, world.tenant, "its number is taken");
    let importing = brought_in(store, importing, &log).await;
    assert_eq!(store.tenant_by_name("copy").await.expect("read"), None);
    assert_eq!(store.tenant(importing.tenant).await.expect("read"), None);
    store.finish_import(&importing, Vec::new()).await.expect("finished");
    assert_eq!(store.importing("copy").await.expect("read"), None);
    let copy = World::of(store, "copy").await;
    copy.verify().await;
    assert_eq!(copy.log().await, log);
    for agent in ["chat", "code", "a", "b"] {
        let counts = async |tenant: TenantId| store.inbox_counts(tenant, agent).await.expect("counts");
        assert_eq!(counts(copy.tenant).await, counts(world.tenant).await, "{agent}");
    }
    assert_eq!(store.agents(copy.tenant).await.expect("read"), store.agents(world.tenant).await.expect("read"));
    assert_eq!(store.grants(copy.tenant).await.expect("read"), store.grants(world.tenant).await.expect("read"));
    let attachments = async |tenant: TenantId| store.attachments(tenant, Digest::ZERO, 10).await.expect("read");
    assert_eq!(attachments(copy.tenant).await, attachments(world.tenant).await);
    for by in [&[name("chat")][..], &[name("code")], &[]] {
        let stored = async |tenant: TenantId| store.attachment_of(tenant, Digest([9; 32]), by).await.expect("read");
        assert_eq!(stored(copy.tenant).await, stored(world.tenant).await, "{by:?}");
    }
    let (head, hash, _) = store.head(copy.tenant).await.expect("read").expect("a head");
    assert_eq!((head, Some(hash)), (importing.seq, log.last().map(|event| event.hash)));
    // Beyond the ids that came along.
    for _ in 0..1_000 {
        copy.draw();
    }
    copy.sent(&["chat"]).await;
    copy.verify().await;
}

/// What does not link to what is there, or was changed, is refused whole.
pub async fn an_event_that_does_not_follow_is_not_brought_in(store: &Store) {
    let world = lived_in(store).await;
    let log = world.log().await;
    let importing = store.begin_import("copy", NOW, world.tenant, NOW).await.expect("begun");
    let importing = brought_in(store, importing, &log[..6]).await;
    let changed = |change: fn(&mut Event)| {
        let mut events = log[6..9].to_vec();
        change(&mut events[1]);
        events
    };
    let broken = [
        log[7..9].to_vec(),
        changed(|event| event.data.insert(1, ' ')),
        changed(|event| event.at = at(77)),
        changed(|event| event.hash = Digest([1; 32])),
        changed(|event| event.data.truncate(3)),
        changed(|event| event.agent = Some(name("else"))),
    ];
    for events in broken {
        let refused = store.import(&importing, events).await;
        assert!(matches!(refused, Err(Error::Corrupt(_))), "{refused:?}");
        assert_eq!(store.importing("copy").await.expect("read").as_ref(), Some(&importing), "nothing was done");
    }
    brought_in(store, importing, &log[6..]).await;
}

/// It is taken up where it was left, by whoever asks, and leaves nothing when it is given up.
pub async fn an_import_is_taken_up_or_given_up(store: &Store) {
    let world = lived_in(store).await;
    let log = world.log().await;
    let begun = store.begin_import("copy", NOW, TenantId(77), NOW).await.expect("begun");
    assert_eq!(begun.tenant, TenantId(77), "a number that is free is kept");
    let part = brought_in(store, begun.clone(), &log[..5]).await;
    assert_eq!(store.begin_import("copy", NOW, TenantId(5), NOW).await.expect("taken up"), part);
    let other = World::of(store, "meanwhile").await;
    assert_ne!(other.tenant, part.tenant, "nobody else gets its number");
    store.abandon_import(&part).await.expect("given up");
    assert_eq!(store.importing("copy").await.expect("read"), None);
    let again = store.begin_import("copy", NOW, TenantId(77), NOW).await.expect("begun anew");
    let again = brought_in(store, again, &log).await;
    store.finish_import(&again, Vec::new()).await.expect("finished");
    let refused = store.begin_import("copy", NOW, TenantId(77), NOW).await;
    assert!(matches!(refused, Err(Error::Conflict)), "it has a history: {refused:?}");
    let refused = store.begin_import("default", NOW, TenantId(1), NOW).await;
    assert!(matches!(refused, Err(Error::Conflict)), "so has this: {refused:?}");
}

/// An empty tenant of the same name gives its number away, and nobody gets the name while the import lasts.
pub async fn an_empty_tenant_makes_way(store: &Store) {
    let world = lived_in(store).await;
    let log = world.log().await;
    let empty = store.ensure_tenant("copy", NOW).await.expect("made");
    let begun = store.begin_import("copy", at(5), TenantId(77), NOW).await.expect("begun");
    assert_eq!(begun.tenant, empty);
    let part = brought_in(store, begun, &log[..9]).await;
    assert_eq!(store.tenant_by_name("copy").await.expect("read"), None, "nobody looks into what is half there");
    let refused = store.ensure_tenant("copy", NOW).await;
    assert!(matches!(refused, Err(Error::Unavailable(_))), "{refused:?}");
    let whole = brought_in(store, part, &log[9..]).await;
    store.finish_import(&whole, Vec::new()).await.expect("finished");
    assert_eq!(store.ensure_tenant("copy", NOW).await.expect("known"), empty);
    World::of(store, "copy").await.verify().await;
}

/// The first tenant, too, which is there again when its import is given up.
pub async fn the_first_tenant_is_put_back(store: &Store) {
    let begun = store.begin_import("default", NOW, TenantId(7), NOW).await.expect("begun");
    assert_eq!(begun.tenant, TenantId::DEFAULT);
    let other = store.begin_import("copy", NOW, TenantId(1), NOW).await.expect("begun beside it");
    assert_ne!(other.tenant, begun.tenant);
    assert_eq!(store.tenant_by_name("default").await.expect("read"), None);
    store.abandon_import(&other).await.expect("given up");
    assert_eq!(store.tenant_by_name("copy").await.expect("read"), None);
    store.abandon_import(&begun).await.expect("given up");
    assert_eq!(store.ensure_tenant("default", NOW).await.expect("there"), TenantId::DEFAULT);
}

/// Keys, idempotency keys, secrets of webhooks and of leases go along.
pub async fn what_the_log_does_not_tell_goes_along(store: &Store) {
    let world = World::new(store).await;
    let message = world.message(&["chat"]);
    let idempotency = Idempotency { key: "once".to_owned(), fingerprint: Digest([4; 32]), until: at(50) };
    world.commit(sending(&message, Some(idempotency.clone()))).await.expect("sent");
    let held = world.claim_one("chat", NOW).await;
    let known = store.idempotency_keys(world.tenant, ("", 10), held.seq, NOW).await.expect("read");
    let expected =
        Rest::Idempotency { key: "once".to_owned(), fingerprint: Digest([4; 32]), message: message.id, until: at(50) };
    assert_eq!(known, [expected]);
    assert!(store.idempotency_keys(world.tenant, ("", 10), held.seq - 1, NOW).await.expect("read").is_empty());
    assert!(store.idempotency_keys(world.tenant, ("", 10), held.seq, at(50)).await.expect("read").is_empty());

    let importing = store.begin_import("copy", NOW, world.tenant, NOW).await.expect("begun");
    let importing = brought_in(store, importing, &world.log().await).await;
    let secrets = WebhookSecrets { current: SigningSecret([1; 32]), previous: Some((SigningSecret([2; 32]), at(9))) };
    let lease = |attempt| Rest::Lease { agent: name("chat"), seq: held.seq, attempt, lease: held.lease + attempt - 1 };
    let mut rest = known;
    rest.extend([lease(1), lease(2), Rest::webhook_secret(name("chat"), &secrets)]);
    for _ in 0..2 {
        store.import_rest(&importing, rest.clone()).await.expect("twice is once");
    }
    let key = domain::key::Key {
        id: "k1".to_owned(),
        tenant: importing.tenant,
        role: domain::key::Role::Admin,
        agents: Vec::new(),
        name: String::new(),
        created_at: NOW,
        revoked_at: None,
    };
    let row = crate::KeyRow { key, hash: Digest([7; 32]) };
    assert!(!store.any_key().await.expect("read"));
    store.finish_import(&importing, vec![Rest::key(row.clone())]).await.expect("finished");
    assert_eq!(store.key(importing.tenant, "k1").await.expect("read"), Some(row));
    let copy = World::of(store, "copy").await;
    assert_eq!(store.webhook_secrets(copy.tenant, &name("chat")).await.expect("read"), Some(secrets));
    assert_eq!(store.sent_under(copy.tenant, &idempotency, NOW).await.expect("read"), Some(message.id));
    copy.settle("chat", message.id, ack(held.receipt())).await.expect("the receipt still holds");
}
