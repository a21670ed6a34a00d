//! `coord config check` and `coord config reference`.

use std::io::Write;
use std::process::ExitCode;

use crate::cli::ConfigCommand;
use crate::config::{Loaded, REFERENCE, show};

/// The exit code of wrong usage, which a wrong configuration is.
pub(crate) const WRONG_USAGE: u8 = 2;

/// Runs the command; 0, or 2 with every complaint on standard error.
pub(crate) fn run(command: &ConfigCommand) -> ExitCode {
    let text = match command {
        ConfigCommand::Reference => REFERENCE.to_owned(),
        ConfigCommand::Check(place) => match Loaded::load(&place.sources()) {
            Ok(loaded) => {
                loaded.config.warnings().iter().for_each(|warning| tell(&format!("warning: {warning}")));
                show(&loaded)
            }
            Err(complaints) => {
                tell(&format!("error: {complaints}"));
                return ExitCode::from(WRONG_USAGE);
            }
        },
    };
    // A reader that has seen enough (`| head`) is no failure.
    let _ = std::io::stdout().write_all(text.as_bytes());
    ExitCode::SUCCESS
}

/// Writes a line for the person who started the process.
pub(crate) fn tell(text: &str) {
    let _ = writeln!(anstream::stderr(), "{text}");
}
