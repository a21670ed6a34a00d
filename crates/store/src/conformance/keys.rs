//! Keys: found by id, listed, never gone.

use domain::event::{EventKind, NewEvent};
use domain::key::{Key, Role};
use domain::{Digest, TenantId};

use super::world::{NOW, World, at, name};
use crate::{Fact, KeyRow, Store};

fn key(tenant: TenantId, id: &str) -> KeyRow {
    let key = Key {
        id: id.to_owned(),
        tenant,
        role: Role::Agent,
        agents: vec![name("code"), name("chat")],
        name: "laptop".to_owned(),
        created_at: NOW,
        revoked_at: None,
    };
    KeyRow { key, hash: Digest([7; 32]) }
}

async fn put(world: &World<'_>, row: &KeyRow, kind: EventKind) {
    world.record(vec![NewEvent::of(kind, NOW, &row.key.id)], vec![Fact::Key(row.clone())]).await;
}

/// A revoked key is still known, as revoked.
pub async fn a_key_is_found_by_its_id_and_stays_when_revoked(store: &Store) {
    let world = World::new(store).await;
    let other = World::of(store, "other").await;
    assert!(!store.any_key().await.expect("read"));
    let mut row = key(world.tenant, "k1");
    put(&world, &row, EventKind::KeyCreated).await;
    assert!(store.any_key().await.expect("read"));
    let found = async |tenant| store.key(tenant, "k1").await.expect("read");
    assert_eq!(found(world.tenant).await.as_ref(), Some(&row));
    assert_eq!(found(other.tenant).await, None);
    assert_eq!(store.key(world.tenant, "k2").await.expect("read"), None);
    assert_eq!(store.keys_in_force(world.tenant).await.expect("counted"), 1);
    row.key.revoked_at = Some(at(5));
    put(&world, &row, EventKind::KeyRevoked).await;
    assert_eq!(store.keys_in_force(world.tenant).await.expect("counted"), 0);
    assert_eq!(found(world.tenant).await, Some(row));
}

/// Keys are listed by id.
pub async fn keys_are_listed_in_pages(store: &Store) {
    let world = World::new(store).await;
    for id in ["c", "a", "e", "b", "d"] {
        put(&world, &key(world.tenant, id), EventKind::KeyCreated).await;
    }
    let (mut after, mut pages) = (String::new(), Vec::new());
    loop {
        let page = store.keys(world.tenant, &after, 2).await.expect("keys");
        let Some(last) = page.last() else { break };
        after.clone_from(&last.key.id);
        pages.push(page.into_iter().map(|row| row.key.id).collect::<String>());
    }
    assert_eq!(pages, ["ab", "cd", "e"]);
}
