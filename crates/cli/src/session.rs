use client::Client;

use crate::{
    Failure, Global,
    output::{Output, remark},
};

/// What a command works with: a server and a place to print to.
pub struct Session {
    /// The server.
    pub client: Client,
    /// Where results go.
    pub out: Output,
    /// The agent of the context.
    pub(crate) own: Option<String>,
}

impl Session {
    /// Connects to nothing yet; says which server will be asked, and through which proxy, where `--verbose` wants that.
    pub fn new(global: &Global) -> Result<Self, Failure> {
        let client = global.client()?;
        if global.verbose {
            let way =
                client.proxy().map_or_else(|| "directly".to_owned(), |proxy| format!("through the proxy {proxy}"));
            remark(&format!("asking {} {way}", client.url()));
        }
        Ok(Self { client, out: Output::stdout(global.json, global.color), own: global.agent.clone() })
    }
}
