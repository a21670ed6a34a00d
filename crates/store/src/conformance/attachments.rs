//! Attachments: which tenant knows which bytes, and who may read them.

use domain::attachment::{Attached, Attachment, Stored};
use domain::event::{EventKind, NewEvent};
use domain::message::Message;
use domain::{AgentName, Digest};

use super::world::{NOW, World, name};
use crate::{Fact, Readable, Store};

const SHA256: Digest = Digest([9; 32]);

fn of(media_type: &str, called: Option<&str>) -> Attachment {
    Attachment { sha256: SHA256, size: 1 << 40, media_type: media_type.to_owned(), name: called.map(str::to_owned) }
}

async fn keep(world: &World<'_>, attachment: &Attachment, by: &[&str]) {
    let stored = Stored { attachment: attachment.clone(), by: by.iter().map(|agent| name(agent)).collect() };
    let event = NewEvent::of(EventKind::AttachmentStored, NOW, &stored);
    world.record(vec![event], vec![Fact::Attachment(stored)]).await;
}

/// How these agents know the attachment, if they may.
async fn read(world: &World<'_>, agents: &[&str]) -> Option<Attachment> {
    let agents: Vec<AgentName> = agents.iter().map(|agent| name(agent)).collect();
    let readable = Readable { tenant: world.tenant, agents: Some(&agents) };
    world.store.attachment(readable, SHA256).await.expect("read")
}

/// The same bytes under another name stay what they were to each who stored them; another tenant knows nothing of them.
pub async fn an_attachment_is_known_to_each_as_it_stored_it(store: &Store) {
    let (world, other) = (World::new(store).await, World::of(store, "other").await);
    let (first, second, third) = (of("text/plain", Some("a.txt")), of("image/png", None), of("text/html", Some("c")));
    keep(&world, &first, &["code"]).await;
    assert_eq!(store.attachment(world.tenant, SHA256).await.expect("read").as_ref(), Some(&first));
    for (attachment, by) in
        [(&second, &["chat", "third"][..]), (&third, &[]), (&second, &["code"]), (&first, &["chat"])]
    {
        keep(&world, attachment, by).await;
    }
    for (agents, expected) in [
        (&["code"][..], Some(&first)),
        (&["chat"], Some(&second)),
        (&["third", "nobody"], Some(&second)),
        (&["nobody"], None),
        (&[], None),
    ] {
        assert_eq!(read(&world, agents).await.as_ref(), expected, "{agents:?}");
    }
    assert_eq!(store.attachment(world.tenant, SHA256).await.expect("read").as_ref(), Some(&third));
    assert_eq!(store.attachment(world.tenant, Digest([8; 32])).await.expect("read"), None);
    assert_eq!(store.attachment(other.tenant, SHA256).await.expect("read"), None);
    assert_eq!(read(&other, &["code", "chat"]).await, None);
    assert_eq!(store.attachments(world.tenant, Digest::ZERO, 10).await.expect("read"), [first]);
}

/// Who may read a message may read what it names, under the message's name for it and its sender's type.
pub async fn an_attachment_is_read_by_who_may_read_a_message_that_names_it(store: &Store) {
    let world = World::new(store).await;
    keep(&world, &of("text/plain", Some("secret.txt")), &["other"]).await;
    keep(&world, &of("image/png", Some("mine.png")), &["code"]).await;
    assert_eq!(read(&world, &["chat"]).await, None);
    let named = |called: Option<&str>| vec![Attached { sha256: SHA256, name: called.map(str::to_owned) }];
    // Far more messages that do not concern it than are looked at together.
    for n in 0..450 {
        let message = Message { attachments: named(Some("noise")), from: name("other"), ..world.message(&["other"]) };
        world.send(&message).await;
        if n % 100 == 0 {
            assert_eq!(read(&world, &["chat"]).await, None);
        }
    }
    let message = Message { attachments: [named(Some("x.png")), named(None)].concat(), ..world.message(&["chat"]) };
    world.send(&message).await;
    assert_eq!(read(&world, &["chat"]).await, Some(of("image/png", Some("x.png"))));
    assert_eq!(read(&world, &["code"]).await, Some(of("image/png", Some("mine.png"))), "its own name goes before");
    assert_eq!(read(&world, &["third"]).await, None);
    // Whoever joins the thread may read all of it.
    let answer = Message {
        from: name("chat"),
        thread_id: message.id,
        in_reply_to: Some(message.id),
        ..world.message(&["third"])
    };
    world.send(&answer).await;
    assert_eq!(read(&world, &["third"]).await, Some(of("image/png", Some("x.png"))));
    assert_eq!(read(&world, &["nobody"]).await, None);
}
