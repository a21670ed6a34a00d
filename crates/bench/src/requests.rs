use bytes::Bytes;
use http_body_util::Full;
use hyper::{Method, Request, Uri, header};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;

use cli::Failure;

/// Where requests go: a host that speaks plain HTTP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Target {
    /// Host and port to connect to.
    pub authority: String,
    /// What goes before every path.
    prefix: String,
}

impl Target {
    pub(crate) fn parse(url: &str) -> Result<Self, Failure> {
        let wrong = || Failure::Usage {
            what: format!("bench does not know how to reach {url}"),
            next: Some("give an address as in --url http://127.0.0.1:8000; bench speaks no TLS".to_owned()),
        };
        let uri: Uri = url.parse().map_err(|_| wrong())?;
        let (Some("http"), Some(host)) = (uri.scheme_str(), uri.host()) else { return Err(wrong()) };
        let authority = format!("{host}:{}", uri.port_u16().unwrap_or(80));
        Ok(Self { authority, prefix: uri.path().trim_end_matches('/').to_owned() })
    }
}

/// The requests of a measurement, made once and copied for each use.
pub(crate) struct Requests {
    /// Host and port to connect to.
    pub authority: String,
    prefix: String,
    authorization: Option<header::HeaderValue>,
    sends: Vec<Bytes>,
    agents: Vec<String>,
}

/// What is read of a received delivery.
#[derive(Deserialize)]
struct Received {
    deliveries: Vec<Leased>,
}

/// What acknowledging a delivery needs.
#[derive(Deserialize)]
pub(crate) struct Leased {
    receipt: String,
    message: Id,
}

#[derive(Deserialize)]
struct Id {
    id: String,
}

impl Requests {
    pub(crate) fn new(
        target: &Target,
        key: Option<&SecretString>,
        agents: &[String],
        body_bytes: u32,
    ) -> Result<Self, Failure> {
        let authorization = key.map(bearer).transpose()?;
        let body: String =
            "All work and no play makes a dull log. ".chars().cycle().take(body_bytes as usize).collect();
        let send = |(number, from): (usize, &String)| {
            let to = &agents[(number + 1) % agents.len()];
            let message = serde_json::json!({"from": from, "to": to, "subject": "bench", "body": body});
            Bytes::from(message.to_string())
        };
        Ok(Self {
            authority: target.authority.clone(),
            prefix: target.prefix.clone(),
            authorization,
            sends: agents.iter().enumerate().map(send).collect(),
            agents: agents.to_vec(),
        })
    }

    /// Makes the request that sends connection `number`'s next message.
    pub(crate) fn send(&self, number: usize) -> Request<Full<Bytes>> {
        self.post("/api/v1/messages", self.sends[number % self.sends.len()].clone())
    }

    /// Makes the request that receives what connection `number` sends.
    pub(crate) fn receive(&self, number: usize, max: u32) -> Request<Full<Bytes>> {
        let path = format!("/api/v1/agents/{}/inbox/receive", self.recipient(number));
        self.post(&path, Bytes::from(format!("{{\"max\":{max}}}")))
    }

    /// Makes the request that acknowledges a delivery.
    pub(crate) fn ack(&self, number: usize, leased: &Leased) -> Request<Full<Bytes>> {
        let path = format!("/api/v1/agents/{}/inbox/{}/ack", self.recipient(number), leased.message.id);
        self.post(&path, Bytes::from(serde_json::json!({"receipt": leased.receipt}).to_string()))
    }

    /// Reads the answer of a receive.
    pub(crate) fn received(answer: &[u8]) -> Result<Vec<Leased>, serde_json::Error> {
        serde_json::from_slice::<Received>(answer).map(|received| received.deliveries)
    }

    fn recipient(&self, number: usize) -> &str {
        &self.agents[(number + 1) % self.agents.len()]
    }

    fn post(&self, path: &str, body: Bytes) -> Request<Full<Bytes>> {
        let mut request = Request::new(Full::new(body));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = Uri::try_from(format!("{}{path}", self.prefix)).unwrap_or_default();
        let headers = request.headers_mut();
        headers.insert(header::CONTENT_TYPE, header::HeaderValue::from_static("application/json"));
        if let Ok(host) = header::HeaderValue::try_from(&self.authority) {
            headers.insert(header::HOST, host);
        }
        if let Some(authorization) = &self.authorization {
            headers.insert(header::AUTHORIZATION, authorization.clone());
        }
        request
    }
}

fn bearer(key: &SecretString) -> Result<header::HeaderValue, Failure> {
    let mut value = header::HeaderValue::try_from(format!("Bearer {}", key.expose_secret()))
        .map_err(|_| Failure::usage("the key has characters that no key has"))?;
    value.set_sensitive(true);
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::{Requests, Target};

    #[test]
    fn only_plain_http_is_measured() {
        let target = Target::parse("http://example.org/base/").unwrap();
        assert_eq!((target.authority.as_str(), target.prefix.as_str()), ("example.org:80", "/base"));
        assert_eq!(Target::parse("http://[::1]:8000").unwrap().authority, "[::1]:8000");
        for url in ["https://example.org", "example.org:8000", ""] {
            assert_eq!(Target::parse(url).unwrap_err().code(), 2, "{url}");
        }
    }

    #[test]
    fn connections_send_around_the_ring_and_receive_what_they_sent() {
        let agents = ["code".to_owned(), "chat".to_owned()];
        let target = Target::parse("http://127.0.0.1:8000").unwrap();
        let requests = Requests::new(&target, None, &agents, 3).unwrap();
        assert_eq!(&requests.sends[0][..], br#"{"body":"All","from":"code","subject":"bench","to":"chat"}"#);
        assert_eq!(requests.receive(0, 5).uri().path(), "/api/v1/agents/chat/inbox/receive");
        assert_eq!(requests.receive(3, 5).uri().path(), "/api/v1/agents/code/inbox/receive");
    }
}
