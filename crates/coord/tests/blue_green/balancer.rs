//! What a Service is to its clients: an address whose new connections go to the ready pods of the selected slot in turn.

use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// Passes connections on until it is dropped.
pub(crate) struct Balancer {
    /// Where clients connect to.
    pub(crate) address: SocketAddr,
    _work: JoinSet<()>,
}

impl Balancer {
    /// Starts one that does what the files in `cluster` say.
    pub(crate) async fn start(cluster: PathBuf) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut work = JoinSet::new();
        work.spawn(serve(listener, cluster));
        Self { address, _work: work }
    }
}

async fn serve(listener: TcpListener, cluster: PathBuf) {
    let turn = Arc::new(AtomicUsize::new(0));
    let mut connections = JoinSet::new();
    loop {
        let (mut client, _) = listener.accept().await.unwrap();
        let pods = pods(&cluster);
        let turn = turn.fetch_add(1, Ordering::Relaxed);
        connections.spawn(async move {
            let Some(port) = pods.get(turn % pods.len().max(1)) else { return };
            if let Ok(mut pod) = TcpStream::connect(("127.0.0.1", *port)).await {
                // Either side may go at any time.
                let _ = copy_bidirectional(&mut client, &mut pod).await;
            }
        });
        while connections.try_join_next().is_some() {}
    }
}

/// The ports of the API of the pods that are selected.
fn pods(cluster: &std::path::Path) -> Vec<u16> {
    let slot = fs::read_to_string(cluster.join("selector")).unwrap();
    let text = fs::read_to_string(cluster.join(format!("{}.pods", slot.trim()))).unwrap_or_default();
    text.lines().map(|line| line.split(' ').next().unwrap().parse().unwrap()).collect()
}
