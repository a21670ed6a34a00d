//! What the server holds, compared with what clients were told.

use std::collections::BTreeMap;

use client::Client;
use protocol::{InboxQuery, Message, MessagesQuery};
use testkit::coord::Coord;

use super::Load;
use super::ledger::Sent;

/// Everything that clients were told is so, and nothing else is.
pub(crate) async fn all_is_well(load: &Load, coord: &Coord) {
    messages_are_exactly(&load.client, &load.ledger.sent()).await;
    inboxes_are_done(load).await;
    log_verifies(&load.client, coord).await;
}

/// The server has each answered send once, as it was answered, and nothing else.
async fn messages_are_exactly(client: &Client, answered: &BTreeMap<String, Sent>) {
    let stored = messages(client).await;
    let mut found: BTreeMap<&str, &Message> = BTreeMap::new();
    for message in &stored {
        if let Some(other) = found.insert(&message.subject, message) {
            panic!("`{}` is there twice: at {} and at {}", message.subject, other.seq, message.seq);
        }
    }
    for (key, sent) in answered {
        let message = found.remove(key.as_str()).unwrap_or_else(|| panic!("`{key}` is lost: {sent:?}"));
        assert_eq!((message.id, message.seq, &message.body), (sent.id, sent.seq, &sent.body), "`{key}`");
    }
    assert!(found.is_empty(), "nobody was answered for {:?}", found.keys());
}

async fn messages(client: &Client) -> Vec<Message> {
    let mut all = Vec::new();
    let mut after = None;
    loop {
        let query = MessagesQuery { from: Some("code".to_owned()), limit: Some(500), after, ..Default::default() };
        let page = client.messages(&query).await.unwrap().value;
        all.extend(page.items);
        after = page.next;
        if after.is_none() {
            return all;
        }
    }
}

/// Every delivery is acknowledged; none waits, is leased or was given up.
async fn inboxes_are_done(load: &Load) {
    for agent in load.agents {
        let counts = load.client.inbox(agent, &InboxQuery::default()).await.unwrap().counts;
        let done = protocol::Counts { acked: load.ledger.deliveries_of(agent), ..Default::default() };
        assert_eq!(counts, done, "inbox of `{agent}`");
    }
}

/// The chain is whole and every delivery can be rebuilt from it, asked by the API and by the command.
async fn log_verifies(client: &Client, coord: &Coord) {
    let verification = client.verify_events().await.unwrap();
    assert!(verification.ok, "{:?}", verification.problems);
    assert_eq!(verification.checked, verification.head.seq);
    let output = coord.command().arg("verify").output().unwrap();
    assert!(output.status.success(), "coord verify: {}", String::from_utf8_lossy(&output.stderr));
}
