//! The directory: agents, grants, and the version that decisions are made on.

use domain::agent::{Agent, AgentKind};
use domain::directory::Grant;
use domain::event::{EventKind, NewEvent};

use super::world::{NOW, World, at, name, sending};
use crate::{Change, Error, Fact, Record, Store};

fn told(agent: &Agent) -> NewEvent {
    NewEvent::of(EventKind::AgentRegistered, NOW, agent).about(&agent.name)
}

/// Agents and grants are read back as they were put; each put moves the version.
pub async fn agents_and_grants_are_kept_and_move_the_version(store: &Store) {
    let world = World::new(store).await;
    let mut code = Agent::new(name("code"), AgentKind::Ai, NOW);
    let chat = Agent::new(name("chat"), AgentKind::Service, NOW);
    world.record(vec![told(&code), told(&chat)], vec![Fact::Agent(code.clone()), Fact::Agent(chat.clone())]).await;
    code.description = "writes code".into();
    code.retired_at = Some(at(5));
    world.record(vec![told(&code)], vec![Fact::Agent(code.clone())]).await;
    assert_eq!(store.agents(world.tenant).await.expect("agents"), [chat, code]);

    let mut grant = Grant {
        domain: "budget".into(),
        agent: name("chat"),
        until: at(100),
        reason: "month's end".into(),
        granted_at: NOW,
    };
    world.record(vec![], vec![Fact::Grant(grant.clone())]).await;
    grant.until = at(200);
    world.record(vec![], vec![Fact::Grant(grant.clone())]).await;
    assert_eq!(store.grants(world.tenant).await.expect("grants"), [grant]);
    assert_eq!(store.head(world.tenant).await.expect("read").map(|(seq, _, version)| (seq, version)), Some((3, 5)));
}

/// Who decides on a directory that has changed decides again.
pub async fn a_decision_on_an_old_directory_is_a_conflict(store: &Store) {
    let world = World::new(store).await;
    let agent = Agent::new(name("code"), AgentKind::Ai, NOW);
    let decided_on =
        |version| Change { version: Some(version), ..world.change(NOW, sending(&world.message(&["chat"]), None)) };
    store.commit(decided_on(0)).await.expect("sent");
    // In one group: the change of the directory comes first, so what was decided before it is a conflict.
    let moved = Record { events: vec![told(&agent)], facts: vec![Fact::Agent(agent)] };
    let before = store.submit(decided_on(0)).await.expect("in the queue");
    let moving = store.submit(world.change(NOW, moved)).await.expect("in the queue");
    let outcomes = store.commit_all(vec![decided_on(0), decided_on(1)]).await;
    before.committed().await.expect("sent");
    moving.committed().await.expect("recorded");
    assert!(matches!(outcomes[..], [Err(Error::Conflict), Ok(_)]), "{outcomes:?}");
    assert!(matches!(store.commit(decided_on(0)).await, Err(Error::Conflict)));
    assert_eq!(world.pending("chat").await.len(), 3);
}
