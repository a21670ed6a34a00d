//! One connection to one host, from its beginning to its end.

use std::collections::BTreeSet;
use std::fmt::Display;
use std::sync::OnceLock;
use std::time::Duration;

use futures_util::StreamExt;
use lapin::options::{BasicPublishOptions, ConfirmSelectOptions};
use lapin::protocol::BasicProperties;
use lapin::uri::AMQPUri;
use lapin::{Channel, Confirmation, Connection, Event};
use tokio_util::sync::CancellationToken;

use super::payload;
use super::topology::Topology;
use super::wire::Wire;
use crate::{Error, Task};

/// How long RabbitMQ may take to answer anything.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);
/// Written to disk before it is confirmed.
const PERSISTENT: u8 = 2;

/// An open connection with a channel that confirms.
pub(super) struct Link {
    pub(super) connection: Connection,
    publishing: Channel,
    over: CancellationToken,
    why: OnceLock<String>,
    _wire: Wire,
}

impl Link {
    /// Connects to a host and makes sure that the queues are there.
    pub(super) async fn open(uri: &AMQPUri, topology: &Topology) -> Result<Self, String> {
        let wire = Wire::default();
        let opening = async {
            let connection = wire.connect(uri.clone()).await?;
            topology.declare(&connection).await?;
            let publishing = connection.create_channel().await?;
            publishing.confirm_select(ConfirmSelectOptions::default()).await?;
            Ok((connection, publishing))
        };
        let opened = tokio::time::timeout(PATIENCE * 2, opening).await;
        let opened = opened.map_err(|_| format!("no answer within {} s", (PATIENCE * 2).as_secs()))?;
        let (connection, publishing) = opened.map_err(|error: lapin::Error| error.to_string())?;
        Ok(Self { connection, publishing, over: CancellationToken::new(), why: OnceLock::new(), _wire: wire })
    }

    /// Ends the connection; the first reason stays.
    pub(super) fn end(&self, why: &dyn Display) {
        let _ = self.why.set(why.to_string());
        self.over.cancel();
    }

    fn why(&self) -> String {
        self.why.get().cloned().unwrap_or_default()
    }

    /// Waits for the connection's end, and says why it came.
    pub(super) async fn ended(&self) -> String {
        let mut events = Box::pin(self.connection.events_listener());
        loop {
            // What happened before anybody listened.
            if !self.connection.status().connected() {
                self.end(&"the connection was closed");
            }
            tokio::select! {
                () = self.over.cancelled() => return self.why(),
                event = events.next() => match event {
                    Some(Event::Error(error)) => self.end(&error),
                    Some(_) => {}
                    None => self.end(&"the connection was closed"),
                },
            }
        }
    }

    /// Whether RabbitMQ has said that it is short of memory or disk and reads nothing.
    pub(super) fn is_blocked(&self) -> bool {
        self.connection.status().blocked()
    }

    /// Does something that RabbitMQ has to answer. Where it does not, or fails, the connection ends: what is wrong with it is
    /// set right by beginning again.
    pub(super) async fn ask<T>(&self, asked: impl Future<Output = lapin::Result<T>>) -> Result<T, Error> {
        if self.over.is_cancelled() {
            return Err(Error::Unreachable(self.why()));
        }
        let answered = tokio::select! {
            answered = tokio::time::timeout(PATIENCE, asked) => answered,
            () = self.over.cancelled() => return Err(Error::Failed(self.why())),
        };
        let error = match answered {
            Ok(Ok(answer)) => return Ok(answer),
            Ok(Err(error)) => Error::Failed(error.to_string()),
            Err(_) => Error::Silent(PATIENCE),
        };
        self.end(&error);
        Err(error)
    }

    /// Publishes tasks and waits until all are confirmed.
    pub(super) async fn publish(&self, tasks: &[Task], topology: &Topology) -> Result<(), Error> {
        let packed: Vec<_> =
            payload::pack(tasks).into_iter().map(|(lane, bytes)| (topology.queue(lane), bytes)).collect();
        let queues: BTreeSet<String> = packed.iter().map(|(queue, _)| queue.clone()).collect();
        let error = match self.ask(self.send(packed)).await {
            Ok(None) => return Ok(()),
            Ok(Some(why)) => Error::Failed(why),
            Err(error) => error,
        };
        tracing::warn!(?queues, %error, "tasks were not confirmed and are published again");
        self.end(&error);
        Err(error)
    }

    /// Sends messages to queues, all of them before the first confirmation is waited for; answers why one was not taken.
    pub(super) async fn send(&self, messages: Vec<(String, Vec<u8>)>) -> lapin::Result<Option<String>> {
        let mandatory = BasicPublishOptions { mandatory: true, ..BasicPublishOptions::default() };
        let properties =
            BasicProperties::default().with_delivery_mode(PERSISTENT).with_content_type("application/json".into());
        let mut confirms = Vec::new();
        for (queue, bytes) in messages {
            let (exchange, key) = ("".into(), queue.into());
            confirms.push(self.publishing.basic_publish(exchange, key, mandatory, &bytes, properties.clone()).await?);
        }
        let mut refused = None;
        for confirm in confirms {
            match confirm.await? {
                Confirmation::Ack(None) => {}
                Confirmation::Ack(Some(returned)) => {
                    refused.get_or_insert(format!("there is no queue `{}`", returned.routing_key));
                }
                _ => {
                    refused.get_or_insert("a message was refused".to_owned());
                }
            }
        }
        Ok(refused)
    }

    /// Says goodbye.
    pub(super) async fn close(&self) {
        let bye = self.connection.close(200, "closing".into());
        // Where there is no answer, the socket ends all the same.
        drop(tokio::time::timeout(Duration::from_secs(1), bye).await);
    }
}
