//! What a verb answers instead of doing it.

use domain::Span;
use domain::refusal::{Code, Refusal};

/// Why a verb was not done, or perhaps not done.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The rules say no.
    #[error(transparent)]
    Refused(Box<Refusal>),
    /// Too many requests; what became of this one at its limits.
    #[error("too many requests")]
    RateLimited(crate::Admitted),
    /// The store cannot.
    #[error(transparent)]
    Store(store::Error),
    /// The attachments' folder cannot.
    #[error(transparent)]
    Blobs(#[from] blobs::Error),
    /// The broker cannot.
    #[error(transparent)]
    Broker(#[from] broker::Error),
    /// Our fault.
    #[error("{0}")]
    Internal(String),
}

/// What a verb answers.
pub type Result<T> = std::result::Result<T, Error>;

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(Box::new(refusal))
    }
}

impl From<store::Error> for Error {
    fn from(error: store::Error) -> Self {
        match error {
            store::Error::Refused(refusal) => Self::Refused(refusal),
            other => Self::Store(other),
        }
    }
}

impl Error {
    /// The error as the caller is told of it; causes that are ours stay in the log.
    pub fn refusal(&self) -> Refusal {
        let unavailable = |what: &str| {
            Refusal::new(Code::StorageUnavailable, format!("{what} Nothing was done."))
                .with_remedy("Try again; what could be read still can.")
                .retry_after(Span::from_secs(5))
        };
        match self {
            Self::Refused(refusal) => (**refusal).clone(),
            Self::RateLimited(admitted) => {
                admitted.refusal().unwrap_or_else(|| Refusal::new(Code::RateLimited, "Too many requests."))
            }
            Self::Store(store::Error::Overloaded) => {
                Refusal::new(Code::Overloaded, "As many changes wait as are held. Nothing was done.")
                    .retry_after(Span::from_secs(1))
            }
            Self::Store(store::Error::Conflict) => {
                Refusal::new(Code::Conflict, "The agents changed again and again meanwhile. Nothing was done.")
                    .retry_after(Span::from_secs(1))
            }
            Self::Store(store::Error::Unknown(_)) => {
                Refusal::new(Code::OutcomeUnknown, "The store did not say whether it was done.")
                    .with_remedy(domain::Remedy::Repeat)
                    .retry_after(Span::from_secs(1))
            }
            Self::Store(store::Error::Unavailable(_)) => unavailable("The store cannot be written or read now."),
            Self::Blobs(blobs::Error::Unavailable(_)) => unavailable("Attachments cannot be stored now."),
            Self::Blobs(blobs::Error::TooLarge(max)) => {
                Refusal::new(Code::AttachmentTooLarge, format!("An attachment may have {max} bytes."))
            }
            Self::Blobs(blobs::Error::Idle(idle)) => {
                Refusal::new(Code::UploadTimeout, format!("Nothing came for {} s.", idle.as_secs()))
            }
            Self::Blobs(blobs::Error::Interrupted(_)) => {
                Refusal::new(Code::InvalidField, "The upload broke off. Nothing was stored.")
            }
            Self::Blobs(blobs::Error::Nowhere) => {
                Refusal::new(Code::AttachmentsDisabled, "This installation keeps no attachments.")
                    .with_remedy("Set `attachments.url` to a place that all its servers reach.")
            }
            Self::Blobs(blobs::Error::Damaged) => {
                Refusal::new(Code::AttachmentDamaged, "The bytes of this attachment are damaged or gone.")
                    .with_remedy("Store the same bytes again: they take the place of the damaged ones.")
            }
            Self::Blobs(blobs::Error::Missing) => Refusal::new(Code::NotFound, "There is no such attachment."),
            Self::Store(_) | Self::Blobs(_) | Self::Broker(_) | Self::Internal(_) => Refusal::new(
                Code::Internal,
                "Something is wrong on our side; the log has the cause under this request id.",
            ),
        }
    }
}
