//! A part of a bucket, as plain verbs on whole objects and parts of them. The one file that builds a client for S3.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::TryStreamExt;
use object_store::aws::{AmazonS3, AmazonS3Builder, AmazonS3ConfigKey};
use object_store::client::Certificate;
use object_store::path::Path;
use object_store::{
    BackoffConfig, ClientOptions, MultipartUpload, ObjectStore, ObjectStoreExt, PutPayload, RetryConfig,
};

use crate::{Error, S3Config};

/// How long connecting may take.
const CONNECT: Duration = Duration::from_secs(5);

/// Bytes that travel in one request.
const PART_BYTES: usize = 8 << 20;

/// The objects of a bucket below a prefix. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Bucket {
    store: Arc<AmazonS3>,
    prefix: String,
}

/// Whether an endpoint is this machine.
fn is_here(endpoint: &str) -> bool {
    reqwest::Url::parse(endpoint).is_ok_and(|url| url.host_str().is_some_and(domain::loopback::leads_here))
}

impl Bucket {
    /// Prepares to talk to a bucket; talks to nobody yet. Fails with [`Error::Settings`] where the settings make no client.
    pub(crate) fn open(name: &str, prefix: &str, config: &S3Config) -> Result<Self, Error> {
        // Whoever chose a provider before keeps it.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let wrong = |error: &dyn std::fmt::Display| Error::Settings(error.to_string());
        let mut options = ClientOptions::new()
            .with_allow_http(config.allow_http)
            .with_connect_timeout(CONNECT)
            .with_timeout(config.request_timeout.to_std());
        if config.endpoint.as_deref().is_some_and(is_here) {
            // The way that object_store has to use no proxy: one for no host. `*` stands for names, not for addresses.
            options = options.with_proxy_url("http://localhost").with_proxy_excludes("*,0.0.0.0/0,::/0");
        }
        if let Some(file) = &config.ca_file {
            let pem =
                std::fs::read(file).map_err(|error| wrong(&format!("cannot read {}: {error}", file.display())))?;
            for certificate in Certificate::from_pem_bundle(&pem).map_err(|error| wrong(&error))? {
                options = options.with_root_certificate(certificate);
            }
        }
        let retry = RetryConfig {
            // Waits between tries grow and are drawn by chance, so that those who failed together do not come together.
            backoff: BackoffConfig {
                init_backoff: Duration::from_millis(100),
                max_backoff: Duration::from_secs(5),
                base: 2.0,
            },
            max_retries: 10,
            retry_timeout: config.retry_timeout.to_std(),
        };
        let mut builder = AmazonS3Builder::new()
            .with_bucket_name(name)
            .with_region(&config.region)
            .with_virtual_hosted_style_request(config.virtual_hosted_style)
            .with_allow_http(config.allow_http)
            .with_client_options(options)
            .with_retry(retry);
        if let Some(endpoint) = &config.endpoint {
            builder = builder.with_endpoint(endpoint);
        }
        for (key, secret) in [
            (AmazonS3ConfigKey::AccessKeyId, &config.access_key_id),
            (AmazonS3ConfigKey::SecretAccessKey, &config.secret_access_key),
            (AmazonS3ConfigKey::Token, &config.session_token),
        ] {
            if let Some(secret) = secret {
                builder = builder.with_config(key, secret.expose());
            }
        }
        if let (Some(role), Some(file)) = (&config.role_arn, &config.web_identity_token_file) {
            builder = builder
                .with_config(AmazonS3ConfigKey::RoleArn, role)
                .with_config(AmazonS3ConfigKey::RoleSessionName, &config.role_session_name)
                .with_config(AmazonS3ConfigKey::WebIdentityTokenFile, file.display().to_string());
        }
        let store = builder.build().map_err(|error| wrong(&error))?;
        Ok(Self { store: Arc::new(store), prefix: prefix.to_owned() })
    }

    fn path(&self, name: &str) -> Path {
        Path::from(format!("{}{name}", self.prefix))
    }

    /// The size of an object; [`Error::Missing`] where there is none.
    pub(crate) async fn size(&self, name: &str) -> Result<u64, Error> {
        Ok(self.store.head(&self.path(name)).await?.size)
    }

    /// The size of an object, or none.
    pub(crate) async fn find(&self, name: &str) -> Result<Option<u64>, Error> {
        match self.size(name).await {
            Err(Error::Missing) => Ok(None),
            found => found.map(Some),
        }
    }

    /// Writes a whole object in one request; what stood there is replaced.
    pub(crate) async fn put(&self, name: &str, bytes: impl IntoIterator<Item = Bytes>) -> Result<(), Error> {
        let payload: PutPayload = bytes.into_iter().collect();
        self.store.put(&self.path(name), payload).await.map(drop).map_err(writing)
    }

    /// Reads the bytes of `range`.
    pub(crate) async fn read(&self, name: &str, range: Range<u64>) -> Result<Bytes, Error> {
        Ok(self.store.get_range(&self.path(name), range).await?)
    }

    /// Writes a whole object of any size, in parts where it is large, so that each request is bounded.
    pub(crate) async fn put_all(&self, name: &str, bytes: Bytes) -> Result<(), Error> {
        if bytes.len() <= PART_BYTES {
            return self.put(name, [bytes]).await;
        }
        let mut upload = self.begin(name).await?;
        let sent = send_parts(upload.as_mut(), bytes).await;
        if sent.is_err() {
            // What cannot be aborted either, the bucket's rule for incomplete uploads removes.
            let _ = upload.abort().await;
        }
        sent
    }

    /// Reads a whole object, a bounded part in each request.
    pub(crate) async fn read_all(&self, name: &str) -> Result<Bytes, Error> {
        let size = self.size(name).await?;
        let mut all = Vec::with_capacity(size as usize);
        while (all.len() as u64) < size {
            let start = all.len() as u64;
            all.extend_from_slice(&self.read(name, start..size.min(start + PART_BYTES as u64)).await?);
        }
        Ok(all.into())
    }

    /// Removes an object; one that is not there is as good as removed.
    pub(crate) async fn remove(&self, name: &str) -> Result<(), Error> {
        match self.store.delete(&self.path(name)).await.map_err(writing) {
            Err(Error::Missing) => Ok(()),
            done => done,
        }
    }

    /// Copies an object within the bucket, on the server; to 5 GiB.
    pub(crate) async fn copy(&self, from: &str, to: &str) -> Result<(), Error> {
        self.store.copy(&self.path(from), &self.path(to)).await.map_err(writing)
    }

    /// Begins an object in parts; it is there once the parts are completed.
    pub(crate) async fn begin(&self, name: &str) -> Result<Box<dyn MultipartUpload>, Error> {
        self.store.put_multipart(&self.path(name)).await.map_err(writing)
    }

    /// The names of the objects below a folder of the prefix, sorted.
    pub(crate) async fn list(&self, folder: &str) -> Result<Vec<String>, Error> {
        let below = self.path(folder);
        let metas: Vec<_> = self.store.list(Some(&below)).try_collect().await?;
        let names =
            metas.iter().filter_map(|meta| meta.location.as_ref().strip_prefix(&self.prefix).map(str::to_owned));
        let mut names: Vec<String> = names.collect();
        names.sort();
        Ok(names)
    }
}

async fn send_parts(upload: &mut dyn MultipartUpload, mut bytes: Bytes) -> Result<(), Error> {
    while !bytes.is_empty() {
        let part = bytes.split_to(bytes.len().min(PART_BYTES));
        upload.put_part(part.into()).await.map_err(writing)?;
    }
    upload.complete().await.map(drop).map_err(writing)
}

impl From<object_store::Error> for Error {
    fn from(error: object_store::Error) -> Self {
        match error {
            object_store::Error::NotFound { .. } => Self::Missing,
            // Away, overloaded, or not letting us in: all are mended outside, and then the same request is right.
            other => Self::Unavailable(std::io::Error::other(other)),
        }
    }
}

/// An error of writing, where a missing bucket is a fault of the store and not of the asker.
pub(crate) fn writing(error: object_store::Error) -> Error {
    match error {
        error @ object_store::Error::NotFound { .. } => Error::Unavailable(std::io::Error::other(error)),
        other => other.into(),
    }
}
