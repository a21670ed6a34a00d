//! A private RabbitMQ node.

use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::daemon::{Daemon, DaemonConfig};
use crate::failure::Failure;
use crate::installed;
use crate::port::Port;

/// What a client says first, and what makes a ready node answer with its first frame.
const GREETING: &[u8] = b"AMQP\x00\x00\x09\x01";

/// A RabbitMQ node without plugins, with its own Erlang port mapper. User `guest`, password `guest`.
pub struct RabbitMq {
    /// The node's process: stop, kill and restart it here.
    pub daemon: Daemon,
    mapper: Daemon,
    amqp: Port,
    environment: Vec<(&'static str, String)>,
    _distribution: Port,
    _mapper_port: Port,
}

impl RabbitMq {
    /// Starts a node.
    ///
    /// Fails when RabbitMQ is not installed, or does not answer within 180 s.
    pub fn start() -> Result<Self, Failure> {
        Self::start_with("")
    }

    /// Starts a node with further settings.
    ///
    /// Fails as [`RabbitMq::start`] does.
    pub fn start_with(settings: &str) -> Result<Self, Failure> {
        let server = installed::find("rabbitmq-server", &["/usr/lib/rabbitmq/bin"], "rabbitmq")?;
        let (amqp, distribution, mapper_port) = (Port::take()?, Port::take()?, Port::take()?);
        let folder = installed::folder("rabbitmq")?;
        write_settings(folder.path(), &amqp, settings)?;
        let mapper = start_mapper(&mapper_port)?;
        let environment = environment(folder.path(), &amqp, &distribution, &mapper_port);
        let (address, own) = (amqp.address(), environment.clone());
        let command = move || {
            let mut command = Command::new(&server);
            command.envs(own.iter().map(|(name, value)| (name, value)));
            command
        };
        let config = DaemonConfig {
            name: "rabbitmq",
            command: Box::new(command),
            ready: Box::new(move || answers(address)),
            within: Duration::from_secs(180),
        };
        let daemon = Daemon::start(config, folder)?;
        Ok(Self { daemon, mapper, amqp, environment, _distribution: distribution, _mapper_port: mapper_port })
    }

    /// Where it listens for clients.
    pub fn address(&self) -> SocketAddr {
        self.amqp.address()
    }

    /// The URL for clients, with the default virtual host.
    pub fn url(&self) -> String {
        format!("amqp://guest:guest@{}/%2f", self.address())
    }

    /// Throws away what waits in every queue.
    ///
    /// Fails when the node is down.
    pub fn purge(&self) -> Result<(), Failure> {
        self.eval("[rabbit_amqqueue:purge(Queue) || Queue <- rabbit_amqqueue:list()].")
    }

    /// Lets a quorum queue answer nothing, as one without a leader.
    ///
    /// Fails when the node is down.
    pub fn freeze(&self, queue: &str) -> Result<(), Failure> {
        self.with_queue(queue, "sys:suspend(element(1, amqqueue:get_pid(Queue)))")
    }

    /// Lets it answer again.
    ///
    /// Fails when the node is down.
    pub fn thaw(&self, queue: &str) -> Result<(), Failure> {
        self.with_queue(queue, "sys:resume(element(1, amqqueue:get_pid(Queue)))")
    }

    /// Ends a quorum queue's process, as when it has lost its leader for good.
    ///
    /// Fails when the node is down.
    pub fn behead(&self, queue: &str) -> Result<(), Failure> {
        self.with_queue(queue, "ra:stop_server(quorum_queues, amqqueue:get_pid(Queue))")
    }

    fn with_queue(&self, queue: &str, what: &str) -> Result<(), Failure> {
        let named = format!("element(4, amqqueue:get_name(Queue)) =:= <<\"{queue}\">>");
        self.eval(&format!("[_] = [{what} || Queue <- rabbit_amqqueue:list(), {named}]."))
    }

    /// Has the node evaluate Erlang.
    fn eval(&self, code: &str) -> Result<(), Failure> {
        let control = installed::find("rabbitmqctl", &["/usr/lib/rabbitmq/bin"], "rabbitmq")?;
        let mut command = Command::new(control);
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        let output = command.args(["eval", code]).output().map_err(|error| Failure::of("run rabbitmqctl", &error))?;
        if output.status.success() {
            return Ok(());
        }
        Err(Failure::of("evaluate Erlang", &String::from_utf8_lossy(&output.stderr)))
    }

    /// What the node and its port mapper have printed.
    pub fn log(&self) -> String {
        self.mapper.log() + &self.daemon.log()
    }
}

fn write_settings(folder: &Path, amqp: &Port, more: &str) -> Result<(), Failure> {
    let settings = format!(
        "listeners.tcp.1 = {}\nlog.console = true\nlog.file = false\ndisk_free_limit.absolute = 50MB\n{more}",
        amqp.address()
    );
    let files = [("rabbitmq.conf", settings.as_str()), ("enabled_plugins", "[].\n"), ("env.conf", "")];
    for (name, text) in files {
        fs::write(folder.join(name), text).map_err(|error| Failure::of("write RabbitMQ's settings", &error))?;
    }
    Ok(())
}

/// Starts the port mapper by itself: the node would leave one behind on the port that all nodes share.
pub(crate) fn start_mapper(port: &Port) -> Result<Daemon, Failure> {
    let mapper = installed::find("epmd", &["/usr/bin", "/usr/local/bin", "/usr/lib/erlang/bin"], "rabbitmq")?;
    let (address, number) = (port.address(), port.number().to_string());
    let command = move || {
        let mut command = Command::new(&mapper);
        command.args(["-port", &number, "-address", "127.0.0.1"]);
        command
    };
    let config = DaemonConfig {
        name: "epmd",
        command: Box::new(command),
        ready: Box::new(move || TcpStream::connect(address).is_ok()),
        within: Duration::from_secs(10),
    };
    Daemon::start(config, installed::folder("epmd")?)
}

fn environment(folder: &Path, amqp: &Port, distribution: &Port, mapper: &Port) -> Vec<(&'static str, String)> {
    let within = |name: &str| folder.join(name).display().to_string();
    // Schedulers that spin while idle would take a small machine's cores from the test.
    let erlang = "-kernel inet_dist_use_interface {127,0,0,1} +sbwt none +sbwtdcpu none +sbwtdio none";
    vec![
        ("HOME", folder.display().to_string()),
        ("ERL_EPMD_PORT", mapper.number().to_string()),
        ("RABBITMQ_NODENAME", format!("coordination-{}@localhost", amqp.number())),
        ("RABBITMQ_DIST_PORT", distribution.number().to_string()),
        ("RABBITMQ_MNESIA_BASE", within("data")),
        ("RABBITMQ_LOG_BASE", within("logs")),
        ("RABBITMQ_PID_FILE", within("pid")),
        ("RABBITMQ_CONFIG_FILE", within("rabbitmq.conf")),
        ("RABBITMQ_CONF_ENV_FILE", within("env.conf")),
        ("RABBITMQ_ENABLED_PLUGINS_FILE", within("enabled_plugins")),
        ("RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS", erlang.to_owned()),
    ]
}

/// Whether the node greets a client: the first frame is a method's, of type 1.
pub(crate) fn answers(address: SocketAddr) -> bool {
    let Ok(mut stream) = TcpStream::connect(address) else { return false };
    let mut first = [0_u8];
    stream.set_read_timeout(Some(Duration::from_secs(1))).is_ok()
        && stream.write_all(GREETING).is_ok()
        && stream.read_exact(&mut first).is_ok()
        && first == [1]
}
