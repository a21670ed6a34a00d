//! Outgoing requests: two clients behind the rules, one that speaks TLS and one that does not.

use std::error::Error as StdError;
use std::net::IpAddr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use domain::{Span, Time};
use engine::config::WebhooksConfig;
use engine::{Push, Pushed};
use protocol::shape::inbox::push_body;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, Response, Url};
use tokio::time::{Instant, timeout, timeout_at};

use crate::answer::meaning;
use crate::resolve::{Guarded, Lookup};
use crate::rules::{Refused, Rules};

/// How long the rest of an answer is read after its status is known, so that its connection can be used again.
const REST: Duration = Duration::from_secs(1);

/// What pushes are sent with.
pub(crate) struct Outgoing {
    rules: Arc<Rules>,
    lookup: Arc<dyn Lookup>,
    connect: Duration,
    retry_after_max: Span,
    response_bytes: u64,
    with_tls: OnceLock<Result<Client, String>>,
    without: OnceLock<Result<Client, String>>,
}

impl Outgoing {
    pub(crate) fn new(config: &WebhooksConfig, rules: Arc<Rules>, lookup: Arc<dyn Lookup>) -> Self {
        Self {
            rules,
            lookup,
            connect: config.connect_timeout.to_std(),
            retry_after_max: config.retry_after_max,
            response_bytes: config.response_bytes.0,
            with_tls: OnceLock::new(),
            without: OnceLock::new(),
        }
    }

    /// Reads an address; refuses what it can tell without looking anything up.
    pub(crate) fn target(&self, url: &str) -> Result<Url, Refused> {
        let url = Url::parse(url).map_err(|_| Refused::NoUrl)?;
        let tls = url.scheme() == "https";
        let host = url.host_str().filter(|_| tls || url.scheme() == "http").ok_or(Refused::NoUrl)?;
        // An address by its digits is never looked up, so it is checked here; the parser has read octal and the like.
        let digits = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
        match digits {
            Ok(address) => self.rules.check(host, address, tls)?,
            // Whether an allowed network holds what a name leads to is known when it is looked up.
            Err(_) if !tls && !self.rules.has_networks() && !self.rules.allows_host(host) => {
                return Err(Refused::Plain { host: host.to_owned() });
            }
            Err(_) => {}
        }
        Ok(url)
    }

    /// Pushes, within the time that the push names.
    pub(crate) async fn push(&self, push: Push) -> Pushed {
        let url = match self.target(&push.url) {
            Ok(url) => url,
            Err(refused) => return failed("refused", &refused.to_string()),
        };
        let client = match self.client(url.scheme() == "https") {
            Ok(client) => client,
            Err(why) => return failed("unreachable", why),
        };
        let now = Time::from_millis(push.timestamp * 1_000);
        let until = Instant::now() + push.within;
        let body = push_body(&push.item);
        let request = client.post(url).headers(headers(&push, &body)).body(body).send();
        match timeout_at(until, request).await {
            Ok(Ok(response)) => {
                let meaning = meaning(response.status(), response.headers(), now, self.retry_after_max);
                // What the body holds changes nothing, and it is never kept: it may be anything.
                let _ = timeout(REST.min(until - Instant::now()), self.rest(response)).await;
                meaning
            }
            Ok(Err(error)) => explain(&error),
            Err(_) => failed("timeout", &format!("no answer within {}", Span(push.within.as_micros() as i64))),
        }
    }

    /// Reads the rest of an answer, as far as it may go on.
    async fn rest(&self, mut response: Response) {
        let mut read = 0;
        while let Ok(Some(part)) = response.chunk().await {
            read += part.len() as u64;
            if read > self.response_bytes {
                return;
            }
        }
    }

    fn client(&self, tls: bool) -> Result<&Client, &str> {
        let place = if tls { &self.with_tls } else { &self.without };
        place.get_or_init(|| self.build(tls)).as_ref().map_err(String::as_str)
    }

    fn build(&self, tls: bool) -> Result<Client, String> {
        // Another part of the process may have installed the same provider before.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let guarded = Guarded { lookup: Arc::clone(&self.lookup), rules: Arc::clone(&self.rules), tls };
        let mut builder = Client::builder()
            .user_agent(concat!("coordination/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(self.connect)
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            // A proxy would look names up by itself, where nobody checks what they lead to.
            .no_proxy()
            .tcp_nodelay(true)
            .dns_resolver(Arc::new(guarded));
        if !tls {
            // Leaves the system's certificates unread: a small container has none.
            builder = builder.tls_certs_only(std::iter::empty());
        }
        builder.build().map_err(|error| chain(&error))
    }
}

fn failed(outcome: &'static str, why: &str) -> Pushed {
    Pushed::Failed { outcome, why: why.to_owned() }
}

/// The headers of a push: what it is, how it is signed, and the trace that it belongs to.
fn headers(push: &Push, body: &[u8]) -> HeaderMap {
    let signatures: Vec<String> =
        push.secrets.iter().map(|secret| secret.sign(&push.id, push.timestamp, body)).collect();
    let pairs = [
        (CONTENT_TYPE, Some("application/json".to_owned())),
        (HeaderName::from_static("webhook-id"), Some(push.id.clone())),
        (HeaderName::from_static("webhook-timestamp"), Some(push.timestamp.to_string())),
        (HeaderName::from_static("webhook-signature"), Some(signatures.join(" "))),
        (HeaderName::from_static("traceparent"), push.item.message.traceparent.clone()),
    ];
    // What is no header's value was never let in as one.
    let values = pairs.into_iter().filter_map(|(name, text)| Some((name, HeaderValue::from_str(&text?).ok()?)));
    values.collect()
}

/// Says why a request was not answered, without the address, which may hold a password.
fn explain(error: &reqwest::Error) -> Pushed {
    let mut cause = Some(error as &(dyn StdError + 'static));
    while let Some(this) = cause {
        if let Some(refused) = this.downcast_ref::<Refused>() {
            return failed("refused", &refused.to_string());
        }
        cause = this.source();
    }
    if error.is_timeout() {
        return failed("timeout", "its webhook could not be connected to in time");
    }
    failed("unreachable", &format!("its webhook was not reached: {}", chain(error)))
}

/// The causes of an error; its own text names the address.
fn chain(error: &reqwest::Error) -> String {
    let mut texts = Vec::new();
    let mut cause = error.source();
    while let Some(this) = cause {
        texts.push(this.to_string());
        cause = this.source();
    }
    texts.dedup();
    if texts.is_empty() { "it broke off".to_owned() } else { texts.join(": ") }
}
