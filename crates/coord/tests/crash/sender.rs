//! A client that sends, and sends again with the same key until it is answered.

use std::sync::Arc;
use std::time::Duration;

use api::client::Error;
use api::{Client, Priority, SendMessage};
use tokio::sync::watch;

use crate::AGENTS;
use crate::chance::Chance;
use crate::ledger::Ledger;

const LANES: [Priority; 4] = [Priority::Critical, Priority::High, Priority::Normal, Priority::Info];

/// Sends until `go_on` is false, each message until it is answered.
pub(crate) async fn run(
    number: u64,
    client: Client,
    ledger: Arc<Ledger>,
    go_on: watch::Receiver<bool>,
    mut chance: Chance,
) {
    let mut last = [0; LANES.len()];
    for count in 0.. {
        if !*go_on.borrow() {
            return;
        }
        let key = format!("sender-{number}-message-{count}");
        let lane = chance.below(4) as usize;
        let message = message(&key, lane, &mut chance);
        let Some(seq) = send(&client, &ledger, &key, &message).await else { return };
        if seq <= last[lane] {
            ledger.note_violation(format!("`{key}` got position {seq}, behind {} that was before it", last[lane]));
        }
        last[lane] = seq;
    }
}

fn message(key: &str, lane: usize, chance: &mut Chance) -> SendMessage {
    let first = chance.below(4) as usize;
    let mut to = vec![AGENTS[first].to_owned()];
    if chance.below(3) == 0 {
        to.push(AGENTS[(first + 1) % AGENTS.len()].to_owned());
    }
    SendMessage {
        from: Some("code".to_owned()),
        to: Some(to.into()),
        subject: key.to_owned(),
        body: "x".repeat(chance.below(600) as usize),
        priority: Some(LANES[lane]),
        ..SendMessage::default()
    }
}

/// Sends one message until it is answered, and returns its position; none when it was refused.
async fn send(client: &Client, ledger: &Ledger, key: &str, message: &SendMessage) -> Option<u64> {
    loop {
        match client.send_message(message, Some(key)).await {
            Ok(answer) => {
                ledger.note_sent(key, &answer, answer.replayed);
                return Some(answer.seq);
            }
            Err(error) if is_passing(&error) => tokio::time::sleep(Duration::from_millis(10)).await,
            Err(error) => {
                ledger.note_violation(format!("`{key}` was refused: {error:?}"));
                return None;
            }
        }
    }
}

/// Whether an error is one of a server that is down or busy: perhaps done, and to be tried again.
pub(crate) fn is_passing(error: &Error) -> bool {
    match error {
        Error::Unreachable { .. } => true,
        Error::Problem(problem) => problem.status == 503 || problem.status == 429,
        _ => false,
    }
}
