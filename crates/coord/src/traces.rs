//! Traces: the spans of requests, sent to an OpenTelemetry collector by OTLP over HTTP. Nothing is made where no collector is
//! named.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use opentelemetry::trace::TracerProvider;
use opentelemetry_http::{HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider};
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::{Layer, Registry};

use domain::loopback::leads_here;

use crate::config::TracesConfig;

/// How long the collector may take for a batch; what it does not take in time is dropped, never waited for by a request.
const TIMEOUT: Duration = Duration::from_secs(10);

/// The end of the traces: sends what is left when it is told to.
#[derive(Debug, Default)]
pub(crate) struct Traces(Option<SdkTracerProvider>);

/// What turns the spans of [`server::SPANS`] into OpenTelemetry's.
pub(crate) type TracesLayer = Box<dyn Layer<Registry> + Send + Sync>;

impl Traces {
    /// Prepares the way to the collector, where one is named. Connects when there is something to send.
    ///
    /// Fails when there can be no client or no exporter for this address.
    pub(crate) fn begin(config: &TracesConfig) -> Result<(Self, Option<TracesLayer>), String> {
        let Some(endpoint) = &config.endpoint else { return Ok((Self::default(), None)) };
        let exporter = SpanExporter::builder()
            .with_http()
            .with_http_client(Collector::new(endpoint)?)
            .with_endpoint(format!("{}/v1/traces", endpoint.trim_end_matches('/')))
            .with_timeout(TIMEOUT)
            .build()
            .map_err(|error| format!("traces cannot be sent to {endpoint}: {error}"))?;
        let provider = SdkTracerProvider::builder()
            .with_resource(Resource::builder().with_service_name(config.service_name.clone()).build())
            .with_sampler(Sampler::ParentBased(Box::new(Sampler::TraceIdRatioBased(config.sample))))
            .with_batch_exporter(exporter)
            .build();
        let layer = layer(provider.tracer("coordination"));
        Ok((Self(Some(provider)), Some(layer)))
    }

    /// Sends what is left. Call it outside of a runtime.
    pub(crate) fn end(self) {
        if let Some(Err(error)) = self.0.map(|provider| provider.shutdown_with_timeout(TIMEOUT)) {
            tracing::warn!(%error, "the last traces were not sent");
        }
    }
}

fn layer<S>(tracer: opentelemetry_sdk::trace::Tracer) -> Box<dyn Layer<S> + Send + Sync>
where
    S: tracing::Subscriber + for<'span> LookupSpan<'span> + Send + Sync,
{
    let layer = tracing_opentelemetry::layer().with_tracer(tracer).with_location(false).with_threads(false);
    layer.with_filter(Targets::new().with_target(server::SPANS, LevelFilter::INFO)).boxed()
}

/// The HTTP client on the way to the collector; called on the exporter's own thread.
#[derive(Debug)]
struct Collector(reqwest::blocking::Client);

impl Collector {
    fn new(endpoint: &str) -> Result<Self, String> {
        // Only the first of a process is installed; it is the same one.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut builder = reqwest::blocking::Client::builder();
        let url = reqwest::Url::parse(endpoint).map_err(|error| format!("`{endpoint}` is no address: {error}"))?;
        if url.host_str().is_some_and(leads_here) {
            builder = builder.no_proxy();
        }
        let client = builder.timeout(TIMEOUT).build();
        client.map(Self).map_err(|error| format!("traces cannot be sent: {error}"))
    }
}

#[async_trait]
impl HttpClient for Collector {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let (parts, body) = request.into_parts();
        let sent = self.0.request(parts.method, parts.uri.to_string()).headers(parts.headers).body(body).send()?;
        let mut response = Response::builder().status(sent.status());
        if let Some(headers) = response.headers_mut() {
            headers.clone_from(sent.headers());
        }
        Ok(response.body(sent.bytes()?)?)
    }
}
