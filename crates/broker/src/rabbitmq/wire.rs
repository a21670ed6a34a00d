//! The socket under a connection, held beside the library: so that a connection whose other side is silent ends now, and its
//! thread with it, not when the system gives up.

use std::io;
use std::net::{Shutdown, TcpStream};
use std::os::fd::AsFd;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_rs::Runtime;
use lapin::tcp::AsyncTcpStream;
use lapin::uri::AMQPUri;
use lapin::{Connection, ConnectionProperties, Error};
use tokio_util::compat::TokioAsyncReadCompatExt as _;

use super::reactor::{self, AnyStream, Kit};
use super::tls::Tls;

/// How long a host may take to accept a connection.
const DIAL: Duration = Duration::from_secs(5);

/// A socket that ends with this value.
#[derive(Default)]
pub(super) struct Wire {
    socket: Arc<Mutex<Option<TcpStream>>>,
}

impl Wire {
    /// Connects, with the socket in this value's hands; encrypted where `tls` says how.
    pub(super) async fn connect(&self, uri: AMQPUri, tls: Option<Tls>) -> lapin::Result<Connection> {
        let socket = Arc::clone(&self.socket);
        let dial = async move |uri: AMQPUri, _: Runtime<Kit>| {
            let late = || Error::from(io::Error::from(io::ErrorKind::TimedOut));
            let dialled = tokio::time::timeout(DIAL, dial(&uri, tls.as_ref(), &socket));
            Ok(AsyncTcpStream::Plain(dialled.await.map_err(|_| late())??))
        };
        let properties = ConnectionProperties::default().with_connection_name("coordination".into());
        Connection::connector(uri, reactor::runtime(), dial, properties).await
    }
}

async fn dial(uri: &AMQPUri, tls: Option<&Tls>, socket: &Mutex<Option<TcpStream>>) -> io::Result<AnyStream> {
    let host = uri.authority.host.as_str();
    let plain = tokio::net::TcpStream::connect((host, uri.authority.port)).await?;
    let held = TcpStream::from(plain.as_fd().try_clone_to_owned()?);
    *socket.lock().unwrap_or_else(PoisonError::into_inner) = Some(held);
    Ok(match tls {
        None => Box::new(plain.compat()),
        Some(tls) => Box::new(tls.wrap(host, plain).await?.compat()),
    })
}

impl Drop for Wire {
    fn drop(&mut self) {
        if let Some(socket) = self.socket.lock().unwrap_or_else(PoisonError::into_inner).take() {
            // One that has ended is what is wanted.
            let _ = socket.shutdown(Shutdown::Both);
        }
    }
}
