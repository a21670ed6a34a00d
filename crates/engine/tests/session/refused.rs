//! What each verb answers to who may not reach what it is asked for.

use domain::key::Role;
use domain::{Code, Digest, MessageId, Time};
use engine::{Credentials, Session};
use testkit::engine::{draft, refusal};

use crate::verbs::{Named, Row, VERBS, put};
use crate::world::World;

/// What a tenant of its own has: an agent with a message that waits for a trigger, an attachment and a key.
async fn filled(world: &World, tenant: &str) -> (Session, Named) {
    world.admin.create_tenant(tenant).await.expect("a tenant");
    let (key, text) = world.key(Role::Admin, &[], Some(tenant)).await;
    let session = world.session(&text).await.expect("the key is good");
    let agent = format!("agent-of-{tenant}");
    session.put_agent(&agent, put()).await.expect("an agent");
    let message = session.send(draft(&agent, &agent, "Only for one"), None).await.expect("sent").message.message.id;
    let trigger = format!("trigger-of-{tenant}");
    let until =
        domain::delivery::Verb::Defer { receipt: None, until: None, trigger: Some(trigger.clone()), reason: None };
    session.settle(&agent, message, until).await.expect("deferred");
    let bytes = futures_util::stream::iter([Ok(bytes::Bytes::from_static(b"only for one"))]);
    let stored = session.store_attachment("text/plain".to_owned(), None, bytes).await.expect("stored").0;
    let named = Named { tenant: tenant.to_owned(), agent, message, attachment: stored.sha256, key, trigger };
    (session, named)
}

/// Names of what nobody ever had.
fn never_made() -> Named {
    Named {
        tenant: "nowhere".to_owned(),
        agent: "nobody".to_owned(),
        message: MessageId::new(Time::from_millis(1), [7; 10]),
        attachment: Digest([7; 32]),
        key: "0123456789ab".to_owned(),
        trigger: "trigger-of-nobody".to_owned(),
    }
}

/// What a caller learns by a verb: what it answers, or the refusal.
async fn learned(row: &Row, session: &Session, named: &Named) -> String {
    let answer = (row.call)(session.clone(), named.clone()).await;
    let shown = answer.unwrap_or_else(|error| {
        let refusal = error.refusal();
        format!("{:?}: {}", refusal.code, refusal.detail)
    });
    named.without(&shown)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_credentials_nobody_has_a_session() {
    let world = World::in_one_process().await;
    let (id, good) = world.key(Role::Admin, &[], None).await;
    let made_up = format!("coord_1_{id}_{}", "0".repeat(48));
    let (_, from_id) = good.split_once(&id).expect("its id stands in it");
    let of_another_tenant = format!("coord_7_{id}{from_id}");
    let tried = [
        Credentials::anonymous(Ok(())),
        Credentials::bearer(""),
        Credentials::bearer("coord_0_0_0"),
        Credentials::bearer(&made_up),
        Credentials::bearer(&of_another_tenant),
    ];
    for credentials in tried {
        let refused = refusal(world.engine.session(credentials.clone()).await);
        assert_eq!(refused.code, Code::Unauthenticated, "{credentials:?}");
    }
    assert!(world.session(&good).await.is_ok());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_verb_refuses_a_session_whose_key_is_revoked() {
    let world = World::in_one_process().await;
    let (_, named) = filled(&world, "orchard").await;
    let (id, text) = world.key(Role::Admin, &[], None).await;
    let session = world.session(&text).await.expect("the key is good");
    world.admin.revoke_key(&id).await.expect("revoked");
    for row in VERBS {
        let refused = refusal((row.call)(session.clone(), named.clone()).await);
        assert_eq!(refused.code, Code::Unauthenticated, "{}", row.name);
    }
    assert_eq!(refusal(world.session(&text).await).code, Code::Unauthenticated);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_another_tenant_every_verb_tells_what_it_tells_of_what_never_was() {
    let world = World::in_one_process().await;
    let (_, theirs) = filled(&world, "orchard").await;
    world.admin.create_tenant("two").await.expect("a tenant");
    let (_, text) = world.key(Role::Admin, &[], Some("two")).await;
    let session = world.session(&text).await.expect("the key is good");
    for row in VERBS {
        let of_theirs = learned(row, &session, &theirs).await;
        let of_nothing = learned(row, &session, &never_made()).await;
        assert_eq!(of_theirs, of_nothing, "{}", row.name);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_its_own_tenant_a_session_learns_more_than_of_what_never_was() {
    let world = World::in_one_process().await;
    let (session, own) = filled(&world, "orchard").await;
    let tells = ["message", "receipts", "messages", "thread", "agent", "events", "inbox", "attachment", "trigger"];
    for row in VERBS.iter().filter(|row| tells.contains(&row.name)) {
        let of_own = learned(row, &session, &own).await;
        let of_nothing = learned(row, &session, &never_made()).await;
        assert_ne!(of_own, of_nothing, "{}", row.name);
    }
}
