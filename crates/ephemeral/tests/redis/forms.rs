//! The other forms of Redis: a master that a sentinel names, and a cluster.

use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use ephemeral::{Rate, Scope};
use testkit::daemon::{Daemon, DaemonConfig};
use testkit::port::Port;
use testkit::redis::Redis;

use crate::world::{NOW, TENANT, agent, process, redis, soon, until};

/// A server with a configuration of its own.
struct Server {
    port: Port,
    _daemon: Daemon,
}

impl Server {
    fn start(settings: &str, arguments: &'static [&'static str]) -> Self {
        let port = Port::take().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let file: PathBuf = folder.path().join("redis.conf");
        let shown = folder.path().display();
        let text = format!("port {}\nbind 127.0.0.1\ndir {shown}\nsave \"\"\n{settings}\n", port.number());
        fs::write(&file, text).unwrap();
        let address = port.address();
        let config = DaemonConfig {
            name: "redis",
            command: Box::new(move || {
                let mut command = Command::new("redis-server");
                command.arg(&file).args(arguments);
                command
            }),
            ready: Box::new(move || std::net::TcpStream::connect(address).is_ok()),
            within: Duration::from_secs(10),
        };
        let daemon = Daemon::start(config, folder);
        let daemon = daemon.unwrap_or_else(|why| panic!("{why} (`cargo xtask install redis` installs it)"));
        Self { port, _daemon: daemon }
    }

    fn address(&self) -> SocketAddr {
        self.port.address()
    }
}

/// Everything once, between two processes.
async fn is_shared(url: &str) {
    let (here, there) = (process(url), process(url));
    let code = agent("code");
    let subscription = there.inbox(TENANT, &code);
    here.notify_inbox(TENANT, &code);
    soon(subscription.turn()).await;
    let rate: Rate = "2/h".parse().unwrap();
    for tenant in [1, 2, 3] {
        let scope = Scope::Tenant(domain::TenantId(tenant));
        let passed = [&here, &there, &here].map(|process| process.admit(&scope, rate, NOW));
        let passed = futures_util::future::join_all(passed).await;
        assert_eq!(passed.iter().filter(|admission| admission.allowed).count(), 2);
    }
    let others: Vec<_> = (0..20).map(|number| agent(&format!("agent-{number}"))).collect();
    for agent in &others {
        here.seen(TENANT, agent, NOW);
    }
    let all: Vec<_> = others.iter().collect();
    assert!(until(async || there.last_seen(TENANT, &all).await == vec![Some(NOW); 20]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_master_is_found_through_sentinels() {
    let master: Redis = redis();
    let settings = format!("sentinel monitor main 127.0.0.1 {} 1", master.address().port());
    let sentinel = tokio::task::block_in_place(|| Server::start(&settings, &["--sentinel"]));
    let nobody = Port::take().unwrap();
    let url = format!("redis+sentinel://{},{}/main/0", nobody.address(), sentinel.address());
    is_shared(&url).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_shares_as_one_server_does() {
    let nodes = [(); 2].map(|()| tokio::task::block_in_place(|| Server::start("cluster-enabled yes", &[])));
    let mut operators = Vec::new();
    for (node, slots) in nodes.iter().zip([(0, 8_191), (8_192, 16_383)]) {
        let client = redis::Client::open(format!("redis://{}", node.address())).unwrap();
        let mut operator = client.get_multiplexed_async_connection().await.unwrap();
        let slots = redis::cmd("CLUSTER").arg("ADDSLOTSRANGE").arg(slots.0).arg(slots.1).to_owned();
        slots.exec_async(&mut operator).await.unwrap();
        operators.push(operator);
    }
    let second = nodes[1].address();
    let (mut meet, mut info) = (redis::cmd("CLUSTER"), redis::cmd("CLUSTER"));
    meet.arg("MEET").arg(second.ip().to_string()).arg(second.port()).exec_async(&mut operators[0]).await.unwrap();
    info.arg("INFO");
    for operator in &mut operators {
        assert!(until(async || {
            let text: String = info.query_async(operator).await.unwrap();
            text.contains("cluster_state:ok") && text.contains("cluster_known_nodes:2")
        }));
    }
    is_shared(&format!("redis+cluster://{},{}", nodes[0].address(), nodes[1].address())).await;
}
