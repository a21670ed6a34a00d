//! What handlers take: callers, bodies, queries, paths and headers, each checked before the handler begins.

mod body;
mod header;
mod idempotency;
mod json;
mod path;
mod query;
mod session;

pub(crate) use body::{BodyRoom, check_coding, read as read_body, stream as body_stream};
pub(crate) use header::only;
pub(crate) use idempotency::Idempotency;
pub(crate) use json::{Json, OptionalJson, parsed};
pub(crate) use path::Path;
pub(crate) use query::Query;
pub(crate) use session::Session;
