//! The driver: gives each command to the engine and to the model, and compares what they answer and what they hold.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use domain::decision::{Deciding, DecisionState};
use domain::delivery::{Receipt, Verb};
use domain::message::{Kind, MessageId, Priority};
use domain::send::Draft;
use domain::{AgentKind, Code, Digest, Span, State, Time};
use engine::{AgentPut, EventFilter, IdempotencyKey, InboxItem, Page};
use testkit::engine::{START, TestEngine, draft, refusal};

use crate::command::{AGENTS, Asked, Command, Ruling, SendArgs, Shown, TRIGGERS, To};
use crate::decision::Became;
use crate::world::{ATTEMPTS, Delivery, INLINE, Message, Notice, World};

struct Driver {
    engine: TestEngine,
    world: World,
    /// How far the log was read for notices.
    read: i64,
}

/// Runs the commands on an engine and a model of their own.
pub(crate) async fn run(pauses: Vec<i64>, commands: Vec<Command>) {
    let backoff = pauses.iter().map(|pause| Span::from_secs(*pause)).collect();
    let engine = TestEngine::with(|config| {
        config.agents.retain(|agent| agent.name.as_str() == "human");
        config.delivery.max_attempts = u32::try_from(ATTEMPTS).expect("small");
        config.delivery.backoff = backoff;
        config.limits.inline_recipients = INLINE;
    })
    .await;
    for agent in &AGENTS[1..] {
        engine.put_agent(agent, put()).await.expect("registered");
    }
    let read = engine.head().await.expect("the head").seq;
    let world = World { pauses, events: read, ..World::default() };
    let mut driver = Driver { engine, world, read };
    for command in commands {
        driver.step(command).await;
        driver.adopt_notices().await;
        driver.compare().await;
    }
    driver.engine.verified().await;
}

fn put() -> AgentPut {
    AgentPut {
        kind: AgentKind::Ai,
        description: String::new(),
        authority_domains: Vec::new(),
        webhook: None,
        max_priority_sent: None,
        escalate_to: None,
    }
}

fn at(seconds: i64) -> Time {
    START.plus(Span::from_secs(seconds))
}

fn number(agent: &str) -> usize {
    AGENTS.iter().position(|known| *known == agent).expect("one of the agents")
}

fn hash(args: &SendArgs) -> u64 {
    let mut hasher = DefaultHasher::new();
    args.hash(&mut hasher);
    hasher.finish()
}

fn drafted(args: &SendArgs) -> Draft {
    let span = |span: Option<i64>| span.map(Span::from_secs);
    let mut draft = draft(AGENTS[args.from], "*", "A args");
    if let To::Named(named) = &args.to {
        draft.to = named.iter().map(|agent| AGENTS[*agent].to_owned()).collect();
    }
    Draft {
        kind: if args.asks { Kind::Request } else { Kind::Inform },
        priority: Priority::ALL[args.lane],
        expires_in: span(args.expires_in),
        deliver_in: span(args.deliver_in),
        ack_within: span(args.ack_within),
        ..draft
    }
}

impl Driver {
    async fn step(&mut self, command: Command) {
        match command {
            Command::Send { args, key } => self.send(args, key).await,
            Command::Receive { agent, max, lease } => self.receive(agent, max, lease).await,
            Command::Settle { pick, shown, asked } => self.settle(pick, shown, asked).await,
            Command::Decide { pick, agent, ruling } => self.decide(pick, agent, ruling).await,
            Command::Trigger(trigger) => {
                let moved = self.engine.trigger(TRIGGERS[trigger]).await.expect("triggered");
                assert_eq!(moved, self.world.trigger(trigger));
            }
            Command::Advance(by) => {
                self.engine.tick(Span::from_secs(by)).await;
                self.world.advance(by);
            }
            Command::Retire(agent) => {
                self.engine.retire_agent(AGENTS[agent]).await.expect("retired");
                self.world.retire(agent);
            }
            Command::Put(agent) => {
                let (_, new) = self.engine.put_agent(AGENTS[agent], put()).await.expect("put");
                assert!(!new, "it was registered before");
                self.world.events += i64::from(self.world.retired.remove(&agent));
            }
            Command::Work => {
                self.engine.sweeper_step().await.expect("swept");
                self.engine.work().await;
                self.world.sweep();
                self.world.fan_out();
            }
            Command::Reopen => self.engine.reopen().await,
        }
    }

    async fn send(&mut self, args: SendArgs, key: Option<usize>) {
        let mut fingerprint = [0; 32];
        fingerprint[..8].copy_from_slice(&hash(&args).to_le_bytes());
        let idempotency = key.map(|key| IdempotencyKey {
            key: format!("key-{key}"),
            field: "idempotency_key",
            fingerprint: Digest(fingerprint),
        });
        let outcome = self.engine.send(drafted(&args), idempotency).await;
        let known = key.and_then(|key| self.world.keys.get(&key));
        if let Some((hashed, id)) = known {
            if *hashed == hash(&args) {
                let sent = outcome.expect("answered again");
                assert!(sent.replayed && sent.message.message.id == *id, "the first answer again");
            } else {
                assert_eq!(refusal(outcome).code, Code::IdempotencyMismatch);
            }
            return;
        }
        let recipients = match self.world.recipients(&args) {
            Ok(recipients) => recipients,
            Err(code) => return assert_eq!(refusal(outcome).code, code),
        };
        let sent = outcome.expect("sent");
        assert!(!sent.replayed);
        let (view, now) = (sent.message, self.world.now);
        let fanning_out = recipients.len() > INLINE;
        assert_eq!(view.fanning_out, fanning_out);
        let mut deliveries = BTreeMap::new();
        if !fanning_out {
            deliveries.extend(recipients.iter().map(|agent| (*agent, World::delivery(&args, now))));
        }
        let mut written: Vec<usize> = view.recipients.iter().map(|(agent, _)| number(agent.as_str())).collect();
        written.sort_unstable();
        assert_eq!(written, deliveries.keys().copied().collect::<Vec<_>>());
        let (id, seq) = (view.message.id, view.seq);
        self.world.events += 1;
        assert_eq!(seq, self.world.events, "positions are dense");
        self.world.keys.extend(key.map(|key| (key, (hash(&args), id))));
        let (from, lane) = (Some(args.from), args.lane);
        let asked_of = (!fanning_out).then(|| deliveries.keys().copied().collect());
        self.world.ask(id, &args, asked_of);
        let args = Some(args);
        self.world.messages.push(Message { id, seq, from, lane, args, sent: now, fanning_out, deliveries });
    }

    async fn receive(&mut self, agent: usize, max: usize, lease: i64) {
        let lease_span = Some(Span::from_secs(lease));
        let engine = &self.engine;
        let items = engine.receive(AGENTS[agent], max, lease_span, Span::ZERO).await.expect("received");
        let expected = self.world.receive(agent, max, lease);
        assert_eq!(items.iter().map(|item| item.message.id).collect::<Vec<_>>(), expected);
        for item in items {
            let message = self.world.messages.iter_mut().find(|message| message.id == item.message.id);
            let delivery = message.and_then(|message| message.deliveries.get_mut(&agent)).expect("known");
            delivery.receipts.push(item.delivery.receipt());
        }
    }

    async fn decide(&mut self, pick: usize, agent: usize, ruling: Ruling) {
        let asked: Vec<MessageId> = self.world.decisions.keys().copied().collect();
        let Some(id) = asked.get(pick % asked.len().max(1)).copied() else { return };
        let wide = self.world.decisions[&id].asked_of.is_none();
        if ruling == Ruling::Withdraw && wide {
            return;
        }
        let deciding = Deciding {
            from: Some(AGENTS[agent].to_owned()),
            kind: match ruling {
                Ruling::Approve => Some(Kind::Approve),
                Ruling::Reject | Ruling::Overturn => Some(Kind::Reject),
                Ruling::Withdraw => None,
            },
            note: Some("because".to_owned()),
            edits: None,
            overturn: ruling == Ruling::Overturn,
        };
        let outcome = self.engine.decide(id, deciding).await;
        let recipients = match self.world.rule(id, agent, ruling) {
            Ok(recipients) => recipients,
            Err(code) => {
                let recorded = matches!(code, Code::SelfApproval | Code::OutsideAuthority);
                self.world.events += i64::from(recorded);
                return assert_eq!(refusal(outcome).code, code, "{ruling:?} by {}", AGENTS[agent]);
            }
        };
        let decision = outcome.expect("ruled");
        let seq = self.world.events - 1;
        let lane = self.world.messages.iter().find(|message| message.id == id).map_or(0, |message| message.lane);
        let quiet = SendArgs {
            from: agent,
            to: To::All,
            lane,
            expires_in: None,
            deliver_in: None,
            ack_within: None,
            asks: false,
        };
        let deliveries = recipients.into_iter().map(|to| (to, World::delivery(&quiet, self.world.now))).collect();
        let id = decision.outcome_message_id.expect("a message says so");
        let (from, sent, args) = (Some(agent), self.world.now, None);
        self.world.messages.push(Message { id, seq, from, lane, args, sent, fanning_out: false, deliveries });
    }

    /// Compares every decision.
    async fn compare_decisions(&self) {
        for (id, expected) in &self.world.decisions {
            let found = self.engine.decision(*id, Span::ZERO).await.expect("a decision");
            let state = match expected.ruled.map(|(became, _)| became) {
                None => DecisionState::Open,
                Some(Became::Approved) => DecisionState::Approved,
                Some(Became::Rejected) => DecisionState::Rejected,
                Some(Became::Withdrawn) => DecisionState::Withdrawn,
                Some(Became::Expired) => DecisionState::Expired,
            };
            let by = expected.ruled.and_then(|(_, by)| by).map(|by| AGENTS[by]);
            let decided_by = found.decided_by.as_ref().map(domain::AgentName::as_str);
            assert_eq!((found.state, decided_by, found.asked_by.as_str()), (state, by, AGENTS[expected.asked_by]));
            if let (Some(asked), true) = (&expected.asked_of, expected.ruled.is_none()) {
                let mut of: Vec<usize> = found.asked_of.iter().map(|name| number(name)).collect();
                of.sort_unstable();
                assert_eq!(of, asked.iter().copied().collect::<Vec<_>>(), "who was asked");
            }
        }
    }

    async fn settle(&mut self, pick: usize, shown: Shown, asked: Asked) {
        let all = self.world.messages.iter().enumerate();
        let all: Vec<(usize, usize)> =
            all.flat_map(|(at, message)| message.deliveries.keys().map(move |agent| (at, *agent))).collect();
        let Some((at, agent)) = all.get(pick % all.len().max(1)).copied() else { return };
        // These cannot do without a receipt.
        let needs = matches!(asked, Asked::Nack { .. } | Asked::Extend { .. });
        let shown = if needs && matches!(shown, Shown::Absent) { Shown::Latest } else { shown };
        let verb = self.verb(at, agent, shown, asked);
        let id = self.world.messages[at].id;
        let outcome = self.engine.settle(AGENTS[agent], id, verb).await;
        match self.world.settle(at, agent, shown, asked) {
            Ok(state) => assert_eq!(outcome.expect("done").state, state),
            Err(code) => assert_eq!(refusal(outcome).code, code),
        }
    }

    fn verb(&self, at: usize, agent: usize, shown: Shown, asked: Asked) -> Verb {
        let message = &self.world.messages[at];
        let receipts = &message.deliveries[&agent].receipts;
        let never = Receipt { seq: message.seq, lease: 1 };
        let receipt = match shown {
            Shown::Latest => receipts.last().copied().unwrap_or(never),
            Shown::First | Shown::Absent => receipts.first().copied().unwrap_or(never),
            Shown::Foreign => Receipt { seq: message.seq + 1, lease: 1 },
        };
        let perhaps = Some(receipt).filter(|_| !matches!(shown, Shown::Absent));
        match asked {
            Asked::Ack => Verb::Ack { receipt: perhaps, note: None },
            Asked::Nack { delay } => Verb::Nack { receipt, delay: delay.map(Span::from_secs), reason: None },
            Asked::Extend { lease } => Verb::Extend { receipt, lease: Span::from_secs(lease) },
            Asked::Defer { until, trigger } => {
                let until = until.map(|span| at_in(self.world.now, span));
                let trigger = trigger.map(|trigger| TRIGGERS[trigger].to_owned());
                Verb::Defer { receipt: perhaps, until, trigger, reason: None }
            }
            Asked::Terminate => Verb::Terminate { receipt: perhaps, reason: "enough".to_owned() },
            Asked::Redrive => Verb::Redrive,
        }
    }

    /// Finds the notices that the system sent, each of which the model must have promised, and no other.
    async fn adopt_notices(&mut self) {
        let page = Page { limit: Some(500), after: Some(self.read.to_string()) };
        let filter = EventFilter { kind: Some(domain::EventKind::MessageSent), ..EventFilter::default() };
        let events = self.engine.events(&filter, &page).await.expect("the log");
        let mut promised = std::mem::take(&mut self.world.promised);
        for event in events.items {
            let sent: domain::Message = serde_json::from_str(&event.data).expect("a message");
            self.read = event.seq;
            if sent.from.as_str() != "system" {
                continue;
            }
            let to = number(sent.recipients[0].as_str());
            let about = sent.in_reply_to.expect("a notice is about something");
            let notice = Notice { about, to, lane: sent.priority as usize };
            let found = promised.iter().position(|promised| *promised == notice);
            promised.swap_remove(found.unwrap_or_else(|| panic!("nobody promised {notice:?}: {}", sent.subject)));
            let quiet = SendArgs {
                from: 0,
                to: To::All,
                lane: notice.lane,
                expires_in: None,
                deliver_in: None,
                ack_within: None,
                asks: false,
            };
            let deliveries = BTreeMap::from([(to, World::delivery(&quiet, self.world.now))]);
            let (id, seq, sent_at, lane) = (sent.id, event.seq, self.world.now, notice.lane);
            let message =
                Message { id, seq, from: None, lane, args: None, sent: sent_at, fanning_out: false, deliveries };
            self.world.messages.push(message);
            self.world.events += 1;
        }
        assert_eq!(promised, [], "notices that were never sent");
    }

    /// Compares every inbox, every decision and the length of the log.
    async fn compare(&self) {
        self.compare_decisions().await;
        let head = self.engine.head().await.expect("the head");
        assert_eq!(head.seq, self.world.events, "every change is one event, and nothing else is");
        for (agent, name) in AGENTS.iter().enumerate() {
            let mut expected: Vec<(&Message, &Delivery)> = self
                .world
                .messages
                .iter()
                .filter_map(|message| message.deliveries.get(&agent).map(|delivery| (message, delivery)))
                .collect();
            expected.sort_by_key(|(message, _)| (message.lane, message.seq));
            let mut counts = [0; 6];
            for (_, delivery) in &expected {
                counts[delivery.state as usize] += 1;
            }
            // Looks into the states that should not be empty; that the others are, the counts say.
            let states: Vec<State> = State::ALL.iter().copied().filter(|state| counts[*state as usize] > 0).collect();
            let page = Page { limit: Some(500), after: None };
            let inbox = self.engine.inbox(name, &states, &page).await.expect("the inbox");
            assert_eq!(inbox.items.items.len(), expected.len(), "deliveries of {name}");
            for (item, (message, delivery)) in inbox.items.items.iter().zip(expected) {
                same(item, message, delivery);
            }
            assert_eq!(inbox.counts, counts, "counts of {name}");
        }
    }
}

fn at_in(now: i64, span: i64) -> Time {
    at(now + span)
}

fn same(item: &InboxItem, message: &Message, expected: &Delivery) {
    let found = &item.delivery;
    assert_eq!(found.message, message.id, "the order of an inbox");
    let found = (
        (found.state, found.attempt, found.reminded),
        (found.lease_expires_at, found.deferred_until, found.trigger.as_deref()),
        (found.expires_at, found.ack_by),
    );
    let expected = (
        (expected.state, expected.attempt, expected.reminded),
        (expected.lease_until.map(at), expected.deferred_until.map(at), expected.trigger_name()),
        (expected.expires.map(at), expected.ack_by.map(at)),
    );
    assert_eq!(found, expected, "message {} to {}", item.delivery.seq, item.delivery.agent);
}
