//! Work that would keep a request thread from its other requests for more than a millisecond: it is done beside them.

use std::sync::{Arc, Mutex, PoisonError};
use std::thread::available_parallelism;

use axum::response::Response;
use domain::Code;
use http::header::{CONTENT_TYPE, HeaderValue};
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

use crate::problem::ApiError;

/// Bytes of JSON that are read or written within a few hundred microseconds.
pub(crate) const LIGHT_BYTES: usize = 64 * 1024;

/// The threads for such work: as many at a time as there are cores.
#[derive(Debug)]
pub(crate) struct Heavy(Semaphore);

impl Heavy {
    /// All of them idle.
    pub(crate) fn new() -> Self {
        Self(Semaphore::new(available_parallelism().map_or(2, std::num::NonZero::get).max(2)))
    }

    /// Does work on so many bytes: at once where they are few, and else beside the request threads.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        bytes: usize,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, ApiError> {
        if bytes <= LIGHT_BYTES {
            return Ok(work());
        }
        let _permit = self.0.acquire().await;
        spawn_blocking(work).await.map_err(|error| failed(error.to_string()))
    }
}

type Write = Box<dyn FnOnce() -> serde_json::Result<Vec<u8>> + Send>;

/// An answer that is too large to be written on a request thread: what writes it.
#[derive(Clone)]
pub(crate) struct Unwritten(Arc<Mutex<Option<Write>>>);

impl Unwritten {
    /// An answer of this value.
    pub(crate) fn of(value: impl serde::Serialize + Send + 'static) -> Self {
        let write: Write = Box::new(move || serde_json::to_vec(&value));
        Self(Arc::new(Mutex::new(Some(write))))
    }
}

/// Writes the body of an answer that is not written yet.
pub(crate) async fn write(heavy: &Heavy, mut response: Response) -> Result<Response, ApiError> {
    let Some(Unwritten(write)) = response.extensions_mut().remove() else { return Ok(response) };
    let write = write.lock().unwrap_or_else(PoisonError::into_inner).take();
    let Some(write) = write else { return Ok(response) };
    let bytes = heavy.run(usize::MAX, write).await?.map_err(|error| failed(error.to_string()))?;
    *response.body_mut() = bytes.into();
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Ok(response)
}

/// Our fault.
pub(crate) fn failed(cause: String) -> ApiError {
    let mut error = ApiError::new(Code::Internal, "The server failed; its log has the cause beside the request's id.");
    error.cause = Some(cause);
    error
}

/// Collects up to [`LIGHT_BYTES`]; more is a failure.
pub(crate) struct Light(pub(crate) Vec<u8>);

impl std::io::Write for Light {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if self.0.len() + bytes.len() > LIGHT_BYTES {
            return Err(std::io::ErrorKind::FileTooLarge.into());
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_heavy_leaves_the_thread_and_what_is_light_stays() {
        let heavy = Heavy::new();
        let here = std::thread::current().id();
        let thread = || std::thread::current().id();
        assert_eq!(heavy.run(LIGHT_BYTES, thread).await.unwrap(), here);
        assert_ne!(heavy.run(LIGHT_BYTES + 1, thread).await.unwrap(), here);
    }

    #[tokio::test]
    async fn a_panic_of_heavy_work_is_a_failure_of_its_request_alone() {
        let heavy = Heavy::new();
        for _ in 0..100 {
            let error = heavy.run(usize::MAX, || panic!("a fault")).await.expect_err("it failed");
            assert_eq!(error.refusal.code, Code::Internal);
        }
        assert_eq!(heavy.run(usize::MAX, || 7).await.unwrap(), 7);
    }
}
