use std::time::Duration;

use reqwest::Method;
use uuid::Uuid;

use crate::{Answer, Client, Error, SLACK};
use protocol::{Decide, Decision, DecisionsQuery, Page, WaitQuery, Whoami, Withdraw, parse_duration};

/// The longest wait a server grants; a wait that cannot be read is left to the server to refuse.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

impl Client {
    /// Lists decisions: `GET /api/v1/decisions`.
    pub async fn decisions(&self, query: &DecisionsQuery) -> Result<Answer<Page<Decision>>, Error> {
        self.answer(self.get(&["api", "v1", "decisions"]).query(query)).await
    }

    /// Fetches the decision that a message asked for, waiting for it when asked to: `GET /api/v1/messages/{id}/decision`.
    pub async fn decision(&self, message: Uuid, query: &WaitQuery) -> Result<Answer<Decision>, Error> {
        let wait = query.wait.as_deref().map_or(Duration::ZERO, |text| parse_duration(text).unwrap_or(LONGEST_WAIT));
        let request = self
            .begin(Method::GET, &["api", "v1", "messages", &message.to_string(), "decision"])
            .timeout(self.timeout.max(wait.min(LONGEST_WAIT) + SLACK))
            .query(query);
        self.answer(request).await
    }

    /// Decides what a message asked: `POST /api/v1/messages/{id}/decision`.
    pub async fn decide(&self, message: Uuid, decide: &Decide) -> Result<Answer<Decision>, Error> {
        self.answer(self.post(&["api", "v1", "messages", &message.to_string(), "decision"]).json(decide)).await
    }

    /// Takes back what a message asked: `POST /api/v1/messages/{id}/withdraw`.
    pub async fn withdraw(&self, message: Uuid, withdraw: &Withdraw) -> Result<Answer<Decision>, Error> {
        self.answer(self.post(&["api", "v1", "messages", &message.to_string(), "withdraw"]).json(withdraw)).await
    }

    /// Asks who the caller is: `GET /api/v1/whoami`.
    pub async fn whoami(&self) -> Result<Answer<Whoami>, Error> {
        self.answer(self.get(&["api", "v1", "whoami"])).await
    }
}
