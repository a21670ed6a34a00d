//! The API of the cluster that this pod is in, for the two calls that are needed: reading a secret and making one.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use reqwest::{Certificate, Client, RequestBuilder, Response, StatusCode, Url};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::contents::Secret;
use super::yaml::LABELS;

/// Where Kubernetes puts a pod's token, its namespace and the cluster's certificate authority.
pub(super) const SERVICE_ACCOUNT: &str = "/var/run/secrets/kubernetes.io/serviceaccount";

/// How long connecting may take.
const CONNECT: Duration = Duration::from_secs(5);
/// How long an answer may take.
const ANSWER: Duration = Duration::from_secs(15);
/// Bytes of an answer that are read; a secret holds to 1 MiB, a third more in base64.
const ANSWER_BYTES_MAX: usize = 4 << 20;

/// Why a call did not do what it should.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    /// May be right in a moment: not reached, overloaded, or rights that are only being given.
    #[error("{0}")]
    Again(String),
    /// Will not be right by itself.
    #[error("{0}")]
    Never(String),
}

/// The secrets of one namespace.
pub(super) struct Cluster {
    http: Client,
    secrets: Url,
    namespace: String,
    token: PathBuf,
}

/// What the API says of a request that it did not carry out.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Status {
    message: String,
}

impl Cluster {
    /// Finds the API by what Kubernetes gives every pod: two environment variables and a folder.
    ///
    /// Fails, with what is missing, where there is no such thing.
    pub(super) fn of_this_pod(
        environment: &[(String, String)],
        account: &Path,
        namespace: Option<&str>,
    ) -> Result<Self, String> {
        let variable = |name: &str| {
            let found = environment.iter().find(|(found, value)| found == name && !value.is_empty());
            found.map(|(_, value)| value.as_str()).ok_or_else(|| {
                format!("{name} is not set: run this in a pod, or `coord secrets print` for `kubectl apply -f -`")
            })
        };
        let host = variable("KUBERNETES_SERVICE_HOST")?;
        let host = if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
        let base = format!("https://{host}:{}", variable("KUBERNETES_SERVICE_PORT")?);
        let namespace = match namespace {
            Some(given) => given.to_owned(),
            None => read(&account.join("namespace"))?.trim().to_owned(),
        };
        let secrets = format!("{base}/api/v1/namespaces/{namespace}/secrets");
        let secrets = Url::parse(&secrets).map_err(|why| format!("`{base}` is no address: {why}"))?;
        let authority = read(&account.join("ca.crt"))?;
        let authority = Certificate::from_pem_bundle(authority.as_bytes());
        let authority = authority.map_err(|why| format!("{} is no certificate: {why}", account.display()))?;
        // Another part of the process may have installed the same provider before.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = Client::builder()
            .user_agent(concat!("coord/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT)
            .timeout(ANSWER)
            .redirect(reqwest::redirect::Policy::none())
            // A proxy of the environment leads out of the cluster.
            .no_proxy()
            .https_only(true)
            .tls_certs_only(authority)
            .build()
            .map_err(|why| format!("cannot speak TLS: {why}"))?;
        Ok(Self { http, secrets, namespace, token: account.join("token") })
    }

    /// The namespace.
    pub(super) fn namespace(&self) -> &str {
        &self.namespace
    }

    /// The keys of a secret; nothing where there is no such secret.
    pub(super) async fn keys(&self, name: &str) -> Result<Option<Vec<String>>, Error> {
        let mut url = self.secrets.clone();
        url.path_segments_mut().map_err(|()| Error::Never("the address has no path".to_owned()))?.push(name);
        let answer = self.ask(self.http.get(url)).await?;
        match answer.status() {
            StatusCode::OK => {
                let body = read_bounded(answer).await?;
                let secret: Value = serde_json::from_slice(&body)
                    .map_err(|error| Error::Again(format!("the API answered something else than JSON: {error}")))?;
                let keys = secret["data"].as_object().map(|data| data.keys().cloned().collect());
                Ok(Some(keys.unwrap_or_default()))
            }
            StatusCode::NOT_FOUND => Ok(None),
            _ => Err(refusal("read it", answer).await),
        }
    }

    /// Makes a secret; false when somebody else has made it meanwhile.
    pub(super) async fn create(&self, secret: &Secret) -> Result<bool, Error> {
        let labels: Map<String, Value> =
            LABELS.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
        let values: Map<String, Value> =
            secret.values.iter().map(|(key, value)| ((*key).to_owned(), json!(value))).collect();
        let body = json!({
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": { "name": secret.name, "namespace": self.namespace, "labels": labels },
            "type": "Opaque",
            "stringData": values,
        });
        let query = [("fieldManager", "coord"), ("fieldValidation", "Strict")];
        let answer = self.ask(self.http.post(self.secrets.clone()).query(&query).json(&body)).await?;
        match answer.status() {
            StatusCode::CREATED | StatusCode::OK => Ok(true),
            StatusCode::CONFLICT => Ok(false),
            _ => Err(refusal("make it", answer).await),
        }
    }

    /// Sends a request with the token as it is now: Kubernetes renews it in the file.
    async fn ask(&self, request: RequestBuilder) -> Result<Response, Error> {
        let token = read(&self.token).map_err(Error::Again)?;
        let request = request.bearer_auth(token.trim()).header("accept", "application/json");
        request.send().await.map_err(|error| Error::Again(format!("cannot reach the API: {}", chain(&error))))
    }
}

fn read(path: &Path) -> Result<String, String> {
    fs::read_to_string(path).map_err(|error| format!("cannot read {}: {error}", path.display()))
}

/// An error for an answer that is no success. A right, a namespace or a new token may take a moment to arrive everywhere;
/// a request that makes no sense does not come to make some.
async fn refusal(what: &str, answer: Response) -> Error {
    let status = answer.status();
    let body = read_bounded(answer).await.unwrap_or_default();
    let said: Status = serde_json::from_slice(&body).unwrap_or_default();
    let why = format!("the API did not {what}: {status}: {}", said.message);
    match status {
        StatusCode::BAD_REQUEST | StatusCode::UNPROCESSABLE_ENTITY | StatusCode::METHOD_NOT_ALLOWED => {
            Error::Never(why)
        }
        _ => Error::Again(why),
    }
}

async fn read_bounded(mut answer: Response) -> Result<Vec<u8>, Error> {
    let mut body = Vec::new();
    loop {
        match answer.chunk().await {
            Ok(Some(chunk)) if body.len() + chunk.len() <= ANSWER_BYTES_MAX => body.extend_from_slice(&chunk),
            Ok(Some(_)) => return Err(Error::Never(format!("the API answered more than {ANSWER_BYTES_MAX} bytes"))),
            Ok(None) => return Ok(body),
            Err(error) => return Err(Error::Again(format!("the API's answer broke off: {}", chain(&error)))),
        }
    }
}

/// An error with what caused it, which says more than the error itself.
fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}
