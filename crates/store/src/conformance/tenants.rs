//! Tenants: worlds that know nothing of each other.

use domain::tenant::Tenant;
use domain::{State, TenantId};

use super::world::{NOW, World, at, name, refused, terminate};
use crate::{EventFilter, MessageFilter, Order, Store};

/// Making a tenant again gives the same one.
pub async fn a_tenant_is_made_once(store: &Store) {
    let default = store.ensure_tenant("default", NOW).await.expect("a tenant");
    assert_eq!(default, TenantId::DEFAULT);
    let other = store.ensure_tenant("other", at(1)).await.expect("a tenant");
    assert_eq!(store.ensure_tenant("default", at(2)).await.expect("a tenant"), default);
    let expected = Tenant { id: other, name: "other".to_owned(), created_at: at(1) };
    assert_eq!(store.tenant_by_name("other").await.expect("read").as_ref(), Some(&expected));
    assert_eq!(store.tenant(other).await.expect("read").as_ref(), Some(&expected));
    assert_eq!(store.tenant_by_name("nobody").await.expect("read"), None);
    assert_eq!(store.tenant(TenantId(77)).await.expect("read"), None);
    let ids = async |after, limit| -> Vec<TenantId> {
        store.tenants(after, limit).await.expect("tenants").into_iter().map(|tenant| tenant.id).collect()
    };
    assert_eq!(ids(TenantId(0), 1).await, [default]);
    assert_eq!(ids(default, 10).await, [other]);
}

/// Ids, positions and names of one tenant mean nothing in another.
pub async fn the_same_ids_asked_in_another_tenant_give_nothing(store: &Store) {
    let world = World::new(store).await;
    let other = World::of(store, "other").await.tenant;
    let message = world.message(&["chat"]);
    let seq = world.send(&message).await;
    world.claim_one("chat", NOW).await;
    let (id, chat) = (message.id, name("chat"));
    assert!(store.message(other, id).await.expect("read").is_none());
    assert!(store.message_at(other, seq).await.expect("read").is_none());
    assert!(store.thread_of(other, id).await.expect("read").is_none());
    assert!(!store.takes_part(other, id, std::slice::from_ref(&chat)).await.expect("read"));
    assert!(store.delivery(other, "chat", id).await.expect("read").is_none());
    assert!(store.deliveries(other, seq, std::slice::from_ref(&chat)).await.expect("read").is_empty());
    assert!(store.states(other, &[(seq, &chat)]).await.expect("read").is_empty());
    assert!(store.inbox(other, "chat", State::Leased, (-1, 0), 9).await.expect("read").is_empty());
    assert_eq!(store.inbox_counts(other, "chat").await.expect("read"), [0; 6]);
    assert!(store.arrivals(other, &chat, 0, 9).await.expect("read").0.is_empty());
    let by_message = EventFilter { message: Some(id), ..EventFilter::default() };
    assert!(store.events(other, &by_message, 0, 9).await.expect("read").is_empty());
    assert!(store.event(other, seq).await.expect("read").is_none());
    let everything = MessageFilter::default();
    assert!(store.messages(other, &everything, Order::Newest, None, 9).await.expect("read").is_empty());
    let mut change = world.change(NOW, world.settling("chat", id, terminate()));
    change.tenant = other;
    assert_eq!(refused(store.commit(change).await), domain::Code::NotFound);
    let mut change = world.change(NOW, world.claiming("chat", 9));
    change.tenant = other;
    assert!(store.commit(change).await.expect("claimed").outcome.is_empty());
    assert_eq!(world.delivery("chat", id).await.state, State::Leased);
}

/// The heads of all logs, by tenant.
pub async fn the_heads_of_all_tenants_are_told(store: &Store) {
    let world = World::new(store).await;
    let other = World::of(store, "other").await;
    world.sent(&["chat"]).await;
    let expected = [(world.tenant, "default".to_owned(), 1), (other.tenant, "other".to_owned(), 0)];
    assert_eq!(store.heads().await.expect("heads"), expected);
}
