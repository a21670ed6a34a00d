//! Attachments by content, streamed to a folder or an object store under their SHA-256; and whole objects under names.
//!
//! The same bytes are kept once, whoever stores them. A blob is whole and flushed to disk before anybody can see it under
//! its name, and what was begun and not finished leaves nothing behind.

mod blobs;
mod bucket;
mod checked;
mod config;
mod error;
mod folder;
mod objects;
mod place;
mod read;
mod remote;
mod upload;

pub use blobs::{Blobs, Bounds, Stored};
pub use checked::is_damage;
pub use config::S3Config;
pub use error::Error;
pub use objects::Objects;
pub use read::Blob;
