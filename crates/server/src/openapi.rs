//! OpenAPI 3.1: what each operation takes and answers, collected while the router is built.

mod document;
mod earlier;
mod event;
mod example;
mod operation;
mod pattern;
mod refusal;
mod schema;

pub(crate) use document::Document;
pub(crate) use operation::{Operation, op};
