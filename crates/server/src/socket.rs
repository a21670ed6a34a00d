//! The socket below a connection: it does not wait for ever, does not cut its last answer off, and answers with a problem what
//! is no HTTP.

use std::io::{self, ErrorKind, IoSlice};
use std::net::Shutdown;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Buf, Bytes};
use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

use crate::no_http;
use crate::wire::Wire;

/// How long the other side may take nothing of what is sent to it.
const STALL: Duration = Duration::from_secs(60);

/// How long what is still coming is thrown away after the last answer. A connection that is closed on unread bytes is
/// reset, and the answer that said why is lost with it: nginx calls this a lingering close.
const LINGER: Duration = Duration::from_secs(2);

/// Bytes that the system holds for the other side before it has room for them; what is under way is not counted.
#[cfg(target_os = "linux")]
const UNSENT: u32 = 128 * 1024;

/// A TCP connection with these bounds.
pub(crate) struct Socket {
    wire: Arc<Wire>,
    stalled: Option<Pin<Box<Sleep>>>,
    lingering: Option<Pin<Box<Sleep>>>,
    /// What is left of the problem that is answered in place of an empty refusal.
    problem: Option<Bytes>,
}

impl Socket {
    /// Takes a connection.
    pub(crate) fn new(wire: Arc<Wire>) -> Self {
        // Answers are written whole; waiting for more to send only delays them.
        let _ = wire.stream().set_nodelay(true);
        // Where it cannot be bounded, the system's own bounds hold.
        #[cfg(target_os = "linux")]
        let _ = SockRef::from(wire.stream()).set_tcp_notsent_lowat(UNSENT);
        Self { wire, stalled: None, lingering: None, problem: None }
    }

    /// Lets a write pass that got on, and counts the time of one that did not.
    fn watched(&mut self, context: &mut Context<'_>, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        if let Poll::Ready(result) = written {
            self.stalled = None;
            self.wire.moved();
            return Poll::Ready(result);
        }
        let stalled = self.stalled.get_or_insert_with(|| Box::pin(sleep(STALL)));
        ready!(stalled.as_mut().poll(context));
        Poll::Ready(Err(io::Error::new(ErrorKind::TimedOut, "the other side takes nothing")))
    }

    fn write(&mut self, context: &mut Context<'_>, parts: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        let written = loop {
            if self.wire.stream().poll_write_ready(context)?.is_pending() {
                break Poll::Pending;
            }
            match self.wire.stream().try_write_vectored(parts) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                result => break Poll::Ready(result),
            }
        };
        self.watched(context, written)
    }

    /// Writes these parts, or the problem that takes their place.
    fn answer(&mut self, context: &mut Context<'_>, parts: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        if self.problem.is_none() && self.wire.is_between_answers() {
            self.problem = no_http::problem(parts, self.wire.ids());
        }
        let Some(mut problem) = self.problem.take() else { return self.write(context, parts) };
        while !problem.is_empty() {
            match self.write(context, &[IoSlice::new(&problem)]) {
                Poll::Ready(Ok(written)) => problem.advance(written),
                unfinished => {
                    self.problem = Some(problem);
                    return unfinished;
                }
            }
        }
        self.problem = Some(problem);
        Poll::Ready(Ok(parts.iter().map(|part| part.len()).sum()))
    }
}

impl AsyncRead for Socket {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        loop {
            ready!(self.wire.stream().poll_read_ready(context))?;
            match self.wire.stream().try_read_buf(buffer) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                result => {
                    self.wire.moved();
                    return Poll::Ready(result.map(drop));
                }
            }
        }
    }
}

impl AsyncWrite for Socket {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.answer(context, &[IoSlice::new(bytes)])
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.answer(context, parts)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.lingering.is_none() {
            SockRef::from(self.wire.stream()).shutdown(Shutdown::Write)?;
            self.lingering = Some(Box::pin(sleep(LINGER)));
        }
        let Self { wire, lingering, .. } = &mut *self;
        if lingering.as_mut().is_some_and(|sleep| sleep.as_mut().poll(context).is_ready()) {
            return Poll::Ready(Ok(()));
        }
        let mut waste = [0; 16 * 1024];
        loop {
            ready!(wire.stream().poll_read_ready(context))?;
            match wire.stream().try_read(&mut waste) {
                Ok(1..) => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Ok(0) | Err(_) => return Poll::Ready(Ok(())),
            }
        }
    }
}
