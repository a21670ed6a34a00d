use crate::{Answer, Client, Error};
use protocol::{Health, Ready};

impl Client {
    /// Asks whether the server is alive: `GET /health`.
    pub async fn health(&self) -> Result<Answer<Health>, Error> {
        self.answer(self.get(&["health"])).await
    }

    /// Asks whether the server wants requests: `GET /ready`, whose 503 is an answer too.
    pub async fn ready(&self) -> Result<Answer<Ready>, Error> {
        let response = self.get(&["ready"]).send().await.map_err(|why| self.unreachable(&why))?;
        let status = response.status().as_u16();
        let json = response.text().await.map_err(|why| self.unreachable(&why))?;
        let value = serde_json::from_str(&json).map_err(|why| self.protocol(format!("it answered {status}: {why}")))?;
        Ok(Answer { value, json, status, replayed: false })
    }
}
