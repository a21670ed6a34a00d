//! The least that a server over the same libraries does: reads a message, answers it, and stores nothing. A benchmark compares
//! the real server with it.

use std::io;

use axum::Router;
use axum::body::Bytes;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use serde::Serialize;
use tokio::net::TcpListener;

/// Serves the handler until `stopped` completes.
pub async fn serve_baseline(
    listener: TcpListener,
    stopped: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let app = Router::new().route("/api/v1/messages", post(answer));
    axum::serve(listener, app).with_graceful_shutdown(stopped).await
}

/// As much of an answer as a server gives that has nothing to remember.
#[derive(Serialize)]
struct Accepted {
    id: &'static str,
    seq: u64,
    message: protocol::SendMessage,
}

async fn answer(body: Bytes) -> Response {
    match serde_json::from_slice(&body) {
        Ok(message) => {
            let accepted = Accepted { id: "00000000-0000-7000-8000-000000000000", seq: 1, message };
            (StatusCode::CREATED, axum::Json(accepted)).into_response()
        }
        Err(why) => (StatusCode::BAD_REQUEST, why.to_string()).into_response(),
    }
}
