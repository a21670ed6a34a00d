//! The one client of an inbox: it receives, mostly acks, sometimes gives back or forgets.

use std::time::Duration;

use futures_util::future::join_all;
use protocol::{Ack, Nack, Receive, Received};

use super::Load;
use super::random::Random;

/// The pause before a request is made again.
const PAUSE: Duration = Duration::from_millis(10);

/// Receives and acks until it is stopped.
pub(crate) async fn run(agent: &'static str, load: Load, mut random: Random) {
    loop {
        let max = random.below(30) as u32 + 1;
        let ask =
            Receive { max: Some(max), lease: Some("2s".to_owned()), wait: Some("1s".to_owned()), ..Receive::default() };
        match load.client.receive(agent, &ask).await {
            Ok(answer) => {
                load.ledger.note_received(agent, &answer.deliveries);
                let settled = answer.deliveries.iter().map(|received| {
                    let what = random.below(40);
                    settle(agent, &load, received, what)
                });
                join_all(settled).await;
            }
            // pace: a client that asks again
            Err(error) if load.is_passing(&error) => tokio::time::sleep(PAUSE).await,
            Err(error) => return load.ledger.note_violation(format!("`{agent}` could not receive: {error:?}")),
        }
    }
}

async fn settle(agent: &str, load: &Load, received: &Received, what: u64) {
    match what {
        // Forgets it: the lease runs out, and it comes again.
        0 => {}
        1 => {
            let nack = Nack { receipt: received.receipt.clone(), ..Nack::default() };
            // Given back or, when the server was killed meanwhile, back by its lease: it comes again either way.
            let _ = load.client.nack(agent, received.message.id, &nack).await;
        }
        _ => ack(agent, load, received).await,
    }
}

/// Acks until it is answered; a receipt that is stale means that the lease ran out first.
async fn ack(agent: &str, load: &Load, received: &Received) {
    let ack = Ack { receipt: Some(received.receipt.clone()), note: None };
    loop {
        match load.client.ack(agent, received.message.id, &ack).await {
            Ok(_) => return load.ledger.note_acked(agent, received.message.id),
            Err(error) if error.code() == Some("stale-receipt") => return,
            // pace: a client that asks again
            Err(error) if load.is_passing(&error) => tokio::time::sleep(PAUSE).await,
            Err(error) => {
                let seq = received.message.seq;
                return load.ledger.note_violation(format!("`{agent}` could not ack {seq}: {error:?}"));
            }
        }
    }
}
