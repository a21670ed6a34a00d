//! Traces: the trace context of a request, which travels with the message, and the request's span.

use std::convert::Infallible;

use axum::extract::{FromRequestParts, Request};
use http::HeaderValue;
use http::request::Parts;
use opentelemetry::Context;
use opentelemetry::trace::{SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId, TraceState};
use protocol::traceparent::{self, TRACEPARENT};
use tracing::Span;
use tracing::field::Empty;
use tracing_opentelemetry::OpenTelemetrySpanExt;

use crate::request_id::RequestId;

/// The target of the spans that this crate makes; whoever wants them listens to it.
pub const SPANS: &str = "server::request";

/// The `traceparent` header as W3C Trace Context has it; one that is malformed is as good as none.
#[derive(Debug)]
pub(crate) struct Trace(pub(crate) Option<String>);

impl<S: Sync> FromRequestParts<S> for Trace {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self(traceparent::of(&parts.headers).map(str::to_owned)))
    }
}

/// Begins the span of a request, as a child of the caller's; from here on the request carries this span's context. A span
/// that nobody listens to costs nothing, and leaves the request as it was.
pub(crate) fn begin(request: &mut Request, route: &'static str, id: &RequestId) -> Span {
    let span = tracing::info_span!(
        target: SPANS,
        "request",
        otel.name = format!("{} {route}", request.method()),
        otel.kind = "server",
        otel.status_code = Empty,
        http.request.method = request.method().as_str(),
        http.route = route,
        http.response.status_code = Empty,
        request.id = id.as_str(),
    );
    if span.is_disabled() {
        return span;
    }
    if let Some(parent) = traceparent::of(request.headers()).and_then(remote) {
        // It fails only where nobody makes traces of spans; the context below is invalid then.
        let _ = span.set_parent(Context::new().with_remote_span_context(parent));
    }
    if let Some(header) = header(span.context().span().span_context()) {
        request.headers_mut().insert(TRACEPARENT, header);
    }
    span
}

/// Notes the answer in the span of its request.
pub(crate) fn end(span: &Span, status: http::StatusCode) {
    span.record("http.response.status_code", status.as_u16());
    if status.is_server_error() {
        span.record("otel.status_code", "ERROR");
    }
}

fn remote(text: &str) -> Option<SpanContext> {
    let mut parts = text.split('-').skip(1);
    let trace = TraceId::from_hex(parts.next()?).ok()?;
    let span = SpanId::from_hex(parts.next()?).ok()?;
    let flags = TraceFlags::new(u8::from_str_radix(parts.next()?, 16).ok()?);
    Some(SpanContext::new(trace, span, flags, true, TraceState::default()))
}

fn header(context: &SpanContext) -> Option<HeaderValue> {
    let text = format!("00-{}-{}-{:02x}", context.trace_id(), context.span_id(), context.trace_flags().to_u8() & 1);
    HeaderValue::try_from(text).ok().filter(|_| context.is_valid())
}
