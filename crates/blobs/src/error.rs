use std::io;
use std::time::Duration;

/// Why a blob was not stored or read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The upload is over its bound; nothing was kept.
    #[error("the attachment is larger than {0} bytes")]
    TooLarge(u64),
    /// The sender sent nothing for that long; nothing was kept.
    #[error("the upload sent nothing for {0:?}")]
    Idle(Duration),
    /// The sender broke off; nothing was kept.
    #[error("the upload broke off")]
    Interrupted(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The disk is full, the folder may not be written, or the object store does not answer or does not let us in; try again
    /// when that is mended.
    #[error("the attachment store cannot be written")]
    Unavailable(#[source] io::Error),
    /// No place is configured.
    #[error("no place for attachments is configured")]
    Nowhere,
    /// There is no blob of that content.
    #[error("there is no attachment of that content")]
    Missing,
    /// What is kept under that name is not of that content.
    #[error("what is kept of the attachment is damaged")]
    Damaged,
    /// The URL names no place that blobs can be kept in.
    #[error("`{0}` is no place for objects: give the path of a folder, or s3://bucket/prefix")]
    Place(String),
    /// The settings of the object store make no client.
    #[error("the settings under `s3` cannot be used: {0}")]
    Settings(String),
    /// The disk failed in another way.
    #[error("the attachment store failed")]
    Io(#[source] io::Error),
}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        use io::ErrorKind as Kind;
        match error.kind() {
            Kind::NotFound => Self::Missing,
            Kind::StorageFull | Kind::QuotaExceeded | Kind::ReadOnlyFilesystem | Kind::PermissionDenied => {
                Self::Unavailable(error)
            }
            _ => Self::Io(error),
        }
    }
}

/// An error of writing, where a missing folder is a fault of the store and not of the asker.
pub(crate) fn writing(error: io::Error) -> Error {
    match Error::from(error) {
        Error::Missing => Error::Unavailable(io::Error::from(io::ErrorKind::NotFound)),
        other => other,
    }
}
