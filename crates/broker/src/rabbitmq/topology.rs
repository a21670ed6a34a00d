//! The queues and the exchange, made where they are missing.

use domain::Priority;
use futures_util::future::try_join_all;
use lapin::options::{ExchangeDeclareOptions, QueueBindOptions, QueueDeclareOptions};
use lapin::protocol::{AMQPErrorKind, AMQPSoftError};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{Connection, ErrorKind, ExchangeKind, Result};

use crate::BrokerConfig;
use crate::queues::lanes;

/// The dead letters may be looked at this often before they go.
const LOOKS_MAX: i64 = 1_000_000;
/// Dead letters that are kept; beyond, the oldest go.
const DEAD_MAX: i64 = 100_000;

/// The names of all that is made, and what the queues are told.
pub(super) struct Topology {
    prefix: String,
    ttl_ms: i64,
    delivery_limit: i64,
}

impl Topology {
    pub(super) fn of(config: &BrokerConfig) -> Self {
        Self {
            prefix: config.queue_prefix.clone(),
            ttl_ms: config.ttl.0.div_euclid(1_000),
            delivery_limit: config.delivery_limit.into(),
        }
    }

    /// The queue of a lane.
    pub(super) fn queue(&self, lane: Priority) -> String {
        format!("{}.tasks.{lane}", self.prefix)
    }

    /// The queue of the dead letters.
    pub(super) fn dead(&self) -> String {
        format!("{}.tasks.dead", self.prefix)
    }

    /// The exchange that dead letters go through.
    fn exchange(&self) -> String {
        format!("{}.dead", self.prefix)
    }

    /// The lane whose queue this is.
    pub(super) fn lane(&self, queue: &str) -> Option<Priority> {
        lanes().map(|(_, lane)| lane).find(|lane| self.queue(*lane) == queue)
    }

    /// Makes what is missing. A queue that exists with other settings is used as it is, and said so in the log.
    pub(super) async fn declare(&self, connection: &Connection) -> Result<()> {
        let channel = connection.create_channel().await?;
        let durable = ExchangeDeclareOptions { durable: true, ..ExchangeDeclareOptions::default() };
        let exchange = self.exchange();
        channel
            .exchange_declare(exchange.as_str().into(), ExchangeKind::Fanout, durable, FieldTable::default())
            .await?;
        let mut dead = quorum(LOOKS_MAX);
        dead.insert("x-max-length".into(), DEAD_MAX.into());
        declare(connection, &self.dead(), dead).await?;
        let dead = self.dead();
        let (queue, options) = (dead.as_str().into(), QueueBindOptions::default());
        channel.queue_bind(queue, exchange.as_str().into(), "".into(), options, FieldTable::default()).await?;
        channel.close(200, "done".into()).await?;
        try_join_all(lanes().map(|(_, lane)| self.declare_lane(connection, lane))).await.map(drop)
    }

    /// Makes a lane's queue where it is missing.
    pub(super) async fn declare_lane(&self, connection: &Connection, lane: Priority) -> Result<()> {
        let mut settings = quorum(self.delivery_limit);
        settings.insert("x-message-ttl".into(), self.ttl_ms.into());
        settings.insert("x-dead-letter-exchange".into(), AMQPValue::LongString(self.exchange().as_str().into()));
        declare(connection, &self.queue(lane), settings).await
    }
}

fn quorum(delivery_limit: i64) -> FieldTable {
    let mut settings = FieldTable::default();
    settings.insert("x-queue-type".into(), AMQPValue::LongString("quorum".into()));
    settings.insert("x-delivery-limit".into(), delivery_limit.into());
    settings
}

/// Declares one queue on a channel of its own, because a refusal ends the channel.
async fn declare(connection: &Connection, queue: &str, settings: FieldTable) -> Result<()> {
    let channel = connection.create_channel().await?;
    match channel.queue_declare(queue.into(), QueueDeclareOptions::durable(), settings).await {
        Ok(_) => channel.close(200, "done".into()).await,
        Err(error) if is_other_settings(&error) => {
            tracing::warn!(queue, %error, "a queue exists with other settings and keeps them until it is deleted");
            let channel = connection.create_channel().await?;
            let passive = QueueDeclareOptions::durable().passive();
            channel.queue_declare(queue.into(), passive, FieldTable::default()).await?;
            channel.close(200, "done".into()).await
        }
        Err(error) => Err(error),
    }
}

fn is_other_settings(error: &lapin::Error) -> bool {
    let soft = AMQPErrorKind::Soft(AMQPSoftError::PRECONDITIONFAILED);
    matches!(error.kind(), ErrorKind::ProtocolError(error) if *error.kind() == soft)
}
