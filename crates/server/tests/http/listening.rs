//! A server behind a real listener, and what goes over the wire to it.

use std::net::SocketAddr;
use std::time::Duration;

use server::Listeners;
use testkit::embedded::TestConfig;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::place::Place;
use crate::world::World;

/// A server behind a listener.
pub(crate) struct Listening {
    pub(crate) world: World,
    pub(crate) address: SocketAddr,
    pub(crate) stop: CancellationToken,
    tasks: JoinSet<()>,
}

impl Listening {
    pub(crate) async fn start(test_config: TestConfig) -> Self {
        let mut world = Place.world_of(test_config).await;
        let api = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = api.local_addr().expect("an address");
        let stop = CancellationToken::new();
        let server = world.server.server.take().expect("a server");
        let mut tasks = JoinSet::new();
        tasks.spawn(server.serve(Listeners { api, metrics: None }, stop.clone().cancelled_owned()));
        Self { world, address, stop, tasks }
    }

    pub(crate) async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.expect("a connection")
    }

    /// Sends text and reads until the server closes the connection.
    pub(crate) async fn exchange(&self, text: &str) -> String {
        let mut stream = self.connect().await;
        stream.write_all(text.as_bytes()).await.expect("writes");
        rest(&mut stream).await
    }

    /// Ends the server and waits for it; what it has can still be asked for.
    pub(crate) async fn end(mut self) -> World {
        self.stop.cancel();
        tokio::time::timeout(Duration::from_secs(60), self.tasks.join_next()).await.expect("ends in time");
        self.world
    }
}

/// Reads until the server closes the connection.
pub(crate) async fn rest(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).await.expect("reads");
    String::from_utf8(bytes).expect("text")
}

/// Reads until `end` has come.
pub(crate) async fn until(stream: &mut TcpStream, end: &str) -> String {
    let mut text = String::new();
    let mut piece = [0; 4096];
    while !text.contains(end) {
        let count = stream.read(&mut piece).await.expect("reads");
        assert_ne!(count, 0, "{text}");
        text.push_str(std::str::from_utf8(&piece[..count]).expect("text"));
    }
    text
}

/// A `POST` as it goes over the wire.
pub(crate) fn post(path: &str, body: &str, more: &str) -> String {
    let length = body.len();
    format!("POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n{more}\r\n{body}")
}
