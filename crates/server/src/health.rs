//! Health, readiness and measures: for those who run the server.

use std::sync::atomic::Ordering;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use engine::{Check, Status};
use http::StatusCode;
use http::header::CONTENT_TYPE;

use crate::app::App;
use crate::extract::Json;
use protocol::shape;

/// `GET /health`
pub(crate) async fn alive() -> Json<protocol::Health> {
    Json(protocol::Health { status: "ok".to_owned(), version: env!("CARGO_PKG_VERSION").to_owned() })
}

/// `GET /ready`
pub(crate) async fn ready(State(app): State<App>) -> (StatusCode, Json<protocol::Ready>) {
    let mut ready = app.engine.ready().await;
    if app.leaving.load(Ordering::Acquire) {
        let check = Check { status: Status::Down, detail: Some("shutting down".to_owned()) };
        ready.checks.insert("draining", check);
        ready.ready = false;
    }
    let status = if ready.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(shape::health::ready(ready)))
}

/// `GET /metrics`, on the metrics listener
pub(crate) async fn metrics(State(app): State<App>) -> Response {
    let text = app.metrics.text(&app.engine).await;
    ([(CONTENT_TYPE, "application/openmetrics-text; version=1.0.0; charset=utf-8")], text).into_response()
}
