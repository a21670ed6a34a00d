//! Decisions over time: deadlines, retired agents, and requests from before decisions were kept.

use std::sync::Arc;

use domain::decision::{Deciding, DecisionState, Effect};
use domain::message::{Kind, Message, MessageId};
use domain::send::Draft;
use domain::{AgentName, Span, State, TenantId};
use engine::{DecisionsQuery, Page, Stepped};
use store::{Advance, Change, Options, SendMessage, Store};
use testkit::engine::{START, TestEngine, draft};

fn proposal(subject: &str) -> Draft {
    let strategy = Some("strategy".to_owned());
    Draft { kind: Kind::Propose, domain: strategy, to: Vec::new(), ..draft("code", "chat", subject) }
}

async fn proposed(engine: &TestEngine, expires_in: Option<Span>) -> MessageId {
    engine.sent(Draft { expires_in, ..proposal("Release?") }).await.message.id
}

async fn state(engine: &TestEngine, id: MessageId) -> DecisionState {
    engine.decision(id, Span::ZERO).await.expect("a decision").state
}

fn approval(from: &str) -> Deciding {
    Deciding { from: Some(from.to_owned()), kind: Some(Kind::Approve), ..Deciding::default() }
}

#[tokio::test]
async fn what_nobody_decides_in_time_expires_and_who_asked_is_told() {
    let engine = TestEngine::new().await;
    let (id, made) =
        (proposed(&engine, Some(Span::from_secs(60))).await, proposed(&engine, Some(Span::from_secs(60))).await);
    engine.decide(made, approval("chat")).await.expect("in time");
    engine.tick(Span::from_secs(59)).await;
    assert_eq!(state(&engine, id).await, DecisionState::Open);
    engine.tick(Span::from_secs(1)).await;
    assert_eq!(
        (state(&engine, id).await, state(&engine, made).await),
        (DecisionState::Expired, DecisionState::Approved)
    );
    let inbox = engine.inbox("code", &[], &Page::default()).await.expect("an inbox");
    let told: Vec<&str> = inbox.items.items.iter().map(|item| item.message.subject.as_str()).collect();
    assert!(told.contains(&"Nobody decided in time: Release?"), "{told:?}");
    let late = engine.decide(id, approval("chat")).await.expect_err("too late").refusal();
    assert_eq!(late.code, domain::Code::AlreadyDecided);
    engine.verified().await;
}

#[tokio::test]
async fn what_a_retired_agent_leaves_goes_back_to_who_sent_it_and_to_the_final_authority() {
    let engine = TestEngine::new().await;
    let id = proposed(&engine, None).await;
    engine.sent(draft("code", "chat", "A remark")).await;
    engine.retire_agent("chat").await.expect("retired");
    let counts = engine.inbox("chat", &[], &Page::default()).await.expect("an inbox").counts;
    assert_eq!((counts[State::Pending as usize], counts[State::Dead as usize]), (0, 2));
    let bounced = engine.inbox("code", &[], &Page::default()).await.expect("an inbox").items.items;
    assert_eq!(bounced.len(), 2);
    assert!(bounced.iter().all(|item| item.message.body.contains("the agent is retired")));
    let waits = DecisionsQuery { asked_of: Some("human".to_owned()), ..DecisionsQuery::default() };
    let found = engine.decisions(waits, &Page::default()).await.expect("a list").items;
    assert_eq!(found.iter().map(|decision| decision.message_id).collect::<Vec<_>>(), [id]);
    let told = engine.inbox("human", &[], &Page::default()).await.expect("an inbox").items.items;
    assert_eq!(told[0].message.subject, "To be decided by you: Release?");
    // The notice is about what was asked: answering it decides that.
    let answer = Draft { kind: Kind::Approve, in_reply_to: Some(told[0].message.id), ..draft("human", "code", "Yes") };
    engine.sent(answer).await;
    assert_eq!(state(&engine, id).await, DecisionState::Approved);
    engine.verified().await;
}

/// A message as it was stored before decisions were kept.
fn old(id: u8, from: &str, kind: Kind, in_reply_to: Option<MessageId>) -> Message {
    let drafted = draft(from, "chat", "From before");
    let to = if from == "code" { "chat" } else { "code" };
    let id = MessageId::new(START, [id; 10]);
    Message {
        id,
        from: AgentName::stored(from.to_owned()),
        to: vec![to.to_owned()],
        recipients: vec![AgentName::stored(to.to_owned())],
        fan_out: false,
        subject: drafted.subject,
        body: drafted.body,
        content_type: "text/markdown".to_owned(),
        kind,
        priority: drafted.priority,
        domain: None,
        in_reply_to,
        thread_id: in_reply_to.unwrap_or(id),
        attachments: Vec::new(),
        evidence: drafted.evidence,
        metadata: None,
        expires_at: None,
        deliver_at: None,
        ack_within: None,
        sent_at: START,
        traceparent: None,
        outcome: None,
    }
}

/// Sends as it was sent before decisions were kept.
async fn sent_before(store: &Store, message: &Message) {
    let data = serde_json::to_string(message).expect("JSON");
    let command = SendMessage {
        message: Arc::new(message.clone()),
        data,
        before: Vec::new(),
        effect: Effect::Nothing,
        idempotency: None,
    };
    let change = Change { tenant: TenantId::DEFAULT, now: START, version: None, command };
    store.commit(change).await.expect("sent");
}

#[tokio::test]
async fn requests_from_before_decisions_were_kept_get_theirs_as_their_threads_say() {
    let mut engine = TestEngine::new().await;
    engine.stop().await;
    let store = Store::open_sqlite(engine.folder(), Options::default()).expect("a store");
    let (open, answered, rejected) =
        (old(1, "code", Kind::Request, None), old(2, "code", Kind::Request, None), old(3, "code", Kind::Propose, None));
    let answers = [old(4, "chat", Kind::Complete, Some(answered.id)), old(5, "chat", Kind::Reject, Some(rejected.id))];
    for message in [&open, &answered, &rejected].into_iter().chain(&answers) {
        sent_before(&store, message).await;
    }
    let seq = store.head(TenantId::DEFAULT).await.expect("read").expect("a head").0;
    let command = Advance { reader: "decisions until", seq };
    store.commit(Change { tenant: TenantId::DEFAULT, now: START, version: None, command }).await.expect("as migrated");
    store.close().await;
    drop(store);
    engine.reopen().await;
    assert_eq!(state(&engine, open.id).await, DecisionState::Open);
    while engine.adopter_step().await.expect("adopted") == Stepped::More {}
    for (message, expected) in
        [(&open, DecisionState::Open), (&answered, DecisionState::Answered), (&rejected, DecisionState::Rejected)]
    {
        assert_eq!(state(&engine, message.id).await, expected);
    }
    engine.decide(open.id, approval("chat")).await.expect("it is open");
    assert_eq!(state(&engine, open.id).await, DecisionState::Approved);
    engine.verified().await;
}
