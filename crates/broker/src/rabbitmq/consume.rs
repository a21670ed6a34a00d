//! Consuming: each lane on a channel of its own, so that a lane that is full, or that RabbitMQ cannot serve, keeps none of the
//! others waiting.

use domain::Priority;
use futures_util::StreamExt;
use futures_util::future::join_all;
use lapin::message::Delivery;
use lapin::options::{BasicAckOptions, BasicConsumeOptions, BasicQosOptions, BasicRejectOptions};
use lapin::types::FieldTable;
use lapin::{Channel, Consumer};
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};

use super::hold::{Hold, Outcome, Parcel, Settled};
use super::link::{Link, PATIENCE};
use super::payload;
use super::topology::Topology;
use crate::queues::lanes;

/// Messages that are settled together.
const SETTLED_MAX: usize = 256;

/// Who may say what became of a message.
pub(super) type Settle = mpsc::UnboundedSender<Settled>;

/// What a link consumes into.
pub(super) struct Consuming<'a> {
    pub(super) link: &'a Link,
    pub(super) topology: &'a Topology,
    pub(super) prefetch: u16,
    pub(super) hold: &'a Hold,
}

impl Consuming<'_> {
    /// Passes messages to the hold until the connection ends.
    pub(super) async fn run(&self, settle: &Settle) {
        join_all(lanes().map(|(_, lane)| self.serve(lane, settle))).await;
    }

    /// Passes one lane's messages on. A lane that gives no answer is asked again later: its queue may have no leader for now,
    /// and the other lanes go on meanwhile.
    async fn serve(&self, lane: Priority, settle: &Settle) {
        let queue = self.topology.queue(lane);
        let (channel, mut consumer) = loop {
            match timeout(PATIENCE, self.begin(&queue)).await {
                Ok(Ok(begun)) => break begun,
                Ok(Err(error)) => return self.link.end(&error),
                Err(_) => tracing::warn!(queue, "RabbitMQ does not let this queue be consumed"),
            }
            sleep(PATIENCE).await;
        };
        loop {
            match consumer.next().await {
                Some(Ok(delivery)) => self.receive(lane, delivery, settle),
                Some(Err(error)) => return self.link.end(&error),
                None => return self.link.end(&format!("the queue `{queue}` was deleted on channel {}", channel.id())),
            }
        }
    }

    async fn begin(&self, queue: &str) -> lapin::Result<(Channel, Consumer)> {
        let channel = self.link.connection.create_channel().await?;
        channel.basic_qos(self.prefetch, BasicQosOptions::default()).await?;
        let options = BasicConsumeOptions::default();
        let consumer = channel.basic_consume(queue.into(), "".into(), options, FieldTable::default()).await?;
        Ok((channel, consumer))
    }

    fn receive(&self, lane: Priority, delivery: Delivery, settle: &Settle) {
        let Some(tasks) = payload::unpack(lane, &delivery.data) else {
            tracing::warn!(queue = %self.topology.queue(lane), "a message that cannot be read goes to the dead letters");
            let _ = settle.send(Settled { acker: delivery.acker, outcome: Outcome::Unreadable });
            return;
        };
        let parcel = Parcel::new(delivery.acker, tasks.len(), settle.clone());
        self.hold.put(tasks, parcel);
    }
}

/// Tells RabbitMQ what became of messages, until nobody can say so any more or the connection ends.
pub(super) async fn settle_all(link: &Link, settled: &mut mpsc::UnboundedReceiver<Settled>) {
    let mut batch = Vec::with_capacity(SETTLED_MAX);
    while settled.recv_many(&mut batch, SETTLED_MAX).await > 0 {
        if link.ask(say(&mut batch)).await.is_err() {
            return;
        }
    }
}

/// Acks and rejects. A rejection, other than a negative acknowledgement, counts as a return in every version.
async fn say(batch: &mut Vec<Settled>) -> lapin::Result<()> {
    let said = batch.drain(..).map(|Settled { acker, outcome }| async move {
        match outcome {
            Outcome::Done => acker.ack(BasicAckOptions::default()).await,
            Outcome::Unfinished => acker.reject(BasicRejectOptions { requeue: true }).await,
            Outcome::Unreadable => acker.reject(BasicRejectOptions { requeue: false }).await,
        }
    });
    join_all(said).await.into_iter().try_for_each(|said| said.map(drop))
}
