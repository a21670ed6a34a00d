//! Random work: whatever is done, the books agree.

use domain::delivery::{Receipt, Verb};
use domain::message::{Message, MessageId, Priority};
use domain::{Span, State};

use super::world::{World, at, sending};
use crate::{FanOut, Store, Trigger};

const AGENTS: [&str; 3] = ["chat", "code", "third"];

/// Numbers that look random and are the same every time (Marsaglia's xorshift).
struct Dice(u64);

impl Dice {
    fn throw(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % sides as u64) as usize
    }

    fn agent(&mut self) -> &'static str {
        AGENTS[self.throw(AGENTS.len())]
    }
}

/// Work in one world, step by step.
struct Work<'a> {
    world: World<'a>,
    dice: Dice,
    sent: Vec<MessageId>,
    receipts: Vec<(&'static str, MessageId, Receipt)>,
    now: i64,
}

impl<'a> Work<'a> {
    fn new(world: World<'a>, seed: u64) -> Self {
        Self { world, dice: Dice(seed), sent: Vec::new(), receipts: Vec::new(), now: 0 }
    }

    async fn step(&mut self) {
        self.now += self.dice.throw(20) as i64;
        match self.dice.throw(10) {
            0..=3 => self.send().await,
            4..=5 => self.claim().await,
            6..=7 => self.settle().await,
            8 => self.world.elapse_all(at(self.now)).await,
            _ => {
                let change = self.world.change(at(self.now), Trigger { name: "built".to_owned(), max: 3 });
                self.world.store.commit(change).await.expect("triggered");
            }
        }
    }

    async fn send(&mut self) {
        let (dice, now) = (&mut self.dice, at(self.now));
        let later = |dice: &mut Dice, odds: usize| {
            let secs = 1 + dice.throw(200) as i64;
            (dice.throw(odds) == 0).then(|| Span::from_secs(secs))
        };
        let mut message: Message = self.world.message(&AGENTS[..=dice.throw(AGENTS.len())]);
        message.sent_at = now;
        message.priority = Priority::ALL[dice.throw(4)];
        message.deliver_at = later(dice, 6).map(|span| now.plus(span));
        message.expires_at = later(dice, 3).map(|span| message.deliver_at.unwrap_or(now).plus(span));
        message.ack_within = later(dice, 4);
        message.fan_out = dice.throw(8) == 0;
        self.world.store.commit(self.world.change(now, sending(&message, None))).await.expect("sent");
        if message.fan_out {
            let seq = self.world.store.fanning_out(self.world.tenant, 1).await.expect("read").remove(0);
            let agents = vec![super::world::name("wide")];
            self.world.commit(FanOut { seq, after: String::new(), agents, done: true }).await.expect("fanned out");
        }
        self.sent.push(message.id);
    }

    async fn claim(&mut self) {
        let agent = self.dice.agent();
        let max = 1 + self.dice.throw(4);
        for claim in self.world.claim(agent, max, at(self.now)).await {
            self.receipts.push((agent, claim.delivery.message, claim.delivery.receipt()));
        }
    }

    /// Asks something, sensible or not; refusals are part of the work.
    async fn settle(&mut self) {
        let dice = &mut self.dice;
        let held = (!self.receipts.is_empty()).then(|| self.receipts.swap_remove(dice.throw(self.receipts.len())));
        let stray = (!self.sent.is_empty()).then(|| self.sent[dice.throw(self.sent.len())]);
        let (Some(stray), Receipt { .. }) = (stray, held.map_or(Receipt { seq: 1, lease: 1 }, |(.., receipt)| receipt))
        else {
            return;
        };
        let (agent, message, receipt) = held.unwrap_or((dice.agent(), stray, Receipt { seq: 1, lease: 1 }));
        let until = Some(at(self.now + 30));
        let reason = Some("because".to_owned());
        let verb = match dice.throw(8) {
            0..=1 => Verb::Ack { receipt: Some(receipt), note: reason },
            2 => Verb::Nack { receipt, delay: None, reason },
            3 => Verb::Nack { receipt, delay: Some(Span::from_secs(40)), reason },
            4 => Verb::Extend { receipt, lease: Span::from_secs(90) },
            5 => Verb::Defer { receipt: None, until, trigger: None, reason },
            6 => Verb::Defer { receipt: None, until: None, trigger: Some("built".to_owned()), reason },
            _ => Verb::Terminate { receipt: None, reason: "enough".to_owned() },
        };
        let change = self.world.change(at(self.now), self.world.settling(agent, message, verb));
        drop(self.world.store.commit(change).await);
        if dice.throw(5) == 0 {
            let redrive = self.world.change(at(self.now), self.world.settling(agent, stray, Verb::Redrive));
            drop(self.world.store.commit(redrive).await);
        }
    }
}

/// The counts that are kept are those that counting gives, and the log tells of every delivery as it stands.
pub async fn after_random_work_counts_are_what_counting_gives_and_verification_is_clean(store: &Store) {
    for (seed, tenant) in [(1, "default"), (77, "second"), (4_711, "third")] {
        let mut work = Work::new(World::of(store, tenant).await, seed);
        for _ in 0..250 {
            work.step().await;
        }
        let world = &work.world;
        let mut seen = [0; 6];
        for agent in AGENTS.iter().chain(["wide", "human"].iter()) {
            let counts = store.inbox_counts(world.tenant, agent).await.expect("counts");
            for state in State::ALL {
                let found = store.inbox(world.tenant, agent, *state, (-1, 0), 10_000).await.expect("an inbox").len();
                assert_eq!(counts[state.code() as usize], found as i64, "{agent} {state}");
                seen[state.code() as usize] += found;
            }
        }
        assert!(seen.iter().all(|n| *n > 0), "the work reached every state: {seen:?}");
        world.verify().await;
    }
}

/// Verification goes on beside everything else and finds nothing wrong that is only in motion.
pub async fn verification_is_clean_while_work_goes_on(store: &Store) {
    let mut work = Work::new(World::new(store).await, 99);
    for _ in 0..50 {
        work.step().await;
    }
    let verifying = World::new(store).await;
    let rounds = async {
        for _ in 0..15 {
            let report = verifying.store.verify(verifying.tenant).await.expect("verified");
            assert_eq!(report.problems, []);
        }
    };
    let working = async {
        for _ in 0..150 {
            work.step().await;
        }
    };
    tokio::join!(rounds, working);
    verifying.verify().await;
}
