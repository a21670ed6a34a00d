//! Publishing: each lane on a channel of its own, which confirms, so that a lane whose queue takes nothing keeps none of the others
//! waiting.

use std::sync::{Mutex, PoisonError};

use domain::Priority;
use lapin::options::{BasicPublishOptions, ConfirmSelectOptions};
use lapin::protocol::BasicProperties;
use lapin::{Channel, Confirmation};
use tokio::time::timeout;

use super::link::{Link, TIMEOUT};
use super::topology::Topology;
use crate::Error;

/// Written to disk before it is confirmed.
const PERSISTENT: u8 = 2;

/// Publishes one lane's messages on a connection.
#[derive(Default)]
pub(super) struct Publisher {
    /// The channel, once there was something to publish; in the hands of who publishes.
    channel: tokio::sync::Mutex<Option<Channel>>,
    trouble: Mutex<Option<String>>,
}

impl Publisher {
    /// Why the last messages were not confirmed.
    pub(super) fn trouble(&self) -> Option<String> {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn note(&self, trouble: Option<String>) {
        *self.trouble.lock().unwrap_or_else(PoisonError::into_inner) = trouble;
    }
}

impl Link {
    /// Publishes messages of a lane and waits until all are confirmed. Where they are not, the lane begins again on another
    /// channel, with its queue made where it is missing; the connection stays, unless it is silent altogether.
    pub(super) async fn publish(&self, lane: Priority, bytes: &[Vec<u8>], topology: &Topology) -> Result<(), Error> {
        let publisher = &self.publishers[lane as usize];
        let mut channel = publisher.channel.lock().await;
        let open = match channel.take() {
            Some(open) => open,
            None => self.open_outlet(lane, topology).await?,
        };
        let queue = topology.queue(lane);
        let sent = tokio::select! {
            sent = timeout(TIMEOUT, send(&open, &queue, bytes)) => sent,
            () = self.over() => return Err(Error::Failed(self.why())),
        };
        let error = match sent {
            Ok(Ok(None)) => {
                *channel = Some(open);
                publisher.note(None);
                return Ok(());
            }
            Ok(Ok(Some(why))) => Error::Failed(why),
            Ok(Err(error)) => Error::Failed(error.to_string()),
            Err(_) => Error::Silent(TIMEOUT),
        };
        publisher.note(Some(format!("`{queue}`: {error}")));
        Err(error)
    }

    /// Opens a channel that confirms. The first is opened where the queues have just been made, a later one makes its own again.
    async fn open_outlet(&self, lane: Priority, topology: &Topology) -> Result<Channel, Error> {
        let publisher = &self.publishers[lane as usize];
        let opening = async {
            let channel = self.connection.create_channel().await?;
            channel.confirm_select(ConfirmSelectOptions::default()).await?;
            Ok(channel)
        };
        let channel = self.ask(opening).await?;
        if publisher.trouble().is_none() {
            return Ok(channel);
        }
        match timeout(TIMEOUT, topology.declare_lane(&self.connection, lane)).await {
            Ok(Ok(())) => Ok(channel),
            Ok(Err(error)) => Err(Error::Failed(error.to_string())),
            Err(_) => Err(Error::Silent(TIMEOUT)),
        }
    }
}

/// Sends messages to a queue, all of them before the first confirmation is waited for; answers why one was not taken.
async fn send(channel: &Channel, queue: &str, messages: &[Vec<u8>]) -> lapin::Result<Option<String>> {
    let mandatory = BasicPublishOptions { mandatory: true, ..BasicPublishOptions::default() };
    let properties =
        BasicProperties::default().with_delivery_mode(PERSISTENT).with_content_type("application/json".into());
    let mut confirms = Vec::new();
    for bytes in messages {
        let (exchange, key) = ("".into(), queue.into());
        confirms.push(channel.basic_publish(exchange, key, mandatory, bytes, properties.clone()).await?);
    }
    let mut refused = None;
    for confirm in confirms {
        match confirm.await? {
            Confirmation::Ack(None) => {}
            Confirmation::Ack(Some(_)) => {
                refused.get_or_insert("there is no such queue".to_owned());
            }
            _ => {
                refused.get_or_insert("its queue refused a message".to_owned());
            }
        }
    }
    Ok(refused)
}
