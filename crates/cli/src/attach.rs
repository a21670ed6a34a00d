use std::{
    os::fd::AsFd as _,
    path::{Path, PathBuf},
};

use clap::{Args, Subcommand};
use client::{Answer, Client, Upload};
use protocol::StoredAttachment;
use tokio::io::AsyncWriteExt as _;

use crate::{Failure, Session, clean::clean, output::remark};

const EXAMPLES: &str = "\
Examples:
  coord attach put report.html
  tar c logs | coord attach put - --name logs.tar --media-type application/x-tar
  coord attach get 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08 -o a.html
  coord send --from code --to chat --subject 'The report' --attach report.html";

/// Store files and fetch them
///
/// A file is known by the SHA-256 of its bytes; storing the same bytes twice keeps them once.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Attach {
    #[command(subcommand)]
    command: AttachCommand,
}

#[derive(Debug, Subcommand)]
enum AttachCommand {
    /// Store a file and print its sha256
    Put {
        /// The file; `-` reads standard input
        file: PathBuf,
        /// Its media type [default: by the name's ending]
        #[arg(long, value_name = "TYPE")]
        media_type: Option<String>,
        /// Its name [default: the file's]
        #[arg(long, value_name = "NAME", allow_hyphen_values = true)]
        name: Option<String>,
    },
    /// Fetch a file
    Get {
        /// The sha256 of its bytes
        #[arg(value_parser = sha256)]
        sha256: String,
        /// Where to write it [default: standard output]
        #[arg(long, short, value_name = "FILE")]
        output: Option<PathBuf>,
    },
}

impl Attach {
    pub(crate) async fn run(self, session: &mut Session) -> Result<(), Failure> {
        match self.command {
            AttachCommand::Put { file, media_type, name } => put(session, &file, media_type, name).await,
            AttachCommand::Get { sha256, output: Some(path) } => get_to_file(session, &sha256, &path).await,
            AttachCommand::Get { sha256, output: None } => get_to_stdout(session, &sha256).await,
        }
    }
}

async fn put(session: &mut Session, file: &Path, kind: Option<String>, name: Option<String>) -> Result<(), Failure> {
    let stored = if file == Path::new("-") {
        let media_type = kind.unwrap_or_else(|| media_type(name.as_deref().unwrap_or_default()).to_owned());
        session.client.store_attachment(Upload { reader: stdin()?, size: None, media_type, name }).await?
    } else {
        let own = Named { media_type: kind, name };
        store(&session.client, file, Some(own)).await?
    };
    if session.out.json(&stored.json)? {
        return Ok(());
    }
    session.out.line(&stored.sha256)?;
    let was_there = if stored.status == 200 { ", which were there already" } else { "" };
    remark(&format!("{} bytes of {}{was_there}", stored.size, clean(&stored.media_type)));
    Ok(())
}

/// Opens standard input as the file or pipe that it is.
fn stdin() -> Result<tokio::fs::File, Failure> {
    let stdin = std::io::stdin().as_fd().try_clone_to_owned();
    let stdin = stdin.map_err(|why| Failure::io("cannot read standard input", why))?;
    Ok(tokio::fs::File::from_std(stdin.into()))
}

/// What a file is to be called instead of what its path says.
pub(crate) struct Named {
    media_type: Option<String>,
    name: Option<String>,
}

/// Stores a file, a piece at a time.
pub(crate) async fn store(
    client: &Client,
    path: &Path,
    named: Option<Named>,
) -> Result<Answer<StoredAttachment>, Failure> {
    let cannot = |why| Failure::io(format!("cannot read {}", path.display()), why);
    let file = tokio::fs::File::open(path).await.map_err(cannot)?;
    let about = file.metadata().await.map_err(cannot)?;
    if about.is_dir() {
        return Err(Failure::usage(format!("{} is a folder; put it into an archive first", path.display())));
    }
    let (own_type, own_name) = named.map_or((None, None), |named| (named.media_type, named.name));
    let name = own_name.or_else(|| file_name(path));
    let media_type = own_type.unwrap_or_else(|| media_type(name.as_deref().unwrap_or_default()).to_owned());
    let size = about.is_file().then_some(about.len());
    Ok(client.store_attachment(Upload { reader: file, size, media_type, name }).await?)
}

/// Returns the last part of a path.
pub(crate) fn file_name(path: &Path) -> Option<String> {
    path.file_name().map(|name| name.to_string_lossy().into_owned())
}

async fn get_to_stdout(session: &mut Session, sha256: &str) -> Result<(), Failure> {
    let mut download = session.client.attachment(sha256, 0).await?;
    while let Some(chunk) = download.chunk().await? {
        session.out.raw(&chunk)?;
    }
    session.out.flush()
}

async fn get_to_file(session: &mut Session, sha256: &str, path: &Path) -> Result<(), Failure> {
    let cannot = |why| Failure::io(format!("cannot write {}", path.display()), why);
    let mut download = session.client.attachment(sha256, 0).await?;
    let mut file = tokio::fs::File::create(path).await.map_err(cannot)?;
    let mut bytes = 0;
    while let Some(chunk) = download.chunk().await? {
        file.write_all(&chunk).await.map_err(cannot)?;
        bytes += chunk.len();
    }
    file.flush().await.map_err(cannot)?;
    session.out.note(&format!("Wrote {bytes} bytes to {}", path.display()))
}

/// Tells whether a text is the sha256 of something.
pub(crate) fn is_sha256(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn sha256(text: &str) -> Result<String, String> {
    if is_sha256(text) { Ok(text.to_ascii_lowercase()) } else { Err("a sha256 has 64 hexadecimal digits".to_owned()) }
}

/// Guesses a media type by a name's ending.
fn media_type(name: &str) -> &'static str {
    let ending = name.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase());
    match ending.as_deref().unwrap_or_default() {
        "txt" | "log" => "text/plain; charset=utf-8",
        "md" => "text/markdown; charset=utf-8",
        "html" | "htm" => "text/html; charset=utf-8",
        "csv" => "text/csv; charset=utf-8",
        "diff" | "patch" => "text/x-diff; charset=utf-8",
        "json" => "application/json",
        "yaml" | "yml" => "application/yaml",
        "xml" => "application/xml",
        "pdf" => "application/pdf",
        "zip" => "application/zip",
        "gz" | "tgz" => "application/gzip",
        "tar" => "application/x-tar",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "svg" => "image/svg+xml",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::{is_sha256, media_type};

    #[test]
    fn a_name_says_its_media_type() {
        assert_eq!(media_type("a/b.Report.HTML"), "text/html; charset=utf-8");
        assert_eq!(media_type("core"), "application/octet-stream");
    }

    #[test]
    fn a_sha256_is_told_from_a_file() {
        assert!(is_sha256(&"aF".repeat(32)));
        assert!(!is_sha256("report.html"));
        assert!(!is_sha256(&"g".repeat(64)));
    }
}
