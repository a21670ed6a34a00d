//! A thin typed HTTP client: one method for each route.

mod agents;
mod answer;
mod attachments;
mod authority;
mod dead_letters;
mod decisions;
mod error;
mod events;
mod gates;
mod health;
mod inbox;
mod keys;
mod messages;
mod proxy;
mod retry_after;
mod sse;
mod stream;
mod tenants;

use std::time::Duration;

use protocol::Problem;
use reqwest::{Method, RequestBuilder, Response, Url, header};
use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;

pub use answer::Answer;
pub use attachments::{Download, Upload};
pub use error::Error;
pub use stream::{Stream, Streamed};

/// How long connecting may take.
const CONNECT: Duration = Duration::from_secs(5);
/// How long an ordinary answer may take.
const ANSWER: Duration = Duration::from_secs(30);
/// How much longer than asked for a long poll may take.
const SLACK: Duration = Duration::from_secs(10);

/// A client of one coordination server; cheap to clone, one connection pool behind all clones.
///
/// Nothing is retried except streams, which resume by themselves: after [`Error::Unreachable`] a change was perhaps made,
/// and the `Idempotency-Key` of [`Client::send_message`] makes sending again safe.
#[derive(Debug, Clone)]
pub struct Client {
    http: reqwest::Client,
    base: Url,
    key: Option<SecretString>,
    timeout: Duration,
    proxy: Option<String>,
}

impl Client {
    /// Makes a client for the server at `url`, as in `http://127.0.0.1:8000`, with a key when one is needed.
    ///
    /// A server on this machine is asked directly; any other through the proxy that `HTTP_PROXY`, `HTTPS_PROXY` or
    /// `ALL_PROXY` names, unless `NO_PROXY` excepts it.
    ///
    /// Connects to nothing yet. Fails with [`Error::Url`] when `url` is not an `http` or `https` address, and with
    /// [`Error::Key`] when the key has characters that no key has.
    pub fn new(url: &str, key: Option<SecretString>) -> Result<Self, Error> {
        let wrong = |why: String| Error::Url { url: url.to_owned(), why };
        let base = Url::parse(url).map_err(|why| wrong(why.to_string()))?;
        if !matches!(base.scheme(), "http" | "https") || !base.has_host() {
            return Err(wrong("it does not begin with http:// or https:// and a host".to_owned()));
        }
        if key.as_ref().is_some_and(|key| !key.expose_secret().bytes().all(|byte| byte.is_ascii_graphic())) {
            return Err(Error::Key);
        }
        // Another part of the process may have installed the same provider before.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut http = reqwest::Client::builder()
            .user_agent(concat!("coord/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT)
            .redirect(reqwest::redirect::Policy::none())
            .tcp_nodelay(true);
        if base.scheme() == "http" {
            // Leaves the system's certificates unread: they cost time, and a small container has none.
            http = http.tls_certs_only(std::iter::empty());
        }
        let proxy = if proxy::is_loopback(&base) {
            http = http.no_proxy();
            None
        } else {
            proxy::before(&base)
        };
        let http = http.build().map_err(|why| wrong(error::chain(&why)))?;
        Ok(Self { http, base, key, timeout: ANSWER, proxy })
    }

    /// Changes how long an ordinary answer may take; 30 s at first.
    #[must_use]
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Tells whether it shows a key.
    pub fn has_key(&self) -> bool {
        self.key.is_some()
    }

    /// Returns the server's address.
    pub fn url(&self) -> &str {
        self.base.as_str().trim_end_matches('/')
    }

    /// Returns the address of the proxy that stands before the server, without user and password.
    pub fn proxy(&self) -> Option<&str> {
        self.proxy.as_deref()
    }

    /// Begins a request to the path made of these segments, each escaped by itself; the caller sets its timeout.
    fn begin(&self, method: Method, path: &[&str]) -> RequestBuilder {
        let mut url = self.base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path);
        }
        let request = self.http.request(method, url);
        match &self.key {
            Some(key) => request.bearer_auth(key.expose_secret()),
            None => request,
        }
    }

    fn request(&self, method: Method, path: &[&str]) -> RequestBuilder {
        self.begin(method, path).timeout(self.timeout)
    }

    fn get(&self, path: &[&str]) -> RequestBuilder {
        self.request(Method::GET, path)
    }

    fn post(&self, path: &[&str]) -> RequestBuilder {
        self.request(Method::POST, path)
    }

    /// Sends a request and returns the answer when it is a success, its problem otherwise.
    async fn success(&self, request: RequestBuilder) -> Result<Response, Error> {
        let response = request.send().await.map_err(|why| self.unreachable(&why))?;
        if response.status().is_success() {
            return Ok(response);
        }
        let status = response.status();
        let wait = retry_after::of(response.headers());
        let text = response.text().await.map_err(|why| self.unreachable(&why))?;
        match serde_json::from_str::<Box<Problem>>(&text) {
            Ok(mut problem) => {
                problem.retry_after_s = problem.retry_after_s.or(wait.map(|wait| wait.as_secs()));
                Err(Error::Problem(problem))
            }
            // A balancer's own words for a server that it did not reach, or that broke off.
            Err(_) if matches!(status.as_u16(), 502..=504) => {
                Err(self.not_reached(format!("a gateway answered {status}{}", retry_after::sentence(wait))))
            }
            Err(_) => {
                Err(self.protocol(format!("it answered {status} without saying why{}", retry_after::sentence(wait))))
            }
        }
    }

    /// Sends a request and reads the JSON answer.
    async fn answer<T: DeserializeOwned>(&self, request: RequestBuilder) -> Result<Answer<T>, Error> {
        let response = self.success(request).await?;
        let status = response.status().as_u16();
        let replayed = response.headers().get("idempotency-replayed").is_some_and(|value| value == "true");
        let json = response.text().await.map_err(|why| self.unreachable(&why))?;
        let value = serde_json::from_str(&json).map_err(|why| self.protocol(format!("it answered {status}: {why}")))?;
        Ok(Answer { value, json, status, replayed })
    }

    /// Sends a request whose answer's content is of no interest.
    async fn done(&self, request: RequestBuilder) -> Result<(), Error> {
        self.success(request).await.map(drop)
    }

    fn unreachable(&self, why: &reqwest::Error) -> Error {
        self.not_reached(error::chain(why))
    }

    fn not_reached(&self, why: String) -> Error {
        Error::Unreachable { url: self.url().to_owned(), why: self.by_way_of_proxy(why) }
    }

    fn protocol(&self, why: String) -> Error {
        Error::Protocol { url: self.url().to_owned(), why: self.by_way_of_proxy(why) }
    }

    /// Adds to a fault the proxy that may have it.
    fn by_way_of_proxy(&self, why: String) -> String {
        match &self.proxy {
            Some(proxy) => format!("{why} (asked through the proxy {proxy}; NO_PROXY goes around it)"),
            None => why,
        }
    }
}

/// Adds a JSON content type to a body that is JSON text already.
fn json_text(request: RequestBuilder, text: String) -> RequestBuilder {
    request.header(header::CONTENT_TYPE, "application/json").body(text)
}

#[cfg(test)]
mod tests {
    use super::{Client, Error};

    #[test]
    fn an_address_without_a_scheme_is_refused() {
        for url in ["127.0.0.1:8000", "localhost:8000", "ftp://example.org", "http://", ""] {
            assert!(matches!(Client::new(url, None), Err(Error::Url { .. })), "{url}");
        }
    }

    #[test]
    fn a_key_that_no_header_can_carry_is_refused() {
        for key in ["a b", "a\nb", "schlüssel"] {
            assert!(matches!(Client::new("http://h", Some(key.into())), Err(Error::Key)), "{key}");
        }
    }

    #[test]
    fn a_base_path_is_kept_and_segments_are_escaped() {
        let client = Client::new("http://example.org/coordination/", None).unwrap();
        let request = client.get(&["api", "v1", "agents", "a/b c"]).build().unwrap();
        assert_eq!(request.url().as_str(), "http://example.org/coordination/api/v1/agents/a%2Fb%20c");
    }
}
