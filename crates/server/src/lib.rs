//! The HTTP adapter: router, extractors, auth, problem answers, OpenAPI, streams, health, metrics.
//!
//! Handlers hold no rule: they read the request, call one verb of the engine, and write the answer. Only here are HTTP
//! statuses known.

mod agent;
mod app;
mod attachment;
mod authority;
mod baseline;
mod busy;
pub mod config;
mod connection;
mod dead_letter;
mod decision;
mod docs;
mod event;
mod extract;
mod gate;
mod health;
mod heavy;
mod inbox;
mod key;
mod message;
mod metrics;
mod no_http;
mod observe;
mod openapi;
mod problem;
mod rate;
mod request_id;
mod router;
mod routes;
mod serve;
mod socket;
mod sse;
mod stream;
mod tenant;
mod thread;
mod trace;
mod trigger;
mod webhook;
mod wire;

pub use baseline::serve_baseline;
pub use metrics::Metrics;
pub use serve::{Listeners, Server};
pub use trace::SPANS;
