//! Attachments by content: streamed to a folder under their SHA-256.
//!
//! The same bytes are kept once, whoever stores them. A blob is whole and flushed to disk before anybody can see it under
//! its name, and what was begun and not finished leaves nothing behind.

mod blobs;
mod error;
mod folder;
mod read;
mod upload;

pub use blobs::{Blobs, Bounds, Stored};
pub use error::Error;
pub use read::Blob;
