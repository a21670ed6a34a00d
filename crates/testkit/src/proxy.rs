//! A TCP proxy to stand between us and a service and to break the wire. After crates.io's chaos proxy.

mod trap;

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Mutex, watch};
use tokio::task::JoinSet;

use self::trap::{Connection, Traps};
pub use self::trap::{Cut, Trap};
use crate::failure::Failure;
use crate::port::Port;

/// What happens to bytes on their way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wire {
    Whole,
    Stalled,
    AnswersLost,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Direction {
    Request,
    Answer,
}

/// A proxy in front of one address. It passes bytes until it is told to break something, and again after
/// [`Proxy::restore`]. All ends with the value.
pub struct Proxy {
    port: Port,
    upstream: SocketAddr,
    state: State,
    connections: Arc<Mutex<JoinSet<()>>>,
    accepting: JoinSet<()>,
}

/// What every connection goes by.
#[derive(Clone)]
struct State {
    wire: watch::Sender<Wire>,
    traps: Arc<Traps>,
}

impl Proxy {
    /// Starts a proxy in front of `upstream`, in the runtime that this is called in.
    ///
    /// Fails when no port is free.
    pub async fn start(upstream: SocketAddr) -> Result<Self, Failure> {
        let state = State { wire: watch::channel(Wire::Whole).0, traps: Arc::default() };
        let connections = Arc::new(Mutex::new(JoinSet::new()));
        let mut proxy = Self { port: Port::take()?, upstream, state, connections, accepting: JoinSet::new() };
        proxy.restore().await?;
        Ok(proxy)
    }

    /// Where clients connect to.
    pub fn address(&self) -> SocketAddr {
        self.port.address()
    }

    /// Resets every open connection; new ones pass. When this returns, they are gone.
    pub async fn cut(&self) {
        self.connections.lock().await.shutdown().await;
    }

    /// Passes nothing in either direction, without closing anything.
    pub fn stall(&self) {
        self.state.wire.send_replace(Wire::Stalled);
    }

    /// Passes requests and drops every answer: the service does the work and nobody hears of it.
    pub fn lose_answers(&self) {
        self.state.wire.send_replace(Wire::AnswersLost);
    }

    /// Resets every open connection and refuses new ones, as a service that is down does.
    pub async fn refuse(&mut self) {
        self.accepting.shutdown().await;
        self.cut().await;
    }

    /// Resets the connection that next sends what this waits for, at the place it names. A trap that is still set is replaced.
    pub fn set(&self, trap: Trap) {
        self.state.traps.set(trap);
    }

    /// How many traps have sprung.
    pub fn sprung(&self) -> usize {
        self.state.traps.sprung()
    }

    /// Passes everything again; what was held back goes on.
    ///
    /// Fails when the port cannot be listened on again.
    pub async fn restore(&mut self) -> Result<(), Failure> {
        self.state.wire.send_replace(Wire::Whole);
        if self.accepting.is_empty() {
            let bound = TcpListener::bind(self.address()).await;
            let listener = bound.map_err(|error| Failure::of("listen for the proxy", &error))?;
            let (upstream, connections) = (self.upstream, Arc::clone(&self.connections));
            self.accepting.spawn(accept(listener, upstream, self.state.clone(), connections));
        }
        Ok(())
    }
}

async fn accept(listener: TcpListener, upstream: SocketAddr, state: State, connections: Arc<Mutex<JoinSet<()>>>) {
    while let Ok((client, _)) = listener.accept().await {
        let mut connections = connections.lock().await;
        while connections.try_join_next().is_some() {}
        connections.spawn(connect(client, upstream, state.clone()));
    }
}

async fn connect(client: TcpStream, upstream: SocketAddr, state: State) {
    // A service that is down shows as a connection that ends at once.
    let Ok(service) = TcpStream::connect(upstream).await else { return };
    for stream in [&client, &service] {
        // Without these two a break is only less sharp.
        let _ = stream.set_zero_linger();
        let _ = stream.set_nodelay(true);
    }
    let (client_reads, client_writes) = client.into_split();
    let (service_reads, service_writes) = service.into_split();
    let connection = Connection::new(Arc::clone(&state.traps));
    let (wire, other_wire) = (state.wire.subscribe(), state.wire.subscribe());
    let whole = async {
        tokio::join!(
            pass(client_reads, service_writes, (Direction::Request, &connection), wire),
            pass(service_reads, client_writes, (Direction::Answer, &connection), other_wire),
        )
    };
    tokio::select! {
        _ = whole => {}
        stalls = connection.sprung() => {
            if stalls {
                state.wire.send_replace(Wire::Stalled);
            }
        }
    }
}

/// Passes bytes one way until that way is closed.
async fn pass(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    (direction, connection): (Direction, &Connection),
    mut wire: watch::Receiver<Wire>,
) {
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let read = from.read(&mut buffer).await;
        let Ok(now) = wire.wait_for(|wire| *wire != Wire::Stalled).await.map(|wire| *wire) else { return };
        let lost = now == Wire::AnswersLost && direction == Direction::Answer;
        match read {
            Ok(0) | Err(_) => break,
            Ok(_) if lost => {}
            Ok(length) => {
                let passes = match direction {
                    Direction::Request => connection.of_request(&buffer[..length]),
                    Direction::Answer => connection.of_answer(length),
                };
                if to.write_all(&buffer[..passes.unwrap_or(length)]).await.is_err() {
                    break;
                }
                if passes.is_some() {
                    connection.spring();
                }
            }
        }
    }
    // The other side may have gone first.
    let _ = to.shutdown().await;
}
