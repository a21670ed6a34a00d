//! Attachments by content: streamed to a folder under their SHA-256.
