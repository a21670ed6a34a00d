use reqwest::RequestBuilder;
use uuid::Uuid;

use crate::{Answer, Client, Error, json_text};
use protocol::{BatchResults, Message, MessagesQuery, Page, PageQuery, Receipts, SendMessage, Thread};

impl Client {
    /// Sends a message; with an `idempotency_key` sending again is safe: `POST /api/v1/messages`.
    pub async fn send_message(
        &self,
        message: &SendMessage,
        idempotency_key: Option<&str>,
    ) -> Result<Answer<Message>, Error> {
        let request = self.post(&["api", "v1", "messages"]).json(message);
        self.answer(with_idempotency(request, idempotency_key)).await
    }

    /// Sends 1 to 1000 messages, each by itself: `POST /api/v1/messages/batch`.
    pub async fn send_batch(&self, messages: &[SendMessage]) -> Result<Answer<BatchResults>, Error> {
        let body = serde_json::json!({ "messages": messages }).to_string();
        self.answer(json_text(self.post(&["api", "v1", "messages", "batch"]), body)).await
    }

    /// Fetches a message: `GET /api/v1/messages/{id}`.
    pub async fn message(&self, id: Uuid) -> Result<Answer<Message>, Error> {
        self.answer(self.get(&["api", "v1", "messages", &id.to_string()])).await
    }

    /// Fetches what became of a message, recipient by recipient: `GET /api/v1/messages/{id}/receipts`.
    pub async fn receipts(&self, id: Uuid) -> Result<Answer<Receipts>, Error> {
        self.answer(self.get(&["api", "v1", "messages", &id.to_string(), "receipts"])).await
    }

    /// Lists or searches messages: `GET /api/v1/messages`.
    pub async fn messages(&self, query: &MessagesQuery) -> Result<Answer<Page<Message>>, Error> {
        self.answer(self.get(&["api", "v1", "messages"]).query(query)).await
    }

    /// Fetches a thread, oldest first: `GET /api/v1/threads/{thread_id}`.
    pub async fn thread(&self, id: Uuid, page: &PageQuery) -> Result<Answer<Thread>, Error> {
        self.answer(self.get(&["api", "v1", "threads", &id.to_string()]).query(page)).await
    }
}

fn with_idempotency(request: RequestBuilder, key: Option<&str>) -> RequestBuilder {
    match key {
        Some(key) => request.header("Idempotency-Key", key),
        None => request,
    }
}
