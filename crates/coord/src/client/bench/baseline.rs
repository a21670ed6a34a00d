use axum::{
    Router,
    body::Bytes,
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::post,
};
use tokio::{net::TcpListener, runtime::Runtime};

use super::{Failure, requests::Target};

/// The answer to every message.
const ANSWER: &str = r#"{"id":"00000000-0000-7000-8000-000000000000","seq":0}"#;

/// A handler on this machine that reads the same JSON as the server and stores nothing, on threads of its own.
pub(super) struct Baseline {
    target: Target,
    runtime: Option<Runtime>,
}

impl Baseline {
    pub(super) fn start() -> Result<Self, Failure> {
        let cannot = |why| Failure::io("cannot start the baseline", why);
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(cannot)?;
        let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).map_err(cannot)?;
        listener.set_nonblocking(true).map_err(cannot)?;
        let target = Target::parse(&format!("http://{}", listener.local_addr().map_err(cannot)?))?;
        runtime.spawn(async move {
            let app = Router::new().route("/api/v1/messages", post(read));
            if let Ok(listener) = TcpListener::from_std(listener) {
                let _ = axum::serve(listener, app).await;
            }
        });
        Ok(Self { target, runtime: Some(runtime) })
    }

    pub(super) fn target(&self) -> &Target {
        &self.target
    }
}

/// Ends the threads without waiting, which an async caller may not.
impl Drop for Baseline {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

async fn read(body: Bytes) -> Response {
    match serde_json::from_slice::<api::SendMessage>(&body) {
        Ok(message) => {
            std::hint::black_box(message);
            (StatusCode::CREATED, [("content-type", "application/json")], ANSWER).into_response()
        }
        Err(why) => (StatusCode::BAD_REQUEST, why.to_string()).into_response(),
    }
}
