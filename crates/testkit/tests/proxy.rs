//! The proxy breaks the wire in the ways that it says, and mends it.

#![cfg(test)]

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::time::Duration;

use testkit::proxy::{Cut, Proxy, Trap};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::timeout;

const SOON: Duration = Duration::from_secs(5);
const A_WHILE: Duration = Duration::from_millis(100);

/// A service that answers every byte with itself and tells the test what it got.
struct Echo {
    address: SocketAddr,
    heard: mpsc::UnboundedReceiver<u8>,
    _serving: JoinSet<()>,
}

impl Echo {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (tell, heard) = mpsc::unbounded_channel();
        let mut serving = JoinSet::new();
        serving.spawn(async move {
            let mut clients = JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                clients.spawn(echo(client, tell.clone()));
            }
        });
        Self { address, heard, _serving: serving }
    }
}

async fn echo(mut client: TcpStream, tell: mpsc::UnboundedSender<u8>) {
    while let Ok(byte) = client.read_u8().await {
        tell.send(byte).unwrap();
        // Whoever asked may be gone.
        let _ = client.write_u8(byte).await;
    }
}

async fn ask(stream: &mut TcpStream, byte: u8) -> std::io::Result<u8> {
    stream.write_u8(byte).await?;
    timeout(SOON, stream.read_u8()).await.unwrap()
}

async fn client(proxy: &Proxy) -> TcpStream {
    let mut stream = TcpStream::connect(proxy.address()).await.unwrap();
    assert_eq!(ask(&mut stream, 1).await.unwrap(), 1);
    stream
}

#[tokio::test]
async fn a_cut_ends_open_connections_and_lets_new_ones_pass() {
    let echo = Echo::start().await;
    let proxy = Proxy::start(echo.address).await.unwrap();
    let mut stream = client(&proxy).await;
    proxy.cut().await;
    let error = stream.read_u8().await.unwrap_err();
    assert!([ErrorKind::ConnectionReset, ErrorKind::UnexpectedEof].contains(&error.kind()), "{error}");
    client(&proxy).await;
}

#[tokio::test]
async fn a_stall_holds_bytes_back_until_it_is_restored() {
    let mut echo = Echo::start().await;
    let mut proxy = Proxy::start(echo.address).await.unwrap();
    let mut stream = client(&proxy).await;
    assert_eq!(echo.heard.recv().await, Some(1));
    proxy.stall();
    stream.write_u8(7).await.unwrap();
    assert!(timeout(A_WHILE, echo.heard.recv()).await.is_err(), "a byte passed");
    proxy.restore().await.unwrap();
    assert_eq!(timeout(SOON, stream.read_u8()).await.unwrap().unwrap(), 7);
}

#[tokio::test]
async fn lost_answers_leave_the_work_done() {
    let mut echo = Echo::start().await;
    let mut proxy = Proxy::start(echo.address).await.unwrap();
    let mut stream = client(&proxy).await;
    assert_eq!(echo.heard.recv().await, Some(1));
    proxy.lose_answers();
    stream.write_u8(7).await.unwrap();
    assert_eq!(timeout(SOON, echo.heard.recv()).await.unwrap(), Some(7));
    assert!(timeout(A_WHILE, stream.read_u8()).await.is_err(), "an answer passed");
    proxy.restore().await.unwrap();
    assert_eq!(ask(&mut stream, 8).await.unwrap(), 8);
}

#[tokio::test]
async fn a_refusing_proxy_looks_like_a_service_that_is_down() {
    let echo = Echo::start().await;
    let mut proxy = Proxy::start(echo.address).await.unwrap();
    let mut stream = client(&proxy).await;
    proxy.refuse().await;
    assert!(stream.read_u8().await.is_err());
    let error = TcpStream::connect(proxy.address()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
    proxy.restore().await.unwrap();
    client(&proxy).await;
}

#[tokio::test]
async fn a_trap_lets_pass_what_comes_before_its_place_and_resets_the_connection() {
    for (cut, passed) in [(Cut::Request(0), &[1][..]), (Cut::Request(2), &[1, 7, 8]), (Cut::Answer(0), &[1, 7])] {
        let mut echo = Echo::start().await;
        let proxy = Proxy::start(echo.address).await.unwrap();
        let mut stream = client(&proxy).await;
        proxy.set(Trap { pattern: vec![7, 8], cut, stalls: false });
        stream.write_all(&[7, 8, 9]).await.unwrap();
        assert!(timeout(SOON, stream.read_u8()).await.unwrap().is_err(), "{cut:?}: an answer passed");
        let mut heard = Vec::new();
        while heard.len() < passed.len() {
            heard.push(timeout(SOON, echo.heard.recv()).await.unwrap().unwrap());
        }
        assert_eq!((heard.as_slice(), proxy.sprung()), (passed, 1), "{cut:?}");
        client(&proxy).await;
    }
}
