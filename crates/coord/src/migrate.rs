//! `coord migrate`: brings a data folder or a database to this version.

use std::process::ExitCode;
use std::time::Duration;

use domain::Span;
use tokio::time::{Instant, sleep};

use crate::cli::{PlaceArgs, on_a_runtime};
use crate::config::{Config, Loaded};
use crate::config_command::{WRONG_USAGE, tell};
use crate::data_folder::DataFolder;
use crate::installation;

/// The pause between two tries.
const PAUSE: Duration = Duration::from_secs(1);

/// What the command takes.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    place: PlaceArgs,
    /// How long to try again while the store cannot be opened, as while its database starts; 0s to 1h
    #[arg(long, value_name = "DURATION", default_value = "0s", value_parser = wait_bound)]
    timeout: Span,
}

/// Runs the command; 0, 1 when the folder is in use or the store cannot be opened in time, 2 when the settings are wrong.
pub(crate) fn run(args: &Args) -> ExitCode {
    let config = match Loaded::load(&args.place.sources()) {
        Ok(loaded) => loaded.config,
        Err(complaints) => {
            tell(&format!("error: {complaints}"));
            return ExitCode::from(WRONG_USAGE);
        }
    };
    on_a_runtime(async {
        let until = Instant::now() + args.timeout.to_std();
        loop {
            match migrate(&config).await {
                Ok(place) => {
                    tell(&format!("{place} is up to date"));
                    return ExitCode::SUCCESS;
                }
                Err(why) if Instant::now() + PAUSE < until => tell(&format!("{why}; trying again")),
                Err(why) => {
                    tell(&format!("error: {why}"));
                    return ExitCode::FAILURE;
                }
            }
            sleep(PAUSE).await;
        }
    })
}

fn wait_bound(text: &str) -> Result<Span, String> {
    let span: Span = text.parse()?;
    if (Span::default()..=Span::from_secs(3_600)).contains(&span) {
        Ok(span)
    } else {
        Err(format!("{span} is out of bounds: 0s to 1h"))
    }
}

/// Brings the store to this version; answers which it was.
async fn migrate(config: &Config) -> Result<String, Box<dyn std::error::Error>> {
    let folder = match config.database.url {
        Some(_) => None,
        None => Some(DataFolder::take(config.data.as_deref())?),
    };
    installation::store(config, folder.as_ref()).await?.close().await;
    Ok(folder.map_or_else(|| "the database".to_owned(), |folder| folder.path().display().to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_is_bounded() {
        assert!(wait_bound("0s").is_ok() && wait_bound("1h").is_ok());
        assert!(wait_bound("3601s").is_err() && wait_bound("soon").is_err());
    }
}
