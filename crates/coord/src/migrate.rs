//! `coord migrate`: brings a data folder or a database to this version.

use std::process::ExitCode;

use crate::cli::{PlaceArgs, on_a_runtime};
use crate::config::{Config, Loaded};
use crate::config_command::{WRONG_USAGE, tell};
use crate::data_folder::DataFolder;
use crate::installation;

/// Runs the command; 0, 1 when the folder is in use or cannot be written, 2 when the settings are wrong.
pub(crate) fn run(place: &PlaceArgs) -> ExitCode {
    let config = match Loaded::load(&place.sources()) {
        Ok(loaded) => loaded.config,
        Err(complaints) => {
            tell(&format!("error: {complaints}"));
            return ExitCode::from(WRONG_USAGE);
        }
    };
    on_a_runtime(async {
        match migrate(&config).await {
            Ok(place) => {
                tell(&format!("{place} is up to date"));
                ExitCode::SUCCESS
            }
            Err(why) => {
                tell(&format!("error: {why}"));
                ExitCode::FAILURE
            }
        }
    })
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
