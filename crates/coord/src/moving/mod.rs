//! `coord export` and `coord import`: one tenant out of a store and into another, whichever databases they are.
//!
//! An export is a folder: `manifest.json`, the log in files of `events-….ndjson`, `rest.ndjson` with what the log does not tell, and
//! `attachments/` by content. Both commands may be stopped at any moment and started again.

mod bytes;
mod export;
mod files;
mod import;
mod line;
mod manifest;
mod progress;

use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use blobs::Blobs;
use clap::Args;
use store::Store;

use crate::cli::{PlaceArgs, on_a_runtime};
use crate::config::{Complaints, Loaded};
use crate::config_command::{WRONG_USAGE, tell};
use crate::data_folder::{self, DataFolder};
use crate::installation;

/// What `coord export` takes.
#[derive(Debug, Args)]
pub(crate) struct ExportArgs {
    /// The tenant
    #[arg(long, value_name = "NAME", default_value = "default")]
    tenant: String,
    /// The folder to write; an export that was stopped there goes on
    #[arg(long, value_name = "DIR")]
    to: PathBuf,
    #[command(flatten)]
    place: PlaceArgs,
}

/// What `coord import` takes.
#[derive(Debug, Args)]
pub(crate) struct ImportArgs {
    /// The folder that an export wrote; an import of it that was stopped goes on
    #[arg(long, value_name = "DIR")]
    from: PathBuf,
    /// The tenant's name here [default: the one it had]
    #[arg(long = "as", value_name = "NAME")]
    name: Option<String>,
    /// Forget what an import of this tenant that was stopped has brought in, and do nothing else
    #[arg(long)]
    abandon: bool,
    #[command(flatten)]
    place: PlaceArgs,
}

/// Why a tenant was not moved.
#[derive(Debug, thiserror::Error)]
enum Error {
    #[error(transparent)]
    Config(#[from] Complaints),
    #[error(transparent)]
    Data(#[from] data_folder::Error),
    #[error(transparent)]
    Installation(#[from] installation::Error),
    #[error("the store: {0}")]
    Store(#[from] store::Error),
    #[error("the attachments: {0}")]
    Blobs(#[from] blobs::Error),
    #[error("{path}: {source}")]
    Io { path: String, source: io::Error },
    #[error("{file} is damaged: {why}")]
    Damaged { file: String, why: String },
    #[error("{0}")]
    Refused(String),
}

impl Error {
    /// Something that went wrong with a file.
    fn io(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.display().to_string();
        move |source| Self::Io { path, source }
    }
}

/// A store, the place of its attachments, and the folder that both may be in.
struct Place {
    store: Store,
    blobs: Blobs,
    _folder: Option<DataFolder>,
}

impl Place {
    /// Opens an installation; to read, also one whose server is running.
    async fn open(args: &PlaceArgs, to_read: bool) -> Result<Self, Error> {
        let config = Loaded::load(&args.sources())?.config;
        let folder = match config.database.url {
            Some(_) => None,
            None if to_read => Some(DataFolder::take_used(config.data.as_deref())),
            None => Some(DataFolder::take(config.data.as_deref())),
        };
        let (store, path, folder) = match folder {
            None => (installation::database(&config, !to_read).await?, None, None),
            Some(Err(data_folder::Error::Held { path, .. })) if to_read => {
                (Store::read_sqlite(Path::new(&path))?, Some(PathBuf::from(path)), None)
            }
            Some(folder) => {
                let folder = folder?;
                let path = folder.path().to_owned();
                (installation::store(&config, Some(&folder)).await?, Some(path), Some(folder))
            }
        };
        let blobs = installation::blobs(&config, path.as_deref())?;
        Ok(Self { store, blobs, _folder: folder })
    }
}

/// Runs `coord export`; 0, 1 when it could not be done, 2 when the settings are wrong.
pub(crate) fn export(args: &ExportArgs) -> ExitCode {
    on_a_runtime(async {
        let run = async {
            let place = Place::open(&args.place, true).await?;
            let done = export::run(&place, &args.tenant, &args.to).await;
            place.store.close().await;
            done
        };
        told(run.await)
    })
}

/// Runs `coord import`; 0, 1 when it could not be done, 2 when the settings are wrong.
pub(crate) fn import(args: &ImportArgs) -> ExitCode {
    on_a_runtime(async {
        let run = async {
            let place = Place::open(&args.place, false).await?;
            let done = if args.abandon {
                import::abandon(&place, &args.from, args.name.as_deref()).await
            } else {
                import::run(&place, &args.from, args.name.as_deref()).await
            };
            place.store.close().await;
            done
        };
        told(run.await)
    })
}

fn told(outcome: Result<String, Error>) -> ExitCode {
    match outcome {
        Ok(said) => {
            tell(&said);
            ExitCode::SUCCESS
        }
        Err(error) => {
            tell(&format!("error: {error}"));
            if matches!(error, Error::Config(_)) { ExitCode::from(WRONG_USAGE) } else { ExitCode::FAILURE }
        }
    }
}
