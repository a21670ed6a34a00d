use std::convert::Infallible;
use std::path::PathBuf;

use clap::{Args, ColorChoice};
use secrecy::SecretString;

use crate::{Failure, contexts::Contexts};

/// Where a server is when nothing else is said, for servers and clients alike.
pub const DEFAULT_URL: &str = "http://127.0.0.1:8000";

const URL_HELP: &str = "The server's address [env: COORDINATION_URL] [default: http://127.0.0.1:8000]";
const KEY_HELP: &str = "The key to show it, when it asks for one (better in the environment, where no process list shows it) \
     [env: COORDINATION_KEY]";

const CONTEXT_HELP: &str = "The context whose server, key and agent are meant where none are given, see `coord context` [env: COORDINATION_CONTEXT]";

/// What every client command takes.
///
/// What the environment gives is filled in by [`Global::with_environment`] rather than by clap, which would take it for
/// typed: it would show `--url` in the usage of every error, and find `coord` alone to be no call for help.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Talking to a server")]
pub struct Global {
    /// The server's address.
    #[arg(long, global = true, value_name = "URL", help = URL_HELP)]
    pub url: Option<String>,
    /// The key to show it, when it asks for one.
    #[arg(long, global = true, value_name = "KEY", value_parser = secret, help = KEY_HELP)]
    pub key: Option<SecretString>,
    /// The context whose server, key and agent are meant where none are given; see `coord context`
    #[arg(long, global = true, value_name = "NAME", help = CONTEXT_HELP)]
    pub context: Option<String>,
    /// The agent of the context.
    #[arg(skip)]
    pub agent: Option<String>,
    /// Where contexts are kept; none: nowhere.
    #[arg(skip)]
    pub contexts: Option<PathBuf>,
    /// Instead of asking a server, work on a data folder that no server is using [default: the user's]
    #[arg(long, global = true, value_name = "DIR", num_args = 0..=1, require_equals = true)]
    pub offline: Option<Option<PathBuf>>,
    /// Say on standard error which server is asked, and through which proxy
    #[arg(long, global = true)]
    pub verbose: bool,
    /// Print the server's JSON instead of text; one line for each event of a stream
    #[arg(long, global = true)]
    pub json: bool,
    /// Whether to use colour: on a terminal, always, or never
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub color: ColorChoice,
}

impl Global {
    /// Fills in what was not typed from the environment; what is empty there counts as not given.
    #[must_use]
    pub fn with_environment(mut self, environment: &[(String, String)]) -> Self {
        let given = |name: &str| {
            let found = environment.iter().find(|(given, _)| given == name);
            found.map(|(_, value)| value.trim()).filter(|value| !value.is_empty())
        };
        self.url = self.url.or_else(|| given("COORDINATION_URL").map(str::to_owned));
        self.key = self.key.or_else(|| given("COORDINATION_KEY").map(SecretString::from));
        self.context = self.context.or_else(|| given("COORDINATION_CONTEXT").map(str::to_owned));
        let home = given("XDG_CONFIG_HOME").map(PathBuf::from);
        let home = home.or_else(|| given("HOME").map(|home| PathBuf::from(home).join(".config")));
        self.contexts = home.map(|home| home.join("coordination").join("contexts.json"));
        self
    }

    /// Fills in what was neither typed nor in the environment from the context that is named or in use. A key goes only to the
    /// server of its context.
    ///
    /// Fails where a context is named that is not there, and where the file cannot be read.
    pub fn with_context(mut self) -> Result<Self, Failure> {
        let Some(file) = self.contexts.as_deref() else { return Ok(self) };
        let kept = Contexts::read(file)?;
        let Some(context) = kept.chosen(self.context.as_deref())? else { return Ok(self) };
        let same = self.url.is_none() || self.url == context.url;
        self.url = self.url.or_else(|| context.url.clone());
        if same {
            self.key = self.key.or_else(|| context.key.as_deref().map(SecretString::from));
            self.agent.clone_from(&context.agent);
        }
        Ok(self)
    }

    /// Returns the server's address.
    pub fn url(&self) -> &str {
        self.url.as_deref().unwrap_or(DEFAULT_URL)
    }

    /// Makes a client for the server; connects to nothing yet.
    pub fn client(&self) -> Result<client::Client, Failure> {
        use secrecy::ExposeSecret as _;
        let key = self.key.clone().filter(|key| !key.expose_secret().trim().is_empty());
        Ok(client::Client::new(self.url(), key)?)
    }
}

#[expect(clippy::unnecessary_wraps, reason = "the shape that clap asks of a parser")]
fn secret(text: &str) -> Result<SecretString, Infallible> {
    Ok(SecretString::from(text.trim()))
}
