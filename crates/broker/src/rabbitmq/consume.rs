//! Consuming: one consumer for each lane, so that a full lane keeps none of the others waiting.

use domain::Priority;
use futures_util::StreamExt;
use futures_util::future::join_all;
use futures_util::stream::{once, select_all};
use lapin::message::Delivery;
use lapin::options::{BasicAckOptions, BasicConsumeOptions, BasicQosOptions, BasicRejectOptions};
use lapin::types::FieldTable;
use lapin::{Channel, Consumer};
use tokio::sync::mpsc;

use super::hold::{Hold, Outcome, Parcel, Settled};
use super::link::Link;
use super::payload;
use super::topology::Topology;
use crate::queues::lanes;

/// Messages that are settled together.
const SETTLED_MAX: usize = 256;

/// What a link consumes into.
pub(super) struct Consuming<'a> {
    pub(super) link: &'a Link,
    pub(super) topology: &'a Topology,
    pub(super) prefetch: u16,
    pub(super) hold: &'a Hold,
}

impl Consuming<'_> {
    /// Passes messages to the hold and says what becomes of them, until the connection fails.
    pub(super) async fn run(
        &self,
        settle: &mpsc::UnboundedSender<Settled>,
        settled: &mut mpsc::UnboundedReceiver<Settled>,
    ) {
        let Ok((channel, consumers)) = self.link.ask(self.begin()).await else { return };
        let ended = |lane| once(async move { (lane, None) }).boxed();
        let streams = consumers
            .into_iter()
            .map(|(lane, consumer)| consumer.map(move |came| (lane, Some(came))).chain(ended(lane)));
        let mut deliveries = select_all(streams);
        let mut batch = Vec::with_capacity(SETTLED_MAX);
        loop {
            tokio::select! {
                came = deliveries.next() => match came {
                    Some((lane, Some(Ok(delivery)))) => self.receive(lane, delivery, settle),
                    Some((_, Some(Err(error)))) => return self.link.end(&error),
                    Some((_, None)) | None => return self.link.end(&"a queue was deleted"),
                },
                _ = settled.recv_many(&mut batch, SETTLED_MAX) => {
                    if self.link.ask(say(&mut batch)).await.is_err() {
                        return;
                    }
                }
            }
            // The channel lives as long as its consumers.
            let _ = channel.id();
        }
    }

    async fn begin(&self) -> lapin::Result<(Channel, Vec<(Priority, Consumer)>)> {
        let channel = self.link.connection.create_channel().await?;
        let mut consumers = Vec::new();
        for (_, lane) in lanes() {
            // Holds for the consumers that come after it, for each by itself.
            channel.basic_qos(self.prefetch, BasicQosOptions::default()).await?;
            let queue = self.topology.queue(lane).into();
            let options = BasicConsumeOptions::default();
            consumers.push((lane, channel.basic_consume(queue, "".into(), options, FieldTable::default()).await?));
        }
        Ok((channel, consumers))
    }

    fn receive(&self, lane: Priority, delivery: Delivery, settle: &mpsc::UnboundedSender<Settled>) {
        let Some(tasks) = payload::unpack(lane, &delivery.data) else {
            tracing::warn!(queue = %self.topology.queue(lane), "a message that cannot be read goes to the dead letters");
            let _ = settle.send(Settled { acker: delivery.acker, outcome: Outcome::Unreadable });
            return;
        };
        let parcel = Parcel::new(delivery.acker, tasks.len(), settle.clone());
        self.hold.put(tasks, parcel);
    }
}

/// Settles messages one after the other until nobody can settle any more.
pub(super) async fn settle_the_rest(link: &Link, settled: &mut mpsc::UnboundedReceiver<Settled>) {
    let mut batch = Vec::with_capacity(SETTLED_MAX);
    while settled.recv_many(&mut batch, SETTLED_MAX).await > 0 {
        if link.ask(say(&mut batch)).await.is_err() {
            return;
        }
    }
}

/// Tells RabbitMQ what became of messages. A rejection, other than a negative acknowledgement, counts in every version.
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
