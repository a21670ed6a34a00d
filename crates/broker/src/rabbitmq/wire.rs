//! The socket under a connection, held beside the library: so that a connection whose other side is silent ends now, and its
//! thread with it, not when the system gives up.

use std::io;
use std::net::{Shutdown, TcpStream};
use std::os::fd::AsFd;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_rs::TokioRuntime;
use lapin::tcp::{AMQPUriTcpExt, AsyncTcpStream, TLSConfig};
use lapin::uri::AMQPUri;
use lapin::{Connection, ConnectionProperties, Error, runtime};

/// How long a host may take to accept a connection.
const DIAL: Duration = Duration::from_secs(5);

/// A socket that ends with this value.
#[derive(Default)]
pub(super) struct Wire {
    socket: Arc<Mutex<Option<TcpStream>>>,
}

impl Wire {
    /// Connects, with the socket in this value's hands.
    pub(super) async fn connect(&self, uri: AMQPUri) -> lapin::Result<Connection> {
        let socket = Arc::clone(&self.socket);
        let runtime = runtime::default_runtime()?;
        let dial = async move |uri: AMQPUri, runtime: TokioRuntime| {
            let dialled = uri.connect_with_config_async(TLSConfig::default(), &runtime);
            let late = || Error::from(io::Error::from(io::ErrorKind::TimedOut));
            let stream = tokio::time::timeout(DIAL, dialled).await.map_err(|_| late())??;
            if let AsyncTcpStream::Plain(plain) = &stream {
                let held = TcpStream::from(plain.get_ref().as_fd().try_clone_to_owned()?);
                *socket.lock().unwrap_or_else(PoisonError::into_inner) = Some(held);
            }
            Ok(stream)
        };
        let properties = ConnectionProperties::default().with_connection_name("coordination".into());
        Connection::connector(uri, runtime, dial, properties).await
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        if let Some(socket) = self.socket.lock().unwrap_or_else(PoisonError::into_inner).take() {
            // One that has ended is what is wanted.
            let _ = socket.shutdown(Shutdown::Both);
        }
    }
}
