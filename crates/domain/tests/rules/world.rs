//! A small world for tests: a few agents, a message, a delivery.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::agent::{Agent, AgentKind};
use domain::directory::{Directory, Policy};
use domain::key::{Caller, Role};
use domain::message::{Kind, Message, MessageId, Priority};
use domain::send::Draft;
use domain::{AgentName, Delivery, State, Time};

/// When it is.
pub(crate) const NOW: Time = Time::from_millis(1_000_000);

/// A name.
pub(crate) fn name(text: &str) -> AgentName {
    text.parse().expect("a name")
}

/// The nth id.
pub(crate) fn id(n: u8) -> MessageId {
    MessageId::new(NOW, [n; 10])
}

/// `code` holds testing, `chat` strategy, `human` is the final authority, `old` is retired.
pub(crate) fn directory() -> Directory {
    let mut directory = Directory::default();
    for (agent, kind, domains) in [
        ("code", AgentKind::Ai, &["testing", "implementation"][..]),
        ("chat", AgentKind::Ai, &["strategy"]),
        ("human", AgentKind::Human, &[]),
        ("old", AgentKind::Ai, &["strategy"]),
    ] {
        let mut agent = Agent::new(name(agent), kind, Time(0));
        agent.authority_domains = domains.iter().map(|domain| (*domain).to_owned()).collect();
        agent.retired_at = (agent.name.as_str() == "old").then_some(Time(1));
        directory.agents.insert(agent.name.clone(), agent);
    }
    policy(&mut directory).final_authority.push(name("human"));
    directory
}

/// The directory's policy, to be changed.
pub(crate) fn policy(directory: &mut Directory) -> &mut Policy {
    Arc::make_mut(&mut directory.policy)
}

/// A key of these agents.
pub(crate) fn caller(role: Role, agents: &[&str]) -> Caller {
    Caller { role, agents: agents.iter().map(|agent| name(agent)).collect(), ..Caller::open() }
}

/// The least that can be sent: from `code` to `chat`.
pub(crate) fn draft() -> Draft {
    Draft {
        from: Some("code".into()),
        to: vec!["chat".into()],
        subject: "Hello".into(),
        body: "How are you?".into(),
        content_type: None,
        kind: Kind::Inform,
        priority: Priority::Normal,
        domain: None,
        in_reply_to: None,
        attachments: Vec::new(),
        evidence: BTreeMap::new(),
        metadata: None,
        expires_in: None,
        expires_at: None,
        deliver_in: None,
        deliver_at: None,
        ack_within: None,
        traceparent: None,
        act: None,
    }
}

/// A message from `code` to `chat`.
pub(crate) fn message() -> Message {
    Message {
        id: id(1),
        from: name("code"),
        to: vec!["chat".into()],
        recipients: vec![name("chat")],
        fan_out: false,
        subject: "Hello".into(),
        body: "How are you?".into(),
        content_type: "text/markdown".into(),
        kind: Kind::Inform,
        priority: Priority::Normal,
        domain: None,
        in_reply_to: None,
        thread_id: id(1),
        attachments: Vec::new(),
        evidence: BTreeMap::new(),
        metadata: None,
        expires_at: None,
        deliver_at: None,
        ack_within: None,
        sent_at: NOW,
        traceparent: None,
        outcome: None,
    }
}

/// Its delivery, at position 42.
pub(crate) fn delivery() -> Delivery {
    Delivery { seq: 42, ..Delivery::new(&message(), name("chat")) }
}

/// The same in some state, after one lease.
pub(crate) fn in_state(state: State) -> Delivery {
    let settled_at = (!state.is_live()).then_some(NOW);
    let lease_expires_at = (state == State::Leased).then_some(Time(i64::MAX));
    Delivery { state, attempt: 1, lease: 7, lease_expires_at, settled_at, delivered_at: Some(NOW), ..delivery() }
}
