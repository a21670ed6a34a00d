//! A steady load of senders and receivers that write down what they were told, and a look at whether that is so.

pub(crate) mod ledger;
pub(crate) mod random;
pub(crate) mod receiver;
pub(crate) mod sender;
pub(crate) mod verdict;

use std::sync::Arc;
use std::time::Duration;

use client::Client;
use client::Error;
use tokio::sync::watch;
use tokio::task::JoinSet;

use self::ledger::Ledger;
use self::random::Random;

/// How the clients of a run behave.
#[derive(Clone)]
pub(crate) struct Load {
    /// Whom they ask.
    pub(crate) client: Client,
    /// Where they write down what they were told.
    pub(crate) ledger: Arc<Ledger>,
    /// Who receives; everybody but the sender `code`.
    pub(crate) agents: &'static [&'static str],
    /// How long each sender waits between two sends.
    pub(crate) pace: Duration,
    /// Whether a request that found nobody, or a busy server, is made again; otherwise it is a violation.
    pub(crate) again: bool,
    /// Of so many messages one goes to everybody; 0: none.
    pub(crate) broadcasts: u64,
}

impl Load {
    /// Whether to ask again: the server is down or busy, and what was asked for was perhaps done.
    fn is_passing(&self, error: &Error) -> bool {
        self.again
            && match error {
                Error::Unreachable { .. } => true,
                Error::Problem(problem) => problem.status == 503 || problem.status == 429,
                _ => false,
            }
    }
}

/// The clients of a run, at work.
pub(crate) struct Clients {
    load: Load,
    go_on: watch::Sender<bool>,
    senders: JoinSet<()>,
    receivers: JoinSet<()>,
}

impl Clients {
    /// Registers the agents and starts so many senders, and a receiver for each agent.
    pub(crate) async fn start(load: Load, senders: u64, random: &mut Random) -> Self {
        for agent in load.agents {
            load.client.put_agent(agent, &protocol::PutAgent::default()).await.unwrap();
        }
        let (go_on, watching) = watch::channel(true);
        let mut clients = Self { load, go_on, senders: JoinSet::new(), receivers: JoinSet::new() };
        for number in 0..senders {
            clients.senders.spawn(sender::run(number, clients.load.clone(), watching.clone(), random.fork()));
        }
        for agent in clients.load.agents {
            clients.receivers.spawn(receiver::run(agent, clients.load.clone(), random.fork()));
        }
        clients
    }

    /// Ends the senders, each after its last message is answered, and waits until everything is received and acknowledged.
    /// Answers whether that was within the time.
    pub(crate) async fn drain(mut self, within: Duration) -> bool {
        self.go_on.send_replace(false);
        while let Some(ended) = self.senders.join_next().await {
            ended.unwrap();
        }
        let drained = tokio::time::timeout(within, self.load.ledger.all_acked()).await.is_ok();
        self.receivers.shutdown().await;
        drained
    }
}
