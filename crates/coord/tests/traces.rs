//! The spans of requests, as an OpenTelemetry collector gets them.

#![cfg(test)]

use std::time::Duration;

use axum::Router;
use axum::routing::post;
use bytes::Bytes;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::trace::v1::{Span, span::SpanKind};
use prost::Message;
use protocol::{Receive, SendMessage};
use testkit::coord::Coord;
use tokio::net::TcpListener;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::task::JoinSet;
use tokio::time::timeout;

const SOON: Duration = Duration::from_secs(30);

/// A collector that hands over the spans that it is sent; its address.
async fn collector(tasks: &mut JoinSet<()>) -> (String, UnboundedReceiver<Span>) {
    let (spans, received) = unbounded_channel();
    let take = move |body: Bytes| {
        let request = ExportTraceServiceRequest::decode(body).expect("OTLP");
        for scope in request.resource_spans.into_iter().flat_map(|resource| resource.scope_spans) {
            scope.spans.into_iter().for_each(|span| drop(spans.send(span)));
        }
        async {}
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = format!("http://{}", listener.local_addr().expect("bound"));
    let router = Router::new().route("/v1/traces", post(take));
    tasks.spawn(async move { axum::serve(listener, router).await.expect("serves") });
    (address, received)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_is_a_span_of_its_callers_trace_and_the_message_goes_on_in_it() {
    let mut tasks = JoinSet::new();
    let (collector, mut spans) = collector(&mut tasks).await;
    let started = tokio::task::spawn_blocking(move || {
        // Nothing listens at the proxy: what is on this machine is never asked for through one.
        let proxy = "http://127.0.0.1:9";
        let environment =
            [("OTEL_EXPORTER_OTLP_ENDPOINT", collector.as_str()), ("http_proxy", proxy), ("all_proxy", proxy)];
        Coord::start(env!("CARGO_BIN_EXE_coord"), &environment)
    });
    let mut coord = started.await.expect("runs").expect("starts");
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    let hello = SendMessage {
        from: Some("code".to_owned()),
        to: Some("chat".into()),
        subject: "Hello".to_owned(),
        body: "traced".to_owned(),
        ..SendMessage::default()
    };
    // It also installs the TLS provider that the plain client beside it needs.
    let client = coord.client().expect("a client");
    let http = reqwest::Client::new();
    let request = http.post(format!("{}/api/v1/messages", coord.url())).json(&hello);
    let answer =
        request.header("traceparent", format!("00-{trace}-00f067aa0ba902b7-01")).send().await.expect("answers");
    assert_eq!(answer.status(), 201);

    let received = client.receive("chat", &Receive::default()).await.expect("receives");
    let carried = received.deliveries[0].message.traceparent.clone().expect("a trace context");
    assert_eq!(carried.split('-').nth(1), Some(trace));

    let ended = tokio::task::spawn_blocking(move || coord.daemon.stop(SOON));
    ended.await.expect("runs").expect("ends, and sends what is left");
    let span = timeout(SOON, async {
        loop {
            let span = spans.recv().await.expect("a span");
            if span.name == "POST /api/v1/messages" {
                return span;
            }
        }
    });
    let span = span.await.expect("the request's span");
    assert_eq!(
        (hex::encode(&span.trace_id), hex::encode(&span.parent_span_id)),
        (trace.to_owned(), "00f067aa0ba902b7".to_owned())
    );
    assert_eq!(
        carried,
        format!("00-{trace}-{}-01", hex::encode(&span.span_id)),
        "the message goes on from the request's span"
    );
    assert_eq!(span.kind, SpanKind::Server as i32);
    let keys: Vec<&str> = span.attributes.iter().map(|attribute| attribute.key.as_str()).collect();
    for key in ["http.route", "http.request.method", "http.response.status_code", "request.id"] {
        assert!(keys.contains(&key), "{key} is not in {keys:?}");
    }
}
