//! A private RabbitMQ cluster, started with the Kubernetes template's own settings and scripts.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use tempfile::TempDir;

use crate::daemon::{Daemon, DaemonConfig};
use crate::failure::Failure;
use crate::installed;
use crate::port::Port;
use crate::rabbitmq::{answers, start_mapper};
use crate::template;

/// Where Debian keeps the server and the command line.
const PROGRAMS: &str = "/usr/lib/rabbitmq/bin";
/// How long a node may take to boot beside two others.
const BOOTS: Duration = Duration::from_secs(180);

/// Three nodes that found each other by the names in the settings.
pub struct RabbitMqCluster {
    /// Each node's process: stop, kill and restart it here.
    pub nodes: Vec<Daemon>,
    places: Vec<Place>,
    folder: TempDir,
    mapper_port: Port,
    _mapper: Daemon,
}

/// Where a node is.
struct Place {
    name: String,
    amqp: Port,
    management: Port,
    prometheus: Port,
    distribution: Port,
}

impl RabbitMqCluster {
    /// How many nodes there are.
    pub const NODES: usize = 3;

    /// Starts the nodes, all at once, with these definitions and this cookie from the Secret.
    ///
    /// Fails when RabbitMQ is not installed, or a node does not answer within three minutes.
    pub fn start(definitions: &str, cookie: &str) -> Result<Self, Failure> {
        installed::find("rabbitmq-server", &[PROGRAMS], "rabbitmq")?;
        let folder = installed::folder("rabbitmq-cluster")?;
        template::copy("rabbitmq", &folder.path().join("files"), None)?;
        template::write(&folder.path().join("definitions.json"), definitions, None)?;
        template::write(&folder.path().join("erlang-cookie"), cookie, None)?;
        let places = (0..Self::NODES).map(|_| Place::take()).collect::<Result<Vec<_>, _>>()?;
        let mapper_port = Port::take()?;
        let mapper = start_mapper(&mapper_port)?;
        let start = |place: &Place| start_node(place, &places, folder.path(), mapper_port.number());
        let panicked = |_| Err(Failure::new("the start of a node panicked"));
        let nodes = std::thread::scope(|scope| {
            let started: Vec<_> = places.iter().map(|place| scope.spawn(|| start(place))).collect();
            started.into_iter().map(|node| node.join().unwrap_or_else(panicked)).collect::<Result<_, _>>()
        })?;
        Ok(Self { nodes, places, folder, mapper_port, _mapper: mapper })
    }

    /// The URL for clients, with every node.
    pub fn url(&self, user: &str, password: &str) -> String {
        let hosts: Vec<String> = self.places.iter().map(|place| place.amqp.address().to_string()).collect();
        format!("amqp://{user}:{password}@{}/%2f", hosts.join(","))
    }

    /// Where a node's management API listens.
    pub fn management(&self, number: usize) -> SocketAddr {
        self.places[number].management.address()
    }

    /// Where a node's metrics are.
    pub fn prometheus(&self, number: usize) -> SocketAddr {
        self.places[number].prometheus.address()
    }

    /// Runs a script of the template, or a command of RabbitMQ's, in a node's environment, and answers what it printed.
    ///
    /// Fails, with its errors, when it does not end with success.
    pub fn run(&self, number: usize, program: &str, args: &[&str]) -> Result<String, Failure> {
        let script = self.folder.path().join("files").join(program);
        let program = if script.exists() { script } else { Path::new(PROGRAMS).join(program) };
        let mut command = Command::new(&program);
        let (place, folder) = (&self.places[number], self.folder.path());
        command.env_clear().envs(environment(place, folder, self.mapper_port.number())).args(args);
        let what = program.display().to_string();
        let output = command.output().map_err(|error| Failure::of(&what, &error))?;
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        if output.status.success() {
            return Ok(said);
        }
        let errors = String::from_utf8_lossy(&output.stderr);
        Err(Failure::new(format!("{what} failed with {}: {said}\n{errors}", output.status)))
    }
}

impl Place {
    fn take() -> Result<Self, Failure> {
        let (amqp, management) = (Port::take()?, Port::take()?);
        let name = format!("rabbit-{}@127.0.0.1", amqp.number());
        Ok(Self { name, amqp, management, prometheus: Port::take()?, distribution: Port::take()? })
    }

    /// What is read after the template's settings: other ports, on loopback, and the names that the nodes have here.
    fn settings(&self, places: &[Self], folder: &Path) -> String {
        let mut text = format!("listeners.tcp.default = {}\n", self.amqp.address());
        for (plugin, port) in [("management", &self.management), ("prometheus", &self.prometheus)] {
            text += &format!("{plugin}.tcp.ip = 127.0.0.1\n{plugin}.tcp.port = {}\n", port.number());
        }
        for (number, place) in places.iter().enumerate() {
            text += &format!("cluster_formation.classic_config.nodes.{} = {}\n", number + 1, place.name);
        }
        let definitions = folder.join("definitions.json");
        text + &format!("definitions.local.path = {}\ndisk_free_limit.absolute = 50MB\n", definitions.display())
    }

    fn own(&self, folder: &Path) -> PathBuf {
        folder.join(self.amqp.number().to_string())
    }
}

fn start_node(place: &Place, places: &[Place], folder: &Path, mapper: u16) -> Result<Daemon, Failure> {
    let (own, address) = (place.own(folder), place.amqp.address());
    template::make(&own.join("conf.d"), None)?;
    template::write(&own.join("conf.d/90-here.conf"), &place.settings(places, folder), None)?;
    template::write(&own.join("env.conf"), "", None)?;
    let variables = environment(place, folder, mapper);
    let mut prepare = Command::new(folder.join("files/prepare.sh"));
    prepare.env_clear().envs(variables.clone()).env("RABBITMQ_COOKIE_FILE", folder.join("erlang-cookie"));
    prepare.env("RABBITMQ_FIRST_NODE", &places[0].name);
    let prepared = prepare.env("RABBITMQ_HOME_DIRECTORY", &own).status();
    if !prepared.is_ok_and(|status| status.success()) {
        return Err(Failure::new("prepare.sh failed"));
    }
    let command = move || {
        let mut command = Command::new(Path::new(PROGRAMS).join("rabbitmq-server"));
        command.env_clear().envs(variables.clone());
        command
    };
    let config = DaemonConfig {
        name: "rabbitmq",
        command: Box::new(command),
        ready: Box::new(move || answers(address)),
        within: BOOTS,
    };
    Daemon::start(config, installed::folder("rabbitmq-log")?)
}

fn environment(place: &Place, folder: &Path, mapper: u16) -> Vec<(&'static str, String)> {
    let own = place.own(folder);
    let (within, shared) = (|name: &str| own.join(name).display().to_string(), folder.join("files"));
    let erlang = "-kernel inet_dist_use_interface {127,0,0,1} +sbwt none +sbwtdcpu none +sbwtdio none";
    vec![
        ("PATH", format!("{PROGRAMS}:/usr/local/bin:/usr/bin:/bin")),
        ("LANG", "C.UTF-8".to_owned()),
        ("HOME", own.display().to_string()),
        ("ERL_EPMD_PORT", mapper.to_string()),
        ("RABBITMQ_USE_LONGNAME", "true".to_owned()),
        ("RABBITMQ_NODENAME", place.name.clone()),
        ("RABBITMQ_DIST_PORT", place.distribution.number().to_string()),
        ("RABBITMQ_MNESIA_BASE", within("data")),
        ("RABBITMQ_LOG_BASE", within("logs")),
        ("RABBITMQ_PID_FILE", within("pid")),
        ("RABBITMQ_CONFIG_FILE", shared.join("rabbitmq.conf").display().to_string()),
        ("RABBITMQ_CONFIG_FILES", within("conf.d")),
        ("RABBITMQ_CONF_ENV_FILE", within("env.conf")),
        ("RABBITMQ_ENABLED_PLUGINS_FILE", shared.join("enabled_plugins").display().to_string()),
        ("RABBITMQ_DRAIN_SECONDS", "30".to_owned()),
        ("RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS", erlang.to_owned()),
    ]
}
