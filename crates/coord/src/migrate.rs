//! `coord migrate`: brings a data folder to this version.

use std::process::ExitCode;

use crate::cli::PlaceArgs;
use crate::config::Loaded;
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
    let migrated = DataFolder::take(config.data.as_deref()).map_err(|error| error.to_string()).and_then(|folder| {
        installation::store(&config, &folder).map_err(|error| error.to_string())?;
        Ok(folder.path().display().to_string())
    });
    match migrated {
        Ok(path) => {
            tell(&format!("{path} is up to date"));
            ExitCode::SUCCESS
        }
        Err(why) => {
            tell(&format!("error: {why}"));
            ExitCode::FAILURE
        }
    }
}
