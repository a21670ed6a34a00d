use reqwest::Method;

use crate::{Answer, Client, Error};
use protocol::{Agent, Page, PageQuery, PutAgent, WebhookSecret};

impl Client {
    /// Lists the agents: `GET /api/v1/agents`.
    pub async fn agents(&self, page: &PageQuery) -> Result<Answer<Page<Agent>>, Error> {
        self.answer(self.get(&["api", "v1", "agents"]).query(page)).await
    }

    /// Fetches an agent: `GET /api/v1/agents/{name}`.
    pub async fn agent(&self, name: &str) -> Result<Answer<Agent>, Error> {
        self.answer(self.get(&["api", "v1", "agents", name])).await
    }

    /// Registers an agent or changes it: `PUT /api/v1/agents/{name}`.
    pub async fn put_agent(&self, name: &str, agent: &PutAgent) -> Result<Answer<Agent>, Error> {
        self.answer(self.request(Method::PUT, &["api", "v1", "agents", name]).json(agent)).await
    }

    /// Retires an agent: `DELETE /api/v1/agents/{name}`.
    pub async fn retire_agent(&self, name: &str) -> Result<(), Error> {
        self.done(self.request(Method::DELETE, &["api", "v1", "agents", name])).await
    }

    /// Shows what an agent's webhook is signed with: `GET /api/v1/agents/{name}/webhook/secret`.
    pub async fn webhook_secret(&self, name: &str) -> Result<Answer<WebhookSecret>, Error> {
        self.answer(self.get(&["api", "v1", "agents", name, "webhook", "secret"])).await
    }

    /// Makes a new one: `POST /api/v1/agents/{name}/webhook/secret/rotate`.
    pub async fn rotate_webhook_secret(&self, name: &str) -> Result<Answer<WebhookSecret>, Error> {
        self.answer(self.post(&["api", "v1", "agents", name, "webhook", "secret", "rotate"])).await
    }

    /// Says that an agent is alive: `POST /api/v1/agents/{name}/heartbeat`.
    pub async fn heartbeat(&self, name: &str) -> Result<(), Error> {
        self.done(self.post(&["api", "v1", "agents", name, "heartbeat"])).await
    }
}
