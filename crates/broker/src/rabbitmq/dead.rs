//! Dead letters in RabbitMQ: looked at, and sent again.

use domain::{Priority, Time};
use lapin::message::BasicGetMessage;
use lapin::options::{BasicAckOptions, BasicGetOptions, BasicRejectOptions, QueueDeclareOptions};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{Channel, Result};

use super::{RabbitMq, payload};
use crate::{DeadLetter, Error};

/// Bytes that are shown of what cannot be read.
const SHOWN: usize = 200;

/// How many messages a queue has that are in nobody's hands.
pub(super) async fn count(channel: &Channel, queue: &str) -> Result<i64> {
    let passive = QueueDeclareOptions::durable().passive();
    Ok(channel.queue_declare(queue.into(), passive, FieldTable::default()).await?.message_count().into())
}

impl RabbitMq {
    pub(crate) async fn dead_letters(&self, max: usize) -> std::result::Result<Vec<DeadLetter>, Error> {
        let link = self.link().await?;
        let looking = async {
            let channel = link.connection.create_channel().await?;
            let held = self.hold_letters(&channel, max).await?;
            let letters = held.iter().map(|letter| self.read(letter)).collect();
            for letter in held {
                letter.acker.reject(BasicRejectOptions { requeue: true }).await?;
            }
            channel.close(200, "done".into()).await?;
            Ok(letters)
        };
        link.ask(looking).await
    }

    /// Sends the first letters again. All of them are in hand before the first is sent, so that none that dies again at once
    /// is sent twice; and each is sent before it is taken out, so that it may be there twice, but is never lost.
    pub(crate) async fn redrive(&self, max: usize) -> std::result::Result<usize, Error> {
        let link = self.link().await?;
        let channel = link.ask(link.connection.create_channel()).await?;
        let held = link.ask(self.hold_letters(&channel, max)).await?;
        let count = held.len();
        for letter in held {
            link.publish(self.lane(&letter), std::slice::from_ref(&letter.data), &self.inner.topology).await?;
            link.ask(letter.acker.ack(BasicAckOptions::default())).await?;
        }
        link.ask(channel.close(200, "done".into())).await?;
        Ok(count)
    }

    /// Takes the first letters in hand; those that nothing is said of go back when the channel is closed.
    async fn hold_letters(&self, channel: &Channel, max: usize) -> Result<Vec<BasicGetMessage>> {
        let (dead, mut held) = (self.inner.topology.dead(), Vec::new());
        while held.len() < max
            && let Some(letter) = channel.basic_get(dead.as_str().into(), BasicGetOptions::default()).await?
        {
            held.push(letter);
        }
        Ok(held)
    }

    /// The lane that a dead letter came from; one that came from nowhere we know is as urgent as most.
    fn lane(&self, letter: &BasicGetMessage) -> Priority {
        let queue = death(letter).and_then(|death| text(death, "queue"));
        queue.and_then(|queue| self.inner.topology.lane(&queue)).unwrap_or(Priority::Normal)
    }

    fn read(&self, letter: &BasicGetMessage) -> DeadLetter {
        let death = death(letter);
        let said = |key: &str| death.and_then(|death| text(death, key)).unwrap_or_default();
        let died_at = match death.and_then(|death| death.inner().get("time")) {
            Some(AMQPValue::Timestamp(secs)) => i64::try_from(*secs).ok().map(|secs| Time::from_millis(secs * 1_000)),
            _ => None,
        };
        let tasks = payload::unpack(self.lane(letter), &letter.data);
        let unreadable = tasks.is_none().then(|| {
            let shown = &letter.data[..letter.data.len().min(SHOWN)];
            String::from_utf8_lossy(shown).into_owned()
        });
        let tasks = tasks.unwrap_or_default();
        DeadLetter { queue: said("queue"), reason: said("reason"), died_at, tasks, unreadable }
    }
}

/// The last death of a letter, as RabbitMQ has written it down.
fn death(letter: &BasicGetMessage) -> Option<&FieldTable> {
    let headers = letter.properties.headers().as_ref()?;
    match headers.inner().get("x-death") {
        Some(AMQPValue::FieldArray(deaths)) => match deaths.as_slice().first() {
            Some(AMQPValue::FieldTable(death)) => Some(death),
            _ => None,
        },
        _ => None,
    }
}

fn text(table: &FieldTable, key: &str) -> Option<String> {
    match table.inner().get(key) {
        Some(AMQPValue::LongString(text)) => Some(text.to_string()),
        Some(AMQPValue::ShortString(text)) => Some(text.to_string()),
        _ => None,
    }
}
