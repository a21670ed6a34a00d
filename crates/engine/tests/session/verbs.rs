//! Every verb with what a caller would name to it: a verb without a row fails [`crate::source`].

use std::collections::BTreeMap;
use std::pin::Pin;
use std::time::Duration;

use domain::decision::Deciding;
use domain::delivery::Verb;
use domain::filter::{ReceiveFilter, Receiving};
use domain::key::Role;
use domain::message::Kind;
use domain::send::Draft;
use domain::{AgentKind, Digest, MessageId, Span};
use engine::{
    AgentPut, AuthorityCheck, BoxError, DecisionsQuery, EventFilter, GrantRequest, KeyRequest, MessageFilter, Page,
    Result, Session,
};
use futures_util::{Stream, StreamExt};
use testkit::engine::draft;

/// What a tenant has and another may name.
#[derive(Clone, Debug)]
pub(crate) struct Named {
    pub(crate) tenant: String,
    pub(crate) agent: String,
    pub(crate) message: MessageId,
    pub(crate) attachment: Digest,
    pub(crate) key: String,
    pub(crate) trigger: String,
}

impl Named {
    /// A text without the names, so that what is answered about two of them can be compared.
    pub(crate) fn without(&self, text: &str) -> String {
        let mut text = text.to_owned();
        let names = [
            self.message.to_string(),
            self.attachment.to_string(),
            self.agent.clone(),
            self.trigger.clone(),
            self.tenant.clone(),
            self.key.clone(),
        ];
        for name in names {
            text = text.replace(&name, "NAME");
        }
        text
    }
}

type Shown = Pin<Box<dyn Future<Output = Result<String>> + Send>>;

/// A verb, called with names; answers what a caller learns, without what is made anew at each call.
pub(crate) struct Row {
    pub(crate) name: &'static str,
    pub(crate) call: fn(Session, Named) -> Shown,
}

macro_rules! verbs {
    (|$named:ident| $($verb:ident($($arg:expr),*) as $answer:pat => $shown:expr;)*) => {
        pub(crate) const VERBS: &[Row] = &[$(Row {
            name: stringify!($verb),
            call: |session, $named| Box::pin(async move {
                let _ = &$named;
                let $answer = session.$verb($($arg),*).await?;
                Ok(format!("{:?}", $shown))
            }),
        }),*];
    };
}

verbs! { |named|
    create_key(key(Some(named.tenant.clone()))) as (key, _) => key.role;
    whoami() as who => who.role;
    keys(&page()) as keys => keys.items.into_iter().map(|key| key.name).collect::<Vec<_>>();
    revoke_key(&named.key) as key => key.name;
    message(named.message) as view => view.message.subject.clone();
    receipts(named.message) as receipts => receipts.deliveries.len();
    messages(by(&named.agent), &page()) as found => found.items.len();
    thread(named.message, &page(), Span::ZERO) as found => found.items.len();
    agents(&page()) as found => found.items.into_iter().map(|view| view.agent.name).collect::<Vec<_>>();
    agent(&named.agent) as view => view.agent.name;
    heartbeat(&named.agent) as view => view.agent.name;
    settle(&named.agent, named.message, Verb::Ack { receipt: None, note: None }) as delivery => delivery.state;
    trigger(&named.trigger) as moved => moved;
    events(&about(named.message), &page()) as found => found.items.len();
    head() as head => head.seq;
    verify() as report => report.checked;
    verify_archive() as report => report.checked;
    verify_attachments() as report => report.problems.len();
    create_tenant(&named.tenant) as tenant => tenant.name;
    tenants(&page()) as found => found.items.into_iter().map(|tenant| tenant.name).collect::<Vec<_>>();
    authority() as view => (view.domains, view.grants);
    check_authority(inquiry(&named.agent, named.message)) as judged => judged.is_ok();
    decisions(asked_of(&named.agent), &page()) as found => found.items.len();
    decision(named.message, Span::ZERO) as decision => decision.state;
    decide(named.message, Deciding { from: Some(named.agent.clone()), ..Deciding::default() }) as decision => decision.state;
    receive_only(&named.agent, requests()) as items => items.len();
    receive_while(&named.agent, requests(), std::future::pending()) as items => items.len();
    grant(lent(&named.agent, engine::Clock::system().now())) as grant => grant.agent;
    gates() as gates => gates.enabled;
    evaluate_gates(Kind::Complete, &BTreeMap::new()) as results => results.len();
    inbox(&named.agent, &[], &page()) as inbox => inbox.counts;
    receive(&named.agent, 1, None, Span::ZERO) as items => items.len();
    dead_letters(Some(&named.agent), &page()) as found => found.items.len();
    webhook_secret(&named.agent) as _ => "a secret";
    rotate_webhook_secret(&named.agent) as _ => "a secret";
    send(answering(named.message), None) as sent => sent.replayed;
    send_batch(vec![(attaching(named.attachment), None)]) as sent => sent.into_iter().map(why).collect::<Vec<_>>();
    check_send(draft("human", &named.agent, "Hello")) as decision => matches!(decision, domain::send::Verdict::Send(..));
    follow_events(about(named.message), 0) as events => first(events).await;
    follow_inbox(&named.agent, Some(0)) as (after, items) => (after, first(items).await);
    attachment(named.attachment) as attachment => attachment.size;
    open_attachment(named.attachment, None) as (attachment, _) => attachment.size;
    store_attachment("text/plain".to_owned(), None, bytes(&named.agent)) as (attachment, _) => attachment.media_type;
    retire_agent(&named.agent) as view => view.agent.name;
    put_agent(&named.agent, put()) as (view, created) => (view.agent.name, created);
}

fn inquiry(agent: &str, in_reply_to: MessageId) -> AuthorityCheck {
    AuthorityCheck { agent: agent.to_owned(), kind: Kind::Inform, domain: None, in_reply_to: Some(in_reply_to) }
}

fn asked_of(agent: &str) -> DecisionsQuery {
    DecisionsQuery { asked_of: Some(agent.to_owned()), ..DecisionsQuery::default() }
}

fn requests() -> Receiving {
    let filter = ReceiveFilter { kinds: vec![Kind::Request], thread: None };
    Receiving { max: 1, lease: None, wait: Span::ZERO, filter }
}

fn page() -> Page {
    Page::default()
}

fn key(tenant: Option<String>) -> KeyRequest {
    KeyRequest { role: Role::Observer, agents: Vec::new(), name: "made".to_owned(), tenant }
}

fn by(agent: &str) -> MessageFilter {
    MessageFilter { from: Some(agent.parse().expect("a name")), ..MessageFilter::default() }
}

fn about(message: MessageId) -> EventFilter {
    EventFilter { message: Some(message), ..EventFilter::default() }
}

fn lent(agent: &str, now: domain::Time) -> GrantRequest {
    let until = now.plus(Span::from_secs(60));
    GrantRequest { domain: "testing".to_owned(), agent: agent.to_owned(), until, reason: "For a test.".to_owned() }
}

fn answering(message: MessageId) -> Draft {
    Draft { in_reply_to: Some(message), ..draft("human", "human", "Hello") }
}

fn attaching(sha256: Digest) -> Draft {
    let attachments = vec![domain::attachment::Attached { sha256, name: None }];
    Draft { attachments, ..draft("human", "human", "Hello") }
}

pub(crate) fn put() -> AgentPut {
    AgentPut {
        kind: AgentKind::Ai,
        description: String::new(),
        authority_domains: Vec::new(),
        webhook: None,
        max_priority_sent: None,
        escalate_to: None,
    }
}

fn bytes(text: &str) -> impl Stream<Item = std::result::Result<bytes::Bytes, BoxError>> + Send + use<> {
    futures_util::stream::iter([Ok(bytes::Bytes::from(text.to_owned()))])
}

fn why<T>(outcome: Result<T>) -> String {
    outcome.map_or_else(|error| error.refusal().detail, |_| "sent".to_owned())
}

/// Whether a stream has anything to begin with.
async fn first<T>(stream: impl Stream<Item = Result<T>> + Send) -> bool {
    let mut stream = std::pin::pin!(stream);
    tokio::time::timeout(Duration::from_millis(50), stream.next()).await.is_ok()
}
