//! What can go wrong, and what goes wrong next.

use std::collections::BTreeMap;

use crate::load::random::Random;

/// One thing that goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fault {
    /// An API process is killed and started again.
    KillApi,
    /// An API process is asked to end and started again.
    StopApi,
    /// A worker is killed and started again.
    KillWorker,
    /// RabbitMQ is killed and started again.
    KillRabbitMq,
    /// Whatever waits in RabbitMQ is thrown away.
    PurgeRabbitMq,
    /// Redis is killed and comes back empty.
    KillRedis,
    /// Redis forgets everything.
    FlushRedis,
    /// PostgreSQL is killed and recovers.
    KillPostgres,
    /// Every connection to PostgreSQL is reset.
    CutPostgres,
    /// Nothing passes to or from PostgreSQL for a while.
    StallPostgres,
    /// PostgreSQL does what it is asked, and nobody hears of it.
    LoseAnswers,
    /// Nobody can connect to PostgreSQL for a while.
    RefusePostgres,
}

const ALL: [Fault; 12] = [
    Fault::KillApi,
    Fault::StopApi,
    Fault::KillWorker,
    Fault::KillRabbitMq,
    Fault::PurgeRabbitMq,
    Fault::KillRedis,
    Fault::FlushRedis,
    Fault::KillPostgres,
    Fault::CutPostgres,
    Fault::StallPostgres,
    Fault::LoseAnswers,
    Fault::RefusePostgres,
];

/// A deck of all faults, shuffled again when it is used up: each comes as often as any other, in any order.
#[derive(Default)]
pub(crate) struct Deck {
    left: Vec<Fault>,
    drawn: BTreeMap<Fault, usize>,
}

impl Deck {
    /// Draws the next fault.
    pub(crate) fn draw(&mut self, random: &mut Random) -> Fault {
        if self.left.is_empty() {
            self.left.extend(ALL);
        }
        let fault = self.left.swap_remove(random.below(self.left.len() as u64) as usize);
        *self.drawn.entry(fault).or_default() += 1;
        fault
    }

    /// How often each came.
    pub(crate) fn summary(&self) -> String {
        let counts: Vec<String> = self.drawn.iter().map(|(fault, count)| format!("{fault:?} {count}")).collect();
        counts.join(", ")
    }
}
