//! What handlers take: callers, bodies, queries, paths and headers, each checked before the handler begins.

mod body;
mod explain;
mod idempotency;
mod json;
mod path;
mod query;
mod session;

pub(crate) use body::read as read_body;
pub(crate) use explain::read;
pub(crate) use idempotency::{Idempotency, fingerprint};
pub(crate) use json::{Json, Lenient};
pub(crate) use path::Path;
pub(crate) use query::Query;
pub(crate) use session::Session;
