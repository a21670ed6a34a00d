//! One connection: its requests go to the router, and it ends in order when the server does.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, HttpBody};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use domain::{Code, Refusal};
use http::header::{CONNECTION, HOST, HeaderValue};
use http::{Request, Version};
use hyper::body::{Frame, Incoming, SizeHint};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpStream;
use tokio::time::sleep;
use tower::Service;

use crate::app::App;
use crate::problem::{self, ApiError};
use crate::request_id::X_REQUEST_ID;
use crate::socket::Socket;
use crate::wire::{Answering, Peer, Wire};

/// How long a connection may be silent while the server ends and no handler is at work: half a request, or an answer that nobody
/// takes.
pub(crate) const QUIET: Duration = Duration::from_secs(1);

/// Serves a connection until it ends; once the server stops, until what is in hand is answered.
pub(crate) async fn serve(stream: TcpStream, router: Router, app: App, header_timeout: Duration) {
    let stopping = app.stopping.clone();
    let wire = Arc::new(Wire::new(stream, app));
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(header_timeout)
        .half_close(true)
        .serve_connection(TokioIo::new(Socket::new(Arc::clone(&wire))), Requests { router, wire: Arc::clone(&wire) });
    tokio::pin!(connection);
    // A client that breaks off is no news.
    tokio::select! {
        _ = &mut connection => return,
        () = wire.broken() => return,
        () = stopping.cancelled() => {}
    }
    connection.as_mut().graceful_shutdown();
    loop {
        let before = wire.movements();
        tokio::select! {
            _ = &mut connection => return,
            () = wire.broken() => return,
            () = sleep(QUIET) => {}
        }
        if !wire.is_handling() && wire.movements() == before {
            return;
        }
    }
}

/// The requests of one connection.
struct Requests {
    router: Router,
    wire: Arc<Wire>,
}

/// Nobody waits for the answer.
#[derive(Debug, thiserror::Error)]
#[error("the client is gone")]
struct Gone;

impl hyper::service::Service<Request<Incoming>> for Requests {
    type Response = Response;
    type Error = Gone;
    type Future = Pin<Box<dyn Future<Output = Result<Response, Gone>> + Send>>;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        let (mut router, wire) = (self.router.clone(), Arc::clone(&self.wire));
        let (handling, answering) = wire.begin();
        Box::pin(async move {
            if !wire.is_awaited().await {
                return Err(Gone);
            }
            let version = request.version();
            let mut response = if let Some(error) = host_error(&request) {
                refused(&wire, &request, &error)
            } else {
                let mut request = request.map(Body::new);
                request.extensions_mut().insert(Peer(Arc::clone(&wire)));
                let Ok(response) = answered(&mut router, request).await;
                response
            };
            if version == Version::HTTP_11 && wire.is_leaving() {
                response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
            }
            drop(handling);
            Ok(response.map(|body| Body::new(Answer { body, _answering: answering })))
        })
    }
}

async fn answered(router: &mut Router, request: Request<Body>) -> Result<Response, Infallible> {
    router.call(request).await
}

/// An HTTP/1.1 request names its host, once.
fn host_error<B>(request: &Request<B>) -> Option<ApiError> {
    if request.version() != Version::HTTP_11 || request.headers().get_all(HOST).iter().count() == 1 {
        return None;
    }
    let refusal = Refusal::new(Code::MalformedRequest, "An HTTP/1.1 request has exactly one `Host` header.");
    Some(refusal.with_remedy("Send `Host: HOST:PORT`, as every HTTP client does.").into())
}

fn refused<B>(wire: &Wire, request: &Request<B>, error: &ApiError) -> Response {
    let id = wire.ids().of(request.headers());
    let mut response = error.clone().into_response();
    response.extensions_mut().clear();
    problem::write(error, &id, &mut response);
    response.headers_mut().insert(X_REQUEST_ID, id.header());
    response
}

/// The body of an answer, which is being answered until it is written.
struct Answer {
    body: Body,
    _answering: Answering,
}

impl HttpBody for Answer {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// Passes when the server has stopped for as long as a connection may be silent then.
pub(crate) async fn stopped_for_long(app: &App) {
    app.stopping.cancelled().await;
    sleep(QUIET).await;
}
