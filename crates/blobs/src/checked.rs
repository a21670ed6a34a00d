//! Reading a whole blob against its name: the last chunk is held back until all of them give the SHA-256 that they are known
//! by, so that nobody takes damaged bytes for whole ones.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use domain::Digest;
use futures_util::Stream;
use futures_util::stream::BoxStream;
use sha2::{Digest as _, Sha256};

use crate::Error;

/// A stream of a whole blob that ends with an error where its bytes are not those of its name.
pub(crate) struct Checked {
    bytes: BoxStream<'static, io::Result<Bytes>>,
    expected: Digest,
    hash: Sha256,
    held: Option<Bytes>,
    done: bool,
}

impl Checked {
    pub(crate) fn new(bytes: BoxStream<'static, io::Result<Bytes>>, expected: Digest) -> Self {
        Self { bytes, expected, hash: Sha256::new(), held: None, done: false }
    }
}

impl Stream for Checked {
    type Item = io::Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            if self.done {
                return Poll::Ready(None);
            }
            match ready!(self.bytes.as_mut().poll_next(context)) {
                Some(Ok(chunk)) => {
                    self.hash.update(&chunk);
                    if let Some(held) = self.held.replace(chunk) {
                        return Poll::Ready(Some(Ok(held)));
                    }
                }
                Some(Err(error)) => {
                    self.done = true;
                    return Poll::Ready(Some(Err(error)));
                }
                None => {
                    self.done = true;
                    let found = Digest(std::mem::take(&mut self.hash).finalize().into());
                    if found == self.expected {
                        return Poll::Ready(self.held.take().map(Ok));
                    }
                    return Poll::Ready(Some(Err(io::Error::new(io::ErrorKind::InvalidData, Error::Damaged))));
                }
            }
        }
    }
}

/// Whether an error of reading says that the bytes are not those of their name.
pub fn is_damage(error: &io::Error) -> bool {
    error.get_ref().and_then(|inner| inner.downcast_ref::<Error>()).is_some_and(|inner| matches!(inner, Error::Damaged))
}
