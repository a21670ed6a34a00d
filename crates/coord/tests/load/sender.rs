//! A client that sends, and sends again with the same key until it is answered.

use std::time::Duration;

use protocol::{Priority, SendMessage};
use tokio::sync::watch;

use super::Load;
use super::random::Random;

const LANES: [Priority; 4] = [Priority::Critical, Priority::High, Priority::Normal, Priority::Info];

/// The pause before a request is made again.
const PAUSE: Duration = Duration::from_millis(10);

/// Sends until `go_on` is false, each message until it is answered.
pub(crate) async fn run(number: u64, load: Load, go_on: watch::Receiver<bool>, mut random: Random) {
    let mut last = [0; LANES.len()];
    for count in 0.. {
        if !*go_on.borrow() {
            return;
        }
        let key = format!("sender-{number}-message-{count}");
        let lane = random.below(4) as usize;
        let to = recipients(&load, &mut random);
        let Some(seq) = send(&load, &message(&key, lane, &to, &mut random), &to).await else { return };
        if seq <= last[lane] {
            load.ledger.note_violation(format!("`{key}` got position {seq}, behind {} that was before it", last[lane]));
        }
        last[lane] = seq;
        // pace: the rate that the test asks for
        tokio::time::sleep(load.pace).await;
    }
}

/// One agent, or two, or everybody.
fn recipients(load: &Load, random: &mut Random) -> Vec<String> {
    if load.broadcasts > 0 && random.below(load.broadcasts) == 0 {
        return load.agents.iter().map(|agent| (*agent).to_owned()).collect();
    }
    let first = random.below(load.agents.len() as u64) as usize;
    let count = if random.below(3) == 0 { 2 } else { 1 };
    (first..first + count).map(|at| load.agents[at % load.agents.len()].to_owned()).collect()
}

fn message(key: &str, lane: usize, to: &[String], random: &mut Random) -> SendMessage {
    let to = if to.len() > 2 { vec!["*".to_owned()] } else { to.to_vec() };
    SendMessage {
        from: Some("code".to_owned()),
        to: Some(to.into()),
        subject: key.to_owned(),
        body: "x".repeat(random.below(600) as usize),
        priority: Some(LANES[lane]),
        ..SendMessage::default()
    }
}

/// Sends one message until it is answered, and returns its position; none when it was refused.
async fn send(load: &Load, message: &SendMessage, to: &[String]) -> Option<u64> {
    let key = &message.subject;
    loop {
        match load.client.send_message(message, Some(key)).await {
            Ok(answer) => {
                load.ledger.note_sent(key, &answer, to, answer.replayed);
                return Some(answer.seq);
            }
            // pace: a client that sends again
            Err(error) if load.is_passing(&error) => tokio::time::sleep(PAUSE).await,
            Err(error) => {
                load.ledger.note_violation(format!("`{key}` was refused: {error:?}"));
                return None;
            }
        }
    }
}
