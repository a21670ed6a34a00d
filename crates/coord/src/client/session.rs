use client::Client;

use super::{Failure, Global, output::Output};

/// What a command works with: a server and a place to print to.
pub(super) struct Session {
    /// The server.
    pub client: Client,
    /// Where results go.
    pub out: Output,
}

impl Session {
    pub(super) fn new(global: &Global) -> Result<Self, Failure> {
        Ok(Self { client: global.client()?, out: Output::stdout(global.json, global.color) })
    }
}
