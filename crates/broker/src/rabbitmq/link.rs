//! One connection to one host, from its beginning to its end.

use std::fmt::Display;
use std::sync::OnceLock;
use std::time::Duration;

use futures_util::StreamExt;
use lapin::uri::AMQPUri;
use lapin::{Connection, Event};
use tokio_util::sync::CancellationToken;

use super::publisher::Publisher;
use super::tls::Tls;
use super::topology::Topology;
use super::wire::Wire;
use crate::Error;

/// How long RabbitMQ may take to answer anything.
pub(super) const TIMEOUT: Duration = Duration::from_secs(5);

/// An open connection, with a publisher for each lane.
pub(super) struct Link {
    pub(super) connection: Connection,
    pub(super) publishers: [Publisher; 4],
    over: CancellationToken,
    why: OnceLock<String>,
    _wire: Wire,
}

impl Link {
    /// Connects to a host and makes sure that the queues are there.
    pub(super) async fn open(uri: &AMQPUri, tls: Option<&Tls>, topology: &Topology) -> Result<Self, String> {
        let wire = Wire::default();
        let opening = async {
            let connection = wire.connect(uri.clone(), tls.cloned()).await?;
            topology.declare(&connection).await?;
            Ok(connection)
        };
        let opened = tokio::time::timeout(TIMEOUT * 2, opening).await;
        let opened = opened.map_err(|_| format!("no answer within {} s", (TIMEOUT * 2).as_secs()))?;
        let connection = opened.map_err(|error: lapin::Error| error.to_string())?;
        let (publishers, over, why) = Default::default();
        Ok(Self { connection, publishers, over, why, _wire: wire })
    }

    /// Ends the connection; the first reason stays.
    pub(super) fn end(&self, why: &dyn Display) {
        let _ = self.why.set(why.to_string());
        self.over.cancel();
    }

    /// Waits until the connection is to end.
    pub(super) async fn over(&self) {
        self.over.cancelled().await;
    }

    /// What is wrong with its lanes.
    pub(super) fn trouble(&self) -> Option<String> {
        self.publishers.iter().find_map(Publisher::trouble)
    }

    pub(super) fn why(&self) -> String {
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
            answered = tokio::time::timeout(TIMEOUT, asked) => answered,
            () = self.over.cancelled() => return Err(Error::Failed(self.why())),
        };
        let error = match answered {
            Ok(Ok(answer)) => return Ok(answer),
            Ok(Err(error)) => Error::Failed(error.to_string()),
            Err(_) => Error::Silent(TIMEOUT),
        };
        self.end(&error);
        Err(error)
    }

    /// Closes the connection.
    pub(super) async fn close(&self) {
        let bye = self.connection.close(200, "closing".into());
        // Where there is no answer, the socket ends all the same.
        drop(tokio::time::timeout(Duration::from_secs(1), bye).await);
    }
}
