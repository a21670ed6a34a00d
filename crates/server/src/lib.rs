//! The HTTP face: router, extractors, auth, problem answers, OpenAPI, streams, health, metrics.

pub mod config;
