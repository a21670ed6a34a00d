use std::time::Duration;

use reqwest::{Method, RequestBuilder};
use serde::Serialize;
use uuid::Uuid;

use crate::{Answer, Client, Error, SLACK, Stream};
use protocol::{
    Ack, Defer, Delivery, Extend, Inbox, InboxItem, InboxQuery, Nack, Receive, ReceivedList, Terminate, Triggered,
    parse_duration,
};

/// The longest wait a server grants; a wait that cannot be read is left to the server to refuse.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

impl Client {
    /// Looks into an inbox and changes nothing: `GET /api/v1/agents/{agent}/inbox`.
    pub async fn inbox(&self, agent: &str, query: &InboxQuery) -> Result<Answer<Inbox>, Error> {
        self.answer(self.get(&["api", "v1", "agents", agent, "inbox"]).query(query)).await
    }

    /// Leases deliveries, waiting for the first when asked to: `POST /api/v1/agents/{agent}/inbox/receive`.
    pub async fn receive(&self, agent: &str, receive: &Receive) -> Result<Answer<ReceivedList>, Error> {
        let wait = receive.wait.as_deref().map_or(Duration::ZERO, |text| parse_duration(text).unwrap_or(LONGEST_WAIT));
        let request = self
            .begin(Method::POST, &["api", "v1", "agents", agent, "inbox", "receive"])
            .timeout(self.timeout.max(wait.min(LONGEST_WAIT) + SLACK))
            .json(receive);
        self.answer(request).await
    }

    /// Settles a delivery as done: `POST /api/v1/agents/{agent}/inbox/{message_id}/ack`.
    pub async fn ack(&self, agent: &str, message: Uuid, ack: &Ack) -> Result<Answer<Delivery>, Error> {
        self.answer(self.settle(agent, message, "ack", ack)).await
    }

    /// Gives a leased delivery back: `POST /api/v1/agents/{agent}/inbox/{message_id}/nack`.
    pub async fn nack(&self, agent: &str, message: Uuid, nack: &Nack) -> Result<Answer<Delivery>, Error> {
        self.answer(self.settle(agent, message, "nack", nack)).await
    }

    /// Makes a lease last longer: `POST /api/v1/agents/{agent}/inbox/{message_id}/extend`.
    pub async fn extend(&self, agent: &str, message: Uuid, extend: &Extend) -> Result<Answer<Delivery>, Error> {
        self.answer(self.settle(agent, message, "extend", extend)).await
    }

    /// Puts a delivery off: `POST /api/v1/agents/{agent}/inbox/{message_id}/defer`.
    pub async fn defer(&self, agent: &str, message: Uuid, defer: &Defer) -> Result<Answer<Delivery>, Error> {
        self.answer(self.settle(agent, message, "defer", defer)).await
    }

    /// Gives a delivery up: `POST /api/v1/agents/{agent}/inbox/{message_id}/terminate`.
    pub async fn terminate(&self, agent: &str, message: Uuid, why: &Terminate) -> Result<Answer<Delivery>, Error> {
        self.answer(self.settle(agent, message, "terminate", why)).await
    }

    /// Brings back every delivery deferred on a trigger: `POST /api/v1/triggers/{name}`.
    pub async fn trigger(&self, name: &str) -> Result<Answer<Triggered>, Error> {
        self.answer(self.post(&["api", "v1", "triggers", name])).await
    }

    /// Follows an inbox live, resuming by itself: `GET /api/v1/agents/{agent}/inbox/stream`.
    ///
    /// `after` is the position to begin behind; without it the stream begins with what comes next.
    pub fn inbox_stream(&self, agent: &str, after: Option<u64>) -> Stream<InboxItem> {
        let request = self.begin(Method::GET, &["api", "v1", "agents", agent, "inbox", "stream"]);
        Stream::new(self, request, after)
    }

    fn settle(&self, agent: &str, message: Uuid, verb: &str, body: &impl Serialize) -> RequestBuilder {
        self.post(&["api", "v1", "agents", agent, "inbox", &message.to_string(), verb]).json(body)
    }
}
