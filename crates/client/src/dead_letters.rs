use uuid::Uuid;

use crate::{Answer, Client, Error};
use protocol::{DeadLettersQuery, Delivery, InboxItem, Page};

impl Client {
    /// Lists the deliveries that were given up: `GET /api/v1/dead-letters`.
    pub async fn dead_letters(&self, query: &DeadLettersQuery) -> Result<Answer<Page<InboxItem>>, Error> {
        self.answer(self.get(&["api", "v1", "dead-letters"]).query(query)).await
    }

    /// Puts a dead letter back into its inbox: `POST /api/v1/dead-letters/{message_id}/{agent}/redrive`.
    pub async fn redrive(&self, message: Uuid, agent: &str) -> Result<Answer<Delivery>, Error> {
        self.answer(self.post(&["api", "v1", "dead-letters", &message.to_string(), agent, "redrive"])).await
    }
}
