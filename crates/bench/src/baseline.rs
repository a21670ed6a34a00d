//! What the measured server is compared with: a handler that reads the same JSON, answers it, and stores nothing, in a process of
//! its own as the server is.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, Command, ExitCode, Stdio};

use axum::Router;
use axum::body::Bytes;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use serde::Serialize;
use tokio::net::TcpListener;

use cli::Failure;

use crate::requests::Target;

/// The word that makes the binary this process: known to `coord bench --baseline`, and no command of anybody's.
pub const COMMAND: &str = "bench-baseline";

/// The process that answers; it ends with this value.
pub(crate) struct Baseline {
    target: Target,
    process: Child,
}

impl Baseline {
    /// Starts it and waits until it listens.
    pub(crate) fn start() -> Result<Self, Failure> {
        let cannot = |why| Failure::io("cannot start the baseline", why);
        let program = std::env::current_exe().map_err(cannot)?;
        let mut command = Command::new(program);
        command.arg(COMMAND).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = command.spawn().map_err(cannot)?;
        let mut url = String::new();
        if let Some(stdout) = process.stdout.take() {
            BufReader::new(stdout).read_line(&mut url).map_err(cannot)?;
        }
        Ok(Self { target: Target::parse(url.trim())?, process })
    }

    pub(crate) fn target(&self) -> &Target {
        &self.target
    }
}

impl Drop for Baseline {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

/// Serves the handler on a free loopback port, whose URL it prints, until standard input ends; returns the exit code.
pub async fn run() -> ExitCode {
    match serve().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            cli::complain(&failure, false);
            failure.exit_code()
        }
    }
}

async fn serve() -> Result<(), Failure> {
    let cannot = |why| Failure::io("the baseline cannot serve", why);
    let app = Router::new().route("/api/v1/messages", post(answer));
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.map_err(cannot)?;
    anstream::println!("http://{}", listener.local_addr().map_err(cannot)?);
    let parent_left = tokio::task::spawn_blocking(|| std::io::stdin().read(&mut [0]).map(drop));
    axum::serve(listener, app).with_graceful_shutdown(async { drop(parent_left.await) }).await.map_err(cannot)
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
