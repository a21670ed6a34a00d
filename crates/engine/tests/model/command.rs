//! Commands: what may be asked of an engine, and how they are drawn.

use proptest::prelude::*;

/// The agents: `human` has the last word, the others come and go.
pub(crate) const AGENTS: [&str; 5] = ["human", "ann", "bob", "cid", "dot"];
/// Triggers that deferrals wait for.
pub(crate) const TRIGGERS: [&str; 2] = ["build", "review"];

/// To whom a message goes.
#[derive(Clone, Debug, Hash)]
pub(crate) enum To {
    /// To these agents, by number.
    Named(Vec<usize>),
    /// To everybody else.
    All,
}

/// A message to send; spans are seconds.
#[derive(Clone, Debug, Hash)]
pub(crate) struct SendArgs {
    pub(crate) from: usize,
    pub(crate) to: To,
    pub(crate) lane: usize,
    pub(crate) expires_in: Option<i64>,
    pub(crate) deliver_in: Option<i64>,
    pub(crate) ack_within: Option<i64>,
    /// Whether it asks for a decision.
    pub(crate) asks: bool,
}

/// Which receipt a verb carries.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Shown {
    /// That of the latest lease, or one that never was.
    Latest,
    /// That of the first lease, or one that never was.
    First,
    /// That of another delivery.
    Foreign,
    /// None, where the verb can do without.
    Absent,
}

/// A verb; spans are seconds.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Asked {
    Ack,
    Nack { delay: Option<i64> },
    Extend { lease: i64 },
    Defer { until: Option<i64>, trigger: Option<usize> },
    Terminate,
    Redrive,
}

/// What becomes of a decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ruling {
    Approve,
    Reject,
    Overturn,
    Withdraw,
}

/// A command.
#[derive(Clone, Debug)]
pub(crate) enum Command {
    Send {
        args: SendArgs,
        key: Option<usize>,
    },
    Receive {
        agent: usize,
        max: usize,
        lease: i64,
    },
    Settle {
        pick: usize,
        shown: Shown,
        asked: Asked,
    },
    /// Approves, rejects or withdraws what one of the messages asked.
    Decide {
        pick: usize,
        agent: usize,
        ruling: Ruling,
    },
    Trigger(usize),
    Advance(i64),
    Retire(usize),
    Put(usize),
    /// Publishes and fans out what is to be.
    Work,
    Reopen,
}

/// Few different spans, so that some things fall due at the same moment.
fn span() -> impl Strategy<Value = i64> {
    prop_oneof![Just(1_i64), Just(2), Just(5), Just(10)]
}

fn args() -> impl Strategy<Value = SendArgs> {
    let to = prop_oneof![
        5 => proptest::collection::vec(0..AGENTS.len(), 1..=2).prop_map(To::Named),
        1 => Just(To::All),
    ];
    let maybe = || proptest::option::weighted(0.25, span());
    (0..AGENTS.len(), to, 0..4_usize, maybe(), maybe(), maybe(), proptest::bool::weighted(0.4)).prop_map(
        |(from, to, lane, expires_in, deliver_in, ack_within, asks)| SendArgs {
            from,
            to,
            lane,
            expires_in,
            deliver_in,
            ack_within,
            asks,
        },
    )
}

fn asked() -> impl Strategy<Value = Asked> {
    let maybe = || proptest::option::of(span());
    prop_oneof![
        4 => Just(Asked::Ack),
        4 => maybe().prop_map(|delay| Asked::Nack { delay }),
        1 => span().prop_map(|lease| Asked::Extend { lease }),
        3 => (maybe(), proptest::option::of(0..TRIGGERS.len()))
            .prop_map(|(until, trigger)| Asked::Defer { until, trigger }),
        1 => Just(Asked::Terminate),
        1 => Just(Asked::Redrive),
    ]
}

fn shown() -> impl Strategy<Value = Shown> {
    prop_oneof![
        8 => Just(Shown::Latest),
        1 => Just(Shown::First),
        1 => Just(Shown::Foreign),
        2 => Just(Shown::Absent),
    ]
}

/// Draws a command.
pub(crate) fn command() -> impl Strategy<Value = Command> {
    prop_oneof![
        6 => (args(), proptest::option::weighted(0.3, 0..2_usize))
            .prop_map(|(args, key)| Command::Send { args, key }),
        6 => (0..AGENTS.len(), 1..4_usize, span())
            .prop_map(|(agent, max, lease)| Command::Receive { agent, max, lease }),
        8 => (any::<usize>(), shown(), asked())
            .prop_map(|(pick, shown, asked)| Command::Settle { pick, shown, asked }),
        4 => (any::<usize>(), 0..AGENTS.len(), 0..4_usize).prop_map(|(pick, agent, ruling)| Command::Decide {
            pick,
            agent,
            ruling: [Ruling::Approve, Ruling::Reject, Ruling::Overturn, Ruling::Withdraw][ruling],
        }),
        1 => (0..TRIGGERS.len()).prop_map(Command::Trigger),
        4 => span().prop_map(Command::Advance),
        1 => (1..AGENTS.len()).prop_map(Command::Retire),
        1 => (1..AGENTS.len()).prop_map(Command::Put),
        2 => Just(Command::Work),
        1 => Just(Command::Reopen),
    ]
}
