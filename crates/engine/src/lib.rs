//! The moving parts: send, receive, ack, relay, worker, timers. Knows no HTTP.

pub mod config;
