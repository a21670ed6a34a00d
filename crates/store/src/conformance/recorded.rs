//! Recorded facts: agents, grants, keys, attachments and webhook secrets are what the log tells, or verification names them.

use domain::agent::{Agent, AgentKind};
use domain::attachment::{Attachment, Stored};
use domain::directory::Grant;
use domain::event::{EventKind, NewEvent};
use domain::key::{Key, Role};
use domain::message::Message;
use domain::recorded::{KeyTold, SecretTold};
use domain::webhook::SigningSecret;
use domain::{Digest, TenantId};

use super::world::{NOW, World, ack, at, name, sending};
use crate::value::Value;
use crate::{Fact, Idempotency, KeyRow, Store};

fn key(tenant: TenantId) -> KeyRow {
    let key = Key {
        id: "k1".to_owned(),
        tenant,
        role: Role::Agent,
        agents: vec![name("code")],
        name: "laptop".to_owned(),
        created_at: NOW,
        revoked_at: None,
    };
    KeyRow { key, hash: Digest([7; 32]) }
}

/// A tenant with one of everything, each told by the log.
async fn one_of_everything(store: &Store) -> World<'_> {
    let world = World::new(store).await;
    let mut agent = Agent::new(name("chat"), AgentKind::Ai, NOW);
    let registered = NewEvent::of(EventKind::AgentRegistered, NOW, &agent).about(&agent.name);
    agent.authority_domains = vec!["strategy".to_owned()];
    agent.webhook = Some("https://example.org/hook".to_owned());
    let updated = NewEvent::of(EventKind::AgentUpdated, NOW, &agent).about(&agent.name);
    let grant = Grant {
        domain: "budget".to_owned(),
        agent: name("chat"),
        until: at(100),
        reason: "away".to_owned(),
        granted_at: NOW,
    };
    let granted = NewEvent::of(EventKind::AuthorityGranted, NOW, &grant).about(&grant.agent);
    let attachment = Attachment { sha256: Digest([9; 32]), size: 3, media_type: "text/plain".to_owned(), name: None };
    let attachment = Stored { attachment, by: Vec::new() };
    let stored = NewEvent::of(EventKind::AttachmentStored, NOW, &attachment);
    let secret = SigningSecret([5; 32]);
    let told = SecretTold::new(&name("chat"), &secret.0);
    let rotated = NewEvent::of(EventKind::WebhookSecretRotated, NOW, &told).about(&name("chat"));
    let row = key(world.tenant);
    let created = NewEvent::of(EventKind::KeyCreated, NOW, &KeyTold::new(&row.key, &row.hash));
    let secret = Fact::WebhookSecret { agent: name("chat"), secret, previous_until: NOW };
    let facts = vec![Fact::Agent(agent), Fact::Grant(grant), Fact::Attachment(attachment), secret, Fact::Key(row)];
    world.record(vec![registered, updated, granted, stored, rotated, created], facts).await;
    world
}

/// Writes past the log.
async fn write(world: &World<'_>, sql: &str, parameters: Vec<Value>) {
    let sql = sql.replace("TENANT", &world.tenant.0.to_string());
    world.store.driver.queue().execute(sql.leak(), parameters).await.expect("written");
}

/// The sorts of problems that verification finds.
async fn problems(world: &World<'_>) -> Vec<&'static str> {
    let report = world.store.verify(world.tenant).await.expect("verified");
    let mut found: Vec<_> = report.problems.into_iter().map(|problem| problem.what).collect();
    found.dedup();
    found
}

/// What the log tells of is what is stored, also after it changed.
pub async fn rows_that_the_log_tells_of_verify(store: &Store) {
    let world = one_of_everything(store).await;
    world.verify().await;
    assert_eq!(store.verify(world.tenant).await.expect("verified").rows, 5);
    let mut row = key(world.tenant);
    row.key.revoked_at = Some(at(5));
    let revoked = NewEvent::of(EventKind::KeyRevoked, at(5), &KeyTold::new(&row.key, &row.hash));
    world.record(vec![revoked], vec![Fact::Key(row)]).await;
    world.verify().await;
}

/// What is written past the log, what it is named, and what undoes it.
const TAMPERED: [(&str, &str, &str); 14] = [
    (
        "UPDATE agents SET data = replace(data, 'strategy', 'everything') WHERE tenant = TENANT",
        "agent",
        "UPDATE agents SET data = replace(data, 'everything', 'strategy') WHERE tenant = TENANT",
    ),
    (
        "UPDATE agents SET data = replace(data, 'example.org', 'example.com') WHERE tenant = TENANT",
        "agent",
        "UPDATE agents SET data = replace(data, 'example.com', 'example.org') WHERE tenant = TENANT",
    ),
    (
        "UPDATE agents SET data = '{' || data WHERE tenant = TENANT",
        "agent",
        "UPDATE agents SET data = substr(data, 2) WHERE tenant = TENANT",
    ),
    (
        "INSERT INTO agents (tenant, name, data) SELECT tenant, 'mallory', replace(data, '\"chat\"', '\"mallory\"') FROM agents WHERE tenant = TENANT",
        "agent",
        "DELETE FROM agents WHERE tenant = TENANT AND name = 'mallory'",
    ),
    (
        "UPDATE grants SET until = until + 1000000 WHERE tenant = TENANT",
        "grant",
        "UPDATE grants SET until = until - 1000000 WHERE tenant = TENANT",
    ),
    (
        "INSERT INTO grants SELECT tenant, 'everything', agent, until, granted_at, reason FROM grants WHERE tenant = TENANT",
        "grant",
        "DELETE FROM grants WHERE tenant = TENANT AND domain = 'everything'",
    ),
    ("UPDATE keys SET role = 0 WHERE tenant = TENANT", "key", "UPDATE keys SET role = 1 WHERE tenant = TENANT"),
    (
        "UPDATE keys SET agents = '[\"chat\"]' WHERE tenant = TENANT",
        "key",
        "UPDATE keys SET agents = '[\"code\"]' WHERE tenant = TENANT",
    ),
    (
        "UPDATE keys SET revoked_at = 5 WHERE tenant = TENANT",
        "key",
        "UPDATE keys SET revoked_at = NULL WHERE tenant = TENANT",
    ),
    (
        "INSERT INTO keys SELECT tenant, 'k2', hash, 0, '[]', '', created_at, NULL FROM keys WHERE tenant = TENANT",
        "key",
        "DELETE FROM keys WHERE tenant = TENANT AND id = 'k2'",
    ),
    ("UPDATE keys SET id = 'k3' WHERE tenant = TENANT", "key", "UPDATE keys SET id = 'k1' WHERE tenant = TENANT"),
    (
        "UPDATE attachments SET size = 4 WHERE tenant = TENANT AND sha256 > ''",
        "attachment",
        "UPDATE attachments SET size = 3 WHERE tenant = TENANT AND sha256 > ''",
    ),
    (
        "UPDATE attachments SET media_type = 'text/html' WHERE tenant = TENANT AND sha256 > ''",
        "attachment",
        "UPDATE attachments SET media_type = 'text/plain' WHERE tenant = TENANT AND sha256 > ''",
    ),
    (
        "UPDATE webhook_secrets SET agent = 'code' WHERE tenant = TENANT",
        "webhook-secret",
        "UPDATE webhook_secrets SET agent = 'chat' WHERE tenant = TENANT",
    ),
];

/// Rights that nobody gave, and facts that nobody recorded.
pub async fn a_row_that_was_written_past_the_log_is_named(store: &Store) {
    let world = one_of_everything(store).await;
    for (tamper, what, undo) in TAMPERED {
        write(&world, tamper, vec![]).await;
        assert_eq!(problems(&world).await, [what], "{tamper}");
        write(&world, undo, vec![]).await;
        assert_eq!(problems(&world).await, [""; 0], "{undo}");
    }
    for (of, column, what, right) in [
        ("keys SET hash", "", "key", 7),
        ("webhook_secrets SET secret", "", "webhook-secret", 5),
        ("attachments SET sha256", " AND sha256 > ''", "attachment", 9),
    ] {
        let sql = format!("UPDATE {of} = $1 WHERE tenant = TENANT{column}");
        write(&world, &sql, vec![Digest([1; 32]).into()]).await;
        assert_eq!(problems(&world).await, [what], "{sql}");
        write(&world, &sql, vec![Digest([right; 32]).into()]).await;
    }
    world.verify().await;
    for (rows, what) in [
        ("agents WHERE tenant = TENANT", "agent"),
        ("grants WHERE tenant = TENANT", "grant"),
        ("attachments WHERE tenant = TENANT AND sha256 > ''", "attachment"),
        ("webhook_secrets WHERE tenant = TENANT", "webhook-secret"),
    ] {
        write(&world, &format!("DELETE FROM {rows}"), vec![]).await;
        assert!(problems(&world).await.contains(&what), "{rows}");
    }
    // A key that is gone opens nothing: it is said, and no damage.
    let before = store.verify(world.tenant).await.expect("verified");
    write(&world, "DELETE FROM keys WHERE tenant = TENANT", vec![]).await;
    let after = store.verify(world.tenant).await.expect("verified");
    assert_eq!((after.problems.len(), after.left_out.len()), (before.problems.len(), before.left_out.len() + 1));
}

/// An index row without its event, an idempotency key without its message, a reader beyond the log, recipients who are never
/// written.
pub async fn what_belongs_to_nothing_is_named(store: &Store) {
    let world = World::new(store).await;
    let message = world.message(&["chat"]);
    let idempotency = Idempotency { key: "once".to_owned(), fingerprint: Digest([4; 32]), until: at(50) };
    world.commit(sending(&message, Some(idempotency))).await.expect("sent");
    let wide = Message { to: vec!["*".to_owned()], fan_out: true, ..world.message(&[]) };
    world.send(&wide).await;
    world.verify().await;
    let unsent = Value::from(world.id_at(NOW));
    write(&world, "INSERT INTO messages SELECT tenant, 77, $1, sender, thread, kind, priority, domain, NULL FROM messages WHERE tenant = TENANT AND seq = 1", vec![unsent.clone()]).await;
    assert_eq!(problems(&world).await, ["message"]);
    write(&world, "DELETE FROM messages WHERE tenant = TENANT AND seq = 77", vec![]).await;
    write(&world, "UPDATE idempotency SET message = $1 WHERE tenant = TENANT AND key = 'once'", vec![unsent]).await;
    assert_eq!(problems(&world).await, ["idempotency"]);
    write(
        &world,
        "UPDATE idempotency SET message = $1 WHERE tenant = TENANT AND key = 'once'",
        vec![message.id.into()],
    )
    .await;
    write(&world, "INSERT INTO cursors (tenant, name, seq) VALUES (TENANT, 'relay', 99)", vec![]).await;
    assert_eq!(problems(&world).await, ["cursor"]);
    write(&world, "DELETE FROM cursors WHERE tenant = TENANT", vec![]).await;
    write(&world, "UPDATE messages SET fan_out = '~' WHERE tenant = TENANT AND seq = 2", vec![]).await;
    assert_eq!(problems(&world).await, ["message"]);
}

/// The events that rows are made from stay where the rest goes to the archive, and tell of them as before.
pub async fn rows_verify_after_the_log_was_trimmed(store: &Store) {
    let world = one_of_everything(store).await;
    let id = world.sent(&["chat"]).await;
    let held = world.claim_one("chat", NOW).await;
    world.settle("chat", id, ack(held.receipt())).await.expect("acked");
    world.sent(&["other"]).await;
    super::archive::archive(&world, world.head().await).await;
    super::archive::trim(&world, world.head().await - 1).await;
    world.verify().await;
    assert!(store.trimmed(world.tenant).await.expect("read").tells_all);
    write(&world, "UPDATE keys SET role = 0 WHERE tenant = TENANT", vec![]).await;
    assert_eq!(problems(&world).await, ["key"]);
    // A log that an older version trimmed does not tell of everything: what it does tell of is compared.
    write(&world, "UPDATE trims SET untold = seq WHERE tenant = TENANT", vec![]).await;
    write(
        &world,
        "INSERT INTO keys SELECT tenant, 'k2', hash, 0, '[]', '', created_at, NULL FROM keys WHERE tenant = TENANT",
        vec![],
    )
    .await;
    let report = store.verify(world.tenant).await.expect("verified");
    assert_eq!((report.problems.len(), report.left_out.len()), (1, 1), "{report:?}");
}

/// The database checks its own trees, where it can, and neither reads nor writes fail.
pub async fn the_structure_of_a_whole_database_has_no_problem(store: &Store) {
    let world = one_of_everything(store).await;
    for _ in 0..50 {
        world.sent(&["chat", "other"]).await;
    }
    let structure = store.verify_structure().await.expect("checked");
    assert_eq!(structure.problems, []);
    assert_eq!((store.failing_reads(), store.failing_writes().await), (None, None));
}
