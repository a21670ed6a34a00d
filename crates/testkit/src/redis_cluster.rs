//! A private Redis cluster, started, formed and kept whole by the Kubernetes template's own scripts.

mod node;

use std::collections::BTreeSet;
use std::net::Ipv4Addr;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::time::Duration;

use tempfile::TempDir;

use crate::failure::Failure;
use crate::installed;
use crate::port::Port;
use crate::process::poll;
use crate::template;
use node::Node;

/// The password of every node.
const PASSWORD: &str = "cluster1";
/// How long a cluster may take until it serves every slot and every master has a replica.
const FORMED: Duration = Duration::from_secs(90);
/// What stands for the DNS of Kubernetes: looks a name up in a file.
const RESOLVER: &str = "#!/bin/sh\ngrep \" $2\\$\" \"$(dirname \"$0\")/hosts\"\n";

/// Six nodes on one port, each with an address of its own: three masters with a replica each.
pub struct RedisCluster {
    nodes: Vec<Node>,
    place: Place,
}

/// Where the nodes are.
struct Place {
    folder: TempDir,
    port: Port,
    /// Part of every node's address.
    network: u8,
}

impl RedisCluster {
    /// How many nodes there are.
    pub const NODES: usize = 6;

    /// Starts the nodes and waits until they are a cluster.
    ///
    /// Fails when Redis is not installed, or the cluster is not formed within 90 s.
    pub fn start() -> Result<Self, Failure> {
        installed::find("redis-server", &["/usr/bin", "/usr/local/bin"], "redis")?;
        let place = Place { folder: installed::folder("redis-cluster")?, port: Port::take()?, network: 101 };
        template::copy("redis", &place.within("scripts"), None)?;
        template::make(&place.within("bin"), None)?;
        template::write(&place.within("password"), PASSWORD, None)?;
        let resolver = place.within("bin/getent");
        template::write(&resolver, RESOLVER, None)?;
        std::fs::set_permissions(&resolver, PermissionsExt::from_mode(0o755))
            .map_err(|error| Failure::of("make the resolver executable", &error))?;
        let nodes = (0..Self::NODES).map(Node::new).collect();
        let mut cluster = Self { nodes, place };
        cluster.start_all()?;
        Ok(cluster)
    }

    /// The URL for clients, with every node's address.
    pub fn url(&self) -> String {
        let hosts: Vec<String> = (0..Self::NODES)
            .map(|number| format!("{}:{}", self.place.address(number), self.place.port.number()))
            .collect();
        format!("redis+cluster://:{PASSWORD}@{}", hosts.join(","))
    }

    /// Starts every node that does not run, and waits until they are a cluster.
    ///
    /// Fails, with what each node says, when that takes more than 90 s.
    pub fn start_all(&mut self) -> Result<(), Failure> {
        self.place.write_hosts()?;
        for node in &mut self.nodes {
            node.start(&self.place)?;
        }
        self.wait_until_formed()
    }

    /// Asks every node to end (SIGTERM), as a pod that is deleted, and waits.
    ///
    /// Fails when one does not end.
    pub fn stop_all(&mut self) -> Result<(), Failure> {
        self.nodes.iter_mut().try_for_each(Node::stop)
    }

    /// Gives every node another address, while none runs.
    pub fn change_addresses(&mut self) {
        self.place.network += 1;
    }

    /// Kills a node at once and throws its data away, as a machine that is gone with its volume.
    ///
    /// Fails when the data cannot be removed.
    pub fn lose(&mut self, number: usize) -> Result<(), Failure> {
        self.nodes[number].lose(&self.place)
    }

    /// Waits until every node says that all six serve all slots, each master with a replica.
    ///
    /// Fails, with what each node says, when that takes more than 90 s.
    pub fn wait_until_formed(&self) -> Result<(), Failure> {
        if poll(FORMED, || (0..Self::NODES).all(|number| self.is_formed(number))) {
            return Ok(());
        }
        let said = self.nodes.iter().map(|node| self.ask(node.number, &["cluster", "nodes"]) + &node.log(&self.place));
        Err(Failure::new(format!("the cluster is not formed:\n{}", said.collect::<Vec<_>>().join("\n\n"))))
    }

    /// What a node answers to a command, as `redis-cli` shows it; errors too.
    pub fn ask(&self, number: usize, words: &[&str]) -> String {
        let mut command = self.place.command(number, std::path::Path::new("redis-cli"));
        command.env("REDISCLI_AUTH", PASSWORD);
        command.args(["-h", &self.place.address(number).to_string(), "-p", &self.place.port.number().to_string()]);
        let output = command.arg("-c").args(words).output();
        output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned()).unwrap_or_default()
    }

    /// The numbers of the nodes that are masters, as a node sees it.
    pub fn masters(&self, number: usize) -> Vec<usize> {
        self.seen_by(number).into_iter().filter(|seen| seen.follows.is_none()).map(|seen| seen.number).collect()
    }

    /// The numbers of a master and of its replica, as a node sees it.
    ///
    /// Fails when no master has a replica.
    pub fn shard(&self, number: usize) -> Result<(usize, usize), Failure> {
        let seen = self.seen_by(number);
        let mut pairs = seen.iter().filter_map(|master| {
            let replica = seen.iter().find(|other| other.follows.as_ref() == Some(&master.id));
            replica.map(|replica| (master.number, replica.number))
        });
        pairs.next().ok_or_else(|| Failure::new("no master has a replica"))
    }

    /// Runs a script of the template beside a node.
    ///
    /// Fails when it does not end with success.
    pub fn run(&self, number: usize, script: &str) -> Result<(), Failure> {
        let status = self.place.command(number, &self.place.within("scripts").join(script)).status();
        let ended = status.map_err(|error| Failure::of(script, &error))?;
        if ended.success() { Ok(()) } else { Err(Failure::new(format!("{script} ended with {ended}"))) }
    }

    fn is_formed(&self, number: usize) -> bool {
        let seen = self.seen_by(number);
        let followed: BTreeSet<_> = seen.iter().filter_map(|seen| seen.follows.as_ref()).collect();
        let healthy = seen.len() == Self::NODES && seen.iter().all(|seen| seen.connected);
        // The state alone is also well while slots are not given out, or not yet known to be.
        let whole = ["cluster_state:ok", "cluster_slots_assigned:16384", "cluster_slots_ok:16384"];
        let info = self.ask(number, &["cluster", "info"]);
        healthy && followed.len() == Self::NODES / 2 && whole.iter().all(|line| info.contains(line))
    }

    fn seen_by(&self, number: usize) -> Vec<Seen> {
        self.ask(number, &["cluster", "nodes"]).lines().filter_map(Seen::parse).collect()
    }
}

/// A node, as another one sees it.
struct Seen {
    id: String,
    number: usize,
    /// The id of its master.
    follows: Option<String>,
    connected: bool,
}

impl Seen {
    /// Reads a line of `cluster nodes`: ID ADDRESS,HOST FLAGS MASTER PING PONG EPOCH LINK SLOTS...
    fn parse(line: &str) -> Option<Self> {
        let fields: Vec<&str> = line.split(' ').collect();
        let [id, place, flags, master, _, _, _, state, ..] = fields[..] else { return None };
        let number = place.split_once(",redis-")?.1.split_once('.')?.0.parse().ok()?;
        let follows = flags.contains("slave").then(|| master.to_owned());
        Some(Self { id: id.to_owned(), number, follows, connected: state == "connected" && !flags.contains("fail") })
    }
}

impl Place {
    fn within(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A node's address; the port's number keeps two clusters apart.
    fn address(&self, number: usize) -> Ipv4Addr {
        Ipv4Addr::new(127, self.network, (self.port.number() % 250) as u8, number as u8 + 10)
    }

    fn write_hosts(&self) -> Result<(), Failure> {
        let lines = (0..RedisCluster::NODES).map(|number| format!("{} redis-{number}.redis\n", self.address(number)));
        template::write(&self.within("bin/hosts"), &lines.collect::<String>(), None)
    }
}
