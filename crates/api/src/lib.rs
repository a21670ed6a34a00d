//! The shapes on the wire and a thin typed HTTP client.
