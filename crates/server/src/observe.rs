//! The one layer around every handler: request id, time limit, panics, problems, headers, measures and the log.

use std::any::Any;
use std::convert::Infallible;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::HttpBody;
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use axum::routing::MethodRouter;
use domain::{Code, Refusal, Span};
use futures_util::FutureExt;
use http::header::{CACHE_CONTROL, HeaderValue, X_CONTENT_TYPE_OPTIONS};
use http::{Method, StatusCode};
use tokio::time::Instant;
use tower::Service;
use tower::layer::layer_fn;
use tracing::Instrument;

use crate::app::App;
use crate::busy;
use crate::extract::BodyRoom;
use crate::heavy;
use crate::metrics::{Held, RouteMetrics};
use crate::problem::{self, ApiError};
use crate::rate::Counted;
use crate::request_id::{RequestId, X_REQUEST_ID};
use crate::trace;
use crate::wire::Peer;

/// A request that takes this long is worth a line in the log, where it was not asked to wait.
const SLOW: Duration = Duration::from_secs(1);

/// How long the handlers of a route may take.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum TimeoutClass {
    /// `limits.request_timeout`.
    #[default]
    Usual,
    /// That, and the longest wait of a long poll.
    LongPoll,
    /// As long as the other side keeps moving: uploads.
    Endless,
}

/// Wraps the handlers of one route.
#[derive(Debug)]
pub(crate) struct Observe {
    app: App,
    meter: RouteMetrics,
    limit: Option<Duration>,
    slow: Option<Duration>,
    /// The methods that the route takes; `Allow` is written outside this layer.
    allowed: String,
}

impl Observe {
    /// Puts the layer around the handlers of the route with this template.
    pub(crate) fn around(
        app: &App,
        route: &'static str,
        timeout_class: TimeoutClass,
        methods: MethodRouter<App>,
    ) -> MethodRouter<App> {
        Self::around_these(app, route, timeout_class, methods, String::new())
    }

    /// The same, told which methods the route takes: `GET, HEAD`.
    pub(crate) fn around_these(
        app: &App,
        route: &'static str,
        timeout_class: TimeoutClass,
        methods: MethodRouter<App>,
        allowed: String,
    ) -> MethodRouter<App> {
        let observe = Arc::new(Self { allowed, ..Self::new(app, route, timeout_class) });
        methods.layer(layer_fn(move |inner| Observed { inner, observe: Arc::clone(&observe) }))
    }

    fn new(app: &App, route: &'static str, timeout_class: TimeoutClass) -> Self {
        let limit = match timeout_class {
            TimeoutClass::Usual => Some(app.request_timeout),
            TimeoutClass::LongPoll => Some(app.request_timeout + app.wait_max),
            TimeoutClass::Endless => None,
        };
        let slow = (timeout_class == TimeoutClass::Usual).then_some(SLOW);
        let meter = app.metrics.routes.of(route);
        Self { app: app.clone(), meter, limit, slow, allowed: String::new() }
    }

    fn finish(&self, request: &Asked, mut response: Response) -> Response {
        let error = response.extensions_mut().remove::<ApiError>();
        let error = error.or_else(|| {
            let missing = response.status() == StatusCode::METHOD_NOT_ALLOWED;
            missing.then(|| ApiError::method_not_allowed(&self.allowed))
        });
        if let Some(error) = &error {
            problem::write(error, &request.id, &mut response);
        }
        let headers = response.headers_mut();
        headers.insert(X_REQUEST_ID, request.id.header());
        headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        if let Some(counted) = &request.counted {
            counted.write(headers);
        }
        headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
        let took = request.began.elapsed();
        self.meter.observe(&request.method, response.status(), took);
        self.log(request, response.status(), took, error.as_ref());
        response
    }

    fn log(&self, request: &Asked, status: StatusCode, took: Duration, error: Option<&ApiError>) {
        let slow = self.slow.is_some_and(|slow| took > slow);
        let code = error.map_or("", |error| error.refusal.code.as_str());
        let cause = error.and_then(|error| error.cause.as_deref()).unwrap_or_default();
        macro_rules! tell {
            ($level:ident, $words:literal $(, $error:ident)?) => {
                tracing::$level!(
                    request.id = request.id.as_str(),
                    http.method = request.method.as_str(),
                    http.route = self.meter.route,
                    http.status = status.as_u16(),
                    problem.code = code,
                    took_ms = took.as_secs_f64() * 1_000.0,
                    $(error = $error,)?
                    $words
                )
            };
        }
        match status {
            StatusCode::SERVICE_UNAVAILABLE if error.is_some() => tell!(warn, "request could not be done now", cause),
            _ if status.is_server_error() && error.is_some() => tell!(error, "request failed", cause),
            _ if slow => tell!(warn, "request was slow"),
            _ => tell!(debug, "request answered"),
        }
    }
}

/// What is remembered of a request until it is answered.
struct Asked {
    id: RequestId,
    method: Method,
    began: Instant,
    /// Present where rates are limited.
    counted: Option<Counted>,
}

/// Handlers with the layer around them.
#[derive(Clone, Debug)]
pub(crate) struct Observed<S> {
    inner: S,
    observe: Arc<Observe>,
}

impl<S> Service<Request> for Observed<S>
where
    S: Service<Request, Response = Response, Error = Infallible, Future: Send + 'static>,
{
    type Response = Response;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request) -> Self::Future {
        let observe = Arc::clone(&self.observe);
        let id = observe.app.ids.of(request.headers());
        let counted = observe.app.engine.limits_rates().then(Counted::default);
        let (method, began) = (request.method().clone(), Instant::now());
        let asked = Asked { id: id.clone(), method, began, counted: counted.clone() };
        request.extensions_mut().insert(id);
        if let Some(counted) = counted {
            request.extensions_mut().insert(counted);
        }
        let room = (!request.body().is_end_stream()).then(BodyRoom::default);
        if let Some(room) = room.clone() {
            request.extensions_mut().insert(room);
        }
        // Whoever only reads and hangs up is worked for no longer; what changes something is carried out.
        let peer = request.extensions().get::<Peer>().filter(|_| asked.method.is_safe()).cloned();
        let span = trace::begin(&mut request, observe.meter.route, &asked.id);
        let answer = AssertUnwindSafe(self.inner.call(request)).catch_unwind().instrument(span.clone());
        Box::pin(async move {
            let _held = (Held::of(&observe.app.metrics.in_flight), room);
            let limit = observe.limit;
            let (answer, busy) = busy::watched(async {
                tokio::select! {
                    answer = within(limit, answer) => answer,
                    () = hung_up(peer) => None,
                }
            })
            .await;
            observe.meter.observe_busy(busy);
            let response = match answer {
                Some(Ok(Ok(response))) => response,
                Some(Err(panic)) => panicked(&*panic).into_response(),
                None => out_of_time().into_response(),
            };
            let response = heavy::write(&observe.app.heavy, response).await;
            let response = observe.finish(&asked, response.unwrap_or_else(IntoResponse::into_response));
            trace::end(&span, response.status());
            Ok(response)
        })
    }
}

/// What comes in time; none where nothing does.
async fn within<T>(limit: Option<Duration>, answer: impl Future<Output = T>) -> Option<T> {
    match limit {
        Some(limit) => tokio::time::timeout(limit, answer).await.ok(),
        None => Some(answer.await),
    }
}

/// Passes when the caller is no longer worth the work; never where there is none to watch.
async fn hung_up(peer: Option<Peer>) {
    match peer {
        Some(peer) => peer.hung_up().await,
        None => std::future::pending().await,
    }
}

fn panicked(panic: &(dyn Any + Send)) -> ApiError {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("of unknown cause");
    let mut error = ApiError::new(Code::Internal, "The server failed; its log has the cause beside the request's id.");
    error.cause = Some(format!("panic: {text}"));
    error
}

fn out_of_time() -> ApiError {
    Refusal::new(Code::RequestTimeout, "The request was not answered in time; it may still be carried out.")
        .with_remedy(domain::Remedy::Repeat)
        .retry_after(Span::from_secs(1))
        .into()
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::body::Body;
    use axum::routing::get;
    use testkit::embedded::Embedded;
    use tower::ServiceExt;

    use super::*;
    use crate::config::ServerConfig;

    async fn answer(handler: MethodRouter<App>, timeout_class: TimeoutClass) -> (u16, serde_json::Value) {
        let engine = Embedded::start().await.expect("starts").engine;
        let app = crate::serve::app(engine, &ServerConfig::default(), crate::metrics::Metrics::new());
        let router = Router::new().route("/", Observe::around(&app, "/", timeout_class, handler)).with_state(app);
        let response =
            router.oneshot(Request::get("/").body(Body::empty()).expect("a request")).await.expect("an answer");
        let status = response.status().as_u16();
        let bytes = axum::body::to_bytes(response.into_body(), usize::MAX).await.expect("a body");
        (status, serde_json::from_slice(&bytes).expect("JSON"))
    }

    #[tokio::test]
    async fn a_handler_that_panics_is_answered_with_a_problem_that_tells_nothing() {
        let (status, problem) = answer(get(async || -> Response { panic!("a secret") }), TimeoutClass::Usual).await;
        assert_eq!((status, problem["code"].as_str()), (500, Some("internal")));
        assert!(!problem.to_string().contains("secret"), "{problem}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_handler_that_takes_too_long_is_answered_for() {
        let begun = Instant::now();
        let (status, problem) = answer(get(std::future::pending::<Response>), TimeoutClass::Usual).await;
        assert_eq!((status, problem["code"].as_str()), (503, Some("request-timeout")));
        assert_eq!(problem["retry_after_s"], 1);
        assert!(begun.elapsed() >= Duration::from_secs(30));
        let begun = Instant::now();
        answer(get(std::future::pending::<Response>), TimeoutClass::LongPoll).await;
        assert!(begun.elapsed() >= Duration::from_secs(90), "a long poll may wait and then take its time");
    }
}
