//! How the cases ask, and how they look at answers.

use axum::body::Body;
use http::{Method, Request, Response};
use serde_json::{Value, json};
use testkit::embedded::Answer;

use crate::contract;
use crate::place::Server;

/// A tenant of a server, asked by one caller.
pub(crate) struct World {
    pub(crate) server: Server,
    /// The key of the caller.
    pub(crate) key: Option<String>,
    /// The tenant that the caller sees.
    pub(crate) tenant: String,
}

impl World {
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
        self.json(self.key.as_deref(), method, path, body).await
    }

    /// The same with another key.
    pub(crate) async fn with_key(&self, key: &str, method: Method, path: &str, body: Option<Value>) -> Answer {
        self.json(Some(key), method, path, body).await
    }

    /// A request with a JSON body, if any, and this key, if any.
    pub(crate) async fn json(&self, key: Option<&str>, method: Method, path: &str, body: Option<Value>) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        if let Some(key) = key {
            request = request.header("authorization", format!("Bearer {key}"));
        }
        if body.is_some() {
            request = request.header("content-type", "application/json");
        }
        let body = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
        self.answered(request.body(body).expect("a request")).await
    }

    /// Any request.
    pub(crate) async fn raw(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Body>,
    ) -> Answer {
        self.answered(self.request(method, path, headers, body)).await
    }

    /// The answer to a request with its body as it comes.
    pub(crate) async fn opened(&self, path: &str, headers: &[(&str, &str)]) -> Response<Body> {
        self.server.respond(self.request("GET", path, headers, Body::empty())).await.expect("an answer")
    }

    fn request(&self, method: &str, path: &str, headers: &[(&str, &str)], body: impl Into<Body>) -> Request<Body> {
        let mut request = Request::builder().method(method).uri(path);
        if let Some(key) = &self.key {
            request = request.header("authorization", format!("Bearer {key}"));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(body.into()).expect("a request")
    }

    async fn answered(&self, request: Request<Body>) -> Answer {
        let (method, path) = (request.method().to_string(), request.uri().to_string());
        let response = self.server.respond(request).await.expect("an answer");
        let answer = Answer::read(response).await.expect("a whole answer");
        contract::hold(&self.server, &method, &path, &answer).await;
        answer
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

/// A time so many seconds from now, as requests name it.
pub(crate) fn in_secs(secs: i64) -> String {
    engine::Clock::system().now().plus(domain::Span::from_secs(secs)).to_string()
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
