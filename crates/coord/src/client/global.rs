use std::convert::Infallible;
use std::path::PathBuf;

use clap::{Args, ColorChoice};
use secrecy::SecretString;

use super::Failure;

/// Where a server is when nothing else is said, for servers and clients alike.
pub(crate) const DEFAULT_URL: &str = "http://127.0.0.1:8000";

/// What every client command takes.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Talking to a server")]
pub(crate) struct Global {
    /// The server's address
    #[arg(
        long,
        global = true,
        value_name = "URL",
        env = "COORDINATION_URL",
        default_value = DEFAULT_URL,
        hide_env_values = true
    )]
    pub url: String,
    /// The key to show it, when it asks for one (better in the environment, where no process list shows it)
    #[arg(long, global = true, value_name = "KEY", env = "COORDINATION_KEY", hide_env_values = true, value_parser = secret)]
    pub key: Option<SecretString>,
    /// Instead of asking a server, work on a data folder that no server is using [default: the user's]
    #[arg(long, global = true, value_name = "DIR", num_args = 0..=1, require_equals = true)]
    #[expect(clippy::option_option, reason = "clap's shape of a flag whose value may be left out")]
    pub offline: Option<Option<PathBuf>>,
    /// Print the server's JSON instead of text; one line for each event of a stream
    #[arg(long, global = true)]
    pub json: bool,
    /// Whether to use colour: on a terminal, always, or never
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub color: ColorChoice,
}

impl Global {
    /// Makes a client for the server; connects to nothing yet.
    pub(super) fn client(&self) -> Result<client::Client, Failure> {
        use secrecy::ExposeSecret as _;
        let key = self.key.clone().filter(|key| !key.expose_secret().trim().is_empty());
        Ok(client::Client::new(&self.url, key)?)
    }
}

#[expect(clippy::unnecessary_wraps, reason = "the shape that clap asks of a parser")]
fn secret(text: &str) -> Result<SecretString, Infallible> {
    Ok(SecretString::from(text.trim()))
}
