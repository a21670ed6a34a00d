//! Consuming: each lane on a channel of its own, so that a lane that is full, or that RabbitMQ cannot serve, keeps none of the
//! others waiting.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use domain::Priority;
use futures_util::StreamExt;
use futures_util::future::join_all;
use lapin::message::Delivery;
use lapin::options::{BasicAckOptions, BasicConsumeOptions, BasicQosOptions, BasicRejectOptions};
use lapin::types::FieldTable;
use lapin::{Channel, Consumer};
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};

use super::link::{Link, TIMEOUT};
use super::payload;
use super::prefetch::{Batch, Outcome, Prefetch, Settled};
use super::topology::Topology;
use crate::queues::lanes;

/// Messages that are settled together.
const SETTLED_MAX: usize = 256;

/// The pause before a lane that was denied is asked for on the next connection; doubled with each time.
const DENIED: Duration = Duration::from_millis(100);
/// The longest such pause.
const DENIED_MAX: Duration = Duration::from_secs(20);
/// Between two lanes that were denied.
const STAGGER: Duration = Duration::from_millis(50);

/// Who may say what became of a message.
pub(super) type Settle = mpsc::UnboundedSender<Settled>;

/// How often in a row each lane was asked for and not given, over all connections: in RabbitMQ, a queue that has lost its leader may
/// end the connection of whoever wants to consume it.
#[derive(Default)]
pub(super) struct Denied([AtomicU32; 4]);

impl Denied {
    /// How long a lane is left alone: not at all at first; the lanes one after the other, so that each may fail alone.
    fn pause(&self, lane: Priority) -> Duration {
        match self.0[lane as usize].load(Ordering::Relaxed) {
            0 => Duration::ZERO,
            times => DENIED_MAX.min(DENIED * (1 << times.min(10))) + STAGGER * (lane as u32),
        }
    }

    fn ask(&self, lane: Priority) {
        self.0[lane as usize].fetch_add(1, Ordering::Relaxed);
    }

    fn given(&self, lane: Priority) {
        self.0[lane as usize].store(0, Ordering::Relaxed);
    }
}

/// What consuming needs, and the buffer that it fills.
pub(super) struct Consuming<'a> {
    pub(super) link: &'a Link,
    pub(super) denied: &'a Denied,
    pub(super) topology: &'a Topology,
    pub(super) prefetch: u16,
    pub(super) prefetched: &'a Prefetch,
}

impl Consuming<'_> {
    /// Passes messages to the prefetch buffer until the connection ends.
    pub(super) async fn run(&self, settle: &Settle) {
        join_all(lanes().map(|(_, lane)| self.serve(lane, settle))).await;
    }

    /// Passes one lane's messages on. A lane that gives no answer is asked again later: its queue may have no leader for now,
    /// and the other lanes go on meanwhile.
    async fn serve(&self, lane: Priority, settle: &Settle) {
        let queue = self.topology.queue(lane);
        sleep(self.denied.pause(lane)).await;
        let (channel, mut consumer) = loop {
            self.denied.ask(lane);
            match timeout(TIMEOUT, self.begin(&queue)).await {
                Ok(Ok(begun)) => break begun,
                Ok(Err(error)) => return self.link.end(&error),
                Err(_) => tracing::warn!(queue, "RabbitMQ does not let this queue be consumed"),
            }
            sleep(TIMEOUT).await;
        };
        self.denied.given(lane);
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
        let batch = Batch::new(delivery.acker, tasks.len(), settle.clone());
        self.prefetched.put(tasks, batch);
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
