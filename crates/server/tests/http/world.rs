//! How the tests ask, and how they look at answers.

use axum::body::Body;
use http::{Method, Request};
use serde_json::{Value, json};
use testkit::embedded::{Answer, Embedded, Recipe};

/// A server to ask, by one caller.
pub(crate) struct World {
    pub(crate) server: Embedded,
    /// The key of the caller.
    pub(crate) key: Option<String>,
}

impl World {
    /// A server with the usual configuration, open.
    pub(crate) async fn new() -> Self {
        Self::of(Recipe::default()).await
    }

    /// A server as the recipe says, asked with the recipe's admin key.
    pub(crate) async fn of(recipe: Recipe) -> Self {
        let key = recipe.admin.clone();
        Self { server: Embedded::of(recipe).await.expect("a server starts"), key }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.ask(Method::GET, path, None).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        self.ask(Method::POST, path, Some(body)).await
    }

    pub(crate) async fn put(&self, path: &str, body: Value) -> Answer {
        self.ask(Method::PUT, path, Some(body)).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.ask(Method::DELETE, path, None).await
    }

    /// `POST` without a body.
    pub(crate) async fn poke(&self, path: &str) -> Answer {
        self.ask(Method::POST, path, None).await
    }

    pub(crate) async fn ask(&self, method: Method, path: &str, body: Option<Value>) -> Answer {
        self.server.json(method, path, self.key.as_deref(), body.as_ref()).await.expect("an answer")
    }

    /// The same with another key.
    pub(crate) async fn with_key(&self, key: &str, method: Method, path: &str, body: Option<Value>) -> Answer {
        self.server.json(method, path, Some(key), body.as_ref()).await.expect("an answer")
    }

    /// Any request.
    pub(crate) async fn raw(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Body>,
    ) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        if let Some(key) = &self.key {
            request = request.header("authorization", format!("Bearer {key}"));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.server.ask(request.body(body.into()).expect("a request")).await.expect("an answer")
    }

    /// Sends a message and answers it.
    pub(crate) async fn sent(&self, body: Value) -> Value {
        let answer = self.post("/api/v1/messages", body).await;
        assert_eq!(answer.status, 201, "{}", answer.text());
        answer.json()
    }

    /// Sends the shortest message from `code` to `chat` and answers its id.
    pub(crate) async fn hello(&self, subject: &str) -> String {
        let sent = self.sent(json!({"from": "code", "to": "chat", "subject": subject, "body": "Hi"})).await;
        text(&sent["id"])
    }

    /// Receives one delivery of an agent.
    pub(crate) async fn received(&self, agent: &str) -> Value {
        let answer = self.post(&format!("/api/v1/agents/{agent}/inbox/receive"), json!({})).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()["deliveries"][0].clone()
    }

    /// Makes a key and answers its text.
    pub(crate) async fn made_key(&self, body: Value) -> String {
        let answer = self.post("/api/v1/keys", body).await;
        assert_eq!(answer.status, 201, "{}", answer.text());
        text(&answer.json()["key"])
    }
}

/// A JSON text without its quotes.
pub(crate) fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text")).to_owned()
}

/// Checks that an answer is a whole problem of this code, and gives it away.
#[track_caller]
pub(crate) fn problem(answer: &Answer, status: u16, code: &str) -> Value {
    let problem = answer.json();
    assert_eq!((answer.status, problem["code"].as_str()), (status, Some(code)), "{}", answer.text());
    assert_eq!(answer.header("content-type"), "application/problem+json");
    assert_eq!(problem["status"], status);
    assert_eq!(problem["type"], format!("/problems/{code}"));
    assert_eq!(problem["request_id"], answer.header("x-request-id"));
    assert!(problem["title"].as_str().is_some_and(|title| !title.is_empty()));
    assert!(problem["detail"].as_str().is_some_and(|detail| !detail.is_empty()));
    problem
}
